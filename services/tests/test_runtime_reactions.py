"""What follows from one fact in many streams: several at a time, each once, also when it broke off in the middle."""

import threading
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from grenier.clock import FixedClock
from grenier.config import Settings
from grenier.decider import Decider
from grenier.errors import Unavailable
from grenier.handling import Meta
from grenier.language import contracts
from grenier.log.memory import MemoryLog
from grenier.log.protocol import Appended, LogUnavailable, NewEvent, StreamLog
from grenier.readmodel import Database, Fact
from grenier.runtime import Runtime, Service
from grenier.testing import NOON

AT_ONCE = 4
note: Decider[int, contracts.PersonErased, contracts.PersonErased] = Decider(
    "note", 0, lambda state, command: [] if state else [command], lambda state, event: state + 1
)
WANTED = {f"p{number}": contracts.PersonErased(person_id=f"p{number}") for number in range(3 * AT_ONCE)}


class Meeting(MemoryLog):
    """Records nothing before four appends are under way."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(AT_ONCE)

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        self.barrier.wait(20)
        return super().append(stream, events, expected=expected)


class Breaking(MemoryLog):
    """Goes away after some appends, one of them recorded without an answer."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        self.left -= 1
        if self.left < 0:
            raise LogUnavailable("away")
        appended = super().append(stream, events, expected=expected)
        if self.left == 0:
            raise LogUnavailable("answer lost")
        return appended


def runtime(log: StreamLog, folder: Path, at_once: int = AT_ONCE) -> Runtime:
    settings = Settings(data_dir=folder, kek=bytes(32))
    database = Database(settings.view_database("toys"), "toys")
    service = Service("toys", (), lambda runtime: None)
    return Runtime(settings, service, log, FixedClock(NOON), database, at_once=at_once)


def fact() -> Fact:
    return Fact(
        contracts.PersonErased(person_id="x"), "contracts.person-erased", 0, "x", 0, uuid4(), Meta(corr="c", group="g")
    )


def test_several_are_under_way_together(tmp_path: Path) -> None:
    log = Meeting()
    runtime(log, tmp_path).react_each(note, WANTED, fact(), "note")
    assert [len(log.read(f"note-{key}")) for key in WANTED] == [1] * len(WANTED)


@pytest.mark.parametrize("at_once", [1, AT_ONCE])
def test_what_broke_off_is_gone_on_with_and_nothing_happens_twice(tmp_path: Path, at_once: int) -> None:
    log, same = Breaking(after=5), fact()
    with pytest.raises(Unavailable):
        runtime(log, tmp_path, at_once).react_each(note, WANTED, same, "note")
    assert log.head() is not None
    log.left = 10**6
    # As after a crash: nothing is remembered but what the log holds.
    runtime(log, tmp_path, at_once).react_each(note, WANTED, same, "note")
    runtime(log, tmp_path, at_once).react_each(note, WANTED, same, "note")
    assert [len(log.read(f"note-{key}")) for key in WANTED] == [1] * len(WANTED)


@pytest.mark.parametrize("at_once", [1, AT_ONCE])
def test_after_a_failure_no_more_is_begun_than_was_under_way(tmp_path: Path, at_once: int) -> None:
    log = Breaking(after=0)
    with pytest.raises(Unavailable):
        runtime(log, tmp_path, at_once).react_each(note, WANTED, fact(), "note")
    assert 1 <= -log.left <= at_once
