"""The order cycle of one group: the boundary inside which orders are wholly in or refused. Stream: cycle-<id>.

    scheduled -> open -> closed -> (regulated, any number of products) -> frozen
    (a round of a contract may be cancelled, with its delivery, from any of them)

Deadlines are decided by the `now` of the command; whatever the clock says, nothing is accepted behind CycleClosed.
How orders come in is in ordering.py, what happens after closing in closing.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, assert_never

import msgspec

from grenier.decider import Decider, Rejected
from grenier.language.orders import (
    AggregationFrozen,
    CatalogueItem,
    ClosingAnnounced,
    CycleCancelled,
    CycleClosed,
    CycleOpened,
    CycleScheduled,
    DistributionMoved,
    HoldsVoided,
    OrderAmended,
    OrderCancelled,
    OrderConfirmed,
    OrderLine,
    OrdersRegulated,
    OrdersReminded,
    ProductMadeUnavailable,
)
from orders_svc import closing, ordering, rounds
from orders_svc.paged import Paged
from orders_svc.refusals import Unknown
from orders_svc.rounds import CancelCycle, MoveDistribution, RemindToOrder

# -- commands ----------------------------------------------------------------------------------------------------


class ScheduleCycle(msgspec.Struct, frozen=True, kw_only=True):
    scheduled: CycleScheduled


class OpenCycle(msgspec.Struct, frozen=True, kw_only=True):
    now: datetime


class MakeUnavailable(msgspec.Struct, frozen=True, kw_only=True):
    product_id: str


class ConfirmOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`quantities` in order units; `by_other`: entered by somebody who does not belong to the household.

    `hold`: the number of the credit hold that covers `held_cents`; 0 when there is none yet, None in a group without a
    credit floor, where nothing is asked.
    """

    order_id: str
    household_id: str
    group_id: str
    tier: str
    quantities: dict[str, int]
    now: datetime
    channel: Literal["web", "paper"] = "web"
    by_other: bool = False
    reason: str = ""
    hold: int | None = None
    held_cents: int = 0


class VoidHolds(msgspec.Struct, frozen=True, kw_only=True):
    """Accept no order of this household on a hold up to this number any more."""

    household_id: str
    hold: int


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True):
    household_id: str
    group_id: str
    now: datetime
    by_other: bool = False
    reason: str = ""


class AnnounceClosing(msgspec.Struct, frozen=True, kw_only=True):
    """`missing_household_ids`: subscribers without an order, in a round of a contract."""

    draft_household_ids: list[str]
    now: datetime
    missing_household_ids: list[str] = []


class CloseCycle(msgspec.Struct, frozen=True, kw_only=True):
    now: datetime


class Regulate(msgspec.Struct, frozen=True, kw_only=True):
    product_id: str
    rule: str


class FreezeAggregation(msgspec.Struct, frozen=True, kw_only=True):
    """`automatic`: the deadline has passed; what is still over-asked is brought down pro rata first."""

    automatic: bool = False


Command = (
    ScheduleCycle
    | OpenCycle
    | MakeUnavailable
    | ConfirmOrder
    | VoidHolds
    | CancelOrder
    | AnnounceClosing
    | CloseCycle
    | Regulate
    | FreezeAggregation
    | MoveDistribution
    | CancelCycle
    | RemindToOrder
)
Event = (
    CycleScheduled
    | CycleOpened
    | ProductMadeUnavailable
    | OrderConfirmed
    | OrderAmended
    | OrderCancelled
    | HoldsVoided
    | ClosingAnnounced
    | CycleClosed
    | OrdersRegulated
    | AggregationFrozen
    | DistributionMoved
    | CycleCancelled
    | OrdersReminded
)

