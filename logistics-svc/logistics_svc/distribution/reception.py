"""Planning the day, and taking in what the warehouse sent (S1:45, S1:53, S1:136). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grenier.errors import Rejected
from grenier.language.logistics import (
    DeliveredLine,
    DeliveryReceived,
    DistributionPlanned,
    Movement,
    ShortageDeclared,
    ShortageShare,
)
from logistics_svc.distribution.commands import PlanDistribution, ReceiveDelivery, ReceivedLine
from logistics_svc.distribution.serving import known_item
from logistics_svc.distribution.state import Day, Delivered, Event, delivered, evolve
from logistics_svc.goods import unit_weight_g
from logistics_svc.shares import share_out
from logistics_svc.slots import assign_slots, plan_slots


def plan_distribution(day: Day, command: PlanDistribution) -> list[Event]:
    if day.plan is not None:
        return []
    frozen = command.frozen
    households = {order.household_id: order.tier for order in frozen.orders}
    used = set(households.values())
    # Tiers come in the order in which the host organisation lists them.
    tiers = [*(tier for tier in frozen.tier_rates_bp if tier in used), *sorted(used - set(frozen.tier_rates_bp))]
    slots = plan_slots(frozen.distribution_starts_at, frozen.distribution_ends_at, tiers)
    return [
        DistributionPlanned(
            distribution_id=command.distribution_id,
            cycle_id=frozen.cycle_id,
            window_id=frozen.window_id,
            group_id=frozen.group_id,
            host_id=frozen.host_id,
            month=frozen.month,
            starts_at=frozen.distribution_starts_at,
            ends_at=frozen.distribution_ends_at,
            place=frozen.place,
            slots=slots,
            assignments=assign_slots(slots, households),
            items=frozen.items,
            orders=frozen.orders,
            tier_rates_bp=frozen.tier_rates_bp,
            contract_id=frozen.contract_id,
            title=frozen.title,
        )
    ]


def receive_delivery(day: Day, command: ReceiveDelivery) -> list[Event]:
    """What came, then for every product that is short who gets how much of it."""
    assert day.plan is not None
    for told in command.lines:
        known_item(day, told.product_id)
    lines = [line for line in _totals(day, command) if news(day, line)]
    if not lines:
        return []
    movements = [movement for line in lines for movement in movements_of(day, line)]
    received = DeliveryReceived(
        delivery_id=command.delivery_id, host_id=day.plan.host_id, lines=lines, movements=movements, **day.ids
    )
    after = evolve(day, received)
    for line in lines:
        if after.on_hand(line.product_id) < 0:
            raise Rejected("out-of-stock", product_id=line.product_id, available=day.on_hand(line.product_id))
    return [received, *_shortages(after, [line.product_id for line in lines])]


def _totals(day: Day, command: ReceiveDelivery) -> Iterator[DeliveredLine]:
    """The first time every line of the delivery note, after that only what is named; `received` is the total so far."""
    named = {line.product_id: line for line in command.lines}
    expected_of = {line.product_id: line.quantity for line in command.dispatched}
    rest = () if day.delivered else tuple(product_id for product_id in expected_of if product_id not in named)
    for product_id in [*named, *rest]:
        expected = expected_of.get(product_id, 0)
        told = named.get(product_id) or ReceivedLine(product_id, expected)
        yield DeliveredLine(product_id=product_id, expected=expected, received=told.received, reason=told.reason)


def news(day: Day, line: DeliveredLine) -> bool:
    known = day.delivered.get(line.product_id)
    if known is None:
        return bool(line.expected or line.received)
    return delivered(known, line) != known


def movements_of(day: Day, line: DeliveredLine) -> Iterator[Movement]:
    """Only the difference to what was received before; a correction downwards travels back."""
    assert day.plan is not None
    item = day.items[line.product_id]
    before = day.delivered.get(line.product_id) or Delivered(expected=line.expected)
    now = delivered(before, line)
    warehouse, supplier = f"warehouse:{day.plan.host_id}", f"supplier:{item.facts.producer_id}"
    roads = (
        (warehouse, day.place, now.carried - before.carried),
        (supplier, day.place, now.beyond - before.beyond),
        (warehouse, f"loss:{day.plan.group_id}", now.damaged - before.damaged),
    )
    for source, target, units in roads:
        if units:
            source, target = (source, target) if units > 0 else (target, source)
            weight_g = abs(units) * unit_weight_g(item)
            yield Movement(
                product_id=line.product_id, source=source, target=target, quantity=abs(units), weight_g=weight_g
            )


def _shortages(day: Day, product_ids: Iterable[str]) -> list[Event]:
    return [short for product_id in product_ids if (short := _shortage(day, product_id)) is not None]


def _shortage(day: Day, product_id: str) -> ShortageDeclared | None:
    ordered = {h: guest.lines[product_id].quantity for h, guest in day.guests.items() if product_id in guest.lines}
    available = day.delivered[product_id].received
    expected = sum(ordered.values())
    known = day.shares.get(product_id)
    if known is None and available >= expected:
        return None
    shares = share_out(available, ordered, _taken(day, product_id))
    if shares == known:
        return None
    return ShortageDeclared(
        product_id=product_id,
        product_name=day.items[product_id].facts.name,
        expected=expected,
        available=min(available, expected),
        shares=[ShortageShare(household_id=h, ordered=ordered[h], allotted=units) for h, units in shares.items()],
        **day.ids,
    )


def _taken(day: Day, product_id: str) -> dict[str, int]:
    """What households that have already signed off took of their order of this product."""
    return {
        household: sum(
            line.quantity for line in guest.signed.lines if line.product_id == product_id and line.kind == "ordered"
        )
        for household, guest in day.guests.items()
        if guest.signed is not None
    }
