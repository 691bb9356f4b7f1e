"""Patterns of dates at their limits, and the sentence at the field for what cannot be."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from contracts_svc.rules.dates import Pattern, Proposed, by_month, check_pattern, proposed, rhythm_of, shifted
from grenier.errors import Invalid

START = date(2026, 11, 5)
THREE_YEARS = START + timedelta(days=1_098)
BEGIN = "When does it begin?"
UNTIL = "Until when, or how many times (count)?"
THREE = "Not before the beginning, and at most three years later."
WEEKDAY, NTH = "0 is Monday, 6 is Sunday.", "1 to 5, or -1 for the last one of the month."


def said(rhythm: str = "weekly", **more: Any) -> Pattern:
    usual: dict[str, Any] = {
        "every": {"anchor": START, "every_days": 14, "count": 2},
        "weekly": {"anchor": START, "count": 2},
        "monthly": {"from_on": START, "day": 5, "count": 2},
        "nth_weekday": {"from_on": START, "weekday": 3, "nth": [1], "count": 2},
        "list": {"dates": [START]},
    }[rhythm]
    return Pattern(**{"rhythm": rhythm, **usual, **more})


@pytest.mark.parametrize("rhythm", ["every", "weekly", "monthly", "nth_weekday", "list"])
def test_each_rhythm_is_read_as_it_is_sent(rhythm: str) -> None:
    sent = said(rhythm)
    assert msgspec.convert(msgspec.to_builtins(sent), Pattern) == sent


def test_what_a_pattern_does_not_say_is_usual() -> None:
    pattern = said("monthly")
    usual = {"series": "", "starts": "18:30", "ends": "19:30", "place": "", "factor_percent": 100, "moved_from": None}
    assert proposed(pattern) == [Proposed(on=on, **usual) for on in (START, date(2026, 12, 5))], "every month"
    assert not pattern.stated_count, "a paper that says no number is not contradicted"


@pytest.mark.parametrize(
    ("pattern", "fields"),
    [
        (said("every", anchor=None), {"anchor": [BEGIN]}),
        (said("weekly", anchor=None), {"anchor": [BEGIN]}),
        (said("monthly", from_on=None), {"from_on": [BEGIN]}),
        (said("nth_weekday", from_on=None), {"from_on": [BEGIN]}),
        (said("weekly", anchor=None, from_on=START), {"anchor": ["A date on which there is a delivery."]}),
        (said("every", anchor=None, from_on=START), {"anchor": ["A date on which there is a delivery."]}),
        (said(count=0), {"until": [UNTIL]}),
        (said(count=401), {"count": ["Between 1 and 400."]}),
        (said(count=-1), {"count": ["Between 1 and 400."]}),
        (said(until=START - timedelta(days=1)), {"until": [THREE]}),
        (said(until=THREE_YEARS + timedelta(days=1)), {"until": [THREE]}),
        (said("every", every_days=0), {"every_days": ["Between 1 and 366."]}),
        (said("every", every_days=367), {"every_days": ["Between 1 and 366."]}),
        (said("monthly", day=0), {"day": ["Between 1 and 31."]}),
        (said("monthly", day=32), {"day": ["Between 1 and 31."]}),
        (said("monthly", every_months=0), {"every_months": ["Between 1 and 12."]}),
        (said("nth_weekday", every_months=13), {"every_months": ["Between 1 and 12."]}),
        (said("nth_weekday", weekday=-1), {"weekday": [WEEKDAY]}),
        (said("nth_weekday", weekday=7), {"weekday": [WEEKDAY]}),
        (said("nth_weekday", nth=[]), {"nth": [NTH]}),
        (said("nth_weekday", nth=[1, 0]), {"nth": [NTH]}),
        (said("nth_weekday", nth=[6]), {"nth": [NTH]}),
        (said("nth_weekday", nth=[-2]), {"nth": [NTH]}),
        (said("list", dates=[START] * 401), {"dates": ["At most 400."]}),
        (said("nth_weekday", weekday=7, nth=[], count=0), {"weekday": [WEEKDAY], "nth": [NTH], "until": [UNTIL]}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_at_its_field(pattern: Pattern, fields: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid) as refused:
        proposed(pattern)
    assert refused.value.facts["fields"] == fields


@pytest.mark.parametrize(
    "pattern",
    [
        said(count=1),
        said(count=400),
        said(count=0, until=START),
        said(count=0, until=THREE_YEARS),
        said("every", every_days=1),
        said("every", every_days=366),
        said("monthly", day=1),
        said("monthly", day=31),
        said("monthly", every_months=12),
        said("nth_weekday", weekday=0),
        said("nth_weekday", weekday=6),
        said("nth_weekday", nth=[1, 2, 3, 4, 5, -1]),
        said("list", dates=[START] * 400, count=0, every_days=0, every_months=0),
        said("every", every_months=0),
        said("weekly", every_days=0),
    ],
)
def test_what_is_just_possible_is_taken(pattern: Pattern) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "number"),
    [
        (said("every", every_days=1, count=400), 400),
        (said(count=0, until=START), 1),
        (said(count=0, until=START + timedelta(days=6)), 1),
        (said(count=0, until=START + timedelta(days=7)), 2),
        (said(count=5, until=START + timedelta(days=7)), 2),
        (said(count=0, until=THREE_YEARS), 157),
        (said("monthly", count=37, until=THREE_YEARS), 37),
    ],
)
def test_so_many_dates(pattern: Pattern, number: int) -> None:
    assert len(rhythm_of(pattern)) == number


@pytest.mark.parametrize(
    "pattern",
    [
        said("every", every_days=1, count=0, until=START + timedelta(days=400)),
        said("every", every_days=366, count=5),
        said("monthly", count=38),
    ],
)
def test_more_than_four_hundred_or_three_years_is_refused(pattern: Pattern) -> None:
    with pytest.raises(Invalid) as refused:
        rhythm_of(pattern)
    assert refused.value.facts["fields"] == {"until": ["More than 400 dates, or more than three years."]}


def test_a_rhythm_begins_on_its_first_date_after_the_beginning_wherever_its_anchor_lies() -> None:
    week, fortnight = timedelta(days=7), timedelta(days=14)
    for anchor in (START, START - 3 * fortnight, START + 3 * fortnight):
        assert rhythm_of(said(anchor=anchor, from_on=START + timedelta(days=1))) == [START + week, START + 2 * week]
        assert rhythm_of(said("every", anchor=anchor, from_on=START - timedelta(days=1))) == [START, START + fortnight]


def test_some_months_are_left_out_from_the_first_one_on() -> None:
    assert rhythm_of(said("monthly", every_months=5)) == [START, date(2027, 4, 5)]
    assert rhythm_of(said("nth_weekday", every_months=5)) == [START, date(2027, 4, 1)]


def test_four_hundred_days_and_exactly_three_years_are_given() -> None:
    assert len(rhythm_of(said("every", every_days=1, count=0, until=START + timedelta(days=399)))) == 400
    assert rhythm_of(said("every", every_days=366, count=4))[-1] == THREE_YEARS


def test_the_calendar_ends_with_its_last_year() -> None:
    last = said(anchor=date(9999, 12, 24), count=0, until=date.max)
    assert rhythm_of(last) == [date(9999, 12, 24), date(9999, 12, 31)]
    assert rhythm_of(said(anchor=date(9999, 12, 25), count=2)) == [date(9999, 12, 25)]
    check_pattern(said(anchor=date(9991, 1, 1), count=0, until=date.max))
    with pytest.raises(Invalid):
        check_pattern(said(anchor=date(9990, 1, 1), count=0, until=date(9993, 12, 31)))
    assert rhythm_of(said("monthly", from_on=date(9999, 10, 1), day=5, count=4)) == [
        date(9999, 10, 5), date(9999, 11, 5), date(9999, 12, 5),
    ]  # fmt: skip


def test_what_a_date_carries() -> None:
    moved, skipped = START + timedelta(days=1), START + timedelta(days=7)
    pattern = said(
        count=4, series="A", starts="17:00", ends="18:15", place="Halle", skip=[skipped],
        moves={START: moved, START + timedelta(days=14): START - timedelta(days=1)}, factors={START: 200, START + timedelta(days=21): 50},
    )  # fmt: skip
    found = proposed(pattern)
    assert [(one.on, one.moved_from, one.factor_percent) for one in found] == [
        (START - timedelta(days=1), START + timedelta(days=14), 100),
        (moved, START, 200),
        (START + timedelta(days=21), None, 50),
    ]
    assert {(one.series, one.starts, one.ends, one.place) for one in found} == {("A", "17:00", "18:15", "Halle")}


def test_a_factor_of_the_new_day_goes_before_the_one_of_the_planned_day() -> None:
    moved = START + timedelta(days=1)
    (one,) = proposed(said(count=1, moves={START: moved}, factors={START: 200, moved: 300}))
    assert one.factor_percent == 300


def test_months_as_contracts_print_them() -> None:
    assert by_month([date(2026, 12, 3), date(2026, 11, 19), date(2026, 11, 5)]) == [
        ("2026-11", [date(2026, 11, 5), date(2026, 11, 19)]),
        ("2026-12", [date(2026, 12, 3)]),
    ]


@pytest.mark.parametrize(
    ("on", "days", "there"),
    [
        (START, 364, date(2027, 11, 4)),
        (START, -364, date(2025, 11, 6)),
        (date.max, 1, date.max),
        (date.max, 0, date.max),
        (date.min, -1, date.min),
        (date(1, 1, 2), -1, date.min),
        (date(9999, 12, 30), 1, date.max),
    ],
)
def test_another_season_stays_inside_the_calendar(on: date, days: int, there: date) -> None:
    assert shifted(on, days) == there
