"""Regulation rules: tables for what they mean, properties for what they promise."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from orders_svc.regulation import RULES, Asked, highest_cap, regulated

HALVES = [Asked("amal", 4, 0), Asked("brune", 3, 1), Asked("chloe", 1, 2)]

TABLE = [
    # rule, limit, new quantities in the order of confirmation
    ("prorata", 5, [2, 2, 1]),  # 2.5, 1.875, 0.625: floors 2 1 0, the two largest remainders get one
    ("prorata", 4, [2, 2, 0]),  # 2.0, 1.5, 0.5: equal remainders go to the earlier order first
    ("prorata", 0, [0, 0, 0]),
    ("first_come", 5, [4, 1, 0]),
    ("first_come", 4, [4, 0, 0]),
    ("per_household_cap", 5, [2, 2, 1]),
    ("per_household_cap", 6, [3, 2, 1]),  # ceiling 2, the unit left over goes to who asked most
    ("per_household_cap", 2, [1, 1, 0]),  # no ceiling fits three: those who asked most get one each
]


@pytest.mark.behaviour("S1:34")
@pytest.mark.parametrize(("rule", "limit", "expected"), TABLE)
def test_rules_share_out_what_there_is(rule: str, limit: int, expected: list[int]) -> None:
    assert list(regulated(rule, HALVES, limit, "seed").values()) == expected


@pytest.mark.parametrize("rule", RULES)
def test_within_the_limit_nothing_changes(rule: str) -> None:
    assert regulated(rule, HALVES, 8, "seed") == {"amal": 4, "brune": 3, "chloe": 1}


def test_the_lottery_can_be_drawn_again_and_depends_on_its_seed() -> None:
    many = [Asked(f"h{place}", 2, place) for place in range(20)]
    first = regulated("lottery", many, 10, "cycle-1/comte")
    assert first == regulated("lottery", list(reversed(many)), 10, "cycle-1/comte")
    assert first != regulated("lottery", many, 10, "cycle-2/comte")


def test_the_draw_of_the_lottery_is_fixed_for_ever() -> None:
    """Anybody can draw it again, in any year: SHA-256 of seed, stroke, household, smallest first."""
    from hashlib import sha256

    many = [Asked(f"h{place}", 1, place) for place in range(12)]
    lots = sorted((sha256(f"cycle-1/comte/{each.household_id}".encode()).digest(), each.household_id) for each in many)
    granted = regulated("lottery", many, 5, "cycle-1/comte")
    assert {home for home, units in granted.items() if units} == {home for _, home in lots[:5]}


def test_what_is_left_over_a_ceiling_goes_to_those_who_asked_most() -> None:
    asked = [Asked("amal", 3, 0), Asked("brune", 5, 1), Asked("chloe", 5, 2)]
    assert regulated("per_household_cap", asked, 8, "") == {"amal": 2, "brune": 3, "chloe": 3}
    assert regulated("per_household_cap", asked, 7, "") == {"amal": 2, "brune": 3, "chloe": 2}


@pytest.mark.parametrize(("amounts", "limit", "cap"), [([], 5, 0), ([1, 2], 10, 2), ([4, 3, 1], 6, 2), ([2, 2], 4, 2)])
def test_the_highest_ceiling_that_fits(amounts: list[int], limit: int, cap: int) -> None:
    assert highest_cap(amounts, limit) == cap


quantities = st.lists(st.integers(1, 999), min_size=1, max_size=40)


@for_all(quantities, st.integers(0, 5000), st.sampled_from(sorted(RULES)), st.text(max_size=5))
def test_totals_are_exact_and_nobody_gets_more_than_asked(amounts: list[int], limit: int, rule: str, seed: str) -> None:
    asked = [Asked(f"h{place}", quantity, place) for place, quantity in enumerate(amounts)]
    granted = regulated(rule, asked, limit, seed)
    assert sum(granted.values()) == min(sum(amounts), limit)
    assert all(0 <= granted[each.household_id] <= each.quantity for each in asked)


@for_all(quantities, st.integers(0, 2000))
def test_a_cap_treats_households_alike(amounts: list[int], limit: int) -> None:
    asked = [Asked(f"h{place}", quantity, place) for place, quantity in enumerate(amounts)]
    granted = regulated("per_household_cap", asked, limit, "")
    reduced = [granted[each.household_id] for each in asked if granted[each.household_id] < each.quantity]
    if reduced:
        assert max(reduced) - min(reduced) <= 1
        assert all(quantity <= max(reduced) + 1 for quantity in granted.values())
