"""Carrying out commands: nothing twice, nothing lost, refusals about the stream as it is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from grenier.clock import FixedClock
from grenier.decider import Decider
from grenier.errors import Invalid, Rejected, Unavailable
from grenier.handling import Handler, Trace, read_meta
from grenier.language.matching import VolunteerSignedUp
from grenier.log.memory import MemoryLog
from grenier.log.protocol import LogUnavailable, NewEvent
from grenier.testing import NOON


class SignUp(msgspec.Struct, frozen=True):
    person_id: str


PLACES = 3


def decide(state: tuple[str, ...], command: SignUp) -> list[VolunteerSignedUp]:
    if command.person_id in state:
        return []
    if len(state) >= PLACES:
        raise Rejected("slot-full", places=PLACES)
    return [VolunteerSignedUp(activity_id="a", group_id="g", slot_id="s", person_id=command.person_id)]


def evolve(state: tuple[str, ...], event: VolunteerSignedUp) -> tuple[str, ...]:
    return (*state, event.person_id)


decider: Decider[tuple[str, ...], SignUp, VolunteerSignedUp] = Decider("shift", (), decide, evolve)


def trace(command_id: str = "", fingerprint: str = "") -> Trace:
    return Trace(command_id=command_id or str(uuid4()), actor="p", fingerprint=fingerprint, correlation_id="c")


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def handler(log: MemoryLog) -> Handler:
    return Handler(log, FixedClock(NOON))


def test_answers_where_the_fact_stands(handler: Handler, log: MemoryLog) -> None:
    answer = handler.execute(decider, "1", SignUp("ana"), trace())
    assert (answer.version, answer.position) == (0, log.head())


def test_metadata_says_who_when_and_why(handler: Handler, log: MemoryLog) -> None:
    handler.execute(decider, "1", SignUp("ana"), trace("11111111-1111-4111-8111-111111111111", "f"))
    meta = read_meta(log.read("shift-1")[0].metadata)
    assert (meta.actor, meta.corr, meta.fp, meta.group) == ("p", "c", "f", "g")
    assert meta.at == "2026-11-02T12:00:00.000000Z"


def test_the_same_command_again_is_answered_as_the_first_time(log: MemoryLog) -> None:
    command_id = str(uuid4())
    first = Handler(log, FixedClock(NOON)).execute(decider, "1", SignUp("ana"), trace(command_id, "f"))
    Handler(log, FixedClock(NOON)).execute(decider, "1", SignUp("bob"), trace())
    # A fresh process, after the stream has moved on: still the first answer, and no second fact.
    again = Handler(log, FixedClock(NOON)).execute(decider, "1", SignUp("ana"), trace(command_id, "f"))
    assert (again.version, again.position, again.repeated) == (first.version, first.position, True)
    assert len(log.read("shift-1")) == 2


def test_the_same_key_for_another_request_is_refused(handler: Handler) -> None:
    command_id = str(uuid4())
    handler.execute(decider, "1", SignUp("ana"), trace(command_id, "one"))
    with pytest.raises(Invalid) as refused:
        handler.execute(decider, "1", SignUp("bob"), trace(command_id, "two"))
    assert refused.value.code == "idempotency-key-reused"


def test_a_stale_cache_neither_refuses_nor_accepts_wrongly(log: MemoryLog) -> None:
    one, two = Handler(log, FixedClock(NOON)), Handler(log, FixedClock(NOON))
    one.execute(decider, "1", SignUp("ana"), trace())
    for name in ("bob", "eve"):
        two.execute(decider, "1", SignUp(name), trace())
    with pytest.raises(Rejected):
        one.execute(decider, "1", SignUp("dan"), trace())
    assert one.state(decider, "1") == ("ana", "bob", "eve")


def test_a_stale_process_never_takes_the_repetition_of_another_request_for_its_own(log: MemoryLog) -> None:
    """The log knows the ids of what it has and says yes to them: it must not be asked with ids that say nothing of the body."""
    one, two = Handler(log, FixedClock(NOON)), Handler(log, FixedClock(NOON))
    one.execute(decider, "1", SignUp("ana"), trace())
    command_id = str(uuid4())
    two.execute(decider, "1", SignUp("bob"), trace(command_id, "one"))
    with pytest.raises(Invalid) as refused:
        one.execute(decider, "1", SignUp("eve"), trace(command_id, "two"))
    assert refused.value.code == "idempotency-key-reused"
    assert one.state(decider, "1") == ("ana", "bob")


def test_what_other_streams_say_is_not_asked_of_a_repetition(log: MemoryLog) -> None:
    command_id = str(uuid4())
    first = Handler(log, FixedClock(NOON)).execute(decider, "1", SignUp("ana"), trace(command_id))

    def closed() -> None:
        raise Rejected("closed")

    later = Handler(log, FixedClock(NOON))
    assert later.execute(decider, "1", SignUp("ana"), trace(command_id), closed).position == first.position
    with pytest.raises(Rejected):
        later.execute(decider, "1", SignUp("bob"), trace(), closed)


def test_sixteen_writers_on_one_stream_lose_and_repeat_nothing(log: MemoryLog) -> None:
    handlers = [Handler(log, FixedClock(NOON)) for _ in range(4)]

    def attempt(number: int) -> bool:
        try:
            handlers[number % 4].execute(decider, "1", SignUp(f"p{number}"), trace())
        except Rejected as refused:
            return refused.code != "slot-full"
        return True

    with ThreadPoolExecutor(16) as pool:
        accepted = sum(pool.map(attempt, range(64)))
    assert accepted == PLACES
    assert [event.revision for event in log.read("shift-1")] == list(range(PLACES))


class AnswerLost(MemoryLog):
    """Commits, then fails to say so: the worst moment for a connection to break."""

    def __init__(self) -> None:
        super().__init__()
        self.lose = True

    def append(self, stream: str, events: list[NewEvent], *, expected: int):  # type: ignore[no-untyped-def,override]
        answer = super().append(stream, events, expected=expected)
        if self.lose:
            self.lose = False
            raise LogUnavailable("answer lost after commit")
        return answer


def test_an_answer_lost_after_commit_is_found_again_by_the_retry() -> None:
    log, command_id = AnswerLost(), str(uuid4())
    handler = Handler(log, FixedClock(NOON))
    with pytest.raises(Unavailable):
        handler.execute(decider, "1", SignUp("ana"), trace(command_id))
    again = handler.execute(decider, "1", SignUp("ana"), trace(command_id))
    assert again.repeated
    assert len(log.read("shift-1")) == 1


class Counted(MemoryLog):
    """Tells how often streams were read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def read(self, stream: str, *, from_revision: int = 0, limit: int | None = None):  # type: ignore[no-untyped-def]
        self.reads += 1
        return super().read(stream, from_revision=from_revision, limit=limit)


def test_a_stream_that_a_command_begins_is_not_read() -> None:
    log = Counted()
    Handler(log, FixedClock(NOON)).execute(decider, "1", SignUp("ana"), trace(), begins=True)
    assert (log.reads, log.head() is not None) == (0, True)


def test_a_stream_believed_to_be_new_that_is_not_is_read_and_nothing_happens_twice(log: MemoryLog) -> None:
    command_id = str(uuid4())
    first = Handler(log, FixedClock(NOON)).execute(decider, "1", SignUp("ana"), trace(command_id), begins=True)
    Handler(log, FixedClock(NOON)).execute(decider, "1", SignUp("bob"), trace())
    later = FixedClock(NOON + timedelta(hours=1))
    again = Handler(log, later).execute(decider, "1", SignUp("ana"), trace(command_id), begins=True)
    assert (again.version, again.position) == (first.version, first.position)
    Handler(log, later).execute(decider, "1", SignUp("eve"), trace(), begins=True)
    with pytest.raises(Rejected):
        Handler(log, later).execute(decider, "1", SignUp("dan"), trace(), begins=True)
    assert [event.revision for event in log.read("shift-1")] == [0, 1, 2]
