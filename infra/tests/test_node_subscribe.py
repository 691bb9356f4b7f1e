"""Subscriptions with the real client: where they begin, checkpoints, catching up, and readers who are slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import grpc
import pytest
from esdbclient import CaughtUp, Checkpoint, EventStoreDBClient, NewEvent, RecordedEvent, StreamState
from esdbclient.exceptions import GrpcDeadlineExceeded, StreamIsDeleted
from esdbclient.protos.Grpc import streams_pb2, streams_pb2_grpc

from grenier_infra.eventnode.testing import RunningNode, running_node

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM
LEASE_S = 20.0


@pytest.fixture(scope="module")
def node() -> Iterator[RunningNode]:
    with running_node(metrics=True) as running:
        yield running


@pytest.fixture
def client(node: RunningNode) -> Iterator[EventStoreDBClient]:
    client = EventStoreDBClient(node.uri)
    yield client
    client.close()


@pytest.fixture
def stream() -> str:
    return f"sub-{uuid4()}"


def append(client: EventStoreDBClient, stream: str, count: int, kind: str = "T") -> int:
    """Append events and give the position of the last."""
    events = [NewEvent(type=kind, data=str(number).encode()) for number in range(count)]
    return client.append_events(stream, current_version=ANY, events=events)


def take(subscription: Iterator[RecordedEvent], count: int) -> list[RecordedEvent]:
    return [next(subscription) for _ in range(count)]


def test_everything_is_followed_from_beyond_a_position(client: EventStoreDBClient, stream: str) -> None:
    first = append(client, stream, 1)
    append(client, stream, 2)
    with client.subscribe_to_all(commit_position=first, timeout=LEASE_S) as subscription:
        assert [e.stream_position for e in take(subscription, 2)] == [1, 2]
        append(client, stream, 1)
        assert next(subscription).stream_position == 3


def test_everything_is_followed_from_the_start_and_from_the_end(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 1)
    with client.subscribe_to_all(filter_exclude=[], timeout=LEASE_S) as subscription:
        assert next(subscription).type.startswith("$")
    with client.subscribe_to_all(from_end=True, timeout=LEASE_S) as subscription:
        append(client, stream, 1)
        assert (next(subscription).stream_name, client.get_current_version(stream)) == (stream, 1)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"stream_position": 0}, [1, 2, 3]),
        ({"stream_position": 1}, [2, 3]),
        ({"from_end": True}, [3]),
    ],
)
def test_a_stream_is_followed_from_beyond_a_revision(
    client: EventStoreDBClient, stream: str, arguments: dict[str, object], expected: list[int]
) -> None:
    append(client, stream, 3)
    with client.subscribe_to_stream(stream, timeout=LEASE_S, **arguments) as subscription:
        append(client, stream + "-other", 1)
        append(client, stream, 1)
        assert [e.stream_position for e in take(subscription, len(expected))] == expected


def test_a_stream_may_be_awaited_before_it_exists(client: EventStoreDBClient, stream: str) -> None:
    with client.subscribe_to_stream(stream, timeout=LEASE_S, include_caught_up=True) as subscription:
        assert isinstance(next(subscription), CaughtUp)
        append(client, stream, 2)
        assert [e.stream_position for e in take(subscription, 2)] == [0, 1]


def test_following_a_stream_ends_with_its_tombstone(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 1)
    with client.subscribe_to_stream(stream, timeout=LEASE_S) as subscription:
        next(subscription)
        client.tombstone_stream(stream, current_version=ANY)
        with pytest.raises(StreamIsDeleted):
            next(subscription)
    with pytest.raises(StreamIsDeleted):
        client.subscribe_to_stream(stream)


def test_hidden_events_are_not_sent_to_followers_of_the_stream(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 5)
    client.set_stream_metadata(stream, metadata={"$maxCount": 2})
    with client.subscribe_to_stream(stream, timeout=LEASE_S) as subscription:
        assert [e.stream_position for e in take(subscription, 2)] == [3, 4]


def test_caught_up_comes_once_after_what_was_there(client: EventStoreDBClient, stream: str) -> None:
    start = append(client, stream, 700)
    before = client.get_stream(stream, limit=1)[0].commit_position
    with client.subscribe_to_all(commit_position=before, include_caught_up=True, timeout=LEASE_S) as subscription:
        got = take(subscription, 700)
        assert isinstance(got[-1], CaughtUp)
        assert got[-2].commit_position == start
        append(client, stream, 3)
        assert [e.stream_position for e in take(subscription, 3)] == [700, 701, 702]


@pytest.mark.parametrize("live", [False, True])
def test_a_checkpoint_follows_every_window_times_multiplier_considered_events(
    client: EventStoreDBClient, stream: str, live: bool
) -> None:
    start = append(client, stream, 1)
    if not live:
        append(client, stream, 20, kind="other")
    subscription = client.subscribe_to_all(
        commit_position=start, filter_include=["wanted"], include_checkpoints=True, window_size=3,
        checkpoint_interval_multiplier=2, include_caught_up=True, timeout=LEASE_S,
    )  # fmt: skip
    with subscription:
        if live:
            assert isinstance(next(subscription), CaughtUp)
            append(client, stream, 20, kind="other")
        got = take(subscription, 3)
        assert all(isinstance(event, Checkpoint) for event in got)
        considered = list(client.read_all(commit_position=start, filter_exclude=[]))[1:]
        assert [e.commit_position for e in got] == [considered[i].commit_position for i in (5, 11, 17)]


def test_the_end_of_catching_up_has_a_checkpoint_if_the_last_events_were_filtered_out(
    client: EventStoreDBClient, stream: str
) -> None:
    start = append(client, stream, 1, kind="wanted")
    last = append(client, stream, 2, kind="other")
    subscription = client.subscribe_to_all(
        commit_position=start,
        filter_include=["wanted"],
        include_checkpoints=True,
        include_caught_up=True,
        timeout=LEASE_S,
    )
    with subscription:
        checkpoint, caught_up = take(subscription, 2)
        assert isinstance(checkpoint, Checkpoint)
        assert isinstance(caught_up, CaughtUp)
        assert checkpoint.commit_position == last  # never beyond what exists


def test_no_checkpoint_says_what_the_last_event_said(client: EventStoreDBClient, stream: str) -> None:
    start = append(client, stream, 1)
    append(client, stream, 3)
    got = []
    subscription = client.subscribe_to_all(
        commit_position=start,
        include_checkpoints=True,
        window_size=10_000,
        checkpoint_interval_multiplier=500,
        timeout=1,
    )
    with subscription, pytest.raises(GrpcDeadlineExceeded):
        got.extend(_noted(subscription, got))
    assert [type(event) for event in got] == [RecordedEvent] * 3


def _noted(subscription: Iterator[RecordedEvent], seen: list[RecordedEvent]) -> Iterator[RecordedEvent]:
    for event in subscription:
        seen.append(event)
        yield from ()


def test_without_a_filter_there_are_no_checkpoints(client: EventStoreDBClient, stream: str) -> None:
    start = append(client, stream, 400)
    before = client.get_stream(stream, limit=1)[0].commit_position
    with client.subscribe_to_all(
        commit_position=before, filter_exclude=[], include_checkpoints=True, window_size=1, timeout=LEASE_S
    ) as subscription:
        got = take(subscription, 399)
    assert not any(isinstance(event, Checkpoint) for event in got)
    assert got[-1].commit_position == start


def test_an_ended_lease_ends_the_subscription(client: EventStoreDBClient) -> None:
    with client.subscribe_to_all(from_end=True, timeout=0.3) as subscription, pytest.raises(GrpcDeadlineExceeded):
        next(subscription)


def test_nothing_is_lost_or_repeated_between_the_file_and_the_live_tail(
    client: EventStoreDBClient, node: RunningNode, stream: str
) -> None:
    start = append(client, stream, 1)
    total, stop = 1_500, threading.Event()

    def write() -> None:
        writer = EventStoreDBClient(node.uri)
        for number in range(total // 10):
            append(writer, f"{stream}-{number % 7}", 10)
        writer.close()
        stop.set()

    thread = threading.Thread(target=write)
    thread.start()
    seen: list[list[int]] = []
    while len(seen) < 4:
        with client.subscribe_to_all(commit_position=start, timeout=LEASE_S) as subscription:
            seen.append([e.commit_position or 0 for e in take(subscription, total)])
    thread.join()
    expected = [e.commit_position for e in client.read_all(commit_position=start)][1:]
    assert all(positions == expected for positions in seen)


@pytest.mark.parametrize("one_stream", [False, True])
def test_a_slow_reader_delays_nobody_and_gets_everything(
    node: RunningNode, client: EventStoreDBClient, stream: str, one_stream: bool
) -> None:
    request = streams_pb2.ReadReq()
    request.options.subscription.SetInParent()
    request.options.no_filter.SetInParent()
    request.options.uuid_option.string.SetInParent()
    if one_stream:
        request.options.stream.stream_identifier.stream_name = stream.encode()
        request.options.stream.end.SetInParent()
    else:
        request.options.all.end.SetInParent()
    window = [
        ("grpc.http2.lookahead_bytes", 1024),
        ("grpc.http2.bdp_probe", 0),
    ]  # a client that takes little in advance
    with grpc.insecure_channel(f"127.0.0.1:{node.port}", options=window) as channel:
        answers = streams_pb2_grpc.StreamsStub(channel).Read(request, timeout=60)
        assert next(answers).WhichOneof("content") == "confirmation"
        assert next(answers).WhichOneof("content") == "caught_up"
        started = time.perf_counter()
        for _ in range(30):
            events = [NewEvent(type="T", data=b"x" * 9_000) for _ in range(100)]
            client.append_events(stream, current_version=ANY, events=events)
        assert time.perf_counter() - started < 10
        revisions, contents = [], set()
        while len(revisions) < 3_000:
            answer = next(answers)
            contents.add(answer.WhichOneof("content"))
            if answer.WhichOneof("content") == "event":
                revisions.append(answer.event.event.stream_revision)
        answers.cancel()
    assert revisions == list(range(3_000))
    assert "fell_behind" in contents  # otherwise the reader was not slow and the test shows nothing


def test_many_idle_subscriptions_cost_little(node: RunningNode, client: EventStoreDBClient, stream: str) -> None:
    stub = streams_pb2_grpc.StreamsStub(client._connection._grpc_channel)
    calls = []
    for number in range(300):
        request = streams_pb2.ReadReq()
        request.options.subscription.SetInParent()
        request.options.uuid_option.string.SetInParent()
        if number % 2:
            request.options.stream.stream_identifier.stream_name = f"{stream}-{number}".encode()
            request.options.no_filter.SetInParent()
        else:
            request.options.all.end.SetInParent()
            request.options.filter.event_type.regex = "^never$"
            request.options.filter.checkpointIntervalMultiplier = 1000
        calls.append(stub.Read(request))
    for call in calls:
        assert next(call).WhichOneof("content") == "confirmation"
    started = _cpu_seconds(node.pid)
    time.sleep(0.5)
    assert _cpu_seconds(node.pid) - started < 0.1
    started = _cpu_seconds(node.pid)
    for _ in range(50):
        append(client, stream, 1)
    assert _cpu_seconds(node.pid) - started < 1.0
    for call in calls:
        call.cancel()


def _cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
