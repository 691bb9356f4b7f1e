"""Policies: what they cannot act upon is parked with its stream, the others go on, operators have it tried again (T9)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from grenier.errors import Unavailable
from grenier.handling import Meta
from grenier.language import encode
from grenier.language.contracts import GroupFounded
from grenier.language.golden import example
from grenier.log import NO_STREAM, NewEvent
from grenier.log.memory import MemoryLog
from grenier.log.protocol import Recorded
from grenier.parking import TRIES, PolicyParking, waiting
from grenier.readmodel import Database
from grenier.runtime import Policy


class Hall:
    """A policy that fails for some streams, with a log and a database."""

    def __init__(self, folder: Path) -> None:
        self.db = Database(f"sqlite:///{folder / 'views.sqlite'}", "x")
        self.log = MemoryLog()
        self.bad: dict[str, Exception] = {}
        self.done: list[int] = []
        self.policy = Policy("greet", ("contracts.",), self._act)
        self.runtime: Any = SimpleNamespace(db=self.db)
        self.parking = PolicyParking(self.db)

    def _act(self, _runtime: Any, fact: Any) -> None:
        if fact.stream in self.bad:
            raise self.bad[fact.stream]
        self.done.append(fact.position)

    def happen(self, stream: str, times: int) -> list[Recorded]:
        def event() -> NewEvent:
            return NewEvent(
                uuid4(), "contracts.group-founded", encode(example(GroupFounded)), msgspec.json.encode(Meta())
            )

        self.log.append(stream, [event() for _ in range(times)], expected=NO_STREAM)
        return self.log.read(stream)

    def meet(self, recorded: Recorded) -> None:
        """As the follower does: again until it goes through."""
        for _ in range(TRIES):
            try:
                return self.parking.act(self.runtime, self.policy, recorded)
            except KeyError:
                continue

    def fetch(self, position: int, stream: str) -> Recorded | None:
        return next((found for found in self.log.read(stream) if found.position == position), None)


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


@pytest.mark.proof("T9")
def test_a_poison_event_parks_its_stream_and_nothing_else(hall: Hall) -> None:
    poison, other = hall.happen("poison", 3), hall.happen("other", 2)
    hall.bad["poison"] = KeyError("gone")
    for recorded in (*poison, *other):
        hall.meet(recorded)
    assert hall.done == [one.position for one in other]
    assert [row["position"] for row in waiting(hall.db)] == [one.position for one in poison]
    assert PolicyParking(hall.db)._streams == {("policy:greet", "poison")}, "known after a restart"


def test_after_the_repair_the_stream_is_carried_out_in_order_and_nothing_skipped(hall: Hall) -> None:
    poison = hall.happen("poison", 3)
    hall.bad["poison"] = KeyError("gone")
    for recorded in poison:
        hall.meet(recorded)
    hall.parking.retry(hall.runtime, [hall.policy], hall.fetch)
    assert (len(waiting(hall.db)), hall.done) == (3, []), "still broken: still parked"
    hall.bad.clear()
    hall.parking.retry(hall.runtime, [hall.policy], hall.fetch)
    assert waiting(hall.db) == []
    assert hall.done == [one.position for one in poison]
    [later] = hall.happen("poison-2", 1)
    hall.meet(later)
    assert hall.done[-1] == later.position


@pytest.mark.parametrize("reason", [Unavailable("log-unavailable"), Unavailable("conflict-retry")])
def test_an_absent_log_and_a_busy_stream_park_nothing(hall: Hall, reason: Exception) -> None:
    [recorded] = hall.happen("a", 1)
    hall.bad["a"] = reason
    for _ in range(TRIES + 2):
        with pytest.raises(type(reason)):
            hall.parking.act(hall.runtime, hall.policy, recorded)
    assert waiting(hall.db) == []
