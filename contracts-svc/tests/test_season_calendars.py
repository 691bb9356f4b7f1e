"""Calendars as real contracts have them: rhythms, skipped and moved dates, holidays, slips (S0:22; domain 1.4 and 6)."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from contracts_svc.rules.changes import changes
from contracts_svc.rules.dates import Pattern, by_month, proposed
from contracts_svc.rules.festive import holidays_of, place_of
from contracts_svc.rules.naming import named
from contracts_svc.rules.renewal import add_months, renewed
from contracts_svc.rules.strange import of_deliveries, of_terms
from grenier.language.season import BasketOption, PaymentTerms, PlannedDelivery, RoundPlan, Terms
from grenier.testing import refused

# Dates, printed numbers of dates and what is odd about them, of contracts for bread, cheese and vegetables, 2015 to 2025.
PRINTED = json.loads((Path(__file__).parent / "data" / "season_calendars.json").read_text())


def days(*texts):
    return [date.fromisoformat(text) for text in texts]


def planned(dates, series=""):
    return [PlannedDelivery(delivery_id=f"d{n}", on=on, series=series) for n, on in enumerate(dates)]


def on_days(pattern):
    return [one.on for one in proposed(pattern)]


def name_of(calendar):
    return f"{calendar['goods']} {calendar['starts_on']} {calendar['series']}".replace(" ", "-")


# -- what is printed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calendar", PRINTED, ids=name_of)
def test_a_printed_calendar_is_taken_as_it_is_and_its_oddities_are_told(calendar):
    dates = days(*calendar["dates"])
    season = days(calendar["starts_on"], calendar["ends_on"])
    warned = of_deliveries(planned(dates), holidays_of("FR", "", dates), *season)

    def told(code):
        return [each["on"] for each in warned if each["code"] == code]

    assert told("public-holiday") == calendar["on_holidays"]
    assert told("not-the-usual-weekday") == calendar["other_weekday"]
    assert told("irregular-gap") == calendar["after_a_gap"]
    assert len(warned) == sum(len(calendar[name]) for name in ("on_holidays", "other_weekday", "after_a_gap"))
    assert [day for _, month in by_month(dates) for day in month] == dates


def rhythm(calendar):
    """How the coordinator would have said it: an anchor, fourteen days, what is skipped and what is moved."""
    dates = days(*calendar["dates"])
    usual = dates[0].weekday() if dates[0].isoformat() not in calendar["other_weekday"] else dates[1].weekday()
    moved = {}
    for on in days(*calendar["other_weekday"]):
        away = min((-2, -1, 1, 2), key=lambda away: ((on + timedelta(away)).weekday() != usual, abs(away)))
        moved[on + timedelta(away)] = on
    at = {on: before for before, on in moved.items()}
    regular = [at.get(on, on) for on in dates]
    bare = [regular[0] + timedelta(14 * n) for n in range((regular[-1] - regular[0]).days // 14 + 1)]
    return regular, Pattern(
        rhythm="every", anchor=regular[0], every_days=14, until=regular[-1], moves=moved,
        skip=[on for on in bare if on not in regular],
    )  # fmt: skip


REGULAR = [each for each in PRINTED if all((two - one).days % 14 == 0 for one, two in pairwise(rhythm(each)[0]))]


def test_nearly_all_of_them_are_fortnights_with_exceptions():
    assert len(REGULAR) >= len(PRINTED) - 8


@pytest.mark.parametrize("calendar", REGULAR, ids=name_of)
def test_a_rhythm_with_its_exceptions_gives_the_printed_dates(calendar):
    assert on_days(rhythm(calendar)[1]) == days(*calendar["dates"])


# -- rhythms -----------------------------------------------------------------------------------------------------

NOVEMBER = date(2026, 11, 5)
FORTNIGHTS = days("2026-11-05", "2026-11-19", "2026-12-03", "2026-12-17", "2026-12-31", "2027-01-14")


@pytest.mark.parametrize(
    ("said", "dates"),
    [
        ({"rhythm": "every", "anchor": NOVEMBER, "every_days": 14, "count": 6}, FORTNIGHTS),
        ({"rhythm": "every", "anchor": NOVEMBER, "every_days": 14, "until": FORTNIGHTS[5]}, FORTNIGHTS),
        # An anchor of last season, or of the next one, belongs to the same fortnights.
        ({"rhythm": "every", "anchor": date(2026, 5, 7), "every_days": 14, "from_on": NOVEMBER, "count": 6}, FORTNIGHTS),
        ({"rhythm": "every", "anchor": date(2027, 5, 6), "every_days": 14, "from_on": NOVEMBER, "count": 6}, FORTNIGHTS),
        ({"rhythm": "weekly", "anchor": NOVEMBER, "count": 3}, days("2026-11-05", "2026-11-12", "2026-11-19")),
        ({"rhythm": "weekly", "anchor": NOVEMBER, "count": 4, "skip": days("2026-11-12")},
         days("2026-11-05", "2026-11-19", "2026-11-26")),
        ({"rhythm": "monthly", "day": 31, "from_on": NOVEMBER, "count": 4},
         days("2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28")),
        ({"rhythm": "monthly", "day": 3, "from_on": NOVEMBER, "until": date(2027, 2, 3)},
         days("2026-12-03", "2027-01-03", "2027-02-03")),
        # Honey, the first Wednesday of a month.
        ({"rhythm": "nth_weekday", "nth": [1], "weekday": 2, "from_on": date(2026, 11, 1), "until": date(2027, 3, 31)},
         days("2026-11-04", "2026-12-02", "2027-01-06", "2027-02-03", "2027-03-03")),
        ({"rhythm": "nth_weekday", "nth": [1], "weekday": 2, "from_on": date(2019, 11, 1), "count": 2, "every_months": 3},
         days("2019-11-06", "2020-02-05")),
        ({"rhythm": "nth_weekday", "nth": [2, -1], "weekday": 3, "from_on": date(2026, 11, 1), "count": 4},
         days("2026-11-12", "2026-11-26", "2026-12-10", "2026-12-31")),
        ({"rhythm": "nth_weekday", "nth": [5], "weekday": 0, "from_on": date(2026, 11, 1), "count": 2},
         days("2026-11-30", "2027-03-29")),
        ({"rhythm": "list", "dates": days("2026-12-03", "2026-11-05")}, days("2026-11-05", "2026-12-03")),
        ({"rhythm": "list"}, []),
    ],
)  # fmt: skip
def test_dates_of_a_rhythm(said, dates):
    assert on_days(Pattern(**said)) == dates


@pytest.mark.parametrize(
    ("starts_on", "dates"),
    [
        ("2016-11-01", ["2016-11-02", "2016-12-07", "2017-01-04", "2017-02-01", "2017-03-01", "2017-04-05"]),
        ("2018-05-01", ["2018-05-02", "2018-06-06", "2018-07-04", "2018-08-01", "2018-09-05", "2018-10-03"]),
    ],
)
def test_honey_comes_on_first_wednesdays(starts_on, dates):
    said = Pattern(rhythm="nth_weekday", nth=[1], weekday=2, from_on=date.fromisoformat(starts_on), count=6)
    assert on_days(said) == days(*dates)


def test_a_fortnight_crosses_week_53_and_has_no_parity():
    assert [on.isocalendar().week for on in FORTNIGHTS] == [45, 47, 49, 51, 53, 2]
    other = [on + timedelta(days=7) for on in FORTNIGHTS]
    assert on_days(Pattern(rhythm="every", anchor=other[0], every_days=14, count=6)) == other
    assert not set(other) & set(FORTNIGHTS)


def test_a_moved_date_is_told_with_the_one_of_the_rhythm_and_may_count_double():
    pattern = Pattern(
        rhythm="weekly", anchor=date(2018, 8, 8), count=3, moves={date(2018, 8, 15): date(2018, 8, 16)},
        factors={date(2018, 8, 16): 200}, series="B", place="Salle des fêtes",
    )  # fmt: skip
    second = proposed(pattern)[1]
    assert (second.on, second.moved_from, second.factor_percent, second.series, second.place) == (
        date(2018, 8, 16), date(2018, 8, 15), 200, "B", "Salle des fêtes",
    )  # fmt: skip


def test_nine_baskets_in_six_deliveries():
    """Vegetables of spring 2017: eight that were left and one that was missed, one and a half at a time."""
    dates = days("2017-02-28", "2017-03-14", "2017-03-28", "2017-04-18", "2017-05-02", "2017-05-23")
    found = proposed(Pattern(rhythm="list", dates=dates, factors=dict.fromkeys(dates, 150)))
    assert sum(one.factor_percent for one in found) == 900


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"rhythm": "every", "every_days": 14, "count": 2}, "anchor"),
        ({"rhythm": "every", "from_on": NOVEMBER, "every_days": 14, "count": 2}, "anchor"),
        ({"rhythm": "every", "anchor": NOVEMBER, "count": 2}, "every_days"),
        ({"rhythm": "weekly", "anchor": NOVEMBER}, "until"),
        ({"rhythm": "weekly", "anchor": NOVEMBER, "until": date(2026, 11, 4)}, "until"),
        ({"rhythm": "weekly", "anchor": NOVEMBER, "until": date(2036, 11, 4)}, "until"),
        ({"rhythm": "every", "anchor": NOVEMBER, "every_days": 1, "count": 401}, "count"),
        ({"rhythm": "every", "anchor": NOVEMBER, "every_days": 1, "until": date(2028, 11, 5)}, "until"),
        ({"rhythm": "weekly", "anchor": date(9999, 12, 28), "until": date(9999, 12, 31), "count": -1}, "count"),
        ({"rhythm": "monthly", "from_on": NOVEMBER, "count": 2}, "day"),
        ({"rhythm": "nth_weekday", "from_on": NOVEMBER, "count": 2, "weekday": 3}, "nth"),
        ({"rhythm": "nth_weekday", "from_on": NOVEMBER, "count": 2, "nth": [1]}, "weekday"),
        ({"rhythm": "monthly", "from_on": NOVEMBER, "count": 2, "day": 1, "every_months": 0}, "every_months"),
        ({"rhythm": "list", "dates": [NOVEMBER] * 401}, "dates"),
    ],
)
def test_what_a_rhythm_lacks_is_named(said, field):
    assert field in refused(proposed, Pattern(**said)).facts["fields"]


@pytest.mark.parametrize("last", [date(9999, 12, 30), date(9999, 12, 31)])
def test_the_calendar_ends_where_dates_end(last):
    assert on_days(Pattern(rhythm="weekly", anchor=last, until=last)) == [last]


# -- holidays ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "subdivision", "on", "holiday"),
    [
        ("FR", "", "2026-05-14", "Ascension"), ("FR", "", "2026-12-20", None), ("FR", "", "2026-12-26", None),
        ("FR", "57", "2026-12-26", "Saint-Étienne"), ("FR", "6AE", "2026-04-03", "Vendredi saint"),
        ("RE", "", "2026-12-20", "Abolition de l'esclavage"), ("RE", "", "2026-11-11", "Armistice"),
        ("BE", "", "2026-07-21", "Fête nationale"), ("", "", "2026-11-11", "Armistice"),
    ],
)  # fmt: skip
def test_holidays_where_the_group_lives(region, subdivision, on, holiday):
    country, own = place_of(region)
    found = holidays_of(country, subdivision or own, days(on)).get(date.fromisoformat(on))
    assert (found or "").startswith(holiday or "")
    assert (found is None) == (holiday is None)


def test_a_date_that_was_moved_off_a_holiday_is_no_slip():
    dates = days("2021-10-28", "2021-11-11", "2021-11-25", "2021-12-09")
    moved = planned(dates)
    moved[1] = PlannedDelivery(delivery_id="d1", on=date(2021, 11, 10), moved_from=date(2021, 11, 11))
    festive = holidays_of("FR", "", dates)
    assert [each["code"] for each in of_deliveries(planned(dates), festive, None, None)] == ["public-holiday"]
    assert of_deliveries(moved, festive, None, None) == []


# -- the whole of the terms --------------------------------------------------------------------------------------


def terms(**more):
    said = {
        "title": "Pain",
        "starts_on": date(2017, 5, 1),
        "ends_on": date(2017, 10, 31),
        "basket_kind": "fixed_multiple",
    }
    return Terms(**(said | more))


def test_what_looks_like_a_slip_is_told_and_kept():
    """A bread contract of 2017 printed 24/04 among the dates of a season that began in May."""
    dates = days("2017-05-10", "2017-04-24", "2017-06-07", "2017-06-21", "2017-07-05", "2017-07-05")
    odd = terms(
        deliveries=planned(dates),
        options=[BasketOption(option_id=f"o{n}", title="Brioche", price_cents=0, net_weight_g=300) for n in (1, 2)],
        payment=PaymentTerms(calendar=days("2027-06-05"), counts=[1, 3]),
    )
    found = {(each["code"], each["field"]) for each in of_terms(odd, {})}
    assert {
        ("outside-season", "deliveries.1.on"), ("date-twice", "deliveries.5.on"), ("price-zero", "options.0.price_cents"),
        ("same-title", "options.1.title"), ("cashing-far-from-season", "payment.calendar.0"),
        ("more-cheques-than-dates", "payment.counts"),
    } <= found  # fmt: skip


def test_names_inside_a_request_become_ids_of_the_contract():
    contract, other = "0d6b1f5c-58d5-4c57-9a0b-1c3f0a3b8f10", "0d6b1f5c-58d5-4c57-9a0b-1c3f0a3b8f11"
    instant = datetime(2026, 11, 1, tzinfo=UTC)
    said = terms(
        options=[BasketOption(option_id="", title="Brioche", price_cents=380, net_weight_g=300, delivery_ids=["d1"]),
                 BasketOption(option_id="", title="Brioche", price_cents=480, net_weight_g=400)],
        deliveries=planned(days("2017-05-10", "2017-05-24")),
        rounds=[RoundPlan(round_id="", delivery_id="d1", opens_at=instant, closes_at=instant + timedelta(days=1))],
    )  # fmt: skip
    one = named(said, contract)
    ids = [part for parts in (one.options, one.deliveries, one.rounds) for part in parts]
    assert one.options[0].delivery_ids == [one.deliveries[1].delivery_id] == [one.rounds[0].delivery_id]
    assert len({getattr(each, each.__struct_fields__[0]) for each in ids}) == 5
    assert named(one, contract) == named(said, contract) == one
    assert {each.delivery_id for each in named(said, other).deliveries}.isdisjoint(
        each.delivery_id for each in one.deliveries
    )


def test_two_contracts_share_no_order_round_even_where_a_delivery_has_the_same_name():
    delivery = PlannedDelivery(delivery_id="5b0e7a52-4d6c-4c4e-9a56-3f1d6a5e0c11", on=date(2026, 11, 26))
    instant = datetime(2026, 11, 9, 7, tzinfo=UTC)
    plan = RoundPlan(round_id="", delivery_id=delivery.delivery_id, opens_at=instant, closes_at=instant)
    said = Terms(title="Miel", starts_on=delivery.on, ends_on=delivery.on, basket_kind="ordered",
                 deliveries=[delivery], rounds=[plan])  # fmt: skip
    (one,), (other,) = (named(said, str(UUID(int=number))).rounds for number in (1, 2))
    assert one.delivery_id == other.delivery_id == delivery.delivery_id
    assert UUID(one.round_id) != UUID(other.round_id)


@pytest.mark.parametrize(
    ("dates", "starts_on", "expected"),
    [
        # Semaine A goes on where it stopped, whole fortnights later.
        (["2017-05-03", "2017-05-17", "2017-10-18"], "2017-11-01", ["2017-11-01", "2017-11-15", "2018-04-18"]),
        (["2017-05-04", "2017-05-11", "2017-05-18"], "2018-05-01", ["2018-05-03", "2018-05-10", "2018-05-17"]),
        # First Wednesdays stay first Wednesdays, fifths of a month stay fifths.
        (["2017-05-03", "2017-06-07", "2017-07-05"], "2018-05-01", ["2018-05-02", "2018-06-06", "2018-07-04"]),
        (["2017-05-05", "2017-06-05", "2017-07-05"], "2017-11-01", ["2017-11-05", "2017-12-05", "2018-01-05"]),
        (["2017-05-03"], "2018-05-01", ["2018-05-02"]),
        ([], "2018-05-01", []),
    ],
)
def test_a_season_is_renewed_with_its_rhythm(dates, starts_on, expected):
    new = renewed(terms(deliveries=planned(days(*dates))), date.fromisoformat(starts_on), "Europe/Paris")
    assert [each.on.isoformat() for each in new.deliveries] == expected


def test_renewing_leaves_out_what_was_cancelled_and_keeps_local_hours():
    dates = planned(days("2017-05-03", "2017-05-17", "2017-05-31"))
    dates[0] = PlannedDelivery(delivery_id="d0", on=dates[0].on, cancelled=True)
    dates[1] = PlannedDelivery(delivery_id="d1", on=date(2017, 5, 18), moved_from=date(2017, 5, 17))
    summer = datetime(2017, 5, 10, 18, tzinfo=UTC)  # eight in the evening in Paris
    old = terms(
        deliveries=dates, basket_kind="ordered", payment=PaymentTerms(calendar=days("2017-05-05", "2017-10-31")),
        options=[BasketOption(option_id="o", title="Fraise", price_cents=450, delivery_ids=["d0", "d1"])],
        rounds=[RoundPlan(round_id=f"r{n}", delivery_id=f"d{n}", opens_at=summer, closes_at=summer + timedelta(days=2)) for n in (0, 1)],
    )  # fmt: skip
    new = renewed(old, date(2017, 11, 1), "Europe/Paris")
    assert [each.on.isoformat() for each in new.deliveries] == ["2017-11-15", "2017-11-29"]
    assert [(each.delivery_id, each.opens_at) for each in new.rounds] == [("d1", datetime(2017, 11, 8, 19, tzinfo=UTC))]
    assert new.options[0].delivery_ids == ["d1"]
    assert [on.isoformat() for on in new.payment.calendar] == ["2017-11-05", "2018-04-30"]
    assert (new.ends_on, new.title) == (date(2018, 4, 30), "Pain")


@pytest.mark.parametrize(
    ("on", "months", "expected"),
    [("2026-01-31", 1, "2026-02-28"), ("2026-04-30", 6, "2026-10-31"), ("2026-11-05", 6, "2027-05-05"), ("2024-02-29", -12, "2023-02-28")],
)  # fmt: skip
def test_months_later(on, months, expected):
    assert add_months(date.fromisoformat(on), months).isoformat() == expected


def test_what_is_different_between_two_versions_is_told_by_name():
    before = {"title": "Pain", "options": [{"option_id": "a", "title": "Levain", "price_cents": 250}, {"option_id": "b", "title": "Brioche"}],
              "payment": {"counts": [1]}}  # fmt: skip
    after = {"title": "Pain", "options": [{"option_id": "a", "title": "Levain", "price_cents": 290}], "payment": {"counts": [1, 3]},
             "deliveries": [{"delivery_id": "d", "on": "2026-11-05"}]}  # fmt: skip
    assert {(each["path"], each["name"]) for each in changes(before, after)} == {
        ("options.a.price_cents", "Levain"), ("options", "Brioche"), ("payment.counts", ""), ("deliveries", "2026-11-05"),
    }  # fmt: skip
    assert changes(after, after) == []
