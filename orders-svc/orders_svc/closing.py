"""From the last day of a cycle to its frozen aggregation. Pure; called by cycle.decide."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from grenier.clock import local_instant
from grenier.decider import Rejected
from grenier.language.orders import (
    AggregationFrozen,
    ClosingAnnounced,
    CycleClosed,
    FrozenOrder,
    LineReduced,
    OrdersRegulated,
    ProductMadeUnavailable,
    ProductTotal,
)
from orders_svc.pricing import line_amount
from orders_svc.regulation import RULES, Asked, regulated

if TYPE_CHECKING:
    from orders_svc.cycle import (
        AnnounceClosing,
        CloseCycle,
        Cycle,
        Event,
        FreezeAggregation,
        MakeUnavailable,
        Placed,
        Regulate,
    )

# S1:33: the day before closing.
DAY_BEFORE = timedelta(days=1)
# S1:34: the day after closing, before noon.
REGULATION_HOUR = 12
AUTOMATIC_RULE = "prorata"


def regulation_deadline(closes_at: datetime, zone: str) -> datetime:
    """The instant (UTC) of noon of the day after closing, in the group's time zone."""
    day = closes_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    return local_instant(day, REGULATION_HOUR, 0, zone)


# -- before and at closing ---------------------------------------------------------------------------------------


def announce(cycle: Cycle, command: AnnounceClosing) -> list[Event]:
    terms = cycle.known
    due = cycle.status == "open" and terms.closes_at - DAY_BEFORE <= command.now < terms.closes_at
    if cycle.announced or not due:
        return []
    announced = ClosingAnnounced(
        cycle_id=terms.cycle_id,
        group_id=terms.group_id,
        closes_at=terms.closes_at,
        draft_household_ids=command.draft_household_ids,
        contract_id=terms.contract_id,
        missing_household_ids=command.missing_household_ids,
    )
    return [announced]


def close(cycle: Cycle, command: CloseCycle) -> list[Event]:
    terms = cycle.known
    if cycle.status in ("closed", "frozen", "cancelled"):
        return []
    if cycle.status != "open" or command.now < terms.closes_at:
        raise Rejected("cycle-not-due", cycle_id=terms.cycle_id, closes_at=terms.closes_at.isoformat())
    closed = CycleClosed(
        cycle_id=terms.cycle_id, group_id=terms.group_id, closed_at=command.now, contract_id=terms.contract_id
    )
    return [closed]


def make_unavailable(cycle: Cycle, command: MakeUnavailable) -> list[Event]:
    """S0:36. Orders that hold the product lose the line, and their households are told like after a regulation."""
    terms = cycle.known
    if command.product_id not in cycle.items:
        raise Rejected("product-unknown", product_id=command.product_id)
    if command.product_id in cycle.unavailable:
        return []
    if cycle.status == "frozen":
        raise Rejected("cycle-frozen", cycle_id=terms.cycle_id)
    away = ProductMadeUnavailable(cycle_id=terms.cycle_id, group_id=terms.group_id, product_id=command.product_id)
    nothing = {asked.household_id: 0 for asked in asked_of(cycle, command.product_id)}
    if not nothing:
        return [away]
    return [away, _regulation(cycle, command.product_id, "unavailable", 0, nothing)]


# -- regulation --------------------------------------------------------------------------------------------------


def asked_of(cycle: Cycle, product_id: str) -> list[Asked]:
    """Who asked how much of a product, in the order of confirmation."""
    asked = [
        Asked(placed.household_id, quantity, placed.rank)
        for placed in cycle.orders.values()
        if (quantity := placed.quantity_of(product_id))
    ]
    return sorted(asked, key=lambda each: each.rank)


def over_asked(cycle: Cycle) -> dict[str, int]:
    """{product id: total asked} of the products asked over the group's maximum."""
    totals: dict[str, int] = {}
    for placed in cycle.orders.values():
        for line in placed.lines:
            totals[line.product_id] = totals.get(line.product_id, 0) + line.quantity
    return {
        product_id: totals[product_id]
        for product_id, item in cycle.items.items()
        if item.max_per_group and totals.get(product_id, 0) > item.max_per_group
    }


def outcome(cycle: Cycle, product_id: str, rule: str) -> dict[str, int]:
    """New quantity per household under a rule, in the order of confirmation; decides nothing."""
    item = cycle.items.get(product_id)
    if item is None:
        raise Rejected("product-unknown", product_id=product_id)
    if rule not in RULES:
        raise Rejected("rule-unknown", rule=rule)
    asked = asked_of(cycle, product_id)
    if not item.max_per_group:
        return {each.household_id: each.quantity for each in asked}
    return regulated(rule, asked, item.max_per_group, f"{cycle.known.cycle_id}/{product_id}")


