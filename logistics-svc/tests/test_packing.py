"""Pallets: every unit on exactly one, none too heavy."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logistics_svc.packing import CAPACITY_G, Wanted, plan_pallets


def units(pallets) -> Counter:
    found = Counter()
    for lines in pallets:
        for line in lines:
            found[line.product_id] += line.quantity
    return found


@st.composite
def orders(draw):
    rows = draw(st.lists(st.tuples(st.integers(1, 900), st.integers(1, 24), st.integers(0, 30_000)), max_size=12))
    return [Wanted(f"p{n}", f"P{n}", "u", quantity, size, unit_g) for n, (quantity, size, unit_g) in enumerate(rows)]


@pytest.mark.behaviour("S1:135")
@settings(max_examples=150, deadline=None)
@given(orders())
def test_every_unit_stands_on_exactly_one_pallet_and_none_is_overloaded(wanted):
    pallets = plan_pallets(wanted)
    assert units(pallets) == Counter({line.product_id: line.quantity for line in wanted})
    for lines in pallets:
        assert sum(line.weight_g for line in lines) <= CAPACITY_G
        assert lines, "no empty pallet"
        for line in lines:
            assert line.quantity == line.cases * line.case_size + line.loose
            assert line.weight_g == line.quantity * line.unit_g


@settings(max_examples=50, deadline=None)
@given(orders())
def test_the_same_order_gives_the_same_pallets(wanted):
    assert plan_pallets(wanted) == plan_pallets(wanted)


def test_cases_stay_whole_and_the_rest_is_loose():
    [[line]] = plan_pallets([Wanted("bread", "Pain", "pièce", 11, 4, 500)])
    assert (line.cases, line.loose, line.weight_g) == (2, 3, 5_500)


def test_a_second_pallet_is_begun_when_the_first_is_full():
    pallets = plan_pallets([Wanted("flour", "Farine", "sac 25 kg", 30, 1, 25_000)])
    assert [lines[0].quantity for lines in pallets] == [24, 6]


def test_a_unit_heavier_than_a_pallet_stands_alone():
    pallets = plan_pallets([Wanted("press", "Pressoir", "pièce", 2, 1, 700_000)])
    assert [lines[0].quantity for lines in pallets] == [1, 1]


def test_a_case_that_no_pallet_can_carry_is_opened():
    pallets = plan_pallets([Wanted("drum", "Fût", "pièce", 4, 4, 200_000)])
    assert [lines[0].quantity for lines in pallets] == [3, 1]
