"""Dates to propose to a producer: from rhythms, with warnings, by month, with the order rounds that would belong to them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

from contracts_svc.rules.dates import Pattern, by_month, proposed
from contracts_svc.rules.festive import check_place, holidays_of, place_of
from contracts_svc.rules.strange import Warned, of_deliveries
from contracts_svc.views import federation
from grenier.clock import local_instant
from grenier.errors import Invalid
from grenier.language.season import PlannedDelivery
from grenier.runtime import Runtime

MOST_PATTERNS = 12


class OrderWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When people order for a delivery: from so many days before it, at a local time, until so many days before."""

    opens_days_before: int
    closes_days_before: int
    opens_at: str = "08:00"
    closes_at: str = "20:00"


class Propose(msgspec.Struct, forbid_unknown_fields=True):
    """`country` and `subdivision` (FR and 57 or 974…) are those of the group when they are not said."""

    patterns: list[Pattern]
    group_id: str = ""
    country: str = ""
    subdivision: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    order_window: OrderWindow | None = None


def proposal(runtime: Runtime, ask: Propose) -> dict[str, Any]:
    """{dates, months, count, baskets_percent, warnings, rounds}; `baskets_percent`: the sum of what the dates count."""
    if not 1 <= len(ask.patterns) <= MOST_PATTERNS:
        raise Invalid(fields={"patterns": [f"Between 1 and {MOST_PATTERNS}."]})
    found: list[PlannedDelivery] = []
    warnings: list[Warned] = []
    for place, pattern in enumerate(ask.patterns):
        made = _planned(pattern, f"patterns.{place}")
        found += made
        warnings += _unused(pattern, made, place)
    found.sort(key=lambda one: (one.on, one.starts, one.series))
    country, subdivision = _place(runtime, ask)
    festive = holidays_of(country, subdivision, [one.on for one in found])
    return {
        "dates": [msgspec.to_builtins(one) | _told(one) for one in found],
        "months": [{"month": month, "dates": [day.isoformat() for day in days]}
                   for month, days in by_month({one.on for one in found})],
        "count": len(found), "baskets_percent": sum(one.factor_percent for one in found),
        "warnings": [*warnings, *of_deliveries(found, festive, ask.starts_on, ask.ends_on)],
        "rounds": _rounds(runtime, ask, found),
    }  # fmt: skip


def _planned(pattern: Pattern, prefix: str) -> list[PlannedDelivery]:
    try:
        return [PlannedDelivery(delivery_id="", **msgspec.structs.asdict(one)) for one in proposed(pattern)]
    except Invalid as wrong:
        raise Invalid(fields={f"{prefix}.{field}": said for field, said in wrong.facts["fields"].items()}) from wrong


def _told(one: PlannedDelivery) -> dict[str, Any]:
    """Said in full, defaults too: this is for people, not for the log."""
    return {
        "delivery_id": "", "starts": one.starts, "ends": one.ends, "place": one.place, "series": one.series,
        "factor_percent": one.factor_percent, "moved_from": one.moved_from.isoformat() if one.moved_from else None,
        "weekday": one.on.weekday(), "iso_week": one.on.isocalendar().week,
    }  # fmt: skip


def _unused(pattern: Pattern, made: list[PlannedDelivery], place: int) -> list[Warned]:
    """What the pattern says about dates that it does not have, and a number that is not theirs."""
    planned = {one.moved_from or one.on for one in made}
    days = planned | {one.on for one in made}
    said = [("moves", on) for on in pattern.moves if on not in planned]
    said += [("factors", on) for on in pattern.factors if on not in days]
    said += [("skip", on) for on in pattern.skip if pattern.rhythm != "list" and not _would_be(pattern, on)]
    found: list[Warned] = [
        {"code": "not-a-date-of-the-series", "field": f"patterns.{place}.{name}", "on": on.isoformat()}
        for name, on in said
    ]
    if pattern.stated_count and pattern.stated_count != len(made):
        counted = {"stated": pattern.stated_count, "counted": len(made)}
        found.append({"code": "count-differs", "field": f"patterns.{place}.stated_count", **counted})
    return found


def _would_be(pattern: Pattern, on: date) -> bool:
    bare = msgspec.structs.replace(pattern, skip=[], moves={}, factors={})
    return any(one.on == on for one in proposed(bare))


def _place(runtime: Runtime, ask: Propose) -> tuple[str, str]:
    if ask.country:
        check_place(ask.country, ask.subdivision)
        return ask.country, ask.subdivision
    group = federation.group(runtime.db, ask.group_id) if ask.group_id else None
    country, subdivision = place_of(group["phone_region"] if group else "FR")
    if ask.subdivision:
        check_place(country, ask.subdivision)
    return country, ask.subdivision or subdivision


def _rounds(runtime: Runtime, ask: Propose, found: list[PlannedDelivery]) -> list[dict[str, Any]]:
    """One per day of delivery; `on` names the day, instants are UTC."""
    window = ask.order_window
    if window is None:
        return []
    if not 0 <= window.closes_days_before <= window.opens_days_before <= 366:
        raise Invalid(fields={"order_window.opens_days_before": ["Not fewer than closes_days_before, at most 366."]})
    group = runtime.access.group(ask.group_id) if ask.group_id else None
    zone = group["time_zone"] if group else runtime.settings.time_zone
    days = sorted({one.on for one in found})
    return [
        {
            "on": on.isoformat(),
            "opens_at": _instant(on, window.opens_days_before, window.opens_at, "opens_at", zone).isoformat(),
            "closes_at": _instant(on, window.closes_days_before, window.closes_at, "closes_at", zone).isoformat(),
        }
        for on in days
    ]


def _instant(on: date, days_before: int, hour: str, field: str, zone: str) -> datetime:
    try:
        at = time.fromisoformat(hour)
    except ValueError as error:
        raise Invalid(fields={f"order_window.{field}": ['A local time like "20:00".']}) from error
    return local_instant(on - timedelta(days=days_before), at.hour, at.minute, zone)
