"""Doors about goods on their way: pallets, deliveries, stock (S1:82, S1:135-136)."""

from __future__ import annotations

from typing import Any

from grenier.clock import iso
from grenier.doors import Context, door
from grenier.errors import Invalid, Rejected
from grenier.language.logistics import ShortageDeclared
from grenier.runtime import read
from logistics_svc import asks, delivery, distribution
from logistics_svc.distribution import commands
from logistics_svc.lookups import Lookups, each_once, narrowed
from logistics_svc.views import history, pallets, shortages, stock


class GoodsDoors(Lookups):
    # -- commands ------------------------------------------------------------------------------------------------

    @door
    def prepare_pallet(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.PreparePallet, payload)
        pallet, role = self.allowed_pallet(context, ask.pallet_id, "logistics.pallets")
        each_once("product", "lines", (line.product_id for line in ask.lines))
        planned = {line["product_id"]: line["quantity"] for line in pallet["lines"]}
        _reasons_given([(n, line.quantity != planned.get(line.product_id), line) for n, line in enumerate(ask.lines)])
        lines = [delivery.Picked(line.product_id, line.quantity, line.reason) for line in ask.lines]
        command = delivery.PreparePallet(ask.pallet_id, lines)
        key, group_id = pallet["delivery_id"], pallet["group_id"]
        return self.runtime.tell(delivery.decider, key, command, context, role=role, group_id=group_id)

    @door
    def dispatch_delivery(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneDelivery, payload)
        row, role = self.allowed_delivery(context, ask.delivery_id, "logistics.dispatch")
        command = delivery.DispatchDelivery(ask.delivery_id)
        group_id = row["group_id"]
        return self.runtime.tell(delivery.decider, ask.delivery_id, command, context, role=role, group_id=group_id)

    @door
    def receive_delivery(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.ReceiveDelivery, payload)
        row, role = self.allowed_delivery(context, ask.delivery_id, "logistics.receive")
        key, group_id, command = row["distribution_id"], row["group_id"], self._receipt(ask)
        return self.runtime.tell(distribution.decider, key, command, context, role=role, group_id=group_id)

    def _receipt(self, ask: asks.ReceiveDelivery) -> commands.ReceiveDelivery:
        each_once("product", "lines", (line.product_id for line in ask.lines))
        # What left never changes once it has left, so it may be read here and travel in the command.
        dispatched = self.runtime.handler.state(delivery.decider, ask.delivery_id).dispatched
        if dispatched is None:
            raise Rejected("delivery-not-dispatched", delivery_id=ask.delivery_id)
        lines = [commands.ReceivedLine(line.product_id, line.received, line.reason) for line in ask.lines]
        return commands.ReceiveDelivery(ask.delivery_id, dispatched.lines, lines)

    # -- queries -------------------------------------------------------------------------------------------------

    @door
    def preview_receipt(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What receiving like this would mean: the very decision, not recorded."""
        ask = read(asks.ReceiveDelivery, payload)
        row, _ = self.allowed_delivery(context, ask.delivery_id, "logistics.receive")
        events = distribution.decide(self.day(row["distribution_id"]), self._receipt(ask))
        short = [event for event in events if isinstance(event, ShortageDeclared)]
        hit = {share.household_id for event in short for share in event.shares if share.allotted < share.ordered}
        return {"shortages": [_preview(event) for event in short], "households": sorted(hit)}

    @door
    def pallets(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        scope, groups = self.scoped(context, read(asks.Scope, payload), "group_id", "window_id", "host_id")
        return {"pallets": narrowed(pallets.pallets_where(self.runtime.db, **scope), groups)}

    @door
    def pallet(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OnePallet, payload)
        return self.allowed_pallet(context, ask.pallet_id, "logistics.read")[0]

    @door
    def deliveries(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        scope, groups = self.scoped(context, read(asks.Scope, payload), "group_id", "window_id", "host_id")
        return {"deliveries": narrowed(pallets.deliveries_where(self.runtime.db, **scope), groups)}

    @door
    def delivery(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneDelivery, payload)
        row, _ = self.allowed_delivery(context, ask.delivery_id, "logistics.read")
        return {**row, "pallet_rows": pallets.pallets_where(self.runtime.db, delivery_id=ask.delivery_id)}

    @door
    def stock(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.Stock, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, "logistics.read", group_id=ask.group_id)
        place = f"group:{ask.group_id}"
        if not ask.as_of:
            return {
                "place": place,
                "as_of": iso(self.runtime.clock.now()),
                "lines": stock.stock(self.runtime.db, place),
            }
        if ask.as_of.isdecimal() and len(ask.as_of) < 19:
            lines = stock.stock_as_of(self.runtime.db, place, position=int(ask.as_of))
            return {"place": place, "as_of": ask.as_of, "lines": lines}
        at = self.instant(ask.group_id, ask.as_of)
        return {"place": place, "as_of": at, "lines": stock.stock_as_of(self.runtime.db, place, at=at)}

    @door
    def stock_movements(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.Movements, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, "logistics.read", group_id=ask.group_id)
        return {"movements": stock.movements_at(self.runtime.db, f"group:{ask.group_id}", ask.product_id)}

    @door
    def shortages(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        scope, _ = self.scoped(context, read(asks.Scope, payload), "distribution_id", "group_id")
        return {"shortages": shortages.shortages_where(self.runtime.db, **scope)}

    @door
    def history(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.History, payload)
        if ask.household_id:
            self.allowed_household(context, ask.distribution_id, ask.household_id, "logistics.read", own=True)
        else:
            self.allowed_distribution(context, ask.distribution_id, "logistics.read")
        return {"entries": history.history_of(self.runtime.db, ask.distribution_id, ask.household_id)}


def _reasons_given(lines: list[tuple[int, bool, Any]]) -> None:
    """A difference is allowed, with its reason."""
    missing = {f"lines[{n}].reason": ["a difference needs its reason"] for n, differs, line in lines
               if differs and not line.reason.strip()}  # fmt: skip
    if missing:
        raise Invalid(fields=missing)


def _preview(event: ShortageDeclared) -> dict[str, Any]:
    short = [share for share in event.shares if share.allotted < share.ordered]
    return {
        "product_id": event.product_id,
        "name": event.product_name,
        "expected": event.expected,
        "available": event.available,
        "households": len(short),
    }
