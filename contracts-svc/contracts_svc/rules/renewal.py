"""Last season's terms for the next one: the same in everything, with the dates shifted (S0:17).

Days of delivery keep what they have in common: the first Wednesday of a month stays one, the 5th of a month stays one,
weekly and fortnightly days move by whole weeks (whole fortnights, so that Semaine A goes on where it stopped).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from contracts_svc.rules.dates import shifted
from grenier.language.season import PlannedDelivery, RoundPlan, SignUpTerms, Terms

Shift = Callable[[date], date]


def renewed(terms: Terms, starts_on: date, zone: str, ends_on: date | None = None) -> Terms:
    """The terms of a season that begins on `starts_on`; cancelled dates are left out, moved ones stand where planned.

    Ids of deliveries and rounds are the old ones: names inside the new contract, not ids of it (see naming.py).
    """
    months = (starts_on.year - terms.starts_on.year) * 12 + starts_on.month - terms.starts_on.month
    planned = [delivery for delivery in terms.deliveries if not delivery.cancelled]
    shift = _shift_of(planned, months, (starts_on - terms.starts_on).days)
    days = {delivery.delivery_id: (shift(_day(delivery)) - _day(delivery)).days for delivery in planned}
    return msgspec.structs.replace(
        terms,
        starts_on=starts_on,
        ends_on=ends_on or _last_day(terms, months),
        deliveries=[_delivery(delivery, shift) for delivery in planned],
        options=[
            msgspec.structs.replace(option, delivery_ids=[each for each in option.delivery_ids if each in days])
            for option in terms.options
        ],
        rounds=[_round(each, days[each.delivery_id], zone) for each in terms.rounds if each.delivery_id in days],
        payment=msgspec.structs.replace(
            terms.payment, calendar=[add_months(on, months) for on in terms.payment.calendar]
        ),
        sign_up=_sign_up(terms.sign_up, shift),
    )


def add_months(on: date, months: int) -> date:
    """The same day of another month; the last one stays the last one."""
    number = on.year * 12 + on.month - 1 + months
    year, month = min(max(number // 12, 1), 9999), number % 12 + 1
    last, new_last = calendar.monthrange(on.year, on.month)[1], calendar.monthrange(year, month)[1]
    return date(year, month, new_last if on.day == last else min(on.day, new_last))


def _day(delivery: PlannedDelivery) -> date:
    return delivery.moved_from or delivery.on


def _last_day(terms: Terms, months: int) -> date:
    return max(add_months(terms.ends_on, months), add_months(terms.starts_on, months))


def _shift_of(planned: list[PlannedDelivery], months: int, days: int) -> Shift:
    every = sorted(_day(delivery) for delivery in planned)
    once_a_month = len({(on.year, on.month) for on in every}) == len(every) > 1
    if once_a_month and _common((on.weekday(), (on.day - 1) // 7) for on in every):
        return lambda on: _same_weekday(on, months)
    if once_a_month and _common(on.day for on in every):
        return lambda on: add_months(on, months)
    fortnights = any(delivery.series for delivery in planned) or _gaps_are_long(every)
    step = 14 if fortnights else 7
    return lambda on: shifted(on, step * round(days / step))


def _common(values: Iterable[object]) -> bool:
    return len(set(values)) == 1


def _gaps_are_long(every: list[date]) -> bool:
    return len(every) > 1 and all((two - one).days >= 14 for one, two in pairwise(every))


def _same_weekday(on: date, months: int) -> date:
    """The first Wednesday stays a first Wednesday."""
    first = add_months(on.replace(day=1), months)
    return first + timedelta(days=(on.weekday() - first.weekday()) % 7 + 7 * ((on.day - 1) // 7))


def _delivery(delivery: PlannedDelivery, shift: Shift) -> PlannedDelivery:
    return msgspec.structs.replace(delivery, on=shift(_day(delivery)), moved_from=None, reason="")


def _round(each: RoundPlan, days: int, zone: str) -> RoundPlan:
    return msgspec.structs.replace(
        each, opens_at=_same_hour(each.opens_at, days, zone), closes_at=_same_hour(each.closes_at, days, zone)
    )


def _same_hour(at: datetime, days: int, zone: str) -> datetime:
    """Eight in the evening stays eight in the evening, whatever summer time does."""
    local = at.astimezone(ZoneInfo(zone))
    there = datetime.combine(shifted(local.date(), days), local.time(), tzinfo=ZoneInfo(zone))
    return there.astimezone(UTC)


def _sign_up(sign_up: SignUpTerms, shift: Shift) -> SignUpTerms:
    names = ("opens_on", "closes_on", "absences_from", "absences_until")
    moved: dict[str, Any] = {name: shift(on) for name in names if (on := getattr(sign_up, name)) is not None}
    return msgspec.structs.replace(sign_up, **moved)
