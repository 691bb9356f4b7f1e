"""What ids of a season stand for in a mail: the contract's title, dates, who gets what, question and answer in the clear."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from grenier.readmodel import Row
from grenier.runtime import Runtime
from notify_svc import exchange_words, portions
from notify_svc.views import occasions, ordering, questions, season

FORGOTTEN = "…"


def words(runtime: Runtime, message: Row) -> dict[str, Any]:
    """Placeholders that follow from the ids among the message's parameters; {} when it speaks of no season."""
    params, told = message["params"], dict[str, Any]()
    if contract_id := params.get("contract_id"):
        told |= _contract(runtime, contract_id)
    if producer_id := params.get("producer_id"):
        told["producer"] = season.producer_name(runtime.db, producer_id)
    if day := params.get("day"):
        told |= _baskets(runtime, message["group_id"], message["household_id"], day)
    if question_id := params.get("question_id"):
        told |= _question(runtime, question_id)
    if activity_ids := params.get("activity_ids"):
        found = [occasions.activity(runtime.db, activity_id) for activity_id in activity_ids]
        told["desks"] = [_desk(row) for row in found if row and not row["cancelled"]]
    if message["template"].startswith("sharing-") and (other := params.get("other_id")):
        told["other"] = exchange_words.name_of(runtime, other)
    if subscription_id := params.get("subscription_id"):
        told |= _subscription(runtime, subscription_id)
    return told


def _contract(runtime: Runtime, contract_id: str) -> dict[str, Any]:
    found = season.contract(runtime.db, contract_id)
    if found is None:
        return {}
    dates = season.deliveries_of(runtime.db, [contract_id]).get(contract_id, [])
    told = {
        "contract": found["title"], "producer": found["producer"] or "", "starts_on": found["starts_on"],
        "ends_on": found["ends_on"], "answer_until": found["answer_until"] or None,
        "dates": [_date(row) for row in dates if not row["cancelled"]],
    }  # fmt: skip
    # Without a last day there is nothing to say of it.
    return told | ({"closes_on": found["closes_on"]} if found["closes_on"] else {})


def _date(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("day", "starts", "ends", "place")}


def _desk(row: Row) -> dict[str, Any]:
    return {"starts_at": row["starts_at"], "ends_at": row["ends_at"], "place": row["place"], "title": row["title"]}


def _subscription(runtime: Runtime, subscription_id: str) -> dict[str, Any]:
    found = season.subscription(runtime.db, subscription_id)
    if found is None:
        return {}
    dates = season.deliveries_of(runtime.db, [found["contract_id"]]).get(found["contract_id"], [])
    contract = season.contract(runtime.db, found["contract_id"])
    mine = dates
    if contract and contract["basket_kind"] != "ordered":
        mine = [row for row in dates if portions.at_delivery(found, row, dates, ())[1]]
    return {"amount_cents": found["amount_cents"], "dates": [_date(row) for row in mine if not row["cancelled"]]}


def _baskets(runtime: Runtime, group_id: str, household_id: str, day: str) -> dict[str, Any]:
    """S0:15: what this household gets on a day, over all its contracts."""
    found = []
    for contract, row, lines in taken_on(runtime, group_id, day).get(household_id, []):
        found.append({"contract": contract["title"], **_date(row), "lines": lines})
    return {"baskets": found}


def taken_on(runtime: Runtime, group_id: str, day: str) -> dict[str, list[tuple[Row, Row, list[dict[str, Any]]]]]:
    """Who fetches what on a day in a group: {household: [(contract, delivery, lines)]}."""
    held = [row for row in season.deliveries_between(runtime.db, day, day) if row["group_id"] == group_id]
    ids = list(dict.fromkeys(row["contract_id"] for row in held))
    contracts = {row["contract_id"]: row for row in season.contracts_of(runtime.db, group_id)}
    dates = season.deliveries_of(runtime.db, ids)
    away: dict[str, set[tuple[str, str]]] = {}
    for row in season.given_away(runtime.db, ids):
        away.setdefault(row["contract_id"], set()).add((row["delivery_id"], row["household_id"]))
    subscriptions = season.subscriptions_of(runtime.db, ids)
    found: dict[str, list[tuple[Row, Row, list[dict[str, Any]]]]] = {}
    for row in held:
        contract_id = row["contract_id"]
        if row["basket_kind"] == "ordered":
            for household, lines in _ordered(runtime, contracts[contract_id], row, away.get(contract_id, ())).items():
                found.setdefault(household, []).append((contracts[contract_id], row, lines))
            continue
        for each in (one for one in subscriptions if one["contract_id"] == contract_id):
            gone = away.get(contract_id, ())
            household, quantities = portions.at_delivery(each, row, dates[contract_id], gone)
            if lines := portions.in_words(contracts[contract_id], row, quantities):
                found.setdefault(household, []).append((contracts[contract_id], row, lines))
    return found


def _ordered(
    runtime: Runtime, contract: Row, delivery: Row, gone: Collection[tuple[str, str]]
) -> dict[str, list[dict[str, Any]]]:
    """What each household ordered for one delivery of a contract with order rounds: {household: lines}."""
    cycle_ids = [key for key, delivery_id in contract["rounds"].items() if delivery_id == delivery["delivery_id"]]
    found = {}
    for order in (row for cycle_id in cycle_ids for row in ordering.of_cycle(runtime.db, cycle_id) if row["ordered"]):
        if (delivery["delivery_id"], order["household_id"]) in gone:
            continue
        if lines := portions.ordered_in_words(contract, order["quantities"] or {}):
            found[order["household_id"]] = lines
    return found


def _question(runtime: Runtime, question_id: str) -> dict[str, Any]:
    found = questions.question(runtime.db, question_id)
    if found is None:
        return {}
    answers = questions.answers_of(runtime.db, [question_id]).get(question_id, [])
    told = {"question": opened(runtime, found)}
    if answers:
        told["answer"] = opened(runtime, answers[-1])
    contract = season.contract(runtime.db, found["contract_id"])
    return told | ({"contract": contract["title"], "producer": contract["producer"] or ""} if contract else {})


def opened(runtime: Runtime, row: Row) -> str:
    """The sealed text of a question or an answer; of an erased person's nothing is left but a sign that it was there."""
    text = runtime.keys.open(row["person_id"], row["sealed"]).get("text", "") if row["sealed"] else ""
    return text or FORGOTTEN
