"""The cutting sheet of a weighed product."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logistics_svc.cutting import PortionGroup, plan_cuts


@pytest.mark.behaviour("S1:44")
def test_portions_by_weight_with_margin_and_pieces():
    sheet = plan_cuts([250, 500, 250, 1000], 1_500)
    assert sheet.groups == [PortionGroup(1000, 1), PortionGroup(500, 1), PortionGroup(250, 2)]
    assert (sheet.portions, sheet.total_g, sheet.margin_g) == (4, 2_000, 60)
    # 1500 g yield 1456 g after the margin of the cuts.
    assert sheet.pieces == [[1000, 250], [500, 250]]
    assert sheet.rest_g == 3_000 - 2_000 - 60


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(50, 3_000), max_size=60), st.integers(1_000, 12_000))
def test_everything_ordered_is_cut_and_no_piece_yields_more_than_it_has(portions, whole_piece_g):
    sheet = plan_cuts(portions, whole_piece_g)
    assert sum(map(sum, sheet.pieces)) == sum(portions)
    assert all(sum(piece) * 103 <= whole_piece_g * 100 for piece in sheet.pieces)
    small = [portion for portion in portions if portion * 103 <= whole_piece_g * 100]
    cut = Counter(portion for piece in sheet.pieces for portion in piece)
    assert all(cut[portion] >= count for portion, count in Counter(small).items())


def test_without_the_weight_of_a_whole_piece_there_is_no_plan():
    sheet = plan_cuts([250, 250], 0)
    assert (sheet.pieces, sheet.rest_g, sheet.total_g) == ([], 0, 500)


def test_nothing_ordered():
    assert plan_cuts([], 10_000).pieces == []
