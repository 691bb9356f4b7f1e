"""What may still happen to a delivery of an opened contract: another day, none at all, one that counts double (S0:22)."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from contracts_svc.contract.state import Life, must_be_opened
from contracts_svc.rules.terms import check_factor, check_hours
from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import (
    DeliveryCancelled,
    DeliveryCountedAnew,
    DeliveryMoved,
    PlannedDelivery,
)

# How long after the season's end something may still be delivered: put off, or made up for.
LATEST_AFTER_END = timedelta(days=92)

# -- commands ----------------------------------------------------------------------------------------------------


class MoveDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """To a day from `today` on that is not far from the season; None leaves the hour or the place as it is."""

    delivery_id: str
    on: date
    reason: str
    today: date
    starts: str | None = None
    ends: str | None = None
    place: str | None = None


class CancelDelivery(msgspec.Struct, frozen=True, kw_only=True):
    delivery_id: str
    reason: str


class CountDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """200: a double distribution that makes up for a missed one."""

    delivery_id: str
    factor_percent: int
    reason: str


# -- decide ------------------------------------------------------------------------------------------------------


def move_delivery(life: Life, command: MoveDelivery) -> list[DeliveryMoved]:
    must_be_opened(life)
    before = life.delivery(command.delivery_id)
    must_be_held(before)
    changed = {
        name: value for name in ("starts", "ends", "place") if (value := getattr(command, name)) is not None
    }  # fmt: skip
    if command.on == before.on and all(getattr(before, name) == value for name, value in changed.items()):
        return []
    must_have_reason(command.reason)
    if command.on < command.today:
        raise Invalid(fields={"on": ["Must not lie in the past."]})
    if command.on != before.on:
        must_be_near_the_season(life, command.on)
    planned = before.moved_from or before.on
    moved = msgspec.structs.replace(
        before, on=command.on, moved_from=planned if planned != command.on else None, reason=command.reason, **changed
    )
    check_hours(moved, "")
    if (moved.on, moved.starts) != (before.on, before.starts):
        must_be_alone_then(life, moved)
    return [
        DeliveryMoved(
            **life.ids, delivery_id=before.delivery_id, from_on=before.on, delivery=moved, reason=command.reason
        )
    ]


def cancel_delivery(life: Life, command: CancelDelivery) -> list[DeliveryCancelled]:
    """Also of yesterday: nobody writes down on the spot that the van did not come."""
    must_be_opened(life)
    delivery = life.delivery(command.delivery_id)
    if delivery.cancelled:
        return []
    must_have_reason(command.reason)
    return [DeliveryCancelled(**life.ids, delivery_id=delivery.delivery_id, on=delivery.on, reason=command.reason)]


def count_delivery(life: Life, command: CountDelivery) -> list[DeliveryCountedAnew]:
    must_be_opened(life)
    delivery = life.delivery(command.delivery_id)
    must_be_held(delivery)
    if delivery.factor_percent == command.factor_percent:
        return []
    must_have_reason(command.reason)
    check_factor(command.factor_percent, "factor_percent")
    return [
        DeliveryCountedAnew(
            **life.ids, delivery_id=delivery.delivery_id, factor_percent=command.factor_percent, reason=command.reason
        )
    ]


def must_be_held(delivery: PlannedDelivery) -> None:
    if delivery.cancelled:
        raise Rejected("delivery-cancelled", delivery_id=delivery.delivery_id)


def must_have_reason(reason: str) -> None:
    if not reason:
        raise Invalid(fields={"reason": ["Say why: everybody concerned is told."]})


def must_be_near_the_season(life: Life, on: date) -> None:
    terms = life.agreed
    if not terms.starts_on <= on <= terms.ends_on + LATEST_AFTER_END:
        raise Invalid(fields={"on": ["Too far from the season."]})


def must_be_alone_then(life: Life, delivery: PlannedDelivery) -> None:
    """Nobody fetches two baskets of a contract at once; those of week A and those of week B may meet on a day."""
    for held in life.deliveries_held:
        if held.delivery_id == delivery.delivery_id or (held.on, held.starts) != (delivery.on, delivery.starts):
            continue
        if held.series == delivery.series or not (held.series and delivery.series):
            raise Rejected("delivery-planned-then", delivery_id=held.delivery_id, on=held.on.isoformat())
