"""Cheques at their limits: what is just possible, what is not any more, and the words and figures of each refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from contracts_svc.rules import cheques
from contracts_svc.rules.cheques import WrittenCheque
from grenier.errors import Invalid, Rejected
from grenier.language.season import PaymentTerms

SIGNED, STARTS = date(2026, 9, 1), date(2026, 11, 5)
SHARES = "As many as cheques, adding up to 100."


def fields_of(do: Callable[[], object]) -> Any:
    with pytest.raises(Invalid) as refused:
        do()
    return refused.value.facts["fields"]


def refusal(do: Callable[[], object]) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Rejected) as refused:
        do()
    return refused.value.code, refused.value.facts


def payment(*counts: int, **more: Any) -> PaymentTerms:
    return PaymentTerms(counts=list(counts), **more)


# -- splitting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, -1, 25])
def test_one_to_twenty_four_cheques(count: int) -> None:
    assert fields_of(lambda: cheques.split(10_000, count)) == {"cheque_count": ["Between 1 and 24."]}
    assert cheques.split(2_400, 24) == [100] * 24
    assert cheques.split(2_400, 1) == [2_400]


def test_even_cheques_are_whole_half_euros() -> None:
    assert cheques.split(10_100, 2) == [5_050, 5_050]
    assert cheques.split(10_050, 2) == [5_000, 5_050]


def test_a_written_cheque_that_says_nothing_is_as_the_contract_has_it() -> None:
    assert msgspec.convert({}, WrittenCheque) == WrittenCheque(amount_cents=0, cash_on=None)


@pytest.mark.parametrize("percents", [[50, 50], [50, 25, 24], [50, 25, 26], [60, 50, -10], [100]])
def test_own_shares_are_one_a_cheque_and_the_whole(percents: list[int]) -> None:
    assert fields_of(lambda: cheques.split(10_000, 3, percents)) == {"splits_percent": [SHARES]}


def test_a_share_may_be_nothing_and_is_rounded_down_to_fifty_cents() -> None:
    assert cheques.split(10_000, 2, [0, 100]) == [0, 10_000]
    assert cheques.split(10_099, 2, [50, 50]) == [5_000, 5_099]
    assert cheques.split(10_100, 2, [50, 50]) == [5_050, 5_050]


# -- what is offered ---------------------------------------------------------------------------------------------


def test_numbers_are_offered_once_in_their_order_and_never_more_than_twenty_four() -> None:
    options, refused = cheques.offered(240_000, payment(24, 2, 25, 1, 2), SIGNED, SIGNED)
    assert [one.count for one in options] == [1, 2]
    assert [(one.count, one.code) for one in refused] == [(24, "cheque-too-late")]


def test_where_no_number_is_said_one_cheque_is_meant() -> None:
    options, refused = cheques.offered(100, payment(), SIGNED, STARTS)
    assert [(one.count, one.amounts_cents, one.cash_on) for one in options] == [(1, [100], [STARTS])]
    assert refused == []


@pytest.mark.parametrize("total", [0, -1])
def test_nothing_to_pay_is_nothing_to_choose(total: int) -> None:
    assert cheques.offered(total, payment(1), SIGNED, STARTS) == ([], [])
    assert [one.amounts_cents for one in cheques.offered(1, payment(1), SIGNED, STARTS)[0]] == [[1]]


def test_a_refused_number_tells_those_that_are_offered() -> None:
    told = refusal(lambda: cheques.option(10_000, 4, payment(6, 2, 2, 1), SIGNED, STARTS))
    assert told == ("cheque-count-not-offered", {"count": 4, "counts": [1, 2, 6]})
    told = refusal(lambda: cheques.option(10_000, 2, payment(), SIGNED, STARTS))
    assert told == ("cheque-count-not-offered", {"count": 2, "counts": [1]})


def test_a_cheque_of_just_the_minimum_is_none_too_small() -> None:
    asked = payment(2, minimum_cheque_cents=5_000)
    assert cheques.option(10_000, 2, asked, SIGNED, STARTS).amounts_cents == [5_000, 5_000]
    told = refusal(lambda: cheques.option(9_900, 2, asked, SIGNED, STARTS))
    assert told == ("cheque-too-small", {"count": 2, "smallest_cents": 4_950, "minimum_cents": 5_000})


def test_a_cheque_of_nothing_is_too_small_whatever_the_minimum() -> None:
    own = payment(2, splits_percent={"2": [0, 100]})
    told = refusal(lambda: cheques.option(10_000, 2, own, SIGNED, STARTS))
    assert told == ("cheque-too-small", {"count": 2, "smallest_cents": 0, "minimum_cents": 0})
    assert cheques.option(1, 1, payment(1), SIGNED, STARTS).amounts_cents == [1]


def test_own_shares_are_those_of_the_number_of_cheques() -> None:
    own = payment(2, 3, splits_percent={"2": [30, 70]})
    assert cheques.option(10_000, 2, own, SIGNED, STARTS).amounts_cents == [3_000, 7_000]
    assert cheques.option(10_000, 3, own, SIGNED, STARTS).amounts_cents == [3_300, 3_300, 3_400]


def test_the_last_day_of_a_cheque_is_a_day_to_cash_it() -> None:
    in_time, late = date(2027, 9, 9), date(2027, 9, 10)
    assert cheques.option(100, 1, payment(1, calendar=[in_time]), SIGNED, STARTS).cash_on == [in_time]
    told = refusal(lambda: cheques.option(100, 1, payment(1, calendar=[late]), SIGNED, STARTS))
    assert told == ("cheque-too-late", {"count": 1, "cash_on": "2027-09-10", "latest_on": "2027-09-09"})
    told = refusal(lambda: cheques.check_issue(SIGNED, late))
    assert told == ("cheque-too-late", {"cash_on": "2027-09-10", "latest_on": "2027-09-09"})


# -- when they are cashed ----------------------------------------------------------------------------------------


def test_the_day_of_signing_counts_and_a_date_counts_once() -> None:
    calendar = [date(2026, 10, 5), date(2026, 9, 1), date(2026, 10, 5), date(2026, 8, 31)]
    assert cheques.cashing_dates(calendar, 2, SIGNED, STARTS) == [date(2026, 9, 1), date(2026, 10, 5)]
    told = refusal(lambda: cheques.cashing_dates(calendar, 3, SIGNED, STARTS))
    assert told == ("calendar-too-short", {"count": 3, "dates": 2})


def test_without_a_calendar_from_the_start_or_from_a_later_signature() -> None:
    assert cheques.cashing_dates([], 2, SIGNED, STARTS) == [date(2026, 11, 5), date(2026, 12, 5)]
    assert cheques.cashing_dates([], 2, date(2026, 12, 31), STARTS) == [date(2026, 12, 31), date(2027, 1, 31)]


# -- as they are written -----------------------------------------------------------------------------------------


def written(*cheques_: tuple[int, date | None], total: int = 10_000, **more: Any) -> cheques.ChequeOption:
    given = [WrittenCheque(amount_cents=cents, cash_on=on) for cents, on in cheques_]
    return cheques.as_written(total, given, payment(1, **more), SIGNED, STARTS)


def test_what_is_written_holds_whatever_is_offered() -> None:
    first, second = date(2027, 1, 3), date(2026, 10, 4)
    found = written((9_999, first), (1, second))
    assert (found.count, found.amounts_cents, found.cash_on) == (2, [9_999, 1], [first, second])
    assert found.text == "1 chèque de 99,99 € et 1 chèque de 0,01 €"


def test_without_amounts_the_contract_splits_them() -> None:
    assert written((0, None), (0, None), (0, None)).amounts_cents == [3_300, 3_300, 3_400]
    assert written((0, None), (0, None), splits_percent={"2": [30, 70]}).amounts_cents == [3_000, 7_000]


@pytest.mark.parametrize("cents", [0, -1])
def test_amounts_stand_on_all_of_them_or_on_none(cents: int) -> None:
    told = {"cheques": ["Each with its amount, or none with one."]}
    assert fields_of(lambda: written((10_000 - cents, None), (cents, None))) == told


def test_amounts_make_what_is_due() -> None:
    assert fields_of(lambda: written((9_000, None), (999, None))) == {
        "cheques": ["They make 9999 cents, 10000 are due."]
    }


def test_dates_stand_on_all_of_them_or_on_none() -> None:
    told = {"cheques": ["Each with its date, or none with one."]}
    assert fields_of(lambda: written((5_000, STARTS), (5_000, None))) == told


def test_without_dates_the_first_of_the_calendar_or_month_by_month() -> None:
    both = (5_000, None), (5_000, None)
    calendar = [date(2026, 12, 5), date(2026, 8, 5), date(2026, 12, 5), date(2026, 10, 5)]
    assert written(*both, calendar=calendar).cash_on == [date(2026, 8, 5), date(2026, 10, 5)]
    assert written(*both, calendar=calendar[:2]).cash_on == [date(2026, 8, 5), date(2026, 12, 5)]
    assert written(*both, calendar=calendar[:1]).cash_on == [date(2026, 11, 5), date(2026, 12, 5)]


def test_no_written_cheque_lasts_longer_than_a_bank_takes_it() -> None:
    late = (1_000, date(2027, 9, 10))
    told = refusal(lambda: written(late, (9_000, STARTS)))
    assert told == ("cheque-too-late", {"cash_on": "2027-09-10", "latest_on": "2027-09-09"})


def test_told_as_the_paper_tells_it() -> None:
    assert cheques.told([100, 100, 250, 300]) == "2 chèques de 1,00 €, 1 chèque de 2,50 € et 1 chèque de 3,00 €"
    assert cheques.told([123_456_705]) == "1 chèque de 1\u202f234\u202f567,05 €"
