"""What follows for the order rounds of a contract: they are scheduled with it, move with its deliveries, and end as parcels.

Same shape as policies.py, which lists them with the rest.
"""

from __future__ import annotations

from grenier.language import logistics, orders, season
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime
from orders_svc import cycle, floor, parcels, rounds, supplier_order
from orders_svc.supplying import by_id, supplier_lines, supplier_order_id
from orders_svc.views import cycles


def schedule_rounds(runtime: Runtime, fact: Fact) -> None:
    """S0:32: a contract whose baskets are ordered has one cycle per round."""
    assert isinstance(fact.event, season.ContractOpened)
    opened = fact.event
    group = runtime.access.group(opened.group_id) or {"host_id": "", "time_zone": "UTC", "place": ""}
    for event in rounds.scheduled(opened, group["host_id"], group["time_zone"], group["place"]):
        command = cycle.ScheduleCycle(scheduled=event)
        runtime.react(cycle.decider, event.cycle_id, command, fact, "schedule-rounds", group_id=opened.group_id)


def schedule_added_round(runtime: Runtime, fact: Fact) -> None:
    """S0:32: one more date of an open contract, with a window of its own."""
    assert isinstance(fact.event, season.DeliveryAdded)
    group = runtime.access.group(fact.event.group_id) or {"host_id": "", "time_zone": "UTC", "place": ""}
    event = rounds.added(fact.event, group["host_id"], group["time_zone"], group["place"])
    if event is not None:
        command = cycle.ScheduleCycle(scheduled=event)
        runtime.react(cycle.decider, event.cycle_id, command, fact, "schedule-added-round", group_id=event.group_id)


def follow_delivery(runtime: Runtime, fact: Fact) -> None:
    """S0:22: the round of a delivery that was moved or cancelled."""
    assert isinstance(fact.event, season.DeliveryMoved | season.DeliveryCancelled)
    event = fact.event
    group = runtime.access.group(event.group_id) or {"time_zone": "UTC", "place": ""}
    for cycle_id in cycles.planned_for(runtime.db, event.contract_id, event.delivery_id):
        command: rounds.MoveDistribution | rounds.CancelCycle
        if isinstance(event, season.DeliveryMoved):
            starts_at, ends_at = rounds.instants(event.delivery, group["time_zone"])
            place = event.delivery.place or group["place"]
            command = rounds.MoveDistribution(starts_at=starts_at, ends_at=ends_at, place=place)
        else:
            served = runtime.handler.state(parcels.decider, cycle_id).handed_over
            command = rounds.CancelCycle(reason=event.reason, served=tuple(sorted(served)))
        runtime.react(cycle.decider, cycle_id, command, fact, "follow-delivery", group_id=event.group_id)


def carry_floor(runtime: Runtime, fact: Fact) -> None:
    """S0:47: a season begins with the credit floor of the last one; from then on each has its own."""
    assert isinstance(fact.event, season.ContractDrafted)
    drafted = fact.event
    before = runtime.handler.state(floor.decider, drafted.renews).floor_cents if drafted.renews else None
    if before is not None:
        command = floor.SetFloor(
            contract_id=drafted.contract_id, group_id=drafted.group_id, floor_cents=before, carried=True
        )
        runtime.react(floor.decider, drafted.contract_id, command, fact, "carry-floor", group_id=drafted.group_id)


def place_round_order(runtime: Runtime, fact: Fact) -> None:
    """S0:40: the round's quantities are final; one sheet for its producer."""
    assert isinstance(fact.event, orders.AggregationFrozen)
    frozen = fact.event
    if not frozen.contract_id:
        return
    cells = [
        orders.AggregatedCell(product_id=total.product_id, group_id=frozen.group_id, quantity=total.quantity)
        for total in frozen.totals
    ]
    for producer_id, lines in supplier_lines(cells, by_id(frozen.items)).items():
        key = supplier_order_id(frozen.cycle_id, producer_id)
        command = supplier_order.PlaceSupplierOrder(
            supplier_order_id=key,
            window_id="",
            host_id=frozen.host_id,
            month=frozen.month,
            producer_id=producer_id,
            lines=lines,
            cycle_id=frozen.cycle_id,
            contract_id=frozen.contract_id,
            group_id=frozen.group_id,
        )
        runtime.react(supplier_order.decider, key, command, fact, "place-round-order", group_id=frozen.group_id)


def expect_parcels(runtime: Runtime, fact: Fact) -> None:
    """S0:39: one parcel for every order that stands."""
    assert isinstance(fact.event, orders.AggregationFrozen)
    frozen = fact.event
    if frozen.contract_id:
        command = parcels.ExpectParcels(frozen_orders=frozen)
        runtime.react(parcels.decider, frozen.cycle_id, command, fact, "expect-parcels", group_id=frozen.group_id)


def note_sign_off(runtime: Runtime, fact: Fact) -> None:
    """Whoever signed at the distribution's table has the parcel, and the other way round when that is undone."""
    assert isinstance(fact.event, logistics.SignedOff | logistics.SignOffUndone)
    event = fact.event
    if not event.contract_id:
        return
    if event.household_id not in runtime.handler.state(parcels.decider, event.cycle_id).expected:
        return  # somebody who came without an order
    command: parcels.HandOver | parcels.UndoHandOver
    if isinstance(event, logistics.SignedOff):
        command = parcels.HandOver(household_id=event.household_id)
    else:
        command = parcels.UndoHandOver(household_id=event.household_id, reason=event.reason)
    runtime.react(parcels.decider, event.cycle_id, command, fact, "note-sign-off", group_id=event.group_id)


def close_parcels(runtime: Runtime, fact: Fact) -> None:
    assert isinstance(fact.event, logistics.DistributionClosed)
    event = fact.event
    if event.contract_id and runtime.handler.state(parcels.decider, event.cycle_id).known is not None:
        command = parcels.CloseParcels()
        runtime.react(parcels.decider, event.cycle_id, command, fact, "close-parcels", group_id=event.group_id)


ROUND_POLICIES = (
    Policy("schedule-rounds", ("contracts.contract-opened",), schedule_rounds),
    Policy("schedule-added-round", ("contracts.delivery-added",), schedule_added_round),
    Policy("follow-delivery", ("contracts.delivery-moved", "contracts.delivery-cancelled"), follow_delivery),
    Policy("carry-floor", ("contracts.contract-drafted",), carry_floor),
    Policy("place-round-order", ("orders.aggregation-frozen",), place_round_order),
    Policy("expect-parcels", ("orders.aggregation-frozen",), expect_parcels),
    Policy("note-sign-off", ("logistics.signed-off", "logistics.sign-off-undone"), note_sign_off),
    Policy("close-parcels", ("logistics.distribution-closed",), close_parcels),
)
