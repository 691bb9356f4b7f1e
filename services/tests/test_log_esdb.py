"""The log when its server misbehaves, and from the processes that need special care (forks, eventlet's hub)."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from esdbclient import AsyncEventStoreDBClient

from grenier.log import NO_STREAM, LogUnavailable, NewEvent, Recorded, WrongVersion
from grenier.log.esdb import EsdbLog, _whole
from grenier.log.hub import _whole_later

testing = pytest.importorskip("grenier_infra.eventnode.testing")
T = TypeVar("T")


@pytest.fixture(scope="module")
def node() -> Iterator[Any]:
    with testing.running_node(faults=True) as node:
        yield node


@pytest.fixture
def log(node: Any) -> Iterator[EsdbLog]:
    log = EsdbLog(node.uri, timeout_s=1.0)
    yield log
    node.faults.clear()
    log.close()


def an_event() -> NewEvent:
    return NewEvent(uuid4(), "tests.happened", b"{}", b"{}")


def a_stream() -> str:
    return f"test-{uuid4()}"


def test_an_answer_that_got_lost_is_asked_for_again_and_nothing_is_written_twice(node: Any, log: EsdbLog) -> None:
    stream, events = a_stream(), [an_event(), an_event()]
    node.faults.answer_lost()
    appended = log.append(stream, events, expected=NO_STREAM)
    assert appended.version == 1
    assert [event.id for event in log.read(stream)] == [event.id for event in events]


def test_an_append_repeated_after_a_restart_of_the_node_answers_the_same(node: Any, log: EsdbLog) -> None:
    stream, events = a_stream(), [an_event(), an_event()]
    first = log.append(stream, events, expected=NO_STREAM)
    log.append(stream, [an_event()], expected=1)
    node.restart()
    assert log.append(stream, events, expected=NO_STREAM) == first
    node.faults.forget_ids()
    assert log.append(stream, events, expected=NO_STREAM) == first
    assert len(log.read(stream)) == 3


def test_a_reading_that_a_reconnection_cut_short_does_not_pass_for_the_whole(log: EsdbLog) -> None:
    """esdbclient ends it like a finished one; half a stream would be folded into a state that never was."""
    stream = a_stream()
    log.append(stream, [an_event() for _ in range(500)], expected=NO_STREAM)
    response = log._client().read_stream(stream, timeout=5)
    next(iter(response))
    log._client().reconnect()
    with pytest.raises(LogUnavailable, match="cut short"):
        _whole(response)
    assert len(log.read(stream)) == 500


def test_neither_in_the_asyncio_client(node: Any, log: EsdbLog) -> None:
    stream = a_stream()
    log.append(stream, [an_event() for _ in range(500)], expected=NO_STREAM)

    async def cut() -> None:
        client = AsyncEventStoreDBClient(node.uri)
        await client.connect()
        response = await client.read_stream(stream, timeout=5)
        await anext(response)
        response.aio_call.cancel()
        try:
            await _whole_later(response)
        finally:
            await client.close()

    with pytest.raises(LogUnavailable, match="cut short"):
        asyncio.run(cut())


def test_a_short_absence_goes_unnoticed(node: Any, log: EsdbLog) -> None:
    stream = a_stream()
    node.faults.unavailable()
    log.append(stream, [an_event()], expected=NO_STREAM)
    node.faults.unavailable()
    assert len(log.read(stream)) == 1
    node.faults.unavailable()
    assert log.head() is not None


def found_again(attempt: Callable[[], T], patience_s: float = 20.0) -> T:
    until = time.monotonic() + patience_s
    while True:
        try:
            return attempt()
        except LogUnavailable:
            assert time.monotonic() < until, "the node is back and the log does not find it"


def test_a_node_that_is_down_is_told_quickly_and_found_again(node: Any, log: EsdbLog) -> None:
    stream = a_stream()
    log.append(stream, [an_event()], expected=NO_STREAM)
    node.kill()
    try:
        for attempt in (
            lambda: log.append(stream, [an_event()], expected=0),
            lambda: log.read(stream),
            lambda: list(log.read_all(limit=1)),
            log.head,
            lambda: log.subscribe(after=None, types=None),
        ):
            started = time.monotonic()
            with pytest.raises(LogUnavailable):
                attempt()
            assert time.monotonic() - started < 10
    finally:
        node.start()
    second = an_event()  # the same in every attempt: one may be written and its answer lost
    found_again(lambda: log.append(stream, [second], expected=0))
    # Reads have a connection of their own, which comes back when its own pause ends.
    assert len(found_again(lambda: log.read(stream))) == 2


def test_a_disk_that_is_too_slow_runs_into_the_deadline_and_the_repetition_is_recognised(
    node: Any, log: EsdbLog
) -> None:
    stream, events = a_stream(), [an_event()]
    node.faults.slow_disk(6.0)
    started = time.monotonic()
    with pytest.raises(LogUnavailable):
        log.append(stream, events, expected=NO_STREAM)
    assert time.monotonic() - started < 6
    time.sleep(max(0.0, 6.5 - (time.monotonic() - started)))
    appended = log.append(stream, events, expected=NO_STREAM)
    assert [event.position for event in log.read(stream)] == [appended.position]


def test_a_subscription_says_when_it_is_lost_and_goes_on_from_its_position(node: Any, log: EsdbLog) -> None:
    stream, start = a_stream(), log.head()
    log.append(stream, [an_event(), an_event()], expected=NO_STREAM)
    subscription = log.subscribe(after=start, types=["tests."])
    seen: list[Recorded] = []
    with pytest.raises(LogUnavailable):  # noqa: PT012
        for item in subscription:
            if isinstance(item, Recorded):
                seen.append(item)
            if len(seen) == 2:
                node.faults.drop_subscriptions()
    log.append(stream, [an_event()], expected=1)
    again = log.subscribe(after=seen[-1].position, types=["tests."])
    item = next(item for item in again if isinstance(item, Recorded))
    again.stop()
    assert (item.stream, item.revision) == (stream, 2)


def test_reconnecting_for_an_append_leaves_subscriptions_alone(node: Any, log: EsdbLog) -> None:
    stream = a_stream()
    subscription = log.subscribe(after=log.head(), types=["tests."])
    node.faults.unavailable()
    log.append(stream, [an_event()], expected=NO_STREAM)
    log.append(stream, [an_event()], expected=0)
    revisions = []
    timer = threading.Timer(10, subscription.stop)
    timer.start()
    for item in subscription:
        if isinstance(item, Recorded):
            revisions.append(item.revision)
        if len(revisions) == 2:
            break
    timer.cancel()
    subscription.stop()
    assert revisions == [0, 1]


def test_a_log_made_before_a_fork_works_after_it(node: Any) -> None:
    program = f"""
