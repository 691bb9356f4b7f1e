"""What may still happen to a delivery of an opened contract: another day, none at all, one that counts double, one more (S0:22)."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from contracts_svc.contract.state import Life, must_be_opened
from contracts_svc.rules.terms import MOST, check_factor, check_hours
from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import (
    DeliveryAdded,
    DeliveryCancelled,
    DeliveryCountedAnew,
    DeliveryMoved,
    PlannedDelivery,
    Terms,
)

# How long after the season's end something may still be made up for.
LATEST_AFTER_END = timedelta(days=92)

# -- commands ----------------------------------------------------------------------------------------------------


class MoveDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """To a day from `today` on; None leaves the hour or the place as it is."""

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


class AddDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One more date; `replaces_delivery_id`: the cancelled one it makes up for. None: as there, or as most dates are."""

    delivery_id: str
    on: date
    reason: str
    today: date
    starts: str | None = None
    ends: str | None = None
    place: str | None = None
    factor_percent: int = 100
    series: str | None = None
    replaces_delivery_id: str = ""


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
    planned = before.moved_from or before.on
    moved = msgspec.structs.replace(
        before, on=command.on, moved_from=planned if planned != command.on else None, reason=command.reason, **changed
    )
    check_hours(moved, "")
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


def add_delivery(life: Life, command: AddDelivery) -> list[DeliveryAdded]:
    must_be_opened(life)
    if (known := _added_already(life, command)) is not None:
        return known
    must_have_reason(command.reason)
    model = _missed(life, command.replaces_delivery_id)
    given = {name: value for name in ("starts", "ends", "place", "series")
             if (value := getattr(command, name)) is not None}  # fmt: skip
    delivery = msgspec.structs.replace(
        model, delivery_id=command.delivery_id, on=command.on, factor_percent=command.factor_percent, cancelled=False,
        moved_from=None, reason=command.reason, **({} if command.replaces_delivery_id else {"series": ""}) | given,
    )  # fmt: skip
    _check_added(life, delivery, command.today)
    return [
        DeliveryAdded(
            **life.ids, delivery=delivery, reason=command.reason, replaces_delivery_id=command.replaces_delivery_id,
            option_ids=[option.option_id for option in life.agreed.options
                        if command.replaces_delivery_id in option.delivery_ids],
        )
    ]  # fmt: skip


def _added_already(life: Life, command: AddDelivery) -> list[DeliveryAdded] | None:
    """Nothing more to say where exactly this was said before; Rejected where the id is another delivery's."""
    for known in life.agreed.deliveries:
        if known.delivery_id == command.delivery_id:
            if (known.on, known.reason, known.factor_percent) == (command.on, command.reason, command.factor_percent):
                return []
            raise Rejected("delivery-exists", delivery_id=command.delivery_id)
    return None


def _missed(life: Life, replaced: str) -> PlannedDelivery:
    """The delivery whose hours and place hold for the new one too."""
    if not replaced:
        return life.agreed.deliveries[-1] if life.agreed.deliveries else PlannedDelivery(delivery_id="", on=date.min)
    missed = life.delivery(replaced)
    if not missed.cancelled:
        raise Rejected("delivery-not-cancelled", delivery_id=replaced, on=missed.on.isoformat())
    made_up = life.made_up.get(replaced)
    if made_up and not life.delivery(made_up).cancelled:
        raise Rejected("delivery-made-up", delivery_id=replaced, on=life.delivery(made_up).on.isoformat())
    return missed


def _check_added(life: Life, delivery: PlannedDelivery, today: date) -> None:
    terms = life.agreed
    if terms.basket_kind == "ordered":
        # Without an order round nobody would have anything to fetch.
        raise Rejected("delivery-needs-round")
    if delivery.on < max(today, terms.starts_on) or delivery.on > terms.ends_on + LATEST_AFTER_END:
        fault = "Must not lie in the past." if delivery.on < today else "Too far from the season."
        raise Invalid(fields={"on": [fault]})
    if delivery.series not in {"", *(one.series for one in terms.deliveries)}:
        raise Invalid(fields={"series": ["Not a series of this contract."]})
    if len(terms.deliveries) >= MOST["deliveries"]:
        raise Invalid(fields={"on": [f"At most {MOST['deliveries']}."]})
    check_hours(delivery, "")
    check_factor(delivery.factor_percent, "factor_percent")
    for held in life.deliveries_held:
        if (held.on, held.starts) == (delivery.on, delivery.starts):
            raise Rejected("delivery-planned-then", delivery_id=held.delivery_id, on=held.on.isoformat())


def with_added(terms: Terms, event: DeliveryAdded) -> Terms:
    """The terms with the date that was added; options with dates of their own come then where the event says so."""
    options = [
        msgspec.structs.replace(option, delivery_ids=[*option.delivery_ids, event.delivery.delivery_id])
        if option.option_id in event.option_ids and option.delivery_ids
        else option
        for option in terms.options
    ]
    return msgspec.structs.replace(terms, deliveries=[*terms.deliveries, event.delivery], options=options)


def must_be_held(delivery: PlannedDelivery) -> None:
    if delivery.cancelled:
        raise Rejected("delivery-cancelled", delivery_id=delivery.delivery_id)


def must_have_reason(reason: str) -> None:
    if not reason:
        raise Invalid(fields={"reason": ["Say why: everybody concerned is told."]})
