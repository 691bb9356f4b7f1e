"""One more date after the opening: a missed basket made up for, a gift, or one more order round with its window (S0:22, S0:32)."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from contracts_svc.contract.deliveries import must_be_alone_then, must_be_near_the_season, must_have_reason
from contracts_svc.contract.state import Life, must_be_opened
from contracts_svc.rules.terms import MOST, check_factor, check_hours
from grenier.clock import local_instant
from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import AddedRound, DeliveryAdded, PlannedDelivery, RoundPlan, Terms


class AddDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One more date; `replaces_delivery_id`: the cancelled one it makes up for. None: as there, or as most dates are.

    `opens_at`, `closes_at`: when people order for it, in a contract of the kind `ordered`; `zone`: of the group.
    """

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
    round_id: str = ""
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    now: datetime | None = None
    zone: str = "UTC"


# -- decide ------------------------------------------------------------------------------------------------------


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
    added = DeliveryAdded(
        **life.ids, round=None, delivery=delivery, reason=command.reason, replaces_delivery_id=command.replaces_delivery_id,
        option_ids=[option.option_id for option in life.agreed.options
                    if command.replaces_delivery_id in option.delivery_ids],
    )  # fmt: skip
    return [msgspec.structs.replace(added, round=_round(life, added, command))]


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
    if delivery.on < today:
        raise Invalid(fields={"on": ["Must not lie in the past."]})
    must_be_near_the_season(life, delivery.on)
    if delivery.series not in {"", *(one.series for one in terms.deliveries)}:
        raise Invalid(fields={"series": ["Not a series of this contract."]})
    if len(terms.deliveries) >= MOST["deliveries"]:
        raise Invalid(fields={"on": [f"At most {MOST['deliveries']}."]})
    check_hours(delivery, "")
    check_factor(delivery.factor_percent, "factor_percent")
    must_be_alone_then(life, delivery)


# -- the order round that a date needs where goods are ordered ----------------------------------------------------


def _round(life: Life, added: DeliveryAdded, command: AddDelivery) -> AddedRound | None:
    """When people order for the new date, and what: all that is offered at it."""
    if life.agreed.basket_kind != "ordered":
        if command.opens_at or command.closes_at:
            raise Invalid(fields={"opens_at": ["Only a contract of the kind ordered has order rounds."]})
        return None
    if command.opens_at is None and command.closes_at is None:
        # Without an order round nobody would have anything to fetch.
        raise Rejected("delivery-needs-round")
    opens_at, closes_at = _window(life, added.delivery, command)
    offered = [option for option in with_added(life.agreed, added).options
               if not option.delivery_ids or added.delivery.delivery_id in option.delivery_ids]  # fmt: skip
    return AddedRound(
        round_id=command.round_id, opens_at=opens_at, closes_at=closes_at, producer_id=life.producer_id,
        title=life.agreed.title, options=offered,
    )  # fmt: skip


def _window(life: Life, delivery: PlannedDelivery, command: AddDelivery) -> tuple[datetime, datetime]:
    """It must still be possible to order, and the orders must be in before the goods come."""
    opens_at, closes_at = command.opens_at, command.closes_at
    if opens_at is None or closes_at is None:
        raise Invalid(fields={"opens_at" if opens_at is None else "closes_at": ["Missing."]})
    hour, minute = (int(part) for part in delivery.starts.split(":"))
    fault = ""
    if closes_at <= opens_at:
        fault = "Must be after the opening."
    elif command.now is not None and closes_at <= command.now:
        fault = "Must lie ahead."
    elif closes_at >= local_instant(delivery.on, hour, minute, command.zone):
        fault = "After the delivery."
    if fault:
        raise Invalid(fields={"closes_at": [fault]})
    if len(life.agreed.rounds) >= MOST["rounds"]:
        raise Invalid(fields={"on": [f"At most {MOST['rounds']}."]})
    return opens_at, closes_at


def with_added(terms: Terms, event: DeliveryAdded) -> Terms:
    """The terms with the date that was added; options with dates of their own come then where the event says so."""
    options = [
        msgspec.structs.replace(option, delivery_ids=[*option.delivery_ids, event.delivery.delivery_id])
        if option.option_id in event.option_ids and option.delivery_ids
        else option
        for option in terms.options
    ]
    rounds = [*terms.rounds, *([_plan(event.round, event.delivery)] if event.round else [])]
    return msgspec.structs.replace(
        terms, deliveries=[*terms.deliveries, event.delivery], options=options, rounds=rounds
    )


def _plan(added: AddedRound, delivery: PlannedDelivery) -> RoundPlan:
    return RoundPlan(
        round_id=added.round_id,
        delivery_id=delivery.delivery_id,
        opens_at=added.opens_at,
        closes_at=added.closes_at,
    )
