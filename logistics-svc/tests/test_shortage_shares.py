"""Who gets how much when not enough came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics_svc.shares import share_out

ORDERED = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(1, 30), min_size=1, max_size=12)


@pytest.mark.behaviour("S1:53")
@given(ORDERED, st.integers(0, 400))
def test_shares_add_up_to_what_is_there_and_nobody_gets_more_than_ordered(ordered, available):
    shares = share_out(available, ordered)
    assert sum(shares.values()) == min(available, sum(ordered.values()))
    assert all(0 <= shares[household] <= ordered[household] for household in ordered)


@given(ORDERED, st.integers(0, 400), st.data())
def test_what_was_taken_stays_taken_and_the_rest_still_adds_up(ordered, available, data):
    household = data.draw(st.sampled_from(sorted(ordered)))
    taken = {household: min(available, ordered[household])}
    shares = share_out(available, ordered, taken)
    assert shares[household] == taken[household]
    assert sum(shares.values()) <= max(available, taken[household])


@pytest.mark.parametrize(
    ("available", "shares"),
    [(8, [4, 2, 2]), (7, [3, 2, 2]), (6, [3, 2, 1]), (4, [2, 1, 1]), (1, [1, 0, 0]), (0, [0, 0, 0]), (99, [4, 2, 2])],
)
def test_in_proportion_to_what_was_ordered(available, shares):
    assert list(share_out(available, {"a": 4, "b": 2, "c": 2}).values()) == shares
