"""Citations of the source documents are counted from tests that passed, and from nothing else."""

import pytest

from grenier.testing_behaviours import cited, expand, report


def test_ranges_are_expanded() -> None:
    assert expand("11-13 18") == [11, 12, 13, 18]
    assert cited("S1:64-65") == [("S1", 64), ("S1", 65)]


@pytest.mark.parametrize("wrong", ["S5:1", "S1", "S1:", "s1:3", "S1:3,4"])
def test_a_slip_of_the_pen_is_an_error(wrong: str) -> None:
    with pytest.raises(ValueError):
        cited(wrong)


def test_a_line_whose_test_failed_is_not_covered() -> None:
    found = report(["S1:32-34"], ["S1:33"])["S1"]
    assert 32 in found["covered"]
    assert 33 in found["missing"]
