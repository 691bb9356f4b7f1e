"""Servers that go away, more people than can be served, mails and screens cut off: the short forms, in two installations.

No speed is asserted here: what a proof says about seconds counts in its long form (`make chaos`), on a quiet machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grenier_infra.launcher import broker
from tests.chaos import t05_broker_killed as t05
from tests.chaos import t06_broker_away as t06
from tests.chaos import t07_log_away as t07
from tests.chaos import t09_unroutable_and_poison as t09
from tests.chaos import t11_overload as t11
from tests.chaos import t29_mail_and_screens as t29
from tests.chaos.small import Small, small
from tests.chaos.stage import Scene, opened

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.skipif(broker.program() is None, reason="RabbitMQ is not installed"),
]
SLOWNESS = (
    " at the 99th percentile", "back to normal after", "was named after", "named the gateway after", "goodput", "still slow",
    "named it after", "backlog took", "named nothing within",
)  # fmt: skip


def lasting(problems: list[str]) -> list[str]:
    """Problems that no busy machine excuses."""
    return [text for text in problems if not any(words in text for words in SLOWNESS)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with opened(tmp_path_factory.mktemp("servers"), seed=1) as found:
        yield found


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    with small(tmp_path_factory.mktemp("parts"), "relay", "work-orders") as found:
        yield found


@pytest.mark.proof("T5")
def test_a_killed_broker_loses_nothing_of_the_feed(parts: Small) -> None:
    assert lasting(t05.storm(parts, kills=1, messages=400, seed=1).problems) == []


@pytest.mark.proof("T9")
def test_poison_stops_its_own_stream_and_nothing_is_dropped_in_silence(parts: Small) -> None:
    row = t09.storm(parts, messages=50, events=100)
    assert lasting(row.problems) == []
    assert row.figure["named_after_s"] is not None


@pytest.mark.proof("T6")
def test_while_the_broker_is_frozen_commands_are_refused_and_balances_go_on(scene: Scene) -> None:
    row = t06.storm(scene, 4.0, ("frozen",), after_s=4.0)
    assert lasting(row.problems) == []


@pytest.mark.proof("T7")
def test_while_the_log_is_frozen_commands_are_refused_and_balances_say_their_age(scene: Scene) -> None:
    row = t07.storm(scene, 7.0, ("frozen",), after_s=4.0)
    assert lasting(row.problems) == []


@pytest.mark.proof("T11")
def test_more_than_can_be_served_are_told_to_come_back(scene: Scene) -> None:
    row = t11.storm(scene, seconds=3.0, sample_s=2.0, after_s=2.0)
    assert lasting(row.problems) == []
    assert set(row.figure["statuses"]) <= {"200", "429", "503"}


@pytest.mark.proof("T29")
def test_mails_and_screens_survive_being_cut_off(scene: Scene) -> None:
    row = t29.storm(scene, mails=20, kills=1, screens=6, cuts=12)
    assert row.problems == []
