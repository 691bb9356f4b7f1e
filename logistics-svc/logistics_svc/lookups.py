"""Finding what a door is about, and whether the caller may: the same NotFound for what is foreign and what is not there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from grenier.clock import iso
from grenier.doors import Context
from grenier.errors import Forbidden, Invalid, NotFound
from grenier.readmodel import Row
from grenier.runtime import Runtime
from logistics_svc import distribution
from logistics_svc.asks import Scope
from logistics_svc.distribution.state import Day
from logistics_svc.views import distributions, pallets


class Lookups:
    """Base of the doors: `allowed_*` answer (row, role) or raise."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def allowed_distribution(self, context: Context, distribution_id: str, permission: str) -> tuple[Row, str]:
        self.runtime.wait(context)
        row = distributions.distribution(self.runtime.db, distribution_id)
        if row is None:
            raise NotFound
        return row, self.runtime.access.require(context, permission, group_id=row["group_id"])

    def allowed_delivery(self, context: Context, delivery_id: str, permission: str) -> tuple[Row, str]:
        self.runtime.wait(context)
        row = pallets.delivery(self.runtime.db, delivery_id)
        if row is None:
            raise NotFound
        return row, self.runtime.access.require(context, permission, group_id=row["group_id"])

    def allowed_pallet(self, context: Context, pallet_id: str, permission: str) -> tuple[Row, str]:
        self.runtime.wait(context)
        row = pallets.pallet(self.runtime.db, pallet_id)
        if row is None:
            raise NotFound
        return row, self.runtime.access.require(context, permission, group_id=row["group_id"])

    def allowed_household(
        self, context: Context, distribution_id: str, household_id: str, permission: str, *, own: bool = False
    ) -> tuple[Row, Row]:
        """The distribution's row and the household's with its role; `own`: eaters may do this for themselves."""
        self.runtime.wait(context)
        row = distributions.distribution(self.runtime.db, distribution_id)
        household = self.runtime.access.household(household_id)
        if row is None or household is None or household["group_id"] != row["group_id"]:
            raise NotFound
        if own:
            return row, self.runtime.access.require_household(context, household_id, permission)
        role = self.runtime.access.require(context, permission, group_id=row["group_id"])
        return row, {**household, "role": role}

    def day(self, distribution_id: str) -> Day:
        """The day as decisions see it: always as fresh as the log."""
        return self.runtime.handler.state(distribution.decider, distribution_id)

    def scoped(self, context: Context, scope: Scope, *names: str) -> tuple[dict[str, str], list[str] | None]:
        """The one scope that was named, and the groups to which the answer must be narrowed (None: all)."""
        self.runtime.wait(context)
        given = {name: value for name in names if (value := getattr(scope, name)) is not None}
        if len(given) != 1:
            raise Invalid(fields={names[0]: [f"give exactly one of {', '.join(names)}"]})
        if "group_id" in given:
            self.runtime.access.require(context, "logistics.read", group_id=given["group_id"])
            return given, None
        if "household_id" in given:
            self.runtime.access.require_household(context, given["household_id"], "logistics.read")
            return given, None
        if "distribution_id" in given:
            self.allowed_distribution(context, given["distribution_id"], "logistics.read")
            return given, None
        groups = self.runtime.access.groups_where(context.actor, "logistics.read")
        if not groups:
            raise Forbidden(permission="logistics.read")
        return given, groups

    def instant(self, group_id: str, as_of: str) -> str:
        """A date means its end where the group lives; an instant without zone is taken as local, too."""
        group = self.runtime.access.group(group_id)
        zone = ZoneInfo(group["time_zone"] if group else "UTC")
        try:
            if len(as_of) == len("2026-11-26"):
                day = date.fromisoformat(as_of) + timedelta(days=1)
                return iso(datetime.combine(day, time(), zone) - timedelta(microseconds=1))
            moment = datetime.fromisoformat(as_of)
        except ValueError as error:
            raise Invalid(fields={"as_of": ["neither a date, an instant nor a position"]}) from error
        return iso(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def each_once(what: str, field: str, ids: Iterable[str]) -> None:
    """Two figures for one thing are a slip: neither is taken for the right one."""
    named = list(ids)
    if len(set(named)) < len(named):
        raise Invalid(fields={field: [f"a {what} is named twice"]})


def narrowed(rows: list[Row], groups: list[str] | None) -> list[Row]:
    return rows if groups is None else [row for row in rows if row["group_id"] in set(groups)]
