"""From a pattern to the dates of deliveries, and back to what is printed: "novembre 5, 19 ; décembre 3, 17, 31".

A fortnightly series is an anchor date and 14 days, never the parity of ISO weeks: 2026 has a week 53, after which odd and
even change places (Semaine A and B would meet the same families twice).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Literal

import msgspec

from grenier.errors import Invalid

Rhythm = Literal["every", "weekly", "monthly", "nth_weekday", "list"]
MOST_DATES = 400
LONGEST_SEASON_DAYS = 3 * 366


class Pattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`every`: from `anchor` each `every_days`; `weekly`: each 7 days; `monthly`: on the `day` of the month (its last one
    when it is shorter); `nth_weekday`: the `nth` (1 to 5, -1 the last) `weekday` (0 Monday) of the month; `list`: `dates`.

    The series runs from `from_on` (the anchor, when it is not said) to `until`, or over `count` dates. `skip`: dates
    without a delivery. `moves` {date: other date}, `factors` {date: percent}: a catch-up counts 200.
    """

    rhythm: Rhythm
    anchor: date | None = None
    every_days: int = 0
    from_on: date | None = None
    until: date | None = None
    count: int = 0
    day: int = 0
    weekday: int = -1
    nth: list[int] = []
    every_months: int = 1
    dates: list[date] = []
    skip: list[date] = []
    moves: dict[date, date] = {}
    factors: dict[date, int] = {}
    # How many dates the paper says there are: a warning when it counts others.
    stated_count: int = 0
    series: str = ""
    starts: str = "18:30"
    ends: str = "19:30"
    place: str = ""


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """A date that a pattern gives; `moved_from`: the one of the rhythm, when it was moved."""

    on: date
    series: str
    starts: str
    ends: str
    place: str
    factor_percent: int
    moved_from: date | None


def proposed(pattern: Pattern) -> list[Proposed]:
    """The deliveries of a pattern by date. Invalid with the field that is missing or cannot be."""
    check_pattern(pattern)
    skipped = frozenset(pattern.skip)
    kept = [on for on in rhythm_of(pattern) if on not in skipped]
    return sorted((_one(pattern, on) for on in kept), key=lambda one: one.on)


def _one(pattern: Pattern, planned: date) -> Proposed:
    on = pattern.moves.get(planned, planned)
    return Proposed(
        on=on, series=pattern.series, starts=pattern.starts, ends=pattern.ends, place=pattern.place,
        factor_percent=pattern.factors.get(on, pattern.factors.get(planned, 100)),
        moved_from=planned if on != planned else None,
    )  # fmt: skip


def check_pattern(pattern: Pattern) -> None:
    found = {field: [message] for field, message in _faults(pattern)}
    if found:
        raise Invalid(fields=found)


def _faults(pattern: Pattern) -> Iterator[tuple[str, str]]:
    if pattern.rhythm == "list":
        if len(pattern.dates) > MOST_DATES:
            yield "dates", f"At most {MOST_DATES}."
        return
    start = pattern.from_on or pattern.anchor
    if start is None:
        yield "anchor" if pattern.rhythm in ("every", "weekly") else "from_on", "When does it begin?"
    if pattern.until is None and not pattern.count:
        yield "until", "Until when, or how many times (count)?"
    if not 0 <= pattern.count <= MOST_DATES:
        yield "count", f"Between 1 and {MOST_DATES}."
    if start is not None and pattern.until is not None and not start <= pattern.until <= _latest(start):
        yield "until", "Not before the beginning, and at most three years later."
    yield from _rhythm_faults(pattern)


def _rhythm_faults(pattern: Pattern) -> Iterator[tuple[str, str]]:
    if pattern.rhythm == "every" and not 1 <= pattern.every_days <= 366:
        yield "every_days", "Between 1 and 366."
    if pattern.rhythm in ("every", "weekly") and pattern.anchor is None and pattern.from_on is not None:
        yield "anchor", "A date on which there is a delivery."
    if pattern.rhythm == "monthly" and not 1 <= pattern.day <= 31:
        yield "day", "Between 1 and 31."
    if pattern.rhythm == "nth_weekday":
        if not 0 <= pattern.weekday <= 6:
            yield "weekday", "0 is Monday, 6 is Sunday."
        if not pattern.nth or any(nth not in (1, 2, 3, 4, 5, -1) for nth in pattern.nth):
            yield "nth", "1 to 5, or -1 for the last one of the month."
    if pattern.rhythm in ("monthly", "nth_weekday") and not 1 <= pattern.every_months <= 12:
        yield "every_months", "Between 1 and 12."


def _latest(start: date) -> date:
    return date.max if start.year > 9990 else start + timedelta(days=LONGEST_SEASON_DAYS)


def rhythm_of(pattern: Pattern) -> list[date]:
    """The dates of the bare rhythm, skipped and moved ones included."""
    if pattern.rhythm == "list":
        return sorted(pattern.dates)
    start = pattern.from_on or pattern.anchor
    assert start is not None
    found: list[date] = []
    for on in _endless(pattern, start):
        if (pattern.until is not None and on > pattern.until) or (pattern.count and len(found) >= pattern.count):
            break
        if on > _latest(start) or len(found) >= MOST_DATES:
            raise Invalid(fields={"until": [f"More than {MOST_DATES} dates, or more than three years."]})
        if on >= start:
            found.append(on)
    return found


def _endless(pattern: Pattern, start: date) -> Iterator[date]:
    match pattern.rhythm:
        case "every" | "weekly":
            assert pattern.anchor is not None
            return _each(pattern.anchor, 7 if pattern.rhythm == "weekly" else pattern.every_days, start)
        case "monthly":
            return (_day_of(month, pattern.day) for month in _months(start, pattern.every_months))
        case _:
            return (on for month in _months(start, pattern.every_months) for on in _nth_of(month, pattern))


def _each(anchor: date, days: int, start: date) -> Iterator[date]:
    """Every `days` from the anchor on, or before it: the anchor only says which dates belong to the series."""
    first = start.toordinal() + (anchor.toordinal() - start.toordinal()) % days
    return (date.fromordinal(day) for day in range(first, date.max.toordinal() + 1, days))


def _months(start: date, step: int) -> Iterator[date]:
    number = start.year * 12 + start.month - 1
    return (date(month // 12, month % 12 + 1, 1) for month in range(number, 10_000 * 12, step))


def _day_of(month: date, day: int) -> date:
    return month.replace(day=min(day, calendar.monthrange(month.year, month.month)[1]))


def _nth_of(month: date, pattern: Pattern) -> list[date]:
    """A fifth Thursday that the month does not have is left out."""
    length = calendar.monthrange(month.year, month.month)[1]
    first = 1 + (pattern.weekday - month.weekday()) % 7
    days = list(range(first, length + 1, 7))
    wanted = {days[nth - 1 if nth > 0 else nth] for nth in pattern.nth if nth <= len(days)}
    return [month.replace(day=day) for day in sorted(wanted)]


def by_month(days: Iterable[date]) -> list[tuple[str, list[date]]]:
    """("2026-11", [5th, 19th]) … as contracts print them."""
    months = groupby(sorted(days), key=lambda day: f"{day:%Y-%m}")
    return [(month, list(found)) for month, found in months]


def shifted(on: date, days: int) -> date:
    """The same weekday of another season; the calendar's ends stay inside it."""
    return date.fromordinal(min(max(on.toordinal() + days, 1), date.max.toordinal()))
