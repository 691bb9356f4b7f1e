"""What follows from what has happened. Each act is harmless to repeat: its command id derives from the fact."""

from __future__ import annotations

from datetime import datetime

import msgspec

from grenier.language import orders
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime
from orders_svc import catalogue, crediting, cycle, draft, supplier_order, window
from orders_svc.round_policies import ROUND_POLICIES
from orders_svc.supplying import by_id, supplier_lines, supplier_order_id
from orders_svc.views import credit, drafts


def schedule_cycles(runtime: Runtime, fact: Fact) -> None:
    """A window scheduled gives every group its cycle, with the catalogue's items and the group's own maxima."""
    assert isinstance(fact.event, orders.WindowScheduled)
    scheduled = fact.event
    offered = runtime.handler.state(catalogue.decider, scheduled.catalogue_id).items
    for group in scheduled.groups:
        event = _cycle(scheduled, group, offered)
        runtime.react(
            cycle.decider,
            group.cycle_id,
            cycle.ScheduleCycle(scheduled=event),
            fact,
            "schedule-cycles",
            group_id=group.group_id,
        )


def _cycle(
    scheduled: orders.WindowScheduled, group: orders.WindowGroup, offered: list[orders.CatalogueItem]
) -> orders.CycleScheduled:
    maxima = group.max_per_group
    items = [
        msgspec.structs.replace(item, max_per_group=maxima[item.product_id]) if item.product_id in maxima else item
        for item in offered
    ]
    return orders.CycleScheduled(
        cycle_id=group.cycle_id,
        window_id=scheduled.window_id,
        group_id=group.group_id,
        host_id=scheduled.host_id,
        catalogue_id=scheduled.catalogue_id,
        month=scheduled.month,
        opens_at=scheduled.opens_at,
        closes_at=scheduled.closes_at,
        distribution_starts_at=group.distribution_starts_at,
        distribution_ends_at=group.distribution_ends_at,
        place=group.place,
        items=items,
        tier_rates_bp=scheduled.tier_rates_bp,
    )


def discard_draft(runtime: Runtime, fact: Fact) -> None:
    """What was confirmed is no draft any more; what was put together later stays."""
    assert isinstance(fact.event, orders.OrderConfirmed | orders.OrderAmended)
    confirmed = fact.event
    if not drafts.is_kept(runtime.db, confirmed.cycle_id, confirmed.household_id):
        return  # nearly always: asking the log for a stream that was never written costs ten times this look
    command = draft.DiscardDraft(
        cycle_id=confirmed.cycle_id,
        group_id=confirmed.group_id,
        household_id=confirmed.household_id,
        saved_until=datetime.fromisoformat(fact.at),
    )
    key = draft.key(confirmed.cycle_id, confirmed.household_id)
    runtime.react(draft.decider, key, command, fact, "discard-draft")


def settle_credit(runtime: Runtime, fact: Fact) -> None:
    """What an order needs less than before is free for other orders again (T18)."""
    match fact.event:
        case orders.OrderAmended() | orders.OrderCancelled() as e:
            touched = [(e.household_id, e.order_id)]
        case orders.OrdersRegulated() as e:
            touched = [(change.household_id, change.order_id) for change in e.changes]
        case _:
            return
    for household_id, order_id in touched:
        if credit.is_held(runtime.db, order_id):
            command = crediting.settlement(runtime, e.cycle_id, household_id, order_id)
            runtime.react(crediting.decider, household_id, command, fact, f"settle-credit/{order_id}")


def note_frozen(runtime: Runtime, fact: Fact) -> None:
    """The window waits for every group's aggregation."""
    assert isinstance(fact.event, orders.AggregationFrozen)
    frozen = fact.event
    if not frozen.window_id:
        return  # a round of a contract stands alone: see round_policies
    command = window.NoteFrozen(cycle_id=frozen.cycle_id, group_id=frozen.group_id, totals=frozen.totals)
    runtime.react(window.decider, frozen.window_id, command, fact, "note-frozen")


def place_supplier_orders(runtime: Runtime, fact: Fact) -> None:
    """All groups are frozen: one order per producer, the sum of what was accepted."""
    assert isinstance(fact.event, orders.WindowAggregated)
    aggregated = fact.event
    scheduled = runtime.handler.state(window.decider, aggregated.window_id).scheduled
    assert scheduled is not None
    items = by_id(runtime.handler.state(catalogue.decider, scheduled.catalogue_id).items)
    for producer_id, lines in supplier_lines(aggregated.cells, items).items():
        key = supplier_order_id(aggregated.window_id, producer_id)
        command = supplier_order.PlaceSupplierOrder(
            supplier_order_id=key,
            window_id=aggregated.window_id,
            host_id=aggregated.host_id,
            month=aggregated.month,
            producer_id=producer_id,
            lines=lines,
        )
        runtime.react(supplier_order.decider, key, command, fact, "place-supplier-orders")


POLICIES = (
    Policy("schedule-cycles", ("orders.window-scheduled",), schedule_cycles),
    Policy("discard-draft", ("orders.order-confirmed", "orders.order-amended"), discard_draft),
    Policy(
        "settle-credit", ("orders.order-amended", "orders.order-cancelled", "orders.orders-regulated"), settle_credit
    ),
    Policy("note-frozen", ("orders.aggregation-frozen",), note_frozen),
    Policy("place-supplier-orders", ("orders.window-aggregated",), place_supplier_orders),
    *ROUND_POLICIES,
)
