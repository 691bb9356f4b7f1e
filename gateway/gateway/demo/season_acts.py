"""What people do in a season, through the public API: each function is one act of one person."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from gateway.demo.client import Api
from gateway.demo.federation import Group, Household
from gateway.demo.month import Stage, as_lines
from gateway.demo.people import plain
from gateway.demo.season import FACTS, Contract, Dates, terms

BANKS = ("Crédit coopératif", "Banque postale", "Caisse d'Épargne", "Crédit mutuel")


def coordinator(stage: Stage, group: Group) -> Api:
    return stage.at(group.coordinator)


# -- the contract, until it is open ------------------------------------------------------------------------------


def register_producer(stage: Stage, group: Group, kind: str, domain: str = "exemple.fr") -> tuple[str, str]:
    """The farm and the person who answers for it; (producer id, person id)."""
    facts = FACTS[kind]["producer"]
    producer_id = str(stage.central.post("/producers", name=facts["name"], place=facts["place"])["id"])
    first, last = facts["contact"]
    person = {"first_name": first, "last_name": last, "email": f"{plain(first)}.{plain(last)}@{domain}",
              "phone": "04 65 71 20 20", "digital": True}  # fmt: skip
    person_id = str(stage.central.post("/persons", group_id=group.group_id, **person)["id"])
    scope = {"scope_kind": "producer", "scope_id": producer_id}
    stage.central.post("/federation/roles", person_id=person_id, role="producer", **scope)
    return producer_id, person_id


def draft(stage: Stage, group: Group, kind: str, dates: Dates, producer: tuple[str, str], places: int = 0) -> Contract:
    answer = coordinator(stage, group).post(
        f"/groups/{group.group_id}/contracts", producer_id=producer[0], terms=terms(kind, dates, places)
    )
    return Contract(kind, answer["id"], *producer, answer["terms"])


def revise(stage: Stage, group: Group, contract: Contract, **changes: Any) -> None:
    """Other terms, as the next version."""
    body = {"terms": contract.terms | changes, "from_version": contract.version}
    answer = coordinator(stage, group).post(f"/contracts/{contract.contract_id}/revise", **body)
    contract.terms, contract.version = answer["terms"], contract.version + 1


def submit(stage: Stage, group: Group, contract: Contract) -> str:
    """To the producer; the link that a demonstration shows."""
    path = f"/contracts/{contract.contract_id}/submit"
    answer = coordinator(stage, group).post(path, version=contract.version, person_id=contract.contact)
    return str(answer["token"])


def answer_by_link(stage: Stage, token: str, answer: str, comment: str = "") -> Any:
    """The producer's, without an account: to the document that the link shows."""
    # Whoever has only the link reads what there is: nothing says how far the answer must have got.
    seen = stage.until("the link shows it", lambda: stage.api.get(f"/producer-answers/{token}")["document_sha256"])
    return stage.api.post(f"/producer-answers/{token}", answer=answer, comment=comment, document_sha256=seen)


def open_contract(stage: Stage, group: Group, contract: Contract) -> Any:
    return coordinator(stage, group).post(f"/contracts/{contract.contract_id}/open", version=contract.version)


# -- subscriptions and cheques -----------------------------------------------------------------------------------


def subscribe(
    stage: Stage,
    group: Group,
    contract: Contract,
    household: Household,
    quantities: Mapping[str, int],
    channel: str = "web",
    **more: Any,
) -> dict[str, Any]:
    """By the household itself, or typed in by the coordinator ("desk", "coordinator"). `quantities` by code of option."""
    by = stage.at(household.person_id) if channel == "web" else coordinator(stage, group)
    lines = [{"option_id": contract.option(code), "quantity": quantity} for code, quantity in quantities.items()]
    body = {"household_id": household.household_id, "lines": lines, "channel": channel, **more}
    answer: dict[str, Any] = by.post(f"/contracts/{contract.contract_id}/subscriptions", **body)
    contract.subscriptions[household.household_id] = answer["subscription_id"]
    contract.amounts[household.household_id] = answer["amount_cents"]
    return answer


def confirm(stage: Stage, group: Group, contract: Contract, household_id: str) -> Any:
    return coordinator(stage, group).post(f"/subscriptions/{contract.subscriptions[household_id]}/confirm")


def sign(stage: Stage, group: Group, contract: Contract, household: Household) -> None:
    """The member's tick, or paper at the help desk for whoever has no screen; then the group's."""
    path = f"/subscriptions/{contract.subscriptions[household.household_id]}/signatures"
    seen = hashlib.sha256(f"{contract.contract_id}/{household.household_id}".encode()).hexdigest()
    if household.digital:
        stage.at(household.person_id).post(path, party="member", means="tick", document_sha256=seen)
    else:
        coordinator(stage, group).post(path, party="member", means="paper", person_id=household.person_id)
    coordinator(stage, group).post(path, party="group", means="tick", document_sha256=seen)


