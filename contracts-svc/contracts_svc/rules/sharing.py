"""Who picks up a shared basket, and which deliveries a household may leave out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from grenier.errors import Invalid
from grenier.language.season import PlannedDelivery, SignUpTerms

WHOLE = 100


def picker(
    household_ids: Sequence[str], anchor_delivery_id: str, deliveries: Sequence[PlannedDelivery], delivery_id: str
) -> str:
    """Whose turn it is: members[(index(date) − index(anchor)) mod n]; the anchor's turn is the first member's.

    `deliveries`: all dates of this basket by date, cancelled ones among them where the anchor is one; a turn that is
    cancelled passes to the next date. "" when nobody shares and the delivery is not one of these.
    """
    held = [delivery for delivery in deliveries if not delivery.cancelled]
    at = next((place for place, delivery in enumerate(held) if delivery.delivery_id == delivery_id), None)
    if at is None or not household_ids:
        return ""
    return household_ids[(at - _anchored(anchor_delivery_id, deliveries, held)) % len(household_ids)]


def _anchored(anchor_delivery_id: str, deliveries: Sequence[PlannedDelivery], held: Sequence[PlannedDelivery]) -> int:
    """The anchor's place among the dates that are held; where it was cancelled, that of the next one held."""
    anchor = next((delivery for delivery in deliveries if delivery.delivery_id == anchor_delivery_id), None)
    if anchor is None:
        return 0
    return sum(1 for delivery in held if (delivery.on, delivery.starts) < (anchor.on, anchor.starts))


def check_absences(
    wanted: Collection[str],
    taken: Sequence[PlannedDelivery],
    terms: SignUpTerms,
    starts_on: date,
) -> None:
    """At most so many, inside the window, only dates that count once. `taken`: the dates of the subscription.

    Raises Invalid for the field `absences`.
    """
    if not wanted:
        return
    if len(set(wanted)) != len(list(wanted)):
        raise Invalid(fields={"absences": ["The same delivery stands there twice."]})
    if 0 <= terms.absences_max < len(wanted):
        raise Invalid(fields={"absences": [f"At most {terms.absences_max}."]})
    dates = {delivery.delivery_id: delivery for delivery in taken}
    for delivery_id in wanted:
        delivery = dates.get(delivery_id)
        if delivery is None:
            raise Invalid(fields={"absences": [f"{delivery_id} is not a delivery of this subscription."]})
        if delivery.factor_percent != WHOLE:
            raise Invalid(fields={"absences": [f"{delivery.on.isoformat()} makes up for another date."]})
        if not _inside(delivery.on, terms):
            raise Invalid(fields={"absences": [f"{delivery.on.isoformat()} lies outside of the dates for absences."]})


def _inside(day: date, terms: SignUpTerms) -> bool:
    after = terms.absences_from is None or terms.absences_from <= day
    return after and (terms.absences_until is None or day <= terms.absences_until)


def default_absences(number: int, taken: Sequence[PlannedDelivery], terms: SignUpTerms) -> list[str]:
    """The dates left out until the household says which: the last ones that may be."""
    possible = [one for one in taken if one.factor_percent == WHOLE and _inside(one.on, terms)]
    return [one.delivery_id for one in possible[len(possible) - number :]] if number > 0 else []
