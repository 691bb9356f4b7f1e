"""How the exchange is shown to whom: of the other side the short name before the holder's yes, everything after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from contracts_svc.contract import decider as contract
from contracts_svc.exchange import desk
from contracts_svc.texts import short_name
from contracts_svc.views import exchange_questions as questions
from contracts_svc.views import federation, people
from grenier.clock import iso
from grenier.readmodel import Row
from grenier.runtime import Runtime

KEPT = ("basket_id", "group_id", "contract_id", "subscription_id", "delivery_id", "on", "starts_at", "ends_at",
        "closes_at", "place", "parts", "value_cents", "audience", "phase", "offered_at", "accepted_at", "ended_at",
        "reason", "means", "amount_cents")  # fmt: skip
PROMISED = ("accepted", "collected")


def basket_rows(runtime: Runtime, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What everybody who may see a basket sees of it."""
    groups = {row["group_id"]: row["name"] for row in federation.all_groups(runtime.db)}
    titles = {contract_id: _contract(runtime, contract_id) for contract_id in {row["contract_id"] for row in rows}}
    return [
        {**{name: row[name] for name in KEPT}, "group": groups.get(row["group_id"], ""), **titles[row["contract_id"]]}
        for row in rows
    ]


def _contract(runtime: Runtime, contract_id: str) -> dict[str, str]:
    """Title, producer and how goods are handed out."""
    life = runtime.handler.state(contract.decider, contract_id).life
    if life.terms is None:
        return {"contract": "", "instructions": ""}
    return {"contract": life.terms.title, "instructions": life.terms.instructions}


def with_contracts(runtime: Runtime, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    titles = {contract_id: _contract(runtime, contract_id) for contract_id in {one["contract_id"] for one in found}}
    return [{**one, **titles[one["contract_id"]]} for one in found]


def note_of(runtime: Runtime, row: Row, shown: dict[str, Any]) -> dict[str, Any]:
    """The instruction note (S4:52-60): where, when, what exactly, own bags, in whose name to sign."""
    its = questions.settings(runtime.db, row["group_id"])
    return {
        "place": row["place"],
        "starts_at": row["starts_at"],
        "ends_at": row["ends_at"],
        "bring_bags": True,
        "parts": row["parts"],
        "sign_as": household_label(runtime, row["household_id"]),
        "instructions": shown["instructions"],
        "note": its.note if its else "",
    }


def household_label(runtime: Runtime, household_id: str) -> str:
    found = people.households_known(runtime.db, [household_id])
    return str(found[0]["label"]) if found else ""


def short_names(runtime: Runtime, person_ids: Iterable[str]) -> dict[str, str]:
    found = people.persons_known(runtime.db, list(dict.fromkeys(person_ids)))
    return {row["person_id"]: short_name(row["first_name"], row["last_name"]) for row in found}


def as_holder(runtime: Runtime, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Own baskets with who asks; the taker's contact once one is accepted."""
    asked = questions.requests_for(runtime.db, [row["basket_id"] for row in rows])
    names = short_names(runtime, (request["person_id"] for found in asked.values() for request in found))
    shown = basket_rows(runtime, rows)
    for row, one in zip(rows, shown, strict=True):
        one["requests"] = [
            {**{name: request[name] for name in ("person_id", "state", "asked_at")},
             "name": names.get(request["person_id"], "")}
            for request in asked.get(row["basket_id"], [])
        ]  # fmt: skip
        one["other"] = desk.contact_of(runtime, row["taker_id"]) if row["phase"] in PROMISED else None
    return shown


def as_taker(runtime: Runtime, rows: Sequence[Row], person_id: str) -> list[dict[str, Any]]:
    """Baskets asked for; the holder's contact and the note once it is promised to this person."""
    shown = basket_rows(runtime, rows)
    for row, one in zip(rows, shown, strict=True):
        mine = row["phase"] in PROMISED and row["taker_id"] == person_id
        one["state"] = _state(row, mine)
        one["other"] = desk.contact_of(runtime, row["person_id"]) if mine else None
        one["note"] = note_of(runtime, row, one) if mine else None
    return shown


def _state(row: Row, mine: bool) -> str:
    if mine:
        return str(row["phase"])
    return str(row.get("request_state") or row["phase"])


def offer_of(facts: Any, row: Row | None, closes_at: str) -> dict[str, Any]:
    """A basket that may be offered, with what became of it so far."""
    return {
        "basket_id": facts.basket_id, "contract_id": facts.contract_id, "subscription_id": facts.subscription_id,
        "delivery_id": facts.delivery_id, "household_id": facts.household_id, "on": facts.on.isoformat(),
        "starts_at": iso(facts.starts_at), "ends_at": iso(facts.ends_at), "place": facts.place,
        "parts": list(facts.parts), "value_cents": facts.value_cents, "closes_at": closes_at,
        "phase": row["phase"] if row else "none",
    }  # fmt: skip
