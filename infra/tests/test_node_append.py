"""Appending with the real client: versions, repetitions, limits and the errors clients are told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from uuid import UUID, uuid4

import grpc
import pytest
from esdbclient import EventStoreDBClient, NewEvent, RecordedEvent, StreamState
from esdbclient.exceptions import (
    BadRequestError,
    FailedPrecondition,
    GrpcError,
    MaximumAppendSizeExceededError,
    StreamIsDeleted,
    WrongCurrentVersion,
)
from esdbclient.protos.Grpc import shared_pb2, streams_pb2, streams_pb2_grpc

from grenier_infra.eventnode.testing import RunningNode, running_node

ANY, EXISTS, NO_STREAM = StreamState.ANY, StreamState.EXISTS, StreamState.NO_STREAM
Version = int | StreamState


@pytest.fixture(scope="module")
def node() -> Iterator[RunningNode]:
    with running_node(faults=True) as running:
        yield running


@pytest.fixture(scope="module")
def client(node: RunningNode) -> Iterator[EventStoreDBClient]:
    client = EventStoreDBClient(node.uri)
    yield client
    client.close()


@pytest.fixture
def stream() -> str:
    return f"append-{uuid4()}"


def event(number: int | None = None, data: bytes = b"{}") -> NewEvent:
    return NewEvent(type="thing-happened", data=data, id=uuid4() if number is None else UUID(int=number))


def one(client: EventStoreDBClient, stream: str, version: Version, ids: list[int]) -> int:
    assert len(ids) == 1
    return client.append_event(stream, current_version=version, event=event(ids[0]))


def many(client: EventStoreDBClient, stream: str, version: Version, ids: list[int]) -> int:
    return client.append_events(stream, current_version=version, events=[event(i) for i in ids])


APPENDED, REPEATED, WRONG = "appended", "repeated", "wrong version"


CASES: list[tuple[list[int], Version, list[int], bool, str]] = [
    ([], ANY, [1], False, APPENDED),
    ([], NO_STREAM, [1], False, APPENDED),
    ([], EXISTS, [1], False, WRONG),
    ([], 0, [1], False, WRONG),
    ([1], 0, [2], False, APPENDED),
    ([1], 0, [1], False, APPENDED),
    ([1], 1, [2], False, WRONG),
    ([1], EXISTS, [2], False, APPENDED),
    ([1], NO_STREAM, [2], False, WRONG),
    ([1, 2], 0, [3], False, WRONG),
    ([1, 2], NO_STREAM, [1], False, REPEATED),
    ([1, 2], NO_STREAM, [1], True, REPEATED),
    ([1, 2], 0, [2], True, REPEATED),
    ([1, 2], 0, [1], False, WRONG),
    ([1, 2], ANY, [2], False, REPEATED),
    ([1, 2], EXISTS, [1], False, REPEATED),
    ([1, 2], ANY, [2], True, APPENDED),
    ([1, 2], EXISTS, [1], True, APPENDED),
    ([1, 2], NO_STREAM, [1, 2], True, REPEATED),
    ([1, 2], NO_STREAM, [1, 2, 3], False, WRONG),
    ([1, 2], NO_STREAM, [1, 3], False, WRONG),
    ([1, 2], ANY, [1, 3], False, WRONG),
    ([1, 2], ANY, [3, 1], False, APPENDED),
    ([1, 2], ANY, [1, 2], False, REPEATED),
    ([1, 2], ANY, [1, 3], True, APPENDED),
    ([1, 2], EXISTS, [1], True, APPENDED),
    ([1, 2], NO_STREAM, [1, 3], False, WRONG),
    ([1, 2], NO_STREAM, [1, 3], True, WRONG),
    ([1, 2], NO_STREAM, [1, 2, 3], False, WRONG),
    ([1, 2], 0, [2, 3], True, WRONG),
]


@pytest.mark.parametrize(
    ("append", "before", "version", "ids", "forget", "result"),
    [(one, *case) for case in CASES if len(case[2]) == 1] + [(many, *case) for case in CASES],
)
def test_an_append_is_accepted_repeated_or_refused_and_never_halfway(
    node: RunningNode,
    client: EventStoreDBClient,
    stream: str,
    append: Callable[[EventStoreDBClient, str, Version, list[int]], int],
    before: list[int],
    version: Version,
    ids: list[int],
    forget: bool,
    result: str,
) -> None:
    if before:
        client.append_events(stream, current_version=NO_STREAM, events=[event(i) for i in before])
    if forget:
        node.faults.forget_ids()
    if result == WRONG:
        with pytest.raises(WrongCurrentVersion):
            append(client, stream, version, ids)
        answered = None
    else:
        answered = append(client, stream, version, ids)
    stored = _stored(client, stream)
    assert [e.id.int for e in stored] == before + (ids if result == APPENDED else [])
    assert [e.stream_position for e in stored] == list(range(len(stored)))
    if answered is not None:
        last = [e for e in stored if e.id.int == ids[-1]][-1]
        assert answered == last.commit_position


@pytest.mark.parametrize("version", [ANY, NO_STREAM])
def test_only_ids_are_compared_never_what_they_carry(client: EventStoreDBClient, stream: str, version: Version) -> None:
    first = client.append_event(stream, current_version=NO_STREAM, event=event(1, b"said"))
    assert client.append_event(stream, current_version=version, event=event(1, b"said otherwise")) == first
    assert [stored.data for stored in client.get_stream(stream)] == [b"said"]


def _stored(client: EventStoreDBClient, stream: str) -> list[RecordedEvent]:
    return list(client.read_all(filter_include=[stream], filter_by_stream_name=True))


def test_a_restart_forgets_ids_of_any_but_not_of_an_explicit_version(tmp_path: object) -> None:
    with running_node() as own:
        client = EventStoreDBClient(own.uri)
        client.append_events("s", current_version=NO_STREAM, events=[event(1), event(2)])
        own.restart()
        client.append_events("s", current_version=NO_STREAM, events=[event(1), event(2)])
        assert len(client.get_stream("s")) == 2
        client.append_events("s", current_version=ANY, events=[event(1), event(2)])
        assert len(client.get_stream("s")) == 4


def test_the_same_ids_are_free_in_another_stream(client: EventStoreDBClient, stream: str) -> None:
    client.append_event(stream, current_version=ANY, event=event(7))
    client.append_event(stream + "-other", current_version=ANY, event=event(7))
    assert len(client.get_stream(stream + "-other")) == 1


@pytest.mark.parametrize(
    ("before", "version", "message"),
    [(0, 5, "does not exist"), (3, 5, "Stream position of last event is 2 not 5"), (3, NO_STREAM, "is 2 not")],
)
def test_a_wrong_version_is_told_with_the_actual_one(
    client: EventStoreDBClient, stream: str, before: int, version: Version, message: str
) -> None:
    if before:
        client.append_events(stream, current_version=NO_STREAM, events=[event() for _ in range(before)])
    for events in (event(), [event()]):
        with pytest.raises(WrongCurrentVersion, match=message):
            client.append_to_stream(stream, current_version=version, events=events)


def test_what_was_recorded_is_what_was_sent(client: EventStoreDBClient, stream: str) -> None:
    sent = NewEvent(type="été", data=b"\x00\xff", metadata=b"m", content_type="application/octet-stream")
    position = client.append_event(stream + "-é€", current_version=NO_STREAM, event=sent)
    (got,) = client.get_stream(stream + "-é€")
    assert (got.id, got.type, got.data, got.metadata) == (sent.id, "été", b"\x00\xff", b"m")
    assert (got.content_type, got.stream_name) == ("application/octet-stream", stream + "-é€")
    assert got.commit_position == got.prepare_position == position
    assert got.recorded_at is not None


def test_positions_grow_with_gaps(client: EventStoreDBClient, stream: str) -> None:
    positions = [client.append_event(stream, current_version=ANY, event=event()) for _ in range(5)]
    gaps = {later - earlier for earlier, later in pairwise(positions)}
    assert min(gaps) > 1


def test_an_append_may_be_as_large_as_the_limit(client: EventStoreDBClient, stream: str) -> None:
    fits = 1024 * 1024 - 2 * len("thing-happened")
    client.append_event(stream, current_version=NO_STREAM, event=event(data=b"x" * fits))
    client.append_events(stream, current_version=0, events=[event(data=b"x" * fits)])
    with pytest.raises(GrpcError, match="Maximum Append Size of 1048576 Exceeded"):
        client.append_event(stream, current_version=1, event=event(data=b"x" * (fits + 1)))
    with pytest.raises(MaximumAppendSizeExceededError, match="1048576"):
        client.append_events(stream, current_version=1, events=[event(data=b"x" * (fits + 1))])
    assert client.get_current_version(stream) == 1


def test_an_empty_list_changes_nothing(client: EventStoreDBClient, stream: str) -> None:
    client.append_events(stream, current_version=NO_STREAM, events=[])
    assert client.get_current_version(stream) is NO_STREAM
    client.append_events(stream, current_version=NO_STREAM, events=[event()])
    client.append_events(stream, current_version=0, events=[])
    with pytest.raises(WrongCurrentVersion):
        client.append_events(stream, current_version=4, events=[])


@pytest.mark.parametrize("name", ["", "$$"])
def test_a_stream_needs_a_name(client: EventStoreDBClient, name: str) -> None:
    with pytest.raises(GrpcError, match="INVALID_ARGUMENT"):
        client.append_event(name, current_version=ANY, event=event())
    with pytest.raises(BadRequestError):
        client.append_events(name, current_version=ANY, events=[event()])


def test_a_tombstoned_stream_refuses_each_way_of_appending(client: EventStoreDBClient, stream: str) -> None:
    client.tombstone_stream(stream, current_version=ANY)
    with pytest.raises(FailedPrecondition, match=f"Event stream '{stream}' is deleted"):
        client.append_event(stream, current_version=ANY, event=event())
    with pytest.raises(StreamIsDeleted):
        client.append_events(stream, current_version=ANY, events=[event()])


class Raw:
    """The protocol itself, for what the client hides: trailers, and several batches over one call."""

    def __init__(self, node: RunningNode) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{node.port}")
        self.streams = streams_pb2_grpc.StreamsStub(self.channel)


@pytest.fixture
def raw(node: RunningNode) -> Iterator[Raw]:
    raw = Raw(node)
    yield raw
    raw.channel.close()


def proposed(number: int, data: bytes = b"{}", **properties: str) -> streams_pb2.BatchAppendReq.ProposedMessage:
    metadata = properties or {"type": "T", "content-type": "application/json"}
    return streams_pb2.BatchAppendReq.ProposedMessage(
        id=shared_pb2.UUID(string=str(UUID(int=number))), data=data, metadata=metadata
    )


def batch(key: int, stream: str, *events: object, final: bool = True) -> streams_pb2.BatchAppendReq:
    request = streams_pb2.BatchAppendReq(is_final=final, proposed_messages=events)
    request.correlation_id.string = str(UUID(int=key))
    request.options.stream_identifier.stream_name = stream.encode()
    request.options.any.SetInParent()
    return request


def test_pieces_of_a_batch_are_one_append_and_batches_share_a_call(raw: Raw, stream: str) -> None:
    requests = [
        batch(1, stream, proposed(1), final=False),
        batch(2, stream + "-b", proposed(5)),
        batch(1, stream, proposed(2), final=False),
        batch(1, stream, proposed(3)),
    ]
    answers = {a.correlation_id.string: a for a in raw.streams.BatchAppend(iter(requests))}
    assert answers[str(UUID(int=1))].success.current_revision == 2
    assert answers[str(UUID(int=2))].success.current_revision == 0
    assert answers[str(UUID(int=1))].stream_identifier.stream_name == stream.encode()
    assert answers[str(UUID(int=1))].WhichOneof("expected_stream_position") == "any"


def test_a_batch_gives_up_at_its_deadline(node: RunningNode, raw: Raw, stream: str) -> None:
    node.faults.slow_disk(0.4)
    request = batch(1, stream, proposed(1))
    request.options.deadline.nanos = 50_000_000
    (answer,) = raw.streams.BatchAppend(iter([request]))
    assert answer.error.details.Is(shared_pb2.Timeout.DESCRIPTOR)


def test_a_batch_that_comes_after_its_deadline_is_not_written(
    raw: Raw, client: EventStoreDBClient, stream: str
) -> None:
    request = batch(1, stream, proposed(1))
    request.options.deadline_21_10_0.FromSeconds(int(time.time()) - 1)
    (answer,) = raw.streams.BatchAppend(iter([request]))
    assert answer.error.details.Is(shared_pb2.Timeout.DESCRIPTOR)
    assert client.get_current_version(stream) is NO_STREAM


def test_a_batch_too_large_is_refused_once_and_the_call_goes_on(raw: Raw, stream: str) -> None:
    half = b"x" * (600 * 1024)
    requests = [
        batch(1, stream, proposed(1, half), final=False),
        batch(1, stream, proposed(2, half), final=False),
        batch(1, stream, proposed(3, half)),
        batch(2, stream, proposed(4)),
    ]
    answers = [(a.correlation_id.string[-1], a.WhichOneof("result")) for a in raw.streams.BatchAppend(iter(requests))]
    assert sorted(answers) == [("1", "error"), ("2", "success")]


@pytest.mark.parametrize("properties", [{"content-type": "application/json"}, {"type": "T"}])
def test_an_event_needs_a_type_and_a_content_type(raw: Raw, stream: str, properties: dict[str, str]) -> None:
    (answer,) = raw.streams.BatchAppend(iter([batch(1, stream, proposed(1, **properties))]))
    assert answer.error.details.Is(shared_pb2.BadRequest.DESCRIPTOR)
    assert answer.stream_identifier.stream_name == stream.encode()
    single = streams_pb2.AppendReq.ProposedMessage(id=shared_pb2.UUID(string=str(uuid4())), metadata=properties)
    trailers = _refused(raw, stream, single)
    assert trailers["exception"] == "missing-required-metadata-property"


def test_an_id_must_be_a_uuid_as_text_or_as_two_integers(raw: Raw, client: EventStoreDBClient, stream: str) -> None:
    properties = {"type": "T", "content-type": "application/json"}
    bad = streams_pb2.AppendReq.ProposedMessage(id=shared_pb2.UUID(string="nonsense"), metadata=properties)
    _refused(raw, stream, bad, grpc.StatusCode.INVALID_ARGUMENT)
    parts = shared_pb2.UUID.Structured(most_significant_bits=-1, least_significant_bits=5)
    good = streams_pb2.AppendReq.ProposedMessage(id=shared_pb2.UUID(structured=parts), metadata=properties)
    raw.streams.Append(iter([_options(stream), streams_pb2.AppendReq(proposed_message=good)]))
    assert client.get_stream(stream)[0].id == UUID("ffffffff-ffff-ffff-0000-000000000005")


def test_trailers_name_the_exception(raw: Raw, client: EventStoreDBClient, stream: str) -> None:
    client.tombstone_stream(stream, current_version=ANY)
    properties = {"type": "T", "content-type": "application/json"}
    small = streams_pb2.AppendReq.ProposedMessage(id=shared_pb2.UUID(string=str(uuid4())), metadata=properties)
    trailers = _refused(raw, stream, small, grpc.StatusCode.FAILED_PRECONDITION)
    assert (trailers["exception"], trailers["stream-name"]) == ("stream-deleted", stream)
    small.data = b"x" * 2_000_000
    trailers = _refused(raw, stream + "-2", small, grpc.StatusCode.INVALID_ARGUMENT)
    assert trailers["exception"] == "maximum-append-size-exceeded"
    assert trailers["maximum-append-size"] == "1048576"


def _options(stream: str) -> streams_pb2.AppendReq:
    request = streams_pb2.AppendReq()
    request.options.stream_identifier.stream_name = stream.encode()
    request.options.any.SetInParent()
    return request


def _refused(raw: Raw, stream: str, message: object, code: grpc.StatusCode | None = None) -> dict[str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        raw.streams.Append(iter([_options(stream), streams_pb2.AppendReq(proposed_message=message)]))
    if code is not None:
        assert caught.value.code() == code
    return dict(caught.value.trailing_metadata())