def regulate(cycle: Cycle, command: Regulate) -> list[Event]:
    terms = cycle.known
    granted = outcome(cycle, command.product_id, command.rule)
    if cycle.status == "frozen" and not any(_reductions(cycle, command.product_id, granted)):
        return []
    if cycle.status != "closed":
        raise Rejected("cycle-not-closed", cycle_id=terms.cycle_id, status=cycle.status)
    limit = cycle.items[command.product_id].max_per_group
    event = _regulation(cycle, command.product_id, command.rule, limit, granted)
    return [event] if event.changes else []


def _regulation(
    cycle: Cycle, product_id: str, rule: str, limit: int, granted: dict[str, int], *, automatic: bool = False
) -> OrdersRegulated:
    return OrdersRegulated(
        cycle_id=cycle.known.cycle_id,
        group_id=cycle.known.group_id,
        product_id=product_id,
        rule=rule,
        limit=limit,
        changes=_reductions(cycle, product_id, granted),
        automatic=automatic,
    )


def _reductions(cycle: Cycle, product_id: str, granted: dict[str, int]) -> list[LineReduced]:
    placed = ((cycle.orders.get(household_id), quantity) for household_id, quantity in granted.items())
    changes = [_reduction(cycle, order, product_id, quantity) for order, quantity in placed if order is not None]
    return [change for change in changes if change.to_quantity != change.from_quantity]


def _reduction(cycle: Cycle, order: Placed, product_id: str, quantity: int) -> LineReduced:
    line = next(line for line in order.lines if line.product_id == product_id)
    return LineReduced(
        household_id=order.household_id,
        order_id=order.order_id,
        product_id=product_id,
        from_quantity=line.quantity,
        to_quantity=quantity,
        from_amount_cents=line.amount_cents,
        to_amount_cents=line_amount(cycle.items[product_id].facts, line.unit_price_cents, quantity),
    )


# -- freezing ----------------------------------------------------------------------------------------------------


def freeze(cycle: Cycle, command: FreezeAggregation) -> list[Event]:
    terms = cycle.known
    if cycle.status == "frozen":
        return []
    if cycle.status != "closed":
        raise Rejected("cycle-not-closed", cycle_id=terms.cycle_id, status=cycle.status)
    over = over_asked(cycle)
    if over and not command.automatic:
        raise Rejected("still-over-asked", cycle_id=terms.cycle_id, product_ids=list(over))
    events: list[Event] = []
    for product_id in over:
        granted = outcome(cycle, product_id, AUTOMATIC_RULE)
        limit = cycle.items[product_id].max_per_group
        events.append(_regulation(cycle, product_id, AUTOMATIC_RULE, limit, granted, automatic=True))
    return [*events, _frozen(_after(cycle, events))]


def _after(cycle: Cycle, events: list[Event]) -> Cycle:
    from orders_svc.cycle import decider

    return decider.fold(events, cycle)


def _frozen(cycle: Cycle) -> AggregationFrozen:
    terms = cycle.known
    orders = cycle.orders_by_rank()
    return AggregationFrozen(
        cycle_id=terms.cycle_id,
        window_id=terms.window_id,
        group_id=terms.group_id,
        host_id=terms.host_id,
        month=terms.month,
        distribution_starts_at=terms.distribution_starts_at,
        distribution_ends_at=terms.distribution_ends_at,
        place=terms.place,
        items=terms.items,
        totals=_totals(orders),
        orders=[
            FrozenOrder(
                order_id=order.order_id,
                household_id=order.household_id,
                tier=order.tier,
                lines=order.lines,
                total_cents=order.total_cents,
            )
            for order in orders
        ],
        total_cents=sum(order.total_cents for order in orders),
        tier_rates_bp=terms.tier_rates_bp,
        contract_id=terms.contract_id,
        producer_id=terms.producer_id,
        delivery_id=terms.delivery_id,
        title=terms.title,
    )


def _totals(orders: list[Placed]) -> list[ProductTotal]:
    """Units and number of orders per product, in the order of product ids."""
    quantity: dict[str, int] = {}
    count: dict[str, int] = {}
    for order in orders:
        for line in order.lines:
            quantity[line.product_id] = quantity.get(line.product_id, 0) + line.quantity
            count[line.product_id] = count.get(line.product_id, 0) + 1
    return [
        ProductTotal(product_id=product_id, quantity=quantity[product_id], orders=count[product_id])
        for product_id in sorted(quantity)
    ]
