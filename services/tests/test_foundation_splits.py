"""Splits add up, whatever is split (T23: no cent is lost in a split)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grenier.apportion import round_half_up, split_by_keys, split_by_weights, split_evenly


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(1250 * 1590, 1000, 1988), (5, 10, 1), (-5, 10, -1), (4, 10, 0), (0, 3, 0), (100 * 11500, 10000, 115)],
)
def test_halves_go_away_from_zero(numerator: int, denominator: int, expected: int) -> None:
    assert round_half_up(numerator, denominator) == expected


@given(st.integers(-(10**12), 10**12), st.integers(1, 400))
def test_an_even_split_sums_and_differs_by_one_at_most(total: int, parts: int) -> None:
    shares = split_evenly(total, parts)
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


@settings(max_examples=300)
@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=60).filter(any))
def test_a_weighted_split_sums_and_is_within_one_of_the_exact_share(total: int, weights: list[int]) -> None:
    shares = split_by_weights(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)
    assert shares == split_by_weights(total, weights)


def test_equal_remainders_go_to_the_earlier_place() -> None:
    assert split_by_keys(5, {"a": 1, "b": 1, "c": 1}) == {"a": 2, "b": 2, "c": 1}


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_a_split_over_nothing_is_an_error(weights: list[int]) -> None:
    with pytest.raises(ValueError):
        split_by_weights(10, weights)
