"""Amounts, cheques, minimum, turns: the rules of a subscription as tables (domain figures)."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts_svc.rules import amounts, cheques, choices, sharing
from contracts_svc.rules.composing import composed_lines
from grenier.errors import Invalid, Rejected
from grenier.language.season import BasketOption, PaymentTerms, PlannedDelivery, SignUpTerms, SubscribedLine, Terms

FIRST = date(2026, 11, 5)


def deliveries(*factors, series="", step=7):
    return [
        PlannedDelivery(delivery_id=f"d{n}", on=FIRST + timedelta(days=step * n), factor_percent=factor, series=series)
        for n, factor in enumerate(factors)
    ]


def option(cents=1400, **more):
    return BasketOption(option_id="o", title="Panier", price_cents=cents, **more)


def line(quantity=1, **more):
    return SubscribedLine(option_id="o", quantity=quantity, **more)


# -- amounts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cents", "quantity", "factors", "total"),
    [
        (1400, 1, [100] * 13, 18200),
        (1400, 2, [100] * 13, 36400),
        (1400, 1, [100, 200, 0], 4200),
        (250, 1, [150], 375),
        # 1,5 × 3,33 = 4,995: rounded once, half up, at the end of the line, not at each delivery
        (333, 1, [150], 500),
        (333, 1, [150, 150], 999),
        (333, 0, [100], 0),
    ],
)
def test_a_line_costs_what_its_deliveries_cost(cents, quantity, factors, total):
    assert amounts.amount([line(quantity)], [option(cents)], deliveries(*factors)) == total


def test_from_the_middle_of_the_season_only_what_remains_is_paid():
    season = deliveries(*[100] * 13)
    taken = amounts.deliveries_taken(season, season[9].on)
    assert [one.delivery_id for one in taken] == ["d9", "d10", "d11", "d12"]
    assert amounts.amount([line()], [option()], taken) == 5600


def test_cancelled_absent_and_foreign_dates_are_not_taken():
    season = [
        PlannedDelivery(delivery_id="a", on=FIRST, series="A"),
        PlannedDelivery(delivery_id="b", on=FIRST + timedelta(days=7), series="B"),
        PlannedDelivery(delivery_id="c", on=FIRST + timedelta(days=14), series="A", cancelled=True),
        PlannedDelivery(delivery_id="d", on=FIRST + timedelta(days=28), series="A"),
        PlannedDelivery(delivery_id="e", on=FIRST + timedelta(days=42), series=""),
    ]
    assert [one.delivery_id for one in amounts.deliveries_taken(season, FIRST, series="A")] == ["a", "d", "e"]
    assert [one.delivery_id for one in amounts.deliveries_taken(season, FIRST, series="A", absences=["d"])] == [
        "a",
        "e",
    ]
    before_e = amounts.deliveries_taken(season, FIRST, until=FIRST + timedelta(days=42))
    assert [one.delivery_id for one in before_e] == ["a", "b", "d"]


def test_an_option_that_is_not_delivered_that_day_costs_nothing_that_day():
    season = deliveries(100, 100, 100)
    assert amounts.amount([line(2)], [option(500, delivery_ids=["d1"])], season) == 1000


def test_a_composed_basket_costs_what_was_chosen_for_each_date():
    composed = SubscribedLine(option_id="o", per_delivery={"d0": 1, "d2": 3})
    assert amounts.amount([composed], [option(250)], deliveries(100, 100, 200)) == 250 + 2 * 750


def test_goods_by_weight_are_priced_by_the_kilogram_and_taken_in_portions():
    comte = option(1590, sale="weighed", portion_g=1250)
    assert amounts.amount([line()], [comte], deliveries(100)) == 1988
    assert amounts.amount([line()], [option(1590, sale="weighed")], deliveries(100)) == 1590


@pytest.mark.parametrize(
    ("minimum", "own", "every", "least"),
    [(20000, 7, 24, 5800), (20000, 24, 24, 20000), (20000, 0, 24, 0), (0, 7, 24, 0), (12350, 12, 13, 11400)],
)
def test_the_minimum_is_in_proportion_and_rounded_down_to_euros(minimum, own, every, least):
    assert amounts.minimum_for(minimum, own, every) == least


def test_shares_add_up_over_options():
    options = [option(share_bp=10_000), BasketOption(option_id="half", title="Demi", price_cents=700, share_bp=5000)]
    chosen = [line(2), SubscribedLine(option_id="half", quantity=1)]
    assert amounts.shares_bp(chosen, options, deliveries(100)[0]) == 25_000


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=30),
    st.integers(0, 20),
    st.integers(0, 30_000),
    st.integers(0, 30),
)
def test_an_amount_in_two_parts_is_the_whole_to_the_cent_but_for_one_rounding(factors, quantity, cents, cut):
    season = deliveries(*factors)
    whole = amounts.amount([line(quantity)], [option(cents)], season)
    parts = [amounts.amount([line(quantity)], [option(cents)], part) for part in (season[:cut], season[cut:])]
    assert abs(whole - sum(parts)) <= 1
    assert abs(whole - quantity * cents * sum(factors) / 100) <= 0.5


# -- cheques -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "count", "split", "text"),
    [
        (33600, 6, [5600] * 6, "6 chèques de 56,00 €"),
        (5000, 4, [1250] * 4, "4 chèques de 12,50 €"),
        (10000, 3, [3300, 3300, 3400], "2 chèques de 33,00 € et 1 chèque de 34,00 €"),
        (12345, 4, [3000, 3000, 3000, 3345], "3 chèques de 30,00 € et 1 chèque de 33,45 €"),
        (18200, 6, [3000] * 5 + [3200], "5 chèques de 30,00 € et 1 chèque de 32,00 €"),
        (18200, 1, [18200], "1 chèque de 182,00 €"),
        (123456, 1, [123456], "1 chèque de 1\u202f234,56 €"),
    ],
)
def test_a_total_is_split_into_cheques(total, count, split, text):
    assert cheques.split(total, count) == split
    assert cheques.told(split) == text


def test_a_group_may_have_its_own_shares():
    assert cheques.split(33600, 3, [50, 25, 25]) == [16800, 8400, 8400]
    assert cheques.split(10010, 3, [50, 25, 25]) == [5000, 2500, 2510]
    with pytest.raises(Invalid):
        cheques.split(10000, 3, [50, 50])


@given(st.integers(1, 5_000_000), st.integers(1, 24))
def test_cheques_add_up_and_the_last_is_the_largest(total, count):
    split = cheques.split(total, count)
    assert sum(split) == total
    assert len(split) == count
    assert max(split) == split[-1]
    assert len(set(split[:-1])) <= 1
    equal = len(set(split)) == 1
    assert (equal and split[0] % 50 == 0) or all(cents % 100 == 0 for cents in split[:-1])


@given(st.integers(1, 5_000_000), st.lists(st.integers(1, 97), min_size=1, max_size=5))
def test_own_shares_add_up(total, shares):
    percents = [*(share * 100 // (sum(shares) + 1) for share in shares)]
    percents.append(100 - sum(percents))
    assert sum(cheques.split(total, len(percents), percents)) == total


def terms(**more):
    return PaymentTerms(counts=[1, 2, 6], calendar=[date(2026, month, 5) for month in (10, 11, 12)], **more)


def test_cashing_dates_are_those_of_the_calendar_from_the_day_of_signing_on():
    options, refused = cheques.offered(18200, terms(), date(2026, 10, 20), FIRST)
    assert [(one.count, [day.isoformat() for day in one.cash_on]) for one in options] == [
        (1, ["2026-11-05"]),
        (2, ["2026-11-05", "2026-12-05"]),
    ]
    assert [(one.count, one.code) for one in refused] == [(6, "calendar-too-short")]


def test_no_cheque_below_the_minimum_and_none_of_nothing():
    _, refused = cheques.offered(1000, terms(minimum_cheque_cents=600), date(2026, 9, 1), FIRST)
    assert [(one.count, one.code) for one in refused] == [(2, "cheque-too-small"), (6, "cheque-too-small")]
    with pytest.raises(Rejected, match="cheque-too-small"):
        cheques.option(150, 2, PaymentTerms(counts=[2], minimum_cheque_cents=100), FIRST, FIRST)
    with pytest.raises(Rejected, match="cheque-too-small"):
        # ⌊0,01 / 2⌋ would be a cheque of nothing
        cheques.option(1, 2, PaymentTerms(counts=[2]), FIRST, FIRST)
    assert cheques.offered(0, terms(), FIRST, FIRST) == ([], [])


def test_a_number_that_is_not_offered_is_refused():
    with pytest.raises(Rejected, match="cheque-count-not-offered"):
        cheques.option(18200, 4, terms(), date(2026, 9, 1), FIRST)


@pytest.mark.parametrize(
    ("issued", "latest"),
    [("2026-11-05", "2027-11-13"), ("2027-12-28", "2029-01-05"), ("2028-02-29", "2029-03-08")],
)
def test_a_cheque_is_good_for_a_year_and_eight_days(issued, latest):
    assert cheques.latest_cashing(date.fromisoformat(issued)) == date.fromisoformat(latest)
    cheques.check_issue(date.fromisoformat(issued), date.fromisoformat(latest))
    with pytest.raises(Rejected, match="cheque-too-late"):
        cheques.check_issue(date.fromisoformat(issued), date.fromisoformat(latest) + timedelta(days=1))


def test_no_cheque_is_planned_after_its_validity():
    late = PaymentTerms(counts=[1, 2], calendar=[date(2026, 11, 5), date(2027, 11, 14)])
    options, refused = cheques.offered(10000, late, FIRST, FIRST)
    assert [one.count for one in options] == [1]
    assert [(one.count, one.code) for one in refused] == [(2, "cheque-too-late")]


def test_without_a_calendar_cheques_are_cashed_month_by_month():
    dates = cheques.cashing_dates([], 4, date(2026, 10, 1), date(2026, 11, 30))
    assert [day.isoformat() for day in dates] == ["2026-11-30", "2026-12-30", "2027-01-30", "2027-02-28"]


# -- sharing -----------------------------------------------------------------------------------------------------


def test_three_households_take_turns_from_the_anchor_on():
    season = deliveries(*[100] * 5)
    turns = [sharing.picker(["m1", "m2", "m3"], "d1", season, one.delivery_id) for one in season]
    assert turns == ["m3", "m1", "m2", "m3", "m1"]


def test_a_cancelled_date_is_nobodys_turn_even_if_it_was_the_anchor():
    season = deliveries(*[100] * 4)
    season[1] = PlannedDelivery(delivery_id="d1", on=season[1].on, cancelled=True)
    turns = [sharing.picker(["m1", "m2"], "d1", season, one.delivery_id) for one in season]
    assert turns == ["m2", "", "m1", "m2"]


@given(st.integers(1, 6), st.integers(0, 19), st.integers(0, 14))
def test_turns_are_fair_and_never_twice_in_a_row(sharers, anchor, added):
    season = deliveries(*[100] * 20)
    households = [f"m{n}" for n in range(sharers)]
    turns = [sharing.picker(households, f"d{anchor}", season, one.delivery_id) for one in season]
    assert turns[anchor] == "m0"
    counts = [turns.count(household) for household in households]
    assert max(counts) - min(counts) <= 1
    assert sharers == 1 or all(one != two for one, two in pairwise(turns))
    # Dates that are added at the end change nobody's turn: the anchor is a delivery, not a number.
    longer = deliveries(*[100] * (20 + added))
    assert [sharing.picker(households, f"d{anchor}", longer, one.delivery_id) for one in season] == turns


SEASON = deliveries(100, 100, 200, 100, 100)


@pytest.mark.parametrize(
    ("wanted", "sign_up", "refused"),
    [
        (["d0"], SignUpTerms(absences_max=1), False),
        (["d0", "d1"], SignUpTerms(absences_max=1), True),
        (["d0", "d1", "d3", "d4"], SignUpTerms(absences_max=-1), False),
        (["d2"], SignUpTerms(absences_max=1), True),
        (["d9"], SignUpTerms(absences_max=1), True),
        (["d0", "d0"], SignUpTerms(absences_max=2), True),
        (["d0"], SignUpTerms(absences_max=1, absences_from=SEASON[1].on), True),
        (["d4"], SignUpTerms(absences_max=1, absences_until=SEASON[3].on), True),
        (["d3"], SignUpTerms(absences_max=1, absences_from=SEASON[1].on, absences_until=SEASON[3].on), False),
        ([], SignUpTerms(), False),
        (["d0"], SignUpTerms(), True),
    ],
)
def test_absences_are_few_inside_their_window_and_only_ordinary_dates(wanted, sign_up, refused):
    if refused:
        with pytest.raises(Invalid):
            sharing.check_absences(wanted, SEASON, sign_up, FIRST)
    else:
        sharing.check_absences(wanted, SEASON, sign_up, FIRST)


def test_absences_not_chosen_are_the_last_dates_that_may_be():
    sign_up = SignUpTerms(absences_max=2, absences_until=SEASON[3].on)
    assert sharing.default_absences(2, SEASON, sign_up) == ["d1", "d3"]
    assert sharing.default_absences(0, SEASON, sign_up) == []


# -- the seven kinds ---------------------------------------------------------------------------------------------


def contract(kind, *options):
    return Terms(
        title="C", starts_on=FIRST, ends_on=FIRST, basket_kind=kind, options=list(options) or [option(), other()]
    )


def other(**more):
    return BasketOption(option_id="p", title="Demi", price_cents=700, **more)


def composed(option_id="o", **quantities):
    return SubscribedLine(option_id=option_id, per_delivery=quantities)


ONE, TWO, FIVE = line(1), SubscribedLine(option_id="p", quantity=1), line(5)


@pytest.mark.parametrize(
    ("terms", "lines", "field"),
    [
        (contract("fixed_single"), [ONE], ""),
        (contract("fixed_single"), [ONE, TWO], "lines"),
        (contract("fixed_single"), [FIVE], "lines.0.quantity"),
        (contract("fixed_single", option(quantities=[1, 5])), [FIVE], ""),
        (contract("fixed_multiple"), [ONE, TWO], ""),
        (contract("fixed_multiple"), [FIVE, TWO], "lines.0.quantity"),
        (contract("free_quantity_single"), [FIVE], ""),
        (contract("free_quantity_single"), [FIVE, TWO], "lines"),
        (contract("free_quantity_multiple"), [FIVE, TWO], ""),
        (contract("free_quantity_multiple"), [line(0)], "lines.0.quantity"),
        (contract("free_quantity_multiple"), [line(1001)], "lines.0.quantity"),
        (contract("free_quantity_multiple", option(quantities=[2, 4])), [line(3)], "lines.0.quantity"),
        (contract("free_quantity_multiple"), [ONE, ONE], "lines"),
        (contract("free_quantity_multiple"), [SubscribedLine(option_id="x", quantity=1)], "lines.0.option_id"),
        (contract("free_quantity_multiple"), [composed(d0=1)], "lines.0.per_delivery"),
        (contract("free_quantity_multiple"), [], "lines"),
        (contract("modular"), [composed(d0=1, d1=3)], ""),
        (contract("modular"), [ONE], "lines.0.quantity"),
        (contract("modular"), [composed(d9=1)], "lines.0.per_delivery"),
        (contract("modular", option(delivery_ids=["d1"])), [composed(d0=1)], "lines.0.per_delivery"),
        (contract("modular_fixed"), [composed(d0=2, d1=0, d2=2)], ""),
        (contract("modular_fixed"), [composed(d0=2, d1=3)], "lines.0.per_delivery"),
        (contract("ordered"), [], ""),
        (contract("ordered"), [ONE], "lines"),
    ],
)
def test_what_may_be_chosen_in_each_kind_of_basket(terms, lines, field):
    if not field:
        choices.check_lines(terms, lines, SEASON)
    else:
        with pytest.raises(Invalid) as refused:
            choices.check_lines(terms, lines, SEASON)
        assert list(refused.value.facts["fields"]) == [field]


def test_composing_one_date_leaves_the_others():
    before = [composed(d0=1, d1=2), composed("p", d0=4)]
    after = composed_lines(before, "d0", {"p": 5, "q": 1})
    assert after == [composed(d1=2), composed("p", d0=5), composed("q", d0=1)]
    assert composed_lines(after, "d0", {}) == [composed(d1=2)]


@pytest.mark.parametrize(
    ("minimum_cents", "own", "all_of_them", "expected"),
    [
        (5050, 1, 1, 5050),  # the whole season: as agreed, not in whole euros
        (5050, 2, 1, 5050),
        (5050, 1, 2, 2500),
        (1, 1, 1, 1),
        (0, 1, 1, 0),
        (5050, 3, 0, 0),  # no delivery is left: nothing to ask for
        (5050, 0, 0, 0),
    ],
)
def test_the_least_to_take_is_nothing_where_nothing_is_asked_or_left(
    minimum_cents: int, own: int, all_of_them: int, expected: int
) -> None:
    assert amounts.minimum_for(minimum_cents, own, all_of_them) == expected
