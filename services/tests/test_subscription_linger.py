"""How long a follower gathers: a fact that comes alone not at all, a stream of them a little, a rush longer. And its end."""

import threading
from collections.abc import Sequence
from math import ceil
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from grenier import wire
from grenier.log.memory import MemoryLog
from grenier.log.protocol import LogUnavailable, Recorded
from grenier.subscription import LINGER_S, RUSH_LINGER_S, RUSH_PER_S, Follower
from grenier.testing import NOON
from grenier.wire import Item, Waiting

START = 1_000.0


class Scripted:
    """A clock, a feed and its consumer: each batch comes `after_s` the one before and has so many events."""

    def __init__(self, batches: Sequence[tuple[float, int]]) -> None:
        self.now = START
        self.lingers: list[float] = []
        self._batches = list(batches)
        self._at = -1

    def monotonic(self) -> float:
        return self.now

    def open(self, after: int | None, types: Sequence[str]) -> Any:
        return self

    def gather(self, timeout_s: float, linger_s: float) -> list[Item]:
        self.lingers.append(linger_s)
        if not self._batches:
            raise LogUnavailable("the end")
        after_s, count = self._batches.pop(0)
        self.now += after_s
        return [self._event(self._at + number) for number in range(1, count + 1)]

    def _event(self, position: int) -> Recorded:
        return Recorded(uuid4(), f"thing-{position}", 0, "orders.a", b"{}", b"", position, NOON)

    def position(self) -> int:
        return self._at

    def take(self, batch: Sequence[Recorded], upto: int) -> None:
        self._at = upto

    def stop(self) -> None:
        return None


def lingers(monkeypatch: pytest.MonkeyPatch, *batches: tuple[float, int]) -> list[float]:
    """How long the follower waited for more before each batch, and would wait before the one that does not come."""
    script = Scripted(batches)
    monkeypatch.setattr("grenier.subscription.time", SimpleNamespace(monotonic=script.monotonic))
    follower = Follower("noting", MemoryLog(), ["orders."], script)
    monkeypatch.setattr(follower, "_feeds", script)
    with pytest.raises(LogUnavailable):
        follower._follow()
    return script.lingers


def test_one_alone_is_taken_in_at_once_and_what_follows_it_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lingers(monkeypatch, (60, 1), (0.005, 1), (0.02, 2)) == [0.0, LINGER_S, LINGER_S, LINGER_S]


def test_a_rush_is_gathered_longer_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    many = ceil(RUSH_PER_S * RUSH_LINGER_S)
    assert lingers(monkeypatch, (60, 1), (0.02, many), (0.05, many), (0.05, many - 1)) == [
        0.0, LINGER_S, RUSH_LINGER_S, RUSH_LINGER_S, LINGER_S,
    ]  # fmt: skip


def test_what_a_clock_does_not_tell_apart_is_a_rush(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lingers(monkeypatch, (60, 1), (0.0, 1)) == [0.0, LINGER_S, RUSH_LINGER_S]


def test_a_full_batch_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_BATCH", 3)
    monkeypatch.setattr("grenier.wire.time", SimpleNamespace(sleep=lambda _: pytest.fail("waited")))
    waiting = Waiting()
    for number in range(4):
        waiting.put(LogUnavailable(str(number)))
    assert [len(waiting.gather(0, linger_s=0.02))] == [3]


def test_a_follower_that_begins_after_the_end_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = threading.Event()
    follower = Follower("late", MemoryLog(), ["orders."], Scripted([]), stopping)
    monkeypatch.setattr(follower, "_follow", lambda: pytest.fail("followed"))
    stopping.set()
    follower.run()
