"""A total split into cheques, and when they may be cashed.

Cheques of the same amount when that is a multiple of 50 cents; otherwise whole euros and the last one takes the rest. The
sum is always exact. A bank takes a cheque for a year and the eight days of its presentation (code monétaire et financier, L131-32
and L131-59), so none may be planned later than that after it was written. Amounts are cents.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

import msgspec

from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import PaymentTerms

EVEN_STEP_CENTS = 50
EURO_CENTS = 100
PRESENTATION = timedelta(days=8)
MOST_CHEQUES = 24


class ChequeOption(msgspec.Struct, frozen=True, kw_only=True):
    """One way to pay: amounts and the dates on which they may be cashed. `text`: "6 chèques de 56,00 €"."""

    count: int
    amounts_cents: list[int]
    cash_on: list[date]
    text: str


class WrittenCheque(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cheque that is written already, as it stands on paper; 0 and None: as the contract splits and cashes them."""

    amount_cents: int = 0
    cash_on: date | None = None


class RefusedCount(msgspec.Struct, frozen=True, kw_only=True):
    """Why so many cheques are not offered: `cheque-too-small`, `calendar-too-short`, `cheque-too-late`."""

    count: int
    code: str


def split(total_cents: int, count: int, percents: Sequence[int] = ()) -> list[int]:
    """336,00 in 6: six times 56,00. 100,00 in 3: 33,00 33,00 34,00. `percents`: the group's own shares, one a cheque."""
    if count < 1 or count > MOST_CHEQUES:
        raise Invalid(fields={"cheque_count": [f"Between 1 and {MOST_CHEQUES}."]})
    if percents:
        return _by_percent(total_cents, count, percents)
    if total_cents % count == 0 and total_cents // count % EVEN_STEP_CENTS == 0:
        return [total_cents // count] * count
    each = total_cents // (count * EURO_CENTS) * EURO_CENTS
    return [each] * (count - 1) + [total_cents - each * (count - 1)]


def _by_percent(total_cents: int, count: int, percents: Sequence[int]) -> list[int]:
    """Each share down to 50 cents, the rest on the last cheque."""
    if len(percents) != count or sum(percents) != 100 or min(percents) < 0:
        raise Invalid(fields={"splits_percent": ["As many as cheques, adding up to 100."]})
    first = [total_cents * percent // (100 * EVEN_STEP_CENTS) * EVEN_STEP_CENTS for percent in percents[:-1]]
    return [*first, total_cents - sum(first)]


def offered(
    total_cents: int, terms: PaymentTerms, sign_up_on: date, starts_on: date
) -> tuple[list[ChequeOption], list[RefusedCount]]:
    """(every number of cheques that is possible, the others with the reason); nothing to pay: nothing to choose."""
    if total_cents <= 0:
        return [], []
    options: list[ChequeOption] = []
    refused: list[RefusedCount] = []
    for count in sorted({count for count in terms.counts if count <= MOST_CHEQUES}) or [1]:
        try:
            options.append(option(total_cents, count, terms, sign_up_on, starts_on))
        except Rejected as why:
            refused.append(RefusedCount(count=count, code=why.code))
    return options, refused


def option(total_cents: int, count: int, terms: PaymentTerms, sign_up_on: date, starts_on: date) -> ChequeOption:
    """Raises Rejected with the code that `RefusedCount` tells, or `cheque-count-not-offered`."""
    if count not in (terms.counts or [1]):
        raise Rejected("cheque-count-not-offered", count=count, counts=sorted(set(terms.counts)) or [1])
    amounts = split(total_cents, count, terms.splits_percent.get(str(count), ()))
    if min(amounts) <= 0 or min(amounts) < terms.minimum_cheque_cents:
        raise Rejected(
            "cheque-too-small", count=count, smallest_cents=min(amounts), minimum_cents=terms.minimum_cheque_cents
        )
    dates = cashing_dates(terms.calendar, count, sign_up_on, starts_on)
    if dates[-1] > latest_cashing(sign_up_on):
        raise Rejected(
            "cheque-too-late",
            count=count,
            cash_on=dates[-1].isoformat(),
            latest_on=latest_cashing(sign_up_on).isoformat(),
        )
    return ChequeOption(count=count, amounts_cents=amounts, cash_on=dates, text=told(amounts))


def as_written(
    total_cents: int, cheques: Sequence[WrittenCheque], terms: PaymentTerms, sign_up_on: date, starts_on: date
) -> ChequeOption:
    """The cheques of a paper contract, whatever the calendar offers today. Raises Invalid at the field `cheques`, or
    Rejected("cheque-too-late")."""
    amounts = [cheque.amount_cents for cheque in cheques]
    if not any(amounts):
        amounts = split(total_cents, len(cheques), terms.splits_percent.get(str(len(cheques)), ()))
    if min(amounts) <= 0:
        raise Invalid(fields={"cheques": ["Each with its amount, or none with one."]})
    if sum(amounts) != total_cents:
        raise Invalid(fields={"cheques": [f"They make {sum(amounts)} cents, {total_cents} are due."]})
    dates = _days_written(cheques, terms.calendar, starts_on)
    check_issue(sign_up_on, max(dates))
    return ChequeOption(count=len(cheques), amounts_cents=amounts, cash_on=dates, text=told(amounts))


def _days_written(cheques: Sequence[WrittenCheque], calendar: Sequence[date], starts_on: date) -> list[date]:
    given = [cheque.cash_on for cheque in cheques if cheque.cash_on is not None]
    if given and len(given) != len(cheques):
        raise Invalid(fields={"cheques": ["Each with its date, or none with one."]})
    if given:
        return given
    planned = sorted(set(calendar))[: len(cheques)]
    if len(planned) == len(cheques):
        return planned
    return [_months_after(starts_on, place) for place in range(len(cheques))]


def cashing_dates(calendar: Sequence[date], count: int, sign_up_on: date, starts_on: date) -> list[date]:
    """The first `count` dates of the calendar from the day of signing on; without a calendar, month by month from the start.

    Raises Rejected("calendar-too-short").
    """
    if not calendar:
        first = max(sign_up_on, starts_on)
        return [_months_after(first, place) for place in range(count)]
    left = sorted({day for day in calendar if day >= sign_up_on})
    if len(left) < count:
        raise Rejected("calendar-too-short", count=count, dates=len(left))
    return left[:count]


def latest_cashing(issued_on: date) -> date:
    """The last day on which a bank takes a cheque written on this day: 2026-11-05 → 2027-11-13."""
    return _months_after(issued_on, 12) + PRESENTATION


def check_issue(issued_on: date, cash_on: date) -> None:
    """A cheque written so early that it cannot be cashed when planned. Raises Rejected("cheque-too-late")."""
    latest = latest_cashing(issued_on)
    if cash_on > latest:
        raise Rejected("cheque-too-late", cash_on=cash_on.isoformat(), latest_on=latest.isoformat())


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last one."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def told(amounts_cents: Sequence[int]) -> str:
    """ "3 chèques de 30,00 € et 1 chèque de 33,45 €": written for the member, as the paper contract says it."""
    groups = [(cents, len(list(same))) for cents, same in groupby(amounts_cents)]
    parts = [f"{number} {'chèque' if number == 1 else 'chèques'} de {_euros(cents)}" for cents, number in groups]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} et {parts[-1]}"


def _euros(cents: int) -> str:
    whole = f"{cents // 100:,}".replace(",", "\u202f")
    return f"{whole},{cents % 100:02d} €"
