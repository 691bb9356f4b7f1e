"""Which answers of the services go into which document: asked here, shaped in `documents/`, made in `documents/render.py`.

Each function answers the facts of one document (see the shaper of that name). `contract_to_sign` and `subscription_to_sign`
leave out what is added by signing, so that all three parties see, and sign, the same bytes.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import current_app
from flask_babel import get_timezone

from gateway.calls import ask, ask_as_gateway
from gateway.documents import contract, render
from gateway.documents.words import moment, phone
from gateway.whole_lists import whole_list

Facts = dict[str, Any]
MODULAR = ("modular", "modular_fixed", "free_quantity_multiple")
ASKED_AT_ONCE = 200


def today() -> date:
    """The day of edition of what has no day of its own."""
    return current_app.extensions["grenier"].clock.now().astimezone(get_timezone()).date()


def group_of(told: Mapping[str, Any]) -> Facts:
    return {**told, "inclusive": bool(told.get("inclusive_language", True))}


def group_facts(group_id: str) -> Facts:
    """The group as documents name it, with its own clauses."""
    found = ask("contracts", "group", group_id=group_id)
    return {"group": group_of(found), "all_clauses": ask("contracts", "clauses", group_id=group_id)["clauses"]}


def names_of(household_ids: Iterable[str]) -> dict[str, str]:
    """Labels of households; « – » for those that may not be seen any more."""
    wanted = sorted(set(household_ids))
    found: dict[str, str] = {}
    for at in range(0, len(wanted), ASKED_AT_ONCE):
        found |= ask("contracts", "names", household_ids=wanted[at : at + ASKED_AT_ONCE])
    return {one: found.get(one) or "–" for one in wanted}


def people_names(person_ids: Iterable[str]) -> dict[str, str]:
    """Names of people; « – » for those that may not be seen any more."""
    wanted = sorted(set(person_ids))
    found: dict[str, str] = {}
    for at in range(0, len(wanted), ASKED_AT_ONCE):
        found |= ask("contracts", "names", person_ids=wanted[at : at + ASKED_AT_ONCE])
    return {one: found.get(one) or "–" for one in wanted}


def group_name(group_id: str) -> str:
    return str(ask("contracts", "names", group_ids=[group_id]).get(group_id, ""))


def dialled(person: Mapping[str, Any]) -> Facts:
    """With the phone as people dial it."""
    return {**person, "phone": phone(person.get("phone", ""))}


# -- contracts ---------------------------------------------------------------------------------------------------


def contract_facts(contract_id: str = "", *, token: str = "") -> Facts:
    """A contract's newest version, blank; by id, or by the link of the producer's contact."""
    if token:
        return _contract(ask_as_gateway("contracts", "printed_contract", token=token))
    return _contract(ask("contracts", "printed_contract", contract_id=contract_id))


def subscription_facts(subscription_id: str = "", *, token: str = "") -> Facts:
    """A contract filled in for one subscription."""
    if token:
        found = ask_as_gateway("contracts", "printed_subscription", token=token)
    else:
        found = ask("contracts", "printed_subscription", subscription_id=subscription_id)
    taken = found["subscription"]
    days = {each["delivery_id"]: each["on"] for each in found["terms"].get("deliveries", [])}
    absent = sorted(days[each] for each in taken["absences"] if each in days)
    return _contract(found) | {"subscription": {**taken, "member": dialled(taken["member"]), "absence_dates": absent}}


def _contract(found: Mapping[str, Any]) -> Facts:
    group = group_of(found["group"])
    terms = {**found["terms"], "time_zone": group["time_zone"]}
    dated = local_day(found["at"], group["time_zone"]) if found["at"] else terms["starts_on"]
    return {
        "group": group, "producer": dialled(found["producer"]), "referents": [dialled(each) for each in found["referents"]], "terms": terms, "version": found["version"],
        "dated": dated, "clauses": found["clauses"].get("contract", {}), "signatures": found["signatures"], "subscription": None,
    }  # fmt: skip


def to_sign(facts: Facts) -> Facts:
    """The same document before anybody signed it or wrote a cheque."""
    taken = facts["subscription"]
    if taken is None:
        return {**facts, "signatures": []}
    plain = [{**each, "number": "", "bank": "", "issuer": ""} for each in taken["cheques"]]
    return {**facts, "signatures": [], "subscription": {**taken, "cheques": plain}}


def contract_to_sign(contract_id: str = "", *, token: str = "") -> tuple[bytes, str]:
    """The PDF that the producer approves, and its SHA-256."""
    return signed_over(contract_facts(contract_id, token=token))


def subscription_to_sign(subscription_id: str = "", *, token: str = "") -> tuple[bytes, str]:
    """The PDF that member, producer and group sign, and its SHA-256."""
    return signed_over(subscription_facts(subscription_id, token=token))


def signed_over(facts: Facts) -> tuple[bytes, str]:
    content = render.pdf("contract", contract.shape(to_sign(facts)))
    return content, render.digest(content)


# -- cheques -----------------------------------------------------------------------------------------------------


def hand_over_facts(contract_id: str, cash_until: date | None = None) -> Facts:
    """What may go to the producer now."""
    until = {"cash_until": cash_until.isoformat()} if cash_until else {}
    found = ask("contracts", "hand_over_list", contract_id=contract_id, **until)
    ids = [row["subscription_id"] for row in found["subscriptions"]]
    homes = {row["subscription_id"]: row["household_id"] for row in found["subscriptions"]}
    return _cheques(contract_id, found["cheques"], today(), [homes[one] for one in ids])


def bundle_facts(bundle_id: str) -> Facts:
    """What went, with the producer's receipt."""
    found = ask("contracts", "bundle", bundle_id=bundle_id)
    on = date.fromisoformat(found["on"])
    received = found.get("received_at")
    receipt = {"name": "", "at": received, "means": found["received_means"]} if received else None
    facts = _cheques(found["contract_id"], found["cheques"], on, [])
    rows = whole_list("contracts", "subscriptions", contract_id=found["contract_id"])["subscriptions"]
    gone = [row["household_id"] for row in rows if row["subscription_id"] in set(found["subscription_ids"])]
    named = names_of(gone)
    return {**facts, "dated": on, "receipt": receipt, "contracts": [named[one] for one in gone]}


def _cheques(contract_id: str, cheques: list[Facts], on: date, households: list[str]) -> Facts:
    told = ask("contracts", "printed_contract", contract_id=contract_id)
    names = names_of([*(row["household_id"] for row in cheques), *households])
    rows = [{**row, "name": names[row["household_id"]]} for row in cheques]
    return {
        "group": group_of(told["group"]), "producer": told["producer"], "contract": {"title": told["terms"]["title"]}, "on": on,
        "cheques": rows, "contracts": [names[one] for one in households], "receipt": None, "dated": today(),
    }  # fmt: skip


def local_day(at: str, zone: str) -> str:
    """The civil date of an instant on the group's wall clock."""
    return "-".join(reversed(moment(at, zone).split(" ")[0].split("/")))