import os
from grenier.log.esdb import EsdbLog
from grenier.log import NO_STREAM, NewEvent
from uuid import uuid4
log = EsdbLog({node.uri!r})
if os.fork() == 0:
    log.append("forked-" + str(uuid4()), [NewEvent(uuid4(), "tests.happened", b"{{}}", b"{{}}")], expected=NO_STREAM)
    log.close()
    os._exit(0)
os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=30).returncode == 0


HUB_PROGRAM = """
import json, sys, time
from uuid import uuid4
from grenier.rpc_nameko import prepare
prepare()
import eventlet
from grenier.log import NO_STREAM, LogUnavailable, NewEvent, WrongVersion
from grenier.log.hub import HubLog

log = HubLog(sys.argv[1], timeout_s=1.0)
facts = {}
event = lambda kind="tests.happened": NewEvent(uuid4(), kind, b"{}", b"{}")
stream, events = f"hub-{uuid4()}", [event(), event()]

facts["missing"] = log.read(f"hub-{uuid4()}")
first = log.append(stream, events, expected=NO_STREAM)
facts["repeated"] = log.append(stream, events, expected=NO_STREAM) == first
facts["read"] = [recorded.id for recorded in log.read(stream)] == [one.id for one in events]
facts["part"] = [recorded.revision for recorded in log.read(stream, from_revision=1, limit=1)]
try:
    log.append(stream, [event()], expected=NO_STREAM)
except WrongVersion as wrong:
    facts["wrong"] = [wrong.stream == stream, wrong.expected, wrong.current]
facts["next"] = log.next_position(after=None, types=["tests."]) is not None
facts["none behind"] = log.next_position(after=first.position, types=["tests."])
facts["head"] = log.head() >= first.position

ticks, running = 0, True
def tick():
    global ticks
    while running:
        ticks += 1
        eventlet.sleep(0.002)
eventlet.spawn(tick)

def write(number):
    mine = f"hub-{uuid4()}"
    for version in range(-1, 19):
        log.append(mine, [event()], expected=version)
    return len(log.read(mine))
started = time.monotonic()
facts["written"] = list(eventlet.GreenPool(10).imap(write, range(10)))
facts["hub was free"] = ticks > (time.monotonic() - started) / 0.002 * 0.1
running = False
log.close()

away = HubLog("esdb://127.0.0.1:9?Tls=false", timeout_s=1.0)
try:
    away.read("x")
except LogUnavailable:
    facts["away"] = True
print(json.dumps(facts))
"""


def test_the_log_of_a_nameko_process_works_on_the_hub_and_leaves_it_free(node: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HUB_PROGRAM, node.uri],
        timeout=60,
        capture_output=True,
        text=True,
        env={**os.environ, "EVENTLET_HUB": "asyncio"},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout) == {
        "missing": [],
        "repeated": True,
        "read": True,
        "part": [1],
        "wrong": [True, NO_STREAM, 1],
        "next": True,
        "none behind": None,
        "head": True,
        "written": [20] * 10,
        "hub was free": True,
        "away": True,
    }


def test_a_refusal_names_the_version_found(node: Any, log: EsdbLog) -> None:
    stream = a_stream()
    for count in (1, 2):
        with pytest.raises(WrongVersion) as missing:
            log.append(stream, [an_event() for _ in range(count)], expected=3)
        assert missing.value.current == NO_STREAM
    log.append(stream, [an_event(), an_event()], expected=NO_STREAM)
    for count in (1, 2):
        with pytest.raises(WrongVersion) as behind:
            log.append(stream, [an_event() for _ in range(count)], expected=0)
        assert behind.value.current == 1


def test_asking_for_a_stream_that_is_not_there_leaves_nothing_behind(log: EsdbLog) -> None:
    """Every new stream is asked for before its first event; grpc keeps the state of a call that nobody reads to its end."""

    def calls() -> int:
        gc.collect()
        return sum(type(thing).__name__ == "_CallState" for thing in gc.get_objects())

    assert log.read(a_stream()) == []
    before = calls()
    for _ in range(20):
        assert log.read(a_stream(), limit=1) == []
    assert calls() <= before
