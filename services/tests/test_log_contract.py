"""What every event log promises; the one in memory and EventStoreDB's protocol pass the same sentences."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from grenier.log import NO_STREAM, CaughtUp, Checkpoint, EventLog, NewEvent, Recorded, WrongVersion
from grenier.log.memory import MemoryLog
from grenier.log.protocol import MAX_APPEND_BYTES

HAS_NODE = importlib.util.find_spec("grenier_infra") and importlib.util.find_spec("grenier_infra.eventnode")


@pytest.fixture(scope="module")
def node() -> Iterator[Any]:
    if not HAS_NODE:
        pytest.skip("no event node installed")
    from grenier_infra.eventnode.testing import running_node

    with running_node() as node:
        yield node


@pytest.fixture(params=["memory", "esdb"])
def log(request: pytest.FixtureRequest) -> Iterator[EventLog]:
    if request.param == "memory":
        log: EventLog = MemoryLog()
    else:
        from grenier.log.esdb import EsdbLog

        log = EsdbLog(request.getfixturevalue("node").uri, timeout_s=20.0)
    yield log
    log.close()


def an_event(kind: str = "tests.happened", data: bytes = b"{}") -> NewEvent:
    return NewEvent(uuid4(), kind, data, b'{"v":1}')


def a_stream() -> str:
    return f"test-{uuid4()}"


def test_a_new_stream_starts_at_revision_zero(log: EventLog) -> None:
    stream, event = a_stream(), an_event(data=b'{"n":1}')
    appended = log.append(stream, [event], expected=NO_STREAM)
    assert appended.version == 0
    (found,) = log.read(stream)
    assert (found.id, found.stream, found.revision, found.type) == (event.id, stream, 0, event.type)
    assert (found.data, found.metadata, found.position) == (event.data, event.metadata, appended.position)
    assert found.created.utcoffset() is not None
    assert found.created.utcoffset().total_seconds() == 0


def test_a_stream_that_was_never_written_reads_as_empty(log: EventLog) -> None:
    assert log.read(a_stream()) == []


def test_several_events_are_recorded_wholly_and_in_order(log: EventLog) -> None:
    stream, events = a_stream(), [an_event() for _ in range(5)]
    appended = log.append(stream, events, expected=NO_STREAM)
    found = log.read(stream)
    assert [event.id for event in found] == [event.id for event in events]
    assert [event.revision for event in found] == [0, 1, 2, 3, 4]
    assert appended.version == 4
    assert appended.position == found[-1].position
    assert [event.position for event in found] == sorted({event.position for event in found})


def test_a_stream_can_be_read_from_a_revision_and_up_to_a_limit(log: EventLog) -> None:
    stream, events = a_stream(), [an_event() for _ in range(5)]
    log.append(stream, events, expected=NO_STREAM)
    assert [event.id for event in log.read(stream, from_revision=3)] == [event.id for event in events[3:]]
    assert [event.id for event in log.read(stream, from_revision=1, limit=2)] == [event.id for event in events[1:3]]
    assert log.read(stream, from_revision=5) == []


@pytest.mark.parametrize("count", [1, 2])
def test_an_append_on_an_old_version_is_refused(log: EventLog, count: int) -> None:
    stream = a_stream()
    log.append(stream, [an_event() for _ in range(3)], expected=NO_STREAM)
    for expected in (NO_STREAM, 0, 1):
        with pytest.raises(WrongVersion) as refused:
            log.append(stream, [an_event() for _ in range(count)], expected=expected)
        assert (refused.value.stream, refused.value.expected) == (stream, expected)
        assert refused.value.current in (2, None)
    assert len(log.read(stream)) == 3


@pytest.mark.parametrize("count", [1, 2])
def test_an_append_on_a_version_still_to_come_is_refused(log: EventLog, count: int) -> None:
    stream = a_stream()
    with pytest.raises(WrongVersion):
        log.append(stream, [an_event() for _ in range(count)], expected=0)
    log.append(stream, [an_event()], expected=NO_STREAM)
    with pytest.raises(WrongVersion):
        log.append(stream, [an_event() for _ in range(count)], expected=1)


@pytest.mark.parametrize("count", [1, 3])
def test_the_same_append_again_answers_the_same_and_adds_nothing(log: EventLog, count: int) -> None:
    stream, events = a_stream(), [an_event() for _ in range(count)]
    log.append(stream, [an_event()], expected=NO_STREAM)
    first = log.append(stream, events, expected=0)
    assert log.append(stream, events, expected=0) == first
    log.append(stream, [an_event()], expected=count)
    assert log.append(stream, events, expected=0) == first
    assert len(log.read(stream)) == count + 2


def test_a_repetition_that_brings_something_new_is_refused(log: EventLog) -> None:
    stream, events = a_stream(), [an_event(), an_event()]
    log.append(stream, events, expected=NO_STREAM)
    with pytest.raises(WrongVersion):
        log.append(stream, [*events, an_event()], expected=NO_STREAM)
    with pytest.raises(WrongVersion):
        log.append(stream, [events[0], an_event()], expected=NO_STREAM)
    assert len(log.read(stream)) == 2


def test_what_no_server_takes_is_refused_before_it_is_sent(log: EventLog) -> None:
    with pytest.raises(ValueError, match="at least one"):
        log.append(a_stream(), [], expected=NO_STREAM)
    with pytest.raises(ValueError, match="exact version"):
        log.append(a_stream(), [an_event()], expected=-2)
    with pytest.raises(ValueError, match="exceeds"):
        log.append(a_stream(), [an_event(data=b"x" * MAX_APPEND_BYTES)], expected=NO_STREAM)


def test_two_writers_of_one_version_never_both_win(log: EventLog) -> None:
    stream, outcomes = a_stream(), []

    def write() -> None:
        for version in range(NO_STREAM, 9):
            try:
                log.append(stream, [an_event()], expected=version)
                outcomes.append(version)
            except WrongVersion:
                pass

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert sorted(outcomes) == list(range(NO_STREAM, 9))
    assert len(log.read(stream)) == 10


def test_the_whole_log_reads_in_the_order_of_the_appends(log: EventLog) -> None:
    start = log.head()
    streams = [a_stream() for _ in range(3)]
    positions = [log.append(stream, [an_event()], expected=NO_STREAM).position for stream in streams]
    found = list(log.read_all(after=start))
    assert [event.stream for event in found] == streams
    assert [event.position for event in found] == positions == sorted(positions)
    assert log.head() == positions[-1]
    assert [event.stream for event in log.read_all(after=positions[0])] == streams[1:]
    assert [event.stream for event in log.read_all(after=start, limit=2)] == streams[:2]
    assert list(log.read_all(after=positions[-1])) == []


def test_a_type_filter_is_a_prefix_and_nothing_else(log: EventLog) -> None:
    start = log.head()
    stream = a_stream()
    kinds = ["orders.placed", "ledger.posted", "xorders.placed", "orderspaced", "ordersXplaced", "orders.closed"]
    log.append(stream, [an_event(kind) for kind in kinds], expected=NO_STREAM)

    def found(*types: str) -> list[str]:
        return [event.type for event in log.read_all(after=start, types=types)]

    assert found("orders.") == ["orders.placed", "orders.closed"]
    assert found("orders.", "ledger.") == ["orders.placed", "ledger.posted", "orders.closed"]
    assert [event.type for event in log.read_all(after=start, types=["orders."], limit=1)] == ["orders.placed"]
    first = next(iter(log.read_all(after=start, types=["orders."])))
    assert [event.type for event in log.read_all(after=first.position, types=["orders."])] == ["orders.closed"]


def test_the_log_says_where_the_next_event_of_a_kind_is(log: EventLog) -> None:
    start = log.head()
    kinds = ["orders.placed", "ledger.posted", "orders.closed"]
    placed, posted, closed = (log.append(a_stream(), [an_event(kind)], expected=NO_STREAM).position for kind in kinds)
    assert log.next_position(after=start, types=["orders."]) == placed
    assert log.next_position(after=placed, types=["orders."]) == closed
    assert log.next_position(after=placed, types=["orders.", "ledger."]) == posted
    assert log.next_position(after=closed, types=["orders.", "ledger."]) is None


def read_until(subscription: Any, enough: Any, limit_s: float = 20.0) -> list[Any]:
    """What a subscription gives until `enough(items)`; a timer stops it, so that a silent one fails the test."""
    items: list[Any] = []
    timer = threading.Timer(limit_s, subscription.stop)
    timer.start()
    try:
        for item in subscription:
            items.append(item)
            if enough(items):
                return items
    finally:
        timer.cancel()
        subscription.stop()
    raise AssertionError(f"the subscription ended or fell silent after {items}")


def events_in(items: list[Any]) -> list[Recorded]:
    return [item for item in items if isinstance(item, Recorded)]


def test_a_subscription_catches_up_says_so_and_goes_on_with_what_comes(log: EventLog) -> None:
    start = log.head()
    stream = a_stream()
    log.append(stream, [an_event(), an_event()], expected=NO_STREAM)
    subscription = log.subscribe(after=start, types=None)

    def append_later() -> None:
        time.sleep(0.2)
        log.append(stream, [an_event()], expected=1)

    threading.Thread(target=append_later).start()
    items = read_until(subscription, lambda items: len(events_in(items)) == 3)
    assert [event.revision for event in events_in(items)] == [0, 1, 2]
    caught_up = next(index for index, item in enumerate(items) if isinstance(item, CaughtUp))
    assert len(events_in(items[:caught_up])) == 2


def test_a_subscription_starts_behind_its_position(log: EventLog) -> None:
    stream = a_stream()
    first = log.append(stream, [an_event()], expected=NO_STREAM)
    log.append(stream, [an_event()], expected=0)
    items = read_until(log.subscribe(after=first.position, types=None), lambda items: len(events_in(items)) == 1)
    assert events_in(items)[0].revision == 1


def test_a_quiet_filter_still_moves_the_position_by_checkpoints(log: EventLog) -> None:
    start = log.head()
    stream, head = a_stream(), NO_STREAM
    for _ in range(10):
        head = log.append(stream, [an_event("noise.made") for _ in range(50)], expected=head).version
    last = log.head()
    seen = read_until(
        log.subscribe(after=start, types=["signal."]),
        lambda items: any(isinstance(item, CaughtUp) for item in items),
    )
    positions = [item.position for item in seen if isinstance(item, Checkpoint)]
    assert positions
    assert positions == sorted(positions)
    assert positions[-1] <= last
    assert start is None or positions[-1] > start
    assert events_in(seen) == []


def test_a_filtered_subscription_gives_only_what_was_asked_for(log: EventLog) -> None:
    start = log.head()
    stream = a_stream()
    kinds = ["orders.placed", "noise.made", "ledger.posted", "orders.closed"]
    log.append(stream, [an_event(kind) for kind in kinds], expected=NO_STREAM)
    items = read_until(
        log.subscribe(after=start, types=["orders.", "ledger."]), lambda items: len(events_in(items)) == 3
    )
    assert [event.type for event in events_in(items)] == ["orders.placed", "ledger.posted", "orders.closed"]


def test_a_subscription_is_stopped_from_another_thread(log: EventLog) -> None:
    subscription = log.subscribe(after=log.head(), types=None)
    ended = threading.Event()

    def consume() -> None:
        for _ in subscription:
            pass
        ended.set()

    threading.Thread(target=consume, daemon=True).start()
    time.sleep(0.3)
    assert not ended.is_set()
    subscription.stop()
    assert ended.wait(5)
    subscription.stop()


def test_closing_the_log_ends_its_subscriptions(log: EventLog) -> None:
    subscription = log.subscribe(after=log.head(), types=None)
    ended = threading.Event()

    def consume() -> None:
        for _ in subscription:
            pass
        ended.set()

    threading.Thread(target=consume, daemon=True).start()
    time.sleep(0.3)
    log.close()
    assert ended.wait(5)
