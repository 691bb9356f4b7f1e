"""Who gets what at one delivery of a contract: turns of shared baskets, absences, series, what was composed (pure).

The same reading of the facts as contracts-svc has; here it only serves to say it in a mail.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from grenier.readmodel import Row

WHOLE = 100


def at_delivery(
    subscription: Row, delivery: Row, dates: Sequence[Row], away: Collection[tuple[str, str]]
) -> tuple[str, dict[str, int]]:
    """(household that fetches it, {option_id: hundredths of a unit}); ("", {}) when nothing is taken.

    `dates`: all deliveries of the contract in their order; `away`: (delivery_id, household_id) given to somebody else.
    """
    own = [date for date in dates if is_of(subscription, date)]
    if delivery["cancelled"] or not any(date["delivery_id"] == delivery["delivery_id"] for date in own):
        return "", {}
    if delivery["delivery_id"] in subscription["absences"]:
        return "", {}
    # A date that is left out is nobody's turn, as one that was cancelled.
    turns = [{**date, "cancelled": 1} if date["delivery_id"] in subscription["absences"] else date for date in own]
    household = turn(subscription["household_ids"], subscription["anchor_delivery_id"], turns, delivery["delivery_id"])
    if not household or any((delivery["delivery_id"], home) in away for home in subscription["household_ids"]):
        return "", {}
    return household, _quantities(subscription, delivery)


def is_of(subscription: Row, date: Row) -> bool:
    """Whether the date is one of the subscription's: of its weeks, A or B, and in its time."""
    if subscription["series"] and date["series"] and subscription["series"] != date["series"]:
        return False
    return lasts_on(subscription, date)


def lasts_on(subscription: Row, date: Row) -> bool:
    """Whether the date lies in the time of the subscription, be it taken or not."""
    inside = date["day"] >= subscription["starts_on"] and not (
        subscription["until"] and date["day"] >= subscription["until"]
    )
    # A delivery that was moved stays with whom it was promised to.
    return bool(subscription["belongs"].get(date["delivery_id"], inside))


def turn(household_ids: Sequence[str], anchor_id: str, dates: Sequence[Row], delivery_id: str) -> str:
    """Whose turn it is: sharers follow each other over the dates that are held, the anchor's turn is the first one's."""
    held = [date for date in dates if not date["cancelled"]]
    at = next((place for place, date in enumerate(held) if date["delivery_id"] == delivery_id), None)
    if at is None or not household_ids:
        return ""
    anchor = next((date for date in dates if date["delivery_id"] == anchor_id), None)
    first = sum((d["day"], d["starts"]) < (anchor["day"], anchor["starts"]) for d in held) if anchor else 0
    return str(household_ids[(at - first) % len(household_ids)])


def _quantities(subscription: Row, delivery: Row) -> dict[str, int]:
    delivery_id, factor = delivery["delivery_id"], delivery["factor_percent"]
    composed = subscription["composed"].get(delivery_id)
    if composed is not None:
        return {option: quantity * WHOLE for option, quantity in composed.items() if quantity}
    found = {}
    for line in subscription["lines"]:
        per_delivery = line.get("per_delivery") or {}
        units = per_delivery.get(delivery_id, 0) * WHOLE if per_delivery else line.get("quantity", 0) * factor
        if units:
            found[line["option_id"]] = units
    return found


def in_words(contract: Row, delivery: Row, quantities: dict[str, int]) -> list[dict[str, Any]]:
    """{product, unit, hundredths} of what is taken, in the contract's order; options of other dates are left out."""
    found = []
    for option_id, (title, unit, delivery_ids) in contract["options"].items():
        hundredths = quantities.get(option_id, 0)
        if hundredths and (not delivery_ids or delivery["delivery_id"] in delivery_ids):
            found.append({"product": title, "unit": unit, "hundredths": hundredths})
    return found


def ordered_in_words(contract: Row, quantities: dict[str, int]) -> list[dict[str, Any]]:
    """{product, unit, hundredths} of an order, in the contract's order: order units, be they jars, bags or portions."""
    return [
        {"product": title, "unit": "piece", "hundredths": quantities[option_id] * WHOLE}
        for option_id, (title, _unit, _delivery_ids) in contract["options"].items()
        if quantities.get(option_id)
    ]
