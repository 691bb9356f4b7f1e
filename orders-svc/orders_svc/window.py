"""An order window: one template for every group (S1:146), then the process that waits until all of them are frozen.

Stream: window-<id>. The window schedules cycles (a policy does it), notes each frozen aggregation, and when the last one
is there states the table product × group (S1:134), from which supplier orders follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from uuid import NAMESPACE_URL, uuid5

import msgspec

from grenier.decider import Decider, Rejected
from grenier.language.orders import (
    AggregatedCell,
    CycleFrozenInWindow,
    ProductTotal,
    WindowAggregated,
    WindowGroup,
    WindowScheduled,
)
from orders_svc.refusals import Unknown

# -- commands ----------------------------------------------------------------------------------------------------


class ScheduleWindow(msgspec.Struct, frozen=True, kw_only=True):
    window_id: str
    host_id: str
    catalogue_id: str
    month: str
    opens_at: datetime
    closes_at: datetime
    groups: list[WindowGroup]
    tier_rates_bp: dict[str, int]
    now: datetime


class NoteFrozen(msgspec.Struct, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    totals: list[ProductTotal]


Command = ScheduleWindow | NoteFrozen
Event = WindowScheduled | CycleFrozenInWindow | WindowAggregated

# -- state -------------------------------------------------------------------------------------------------------


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """`frozen`: the totals of each group whose aggregation is final."""

    scheduled: WindowScheduled | None = None
    frozen: dict[str, list[ProductTotal]] = {}
    aggregated: bool = False


# -- decide ------------------------------------------------------------------------------------------------------


def decide(window: Window, command: Command) -> Sequence[Event]:
    match command:
        case ScheduleWindow():
            return schedule(window, command)
        case NoteFrozen():
            return note_frozen(window, command)
        case _:
            assert_never(command)


def schedule(window: Window, command: ScheduleWindow) -> list[Event]:
    scheduled = WindowScheduled(
        window_id=command.window_id,
        host_id=command.host_id,
        catalogue_id=command.catalogue_id,
        month=command.month,
        opens_at=command.opens_at,
        closes_at=command.closes_at,
        groups=command.groups,
        tier_rates_bp=command.tier_rates_bp,
    )
    if window.scheduled is not None:
        if window.scheduled == scheduled:
            return []
        raise Rejected("window-scheduled", window_id=command.window_id)
    if command.closes_at <= command.now:
        raise Rejected("window-in-the-past", closes_at=command.closes_at.isoformat())
    return [scheduled]


def note_frozen(window: Window, command: NoteFrozen) -> list[Event]:
    if window.scheduled is None:
        raise Unknown
    if command.group_id in window.frozen:
        return []
    noted = CycleFrozenInWindow(
        window_id=window.scheduled.window_id,
        cycle_id=command.cycle_id,
        group_id=command.group_id,
        totals=command.totals,
    )
    frozen = {**window.frozen, command.group_id: command.totals}
    if any(group.group_id not in frozen for group in window.scheduled.groups):
        return [noted]
    return [noted, _aggregated(window.scheduled, frozen)]


def _aggregated(scheduled: WindowScheduled, frozen: dict[str, list[ProductTotal]]) -> WindowAggregated:
    """Cells in the order of products and of the window's groups; their sums are the totals."""
    by_product: dict[str, list[AggregatedCell]] = {}
    for group in scheduled.groups:
        for total in frozen[group.group_id]:
            cell = AggregatedCell(product_id=total.product_id, group_id=group.group_id, quantity=total.quantity)
            by_product.setdefault(total.product_id, []).append(cell)
    cells = [cell for product_id in sorted(by_product) for cell in by_product[product_id]]
    return WindowAggregated(
        window_id=scheduled.window_id, host_id=scheduled.host_id, month=scheduled.month, cells=cells
    )


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(window: Window, event: Event) -> Window:
    match event:
        case WindowScheduled():
            return Window(scheduled=event)
        case CycleFrozenInWindow():
            return msgspec.structs.replace(window, frozen={**window.frozen, event.group_id: event.totals})
        case WindowAggregated():
            return msgspec.structs.replace(window, aggregated=True)
        case _:
            assert_never(event)


def cycle_id_of(window_id: str, group_id: str) -> str:
    """A group has one cycle in a window: its id follows from the two."""
    return str(uuid5(NAMESPACE_URL, f"{window_id}/{group_id}"))


decider: Decider[Window, Command, Event] = Decider("window", Window(), decide, evolve)