def cheques(stage: Stage, group: Group, contract: Contract, **query: Any) -> dict[str, Any]:
    """Every cheque that matches, with the sums of the states in which there are any."""
    body = {"contract_id": contract.contract_id, "limit": 200, **query}
    path, found, rows = f"/groups/{group.group_id}/cheques", {}, []  # type: ignore[var-annotated]
    while not found or (len(rows) < found["total"] and found["cheques"]):
        found = coordinator(stage, group).get(path, offset=len(rows), **body)
        rows += found["cheques"]
    present = {state: each for state, each in found["by_state"].items() if each["count"]}
    return {**found, "cheques": rows, "by_state": present}


def receive(stage: Stage, group: Group, expected: list[dict[str, Any]], on: date, where: str = "help_desk") -> Any:
    """Cheques are numbered as they come; at most 200 at once."""
    rows = [
        {"subscription_id": row["subscription_id"], "cheque_id": row["cheque_id"], "number": f"{8_000_000 + number}",
         "bank": BANKS[number % len(BANKS)], "issued_on": on.isoformat()}
        for number, row in enumerate(expected)
    ]  # fmt: skip
    return coordinator(stage, group).post(f"/groups/{group.group_id}/cheques/received", at=where, cheques=rows)


def hand_over(stage: Stage, group: Group, contract: Contract, until: date, signed: list[str] | None = None) -> Any:
    """Cheques that may be cashed until a day, and the signed contracts with them."""
    body = {"cash_until": until.isoformat(), "subscription_ids": signed or []}
    return coordinator(stage, group).post(f"/contracts/{contract.contract_id}/bundles", **body)


def acknowledge_by_link(stage: Stage, group: Group, bundle_id: str, person_id: str) -> Any:
    """The producer's receipt, without an account."""
    link = coordinator(stage, group).post(f"/bundles/{bundle_id}/receipt-link", person_id=person_id)
    return stage.api.post(f"/receipt-links/{link['token']}")


def deposit(stage: Stage, group: Group, contract: Contract, household_id: str, cents: int, number: str) -> Any:
    """A prepayment cheque that is credited to the account of the contract."""
    path = f"/contracts/{contract.contract_id}/accounts/{household_id}/prepayments"
    return coordinator(stage, group).post(path, amount_cents=cents, number=number, bank=BANKS[0])


# -- order rounds ------------------------------------------------------------------------------------------------


def order(stage: Stage, group: Group, cycle_id: str, household: Household, quantities: Mapping[str, int]) -> Any:
    """By the household, or from the paper form by the coordinator. `quantities` by option id."""
    path = f"/cycles/{cycle_id}/orders/{household.household_id}"
    if household.digital:
        return stage.at(household.person_id).put(path, lines=as_lines(quantities))
    return coordinator(stage, group).put(path, lines=as_lines(quantities), channel="paper")


def status_of(stage: Stage, group: Group, cycle_id: str) -> str:
    return str(coordinator(stage, group).get(f"/cycles/{cycle_id}")["status"])


def wait_for(stage: Stage, group: Group, cycle_id: str, status: str) -> None:
    stage.until(f"the round is {status}", lambda: status_of(stage, group, cycle_id) == status)


def parcels(stage: Stage, group: Group, cycle_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = coordinator(stage, group).get(f"/cycles/{cycle_id}/parcels", limit=200)["items"]
    return found


def hand_out(stage: Stage, group: Group, cycle_id: str, household_id: str) -> Any:
    return stage.at(group.volunteer).post(f"/cycles/{cycle_id}/parcels/{household_id}/hand-over")


def distribution_of(stage: Stage, group: Group, cycle_id: str) -> str:
    def found() -> str | None:
        rows = stage.at(group.organiser).get(f"/groups/{group.group_id}/distributions", limit=100)["items"]
        return next((row["distribution_id"] for row in rows if row["cycle_id"] == cycle_id), None)

    return str(stage.until("the delivery of the round", found))


def close_delivery(stage: Stage, group: Group, cycle_id: str) -> None:
    day = distribution_of(stage, group, cycle_id)
    stage.at(group.organiser).put(f"/groups/{group.group_id}/distributions/{day}/closed")


def accounts(stage: Stage, group: Group, contract: Contract, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = coordinator(stage, group).get(
        f"/contracts/{contract.contract_id}/accounts", limit=200, **query
    )
    return found


# -- single deliveries -------------------------------------------------------------------------------------------


def on_delivery(stage: Stage, group: Group, contract: Contract, number: int, act: str, **body: Any) -> Any:
    """`act`: move, cancel, count."""
    path = f"/contracts/{contract.contract_id}/deliveries/{contract.delivery(number)['delivery_id']}/{act}"
    return coordinator(stage, group).post(path, **body)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
