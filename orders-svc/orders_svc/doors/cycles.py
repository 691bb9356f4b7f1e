"""Doors of windows and cycles: schedule, unavailable products, regulation, freezing, and the tables of the month."""

from __future__ import annotations

from typing import Any

from grenier.doors import Context, door
from grenier.errors import NotFound
from grenier.runtime import read
from orders_svc import asks, catalogue, cycle, window
from orders_svc.answers import months, regulating, scheduling
from orders_svc.doors.base import Doors
from orders_svc.views import cycles


class CycleDoors(Doors):
    @door
    def schedule_window(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.ScheduleWindow, payload)
        offered = self.runtime.handler.state(catalogue.decider, ask.catalogue_id)
        if not offered.catalogue_id:
            raise NotFound
        role = self.runtime.access.require(context, "orders.windows", host_id=offered.host_id)
        command = scheduling.command_of(self.runtime, ask, offered)
        return self.runtime.tell(window.decider, ask.window_id, command, context, role=role)

    @door
    def make_unavailable(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.MakeUnavailable, payload)
        row, role = self._cycle(context, ask.cycle_id, "orders.regulate")
        command = cycle.MakeUnavailable(product_id=ask.product_id)
        return self.runtime.tell(cycle.decider, ask.cycle_id, command, context, role=role, group_id=row["group_id"])

    @door
    def regulate(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.Regulate, payload)
        row, role = self._cycle(context, ask.cycle_id, "orders.regulate")
        command = cycle.Regulate(product_id=ask.product_id, rule=ask.rule)
        return self.runtime.tell(cycle.decider, ask.cycle_id, command, context, role=role, group_id=row["group_id"])

    @door
    def freeze_aggregation(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfCycle, payload)
        row, role = self._cycle(context, ask.cycle_id, "orders.regulate")
        command = cycle.FreezeAggregation()
        return self.runtime.tell(cycle.decider, ask.cycle_id, command, context, role=role, group_id=row["group_id"])

    # -- queries: one cycle --------------------------------------------------------------------------------------

    @door
    def preview_regulation(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfCycleProduct, payload)
        self.runtime.wait(context)
        row, _ = self._cycle(context, ask.cycle_id, "orders.regulate")
        state = self.runtime.handler.state(cycle.decider, row["cycle_id"])
        return regulating.preview(state, ask.product_id)

    @door
    def over_asked(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfCycle, payload)
        self.runtime.wait(context)
        row, _ = self._cycle(context, ask.cycle_id, "orders.read")
        return regulating.over_asked(self.runtime, row)

    @door
    def cycles(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfGroup, payload)
        self.runtime.wait(context)
        self.runtime.access.require_member(context, ask.group_id)
        return {"items": months.cycles_of(self.runtime, ask.group_id)}

    @door
    def cycle(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfCycle, payload)
        self.runtime.wait(context)
        row, _ = self._cycle(context, ask.cycle_id)
        return months.cycle_page(self.runtime, row)

    @door
    def cycle_state(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfCycle, payload)
        self.runtime.wait(context)
        return months.brief(self._cycle(context, ask.cycle_id)[0])

    # -- queries: the month of all groups ------------------------------------------------------------------------

    @door
    def windows(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfHost, payload)
        self.runtime.wait(context)
        self._reads_host(context, ask.host_id)
        return {"items": cycles.windows_of(self.runtime.db, ask.host_id)}

    @door
    def window(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return months.overview(self.runtime, *self._window(payload, context))

    @door
    def window_overview(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return months.overview(self.runtime, *self._window(payload, context))

    @door
    def aggregation(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return months.aggregation(self.runtime, *self._window(payload, context))

    def _window(self, payload: dict[str, Any], context: Context) -> tuple[dict[str, Any], set[str] | None]:
        """The window, and the groups that this person may see of it (None: all)."""
        ask = read(asks.OfWindow, payload)
        self.runtime.wait(context)
        row = cycles.window(self.runtime.db, ask.window_id)
        if row is None:
            raise NotFound
        self._reads_host(context, row["host_id"])
        access = self.runtime.access
        if access.may(context.actor, "orders.read", host_id=row["host_id"]):
            return row, None
        return row, set(access.groups_where(context.actor, "orders.read"))