# -- state -------------------------------------------------------------------------------------------------------


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed order; `rank` is its place in the order of first confirmation, `hold` the credit that covers it."""

    order_id: str
    household_id: str
    tier: str
    lines: list[OrderLine]
    total_cents: int
    rank: int
    hold: int = 0

    def quantity_of(self, product_id: str) -> int:
        return next((line.quantity for line in self.lines if line.product_id == product_id), 0)


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    """`taken`: units ordered of the products that have a stock limit; `passed`: highest credit hold per household."""

    terms: CycleScheduled | None = None
    items: dict[str, CatalogueItem] = {}
    status: Literal["", "scheduled", "open", "closed", "frozen", "cancelled"] = ""
    announced: bool = False
    unavailable: frozenset[str] = frozenset()
    orders: Paged[Placed] = Paged()
    sequence: int = 0
    taken: dict[str, int] = {}
    passed: Paged[int] = Paged()

    @property
    def known(self) -> CycleScheduled:
        if self.terms is None:
            raise Unknown
        return self.terms

    def orders_by_rank(self) -> list[Placed]:
        return sorted(self.orders.values(), key=lambda placed: placed.rank)


# -- decide ------------------------------------------------------------------------------------------------------


def decide(cycle: Cycle, command: Command) -> Sequence[Event]:
    match command:
        case ConfirmOrder():
            return ordering.confirm_order(cycle, command)
        case CancelOrder():
            return ordering.cancel_order(cycle, command)
        case VoidHolds():
            return ordering.void_holds(cycle, command)
        case ScheduleCycle():
            return schedule(cycle, command)
        case OpenCycle():
            return open_cycle(cycle, command)
        case MakeUnavailable():
            return closing.make_unavailable(cycle, command)
        case AnnounceClosing():
            return closing.announce(cycle, command)
        case CloseCycle():
            return closing.close(cycle, command)
        case Regulate():
            return closing.regulate(cycle, command)
        case FreezeAggregation():
            return closing.freeze(cycle, command)
        case MoveDistribution():
            return rounds.move_distribution(cycle, command)
        case CancelCycle():
            return rounds.cancel(cycle, command)
        case RemindToOrder():
            return rounds.remind(cycle, command)
        case _:
            assert_never(command)


def schedule(cycle: Cycle, command: ScheduleCycle) -> list[Event]:
    if cycle.terms is None:
        return [command.scheduled]
    if cycle.terms == command.scheduled:
        return []
    raise Rejected("cycle-scheduled", cycle_id=cycle.terms.cycle_id)


def open_cycle(cycle: Cycle, command: OpenCycle) -> list[Event]:
    terms = cycle.known
    if cycle.status != "scheduled":
        return []
    if command.now < terms.opens_at:
        raise Rejected("cycle-not-due", cycle_id=terms.cycle_id, opens_at=terms.opens_at.isoformat())
    opened = CycleOpened(
        cycle_id=terms.cycle_id, group_id=terms.group_id, closes_at=terms.closes_at, contract_id=terms.contract_id
    )
    return [opened]


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(cycle: Cycle, event: Event) -> Cycle:
    match event:
        case OrderConfirmed() | OrderAmended():
            return _with_order(cycle, event)
        case OrderCancelled():
            return _without_order(cycle, event.household_id)
        case HoldsVoided():
            return _passed(cycle, event.household_id, event.hold)
        case CycleScheduled():
            return Cycle(terms=event, items={item.product_id: item for item in event.items}, status="scheduled")
        case CycleOpened():
            return msgspec.structs.replace(cycle, status="open")
        case ProductMadeUnavailable():
            return msgspec.structs.replace(cycle, unavailable=cycle.unavailable | {event.product_id})
        case ClosingAnnounced():
            return msgspec.structs.replace(cycle, announced=True)
        case CycleClosed():
            return msgspec.structs.replace(cycle, status="closed")
        case OrdersRegulated():
            return _regulated(cycle, event)
        case AggregationFrozen():
            return msgspec.structs.replace(cycle, status="frozen")
        case CycleCancelled():
            return msgspec.structs.replace(cycle, status="cancelled")
        case DistributionMoved():
            return rounds.moved(cycle, event)
        case OrdersReminded():
            return cycle
        case _:
            assert_never(event)


def _with_order(cycle: Cycle, event: OrderConfirmed | OrderAmended) -> Cycle:
    before = cycle.orders.get(event.household_id)
    placed = Placed(
        order_id=event.order_id,
        household_id=event.household_id,
        tier=event.tier,
        lines=event.lines,
        total_cents=event.total_cents,
        rank=before.rank if before else cycle.sequence,
        hold=event.hold or (before.hold if before else 0),
    )
    return msgspec.structs.replace(
        _passed(cycle, event.household_id, event.hold),
        orders=cycle.orders.with_(event.household_id, placed),
        sequence=cycle.sequence + 1,
        taken=_taken(cycle, before.lines if before else (), event.lines),
    )


def _passed(cycle: Cycle, household_id: str, hold: int) -> Cycle:
    if not hold:
        return cycle
    return msgspec.structs.replace(cycle, passed=cycle.passed.with_(household_id, hold))


def _without_order(cycle: Cycle, household_id: str) -> Cycle:
    before = cycle.orders.get(household_id)
    if before is None:
        return cycle
    orders = cycle.orders.without(household_id)
    return msgspec.structs.replace(cycle, orders=orders, taken=_taken(cycle, before.lines, ()))


def _regulated(cycle: Cycle, event: OrdersRegulated) -> Cycle:
    for change in event.changes:
        before = cycle.orders.get(change.household_id)
        if before is not None:
            cycle = _reduced(cycle, before, event.product_id, change.to_quantity, change.to_amount_cents)
    return cycle


def _reduced(cycle: Cycle, before: Placed, product_id: str, quantity: int, amount_cents: int) -> Cycle:
    """An order whose last line goes is no order any more."""
    lines = [
        line
        if line.product_id != product_id
        else msgspec.structs.replace(line, quantity=quantity, amount_cents=amount_cents)
        for line in before.lines
        if line.product_id != product_id or quantity
    ]
    if not lines:
        return _without_order(cycle, before.household_id)
    total = sum(line.amount_cents for line in lines)
    placed = msgspec.structs.replace(before, lines=lines, total_cents=total)
    return msgspec.structs.replace(
        cycle,
        orders=cycle.orders.with_(before.household_id, placed),
        taken=_taken(cycle, before.lines, lines),
    )


def _taken(cycle: Cycle, before: Sequence[OrderLine], after: Sequence[OrderLine]) -> dict[str, int]:
    """Units taken of stock-limited products; the same dict while none of them is touched."""
    taken = cycle.taken
    for lines, sign in ((before, -1), (after, 1)):
        for line in lines:
            item = cycle.items.get(line.product_id)
            if item is not None and item.stock_limit:
                taken = {**taken, line.product_id: taken.get(line.product_id, 0) + sign * line.quantity}
    return taken


decider: Decider[Cycle, Command, Event] = Decider("cycle", Cycle(), decide, evolve)
