"""Questions about the distribution day: the board, one household's order, the sheets (S1:44-46, S1:64-70)."""

from __future__ import annotations

from typing import Any

from grenier.doors import Context, door
from grenier.errors import NotFound
from grenier.runtime import read
from logistics_svc import asks, ids, sheets
from logistics_svc.lookups import Lookups, narrowed
from logistics_svc.views import distributions


class ReadingDoors(Lookups):
    @door
    def distributions(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        names = ("group_id", "host_id", "window_id", "household_id")
        scope, groups = self.scoped(context, read(asks.Scope, payload), *names)
        if "household_id" in scope:
            return {"distributions": distributions.distributions_of(self.runtime.db, scope["household_id"])}
        return {"distributions": narrowed(distributions.distributions_where(self.runtime.db, **scope), groups)}

    @door
    def distribution(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The board of the day."""
        ask = read(asks.OneDistribution, payload)
        row, _ = self.allowed_distribution(context, ask.distribution_id, "logistics.read")
        rows = distributions.households_of(self.runtime.db, ask.distribution_id)
        return {**row, "delivery_id": ids.delivery_id(row["cycle_id"]), "households": rows}

    @door
    def served_household(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneHousehold, payload)
        row, _ = self.allowed_household(context, ask.distribution_id, ask.household_id, "logistics.read", own=True)
        head = {name: row[name] for name in ("group_id", "month", "starts_at", "ends_at", "place", "slots")}
        sheet = sheets.household_sheet(self.day(ask.distribution_id), ask.household_id)
        return {**head, "distribution_id": ask.distribution_id, "distribution_state": row["state"], **sheet}

    @door
    def cutting_sheets(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneDistribution, payload)
        self.allowed_distribution(context, ask.distribution_id, "logistics.read")
        return {"products": sheets.cutting_sheets(self.day(ask.distribution_id))}

    @door
    def cutting_sheet(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneProduct, payload)
        self.allowed_distribution(context, ask.distribution_id, "logistics.read")
        day = self.day(ask.distribution_id)
        if ask.product_id not in day.items or day.items[ask.product_id].facts.sale != "weighed":
            raise NotFound
        return sheets.cutting_sheet(day, ask.product_id)

    @door
    def signoff_sheet(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneDistribution, payload)
        row, _ = self.allowed_distribution(context, ask.distribution_id, "logistics.read")
        head = {name: row[name] for name in ("group_id", "month", "starts_at", "ends_at", "place", "slots")}
        return {**head, **sheets.signoff_sheet(self.day(ask.distribution_id))}

    @door
    def inventory(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneDistribution, payload)
        row, _ = self.allowed_distribution(context, ask.distribution_id, "logistics.read")
        counted = {line["product_id"]: line["counted"] for line in row["counted"] or []}
        lines = sheets.inventory(self.day(ask.distribution_id))
        return {
            "counted_at": row["counted_at"],
            "lines": [{**line, "counted": counted.get(line["product_id"])} for line in lines],
        }

    @door
    def absent(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneDistribution, payload)
        self.allowed_distribution(context, ask.distribution_id, "logistics.read")
        rows = distributions.absent_households(self.runtime.db, ask.distribution_id)
        return {"households": [{**row, "outcome": row["call"]} for row in rows]}
