"""What a stream has carried out is known however much has come after it, and memory holds the latest only."""

import sqlite3
from typing import Any
from uuid import uuid4

import pytest

from grenier import carried_out
from grenier.carried_out import CarriedOut, Done, Older
from grenier.clock import FixedClock
from grenier.decider import Decider
from grenier.errors import Invalid, Unavailable
from grenier.handling import Handler, Trace
from grenier.language import contracts
from grenier.log.memory import MemoryLog
from grenier.testing import NOON

FEW = 8
note: Decider[int, contracts.PersonErased, contracts.PersonErased] = Decider(
    "note", 0, lambda state, command: [command], lambda state, event: state + 1
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried_out, "IN_MEMORY", FEW)


def filled(count: int, stream: str = "note-1", older: Older | None = None) -> CarriedOut:
    made = CarriedOut(stream, older or Older())
    for number in range(count):
        made.add(f"c{number}", Done(number, 10 * number, f"print {stream}"))
    return made


@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, 10 * FEW])
def test_all_are_known_and_few_are_in_memory(count: int) -> None:
    done = filled(count)
    assert [done.get(f"c{number}") for number in range(count)] == [
        Done(number, 10 * number, "print note-1") for number in range(count)
    ]
    assert done.get(f"c{count}") is None
    assert len(done) <= FEW


def test_streams_in_one_file_are_not_mixed_up() -> None:
    older = Older()
    one, other = filled(5 * FEW, "note-1", older), filled(3 * FEW, "note-2", older)
    assert (one.get("c0"), other.get("c0")) == (Done(0, 0, "print note-1"), Done(0, 0, "print note-2"))
    assert other.get(f"c{4 * FEW}") is None


def test_of_a_command_with_several_events_the_last_one_counts() -> None:
    done = filled(FEW)
    done.add("c0", Done(FEW, 0, ""))
    for number in range(3 * FEW):
        done.add(f"d{number}", Done(number, 0, ""))
    done.add("d0", Done(999, 0, ""))
    for number in range(3 * FEW):
        done.add(f"e{number}", Done(number, 0, ""))
    assert [done.get(name) for name in ("c0", "d0")] == [Done(FEW, 0, ""), Done(999, 0, "")]


class Full(Older):
    full = True

    def keep(self, stream: str, done: Any) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        super().keep(stream, done)


def test_a_full_disk_costs_memory_and_nothing_else() -> None:
    older = Full()
    done = filled(5 * FEW, older=older)
    assert (done.get("c0"), len(done)) == (Done(0, 0, "print note-1"), 5 * FEW)
    older.full = False
    for number in range(10 * FEW):
        done.add(f"d{number}", Done(number, 0, ""))
    assert done.get("c0") == Done(0, 0, "print note-1")
    assert len(done) <= FEW


def test_what_cannot_be_looked_up_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    done = filled(5 * FEW)

    def broken(*_: str) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Older, "find", broken)
    with pytest.raises(Unavailable):
        done.get("c0")


def trace(command_id: str, fingerprint: str = "same") -> Trace:
    return Trace(command_id=command_id, actor="ana", fingerprint=fingerprint)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_command_that_comes_again_after_very_many_is_answered_as_the_first_time(restarted: bool) -> None:
    log = MemoryLog()
    handler, ids = Handler(log, FixedClock(NOON)), [str(uuid4()) for _ in range(10 * FEW)]
    command = contracts.PersonErased(person_id="1")
    answers = [handler.execute(note, "1", command, trace(each)) for each in ids]
    if restarted:
        handler = Handler(log, FixedClock(NOON))
    for each, first in zip(ids, answers, strict=True):
        again = handler.execute(note, "1", command, trace(each))
        assert (again.version, again.position, again.repeated) == (first.version, first.position, True)
        with pytest.raises(Invalid, match="idempotency-key-reused"):
            handler.execute(note, "1", command, trace(each, "another body"))
    assert len(log.read("note-1")) == len(ids)


def test_memory_is_counted_as_it_is() -> None:
    handler = Handler(MemoryLog(), FixedClock(NOON))
    for number in range(10 * FEW):
        for key in ("1", "2", str(uuid4())):
            handler.execute(note, key, contracts.PersonErased(person_id=key), trace(str(uuid4())))
        if number == 5 * FEW:
            handler.forget("note-2")
    assert handler._held == sum(len(folded.commands) + 1 for folded in handler._cache.values())
