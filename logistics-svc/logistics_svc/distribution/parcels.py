"""The delivery of a contract's order round: parcels come straight from the producer (S0:39). Pure.

What is missing in a parcel is this household's shortage and nobody else's, so nothing is shared out.
"""

from __future__ import annotations

from grenier.language.logistics import (
    DeliveredLine,
    DeliveryReceived,
    DistributionMoved,
    PickupSlot,
    ShortageRecorded,
)
from logistics_svc.distribution.commands import MoveDistribution, ReceiveParcel
from logistics_svc.distribution.reception import movements_of, news
from logistics_svc.distribution.state import Day, Event


def receive_parcel(day: Day, command: ReceiveParcel) -> list[Event]:
    """Goods move from the producer to the group; what the household goes without is taken off its order."""
    assert day.plan is not None
    lines = [DeliveredLine(product_id=line.product_id, expected=0, received=line.received) for line in command.totals]
    lines = [line for line in lines if line.product_id in day.items and news(day, line)]
    events: list[Event] = []
    if lines:
        movements = [movement for line in lines for movement in movements_of(day, line)]
        received = DeliveryReceived(
            delivery_id=command.delivery_id, host_id=day.plan.host_id, lines=lines, movements=movements, **day.ids
        )
        events.append(received)
    guest = day.guest(command.household_id)
    if guest.signed is not None:
        return events
    gaps = {gap.product_id: gap.missing for gap in command.gaps}
    for product_id in guest.lines:
        if guest.missing.get(product_id, 0) != gaps.get(product_id, 0):
            short = ShortageRecorded(
                household_id=command.household_id,
                product_id=product_id,
                missing=gaps.get(product_id, 0),
                **day.ids,
            )
            events.append(short)
    return events


def move_distribution(day: Day, command: MoveDistribution) -> list[Event]:
    assert day.plan is not None
    moved, plan = command.moved, day.plan
    now = (plan.starts_at, plan.ends_at, plan.place)
    if now == (moved.distribution_starts_at, moved.distribution_ends_at, moved.place):
        return []
    later = moved.distribution_starts_at - plan.starts_at
    slots = [
        PickupSlot(slot_id=slot.slot_id, tier=slot.tier, starts_at=slot.starts_at + later, ends_at=slot.ends_at + later)
        for slot in plan.slots
    ]
    return [
        DistributionMoved(
            starts_at=moved.distribution_starts_at,
            ends_at=moved.distribution_ends_at,
            place=moved.place,
            slots=slots,
            **day.ids,
        )
    ]
