"""What follows from facts: a frozen aggregation becomes pallets and a distribution day, leftovers go to the next one."""

from __future__ import annotations

from grenier.language.logistics import DistributionClosed, DistributionPlanned, StockPassedOn
from grenier.language.orders import AggregationFrozen, CycleCancelled
from grenier.language.orders import DistributionMoved as RoundMoved
from grenier.language.parcels import ParcelHandedOver, ParcelHandOverUndone, ParcelReceived
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime, derived_id
from logistics_svc import delivery, distribution, ids
from logistics_svc.delivery import PlanPallets
from logistics_svc.distribution.commands import (
    CloseDistribution,
    Gap,
    MoveDistribution,
    PassOnStock,
    PlanDistribution,
    ReceivedLine,
    ReceiveParcel,
    SignOff,
    TakeOverStock,
    UndoSignOff,
)
from logistics_svc.views import distributions


def plan_pallets(runtime: Runtime, fact: Fact) -> None:
    """S1:135, as soon as a group's quantities are final."""
    frozen = fact.event
    assert isinstance(frozen, AggregationFrozen)
    if frozen.contract_id:
        return  # the producer of a contract brings parcels, no pallet is stacked
    key = ids.delivery_id(frozen.cycle_id)
    command = PlanPallets(key, frozen)
    runtime.react(delivery.decider, key, command, fact, "plan-pallets", group_id=frozen.group_id)


def plan_distribution(runtime: Runtime, fact: Fact) -> None:
    """S1:45: slots per tier and the orders to hand out."""
    frozen = fact.event
    assert isinstance(frozen, AggregationFrozen)
    key = ids.distribution_id(frozen.cycle_id)
    command = PlanDistribution(key, frozen)
    runtime.react(distribution.decider, key, command, fact, "plan-distribution", group_id=frozen.group_id)


def pass_on_stock(runtime: Runtime, fact: Fact) -> None:
    """Leftovers go to the group's next distribution, whichever is known first: that it is planned, or that this one is over."""
    event = fact.event
    assert isinstance(event, DistributionClosed | DistributionPlanned)
    closed = isinstance(event, DistributionClosed)
    here = distributions.distribution(runtime.db, event.distribution_id)
    if here is None:
        return
    other = distributions.neighbour(runtime.db, here, after=closed)
    if other is None or not (closed or other["state"] == "closed"):
        return
    giver, taker = (here, other) if closed else (other, here)
    command = PassOnStock(taker["distribution_id"])
    runtime.react(
        distribution.decider, giver["distribution_id"], command, fact, "pass-on-stock", group_id=event.group_id
    )


def take_over_stock(runtime: Runtime, fact: Fact) -> None:
    event = fact.event
    assert isinstance(event, StockPassedOn)
    command, key = TakeOverStock(event), event.to_distribution_id
    runtime.react(distribution.decider, key, command, fact, "take-over-stock", group_id=event.group_id)


def follow_round(runtime: Runtime, fact: Fact) -> None:
    """The delivery of a contract was moved or cancelled after its orders had become final."""
    event = fact.event
    assert isinstance(event, RoundMoved | CycleCancelled)
    key = ids.distribution_id(event.cycle_id)
    day = runtime.handler.state(distribution.decider, key)
    if day.plan is None or day.closed:
        return
    command = MoveDistribution(event) if isinstance(event, RoundMoved) else CloseDistribution()
    runtime.react(distribution.decider, key, command, fact, "follow-round", group_id=event.group_id)


def receive_parcel(runtime: Runtime, fact: Fact) -> None:
    """S0:39: what came for a household is on hand from now on, what is missing is not charged."""
    event = fact.event
    assert isinstance(event, ParcelReceived)
    key = ids.distribution_id(event.cycle_id)
    command = ReceiveParcel(
        ids.delivery_id(event.cycle_id),
        event.household_id,
        [ReceivedLine(total.product_id, total.received) for total in event.totals],
        [Gap(line.product_id, line.missing) for line in event.missing],
    )
    runtime.react(distribution.decider, key, command, fact, "receive-parcel", group_id=event.group_id)


def sign_off_parcel(runtime: Runtime, fact: Fact) -> None:
    """A parcel handed over is a sign-off, and none any more when that is undone."""
    event = fact.event
    assert isinstance(event, ParcelHandedOver | ParcelHandOverUndone)
    key = ids.distribution_id(event.cycle_id)
    command: SignOff | UndoSignOff
    if isinstance(event, ParcelHandedOver):
        command = SignOff(derived_id(fact.id, "sign-off"), event.household_id)
    else:
        command = UndoSignOff(event.household_id, event.reason)
    runtime.react(distribution.decider, key, command, fact, "sign-off-parcel", group_id=event.group_id)


POLICIES = (
    Policy("plan-pallets", ("orders.aggregation-frozen",), plan_pallets),
    Policy("plan-distribution", ("orders.aggregation-frozen",), plan_distribution),
    Policy("pass-on-stock", ("logistics.distribution-closed", "logistics.distribution-planned"), pass_on_stock),
    Policy("take-over-stock", ("logistics.stock-passed-on",), take_over_stock),
    Policy("follow-round", ("orders.cycle-distribution-moved", "orders.cycle-cancelled"), follow_round),
    Policy("receive-parcel", ("orders.parcel-received",), receive_parcel),
    Policy("sign-off-parcel", ("orders.parcel-handed-over", "orders.parcel-hand-over-undone"), sign_off_parcel),
)
