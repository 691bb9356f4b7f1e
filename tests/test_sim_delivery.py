"""T8: events delivered one to five times, shuffled in windows of a hundred: byte for byte the views of a single delivery."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sim.deliveries import often_in_disorder, once_in_order
from tests.sim.ground import standing
from tests.sim.judge_views import VIEWERS
from tests.sim.world import World

EXAMPLES = 25
ONCE: dict[str, bytes] = {}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A run with some hundred events of every service; its people's keys are those of its own ground."""
    lived = World(5).run(lambda _: [])
    with standing(lived.ground):
        yield lived


@pytest.mark.proof("T8")
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(name=st.sampled_from(VIEWERS), rng=st.randoms(use_true_random=False))
def test_views_are_the_same_however_often_and_in_whatever_order(world: World, name: str, rng: Random) -> None:
    events = world.log.everything()
    if name not in ONCE:
        ONCE[name] = once_in_order(name, world.settings, events)
    assert often_in_disorder(name, world.settings, events, rng) == ONCE[name]
