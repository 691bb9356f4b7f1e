"""T8: events delivered one to five times, shuffled in windows of a hundred: byte for byte the views of a single delivery."""

from __future__ import annotations

import pytest

from tests.sim.deliveries import check
from tests.sim.world import World

EXAMPLES = 25


@pytest.mark.proof("T8")
def test_views_are_the_same_however_often_and_in_whatever_order() -> None:
    check(World(5).run(lambda _: []), EXAMPLES)
