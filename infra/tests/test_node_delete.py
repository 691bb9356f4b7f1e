"""Deleting, tombstoning and coming back, with the real client."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import grpc
import pytest
from esdbclient import EventStoreDBClient, NewEvent, StreamState
from esdbclient.exceptions import NotFound, StreamIsDeleted, WrongCurrentVersion
from esdbclient.protos.Grpc import streams_pb2, streams_pb2_grpc

from grenier_infra.eventnode.testing import RunningNode, running_node

ANY, EXISTS, NO_STREAM = StreamState.ANY, StreamState.EXISTS, StreamState.NO_STREAM
Version = int | StreamState


@pytest.fixture(scope="module")
def node() -> Iterator[RunningNode]:
    with running_node() as running:
        yield running


@pytest.fixture(scope="module")
def client(node: RunningNode) -> Iterator[EventStoreDBClient]:
    client = EventStoreDBClient(node.uri)
    yield client
    client.close()


@pytest.fixture
def stream(client: EventStoreDBClient, request: pytest.FixtureRequest) -> str:
    """A stream in the state the test asks for: missing, living (revisions 0 to 2), deleted, or only described."""
    name = f"delete-{uuid4()}"
    state = getattr(request, "param", "living")
    if state in ("living", "deleted"):
        client.append_events(name, current_version=NO_STREAM, events=[event() for _ in range(3)])
    if state == "deleted":
        client.delete_stream(name, current_version=2)
    if state == "described":
        client.set_stream_metadata(name, metadata={"a": 1})
    return name


def event() -> NewEvent:
    return NewEvent(type="T", data=b"{}")


@pytest.mark.parametrize(
    ("stream", "version", "error"),
    [
        ("living", ANY, None),
        ("living", EXISTS, None),
        ("living", 2, None),
        ("living", 1, WrongCurrentVersion),
        ("living", 3, WrongCurrentVersion),
        ("living", NO_STREAM, WrongCurrentVersion),
        ("missing", ANY, NotFound),
        ("missing", EXISTS, NotFound),
        ("missing", NO_STREAM, NotFound),
        ("missing", 0, NotFound),
        ("described", NO_STREAM, None),
        ("deleted", ANY, None),
        ("deleted", 2, None),
        ("deleted", 1, WrongCurrentVersion),
        ("deleted", EXISTS, StreamIsDeleted),
    ],
    indirect=["stream"],
)
def test_a_delete_is_accepted_or_refused(
    client: EventStoreDBClient, stream: str, version: Version, error: type[Exception] | None
) -> None:
    if error is not None:
        with pytest.raises(error):
            client.delete_stream(stream, current_version=version)
        return
    client.delete_stream(stream, current_version=version)
    with pytest.raises(NotFound):
        client.get_stream(stream)
    assert client.get_stream_metadata(stream)[0] == {"$tb": 2**63 - 1}


@pytest.mark.parametrize(
    ("stream", "version", "error"),
    [
        ("living", ANY, None),
        ("living", EXISTS, None),
        ("living", 2, None),
        ("living", 1, WrongCurrentVersion),
        ("living", NO_STREAM, WrongCurrentVersion),
        ("missing", ANY, None),
        ("missing", NO_STREAM, None),
        ("missing", EXISTS, NotFound),
        ("deleted", ANY, None),
    ],
    indirect=["stream"],
)
def test_a_tombstone_is_accepted_or_refused(
    client: EventStoreDBClient, stream: str, version: Version, error: type[Exception] | None
) -> None:
    if error is not None:
        with pytest.raises(error):
            client.tombstone_stream(stream, current_version=version)
        return
    client.tombstone_stream(stream, current_version=version)
    for again in (ANY, 2, NO_STREAM, EXISTS):
        with pytest.raises(StreamIsDeleted):
            client.tombstone_stream(stream, current_version=again)
        with pytest.raises(StreamIsDeleted):
            client.delete_stream(stream, current_version=again)
    with pytest.raises(StreamIsDeleted):
        client.get_stream(stream)


@pytest.mark.parametrize("stream", ["deleted"], indirect=True)
@pytest.mark.parametrize("version", [ANY, NO_STREAM, 2])
def test_a_deleted_stream_lives_again_after_what_was_hidden(
    client: EventStoreDBClient, stream: str, version: Version
) -> None:
    client.append_events(stream, current_version=version, events=[event(), event()])
    assert [e.stream_position for e in client.get_stream(stream)] == [3, 4]
    assert client.get_stream_metadata(stream)[0] == {"$tb": 3}
    client.append_event(stream, current_version=4, event=event())
    assert [e.stream_position for e in client.get_stream(stream)] == [3, 4, 5]


@pytest.mark.parametrize("stream", ["deleted"], indirect=True)
@pytest.mark.parametrize("version", [EXISTS, 1, 3])
def test_a_deleted_stream_refuses_the_wrong_version(client: EventStoreDBClient, stream: str, version: Version) -> None:
    with pytest.raises(StreamIsDeleted if version is EXISTS else WrongCurrentVersion):
        client.append_events(stream, current_version=version, events=[event()])


@pytest.mark.parametrize("stream", ["deleted"], indirect=True)
def test_describing_a_deleted_stream_brings_it_back_empty(client: EventStoreDBClient, stream: str) -> None:
    client.set_stream_metadata(stream, metadata={"title": "x"})
    assert client.get_stream(stream) == ()
    assert client.get_stream_metadata(stream)[0] == {"title": "x", "$tb": 3}


@pytest.mark.parametrize("stream", ["deleted"], indirect=True)
def test_describing_a_deleted_and_ended_stream_does_not_bring_it_back(client: EventStoreDBClient, stream: str) -> None:
    client.tombstone_stream(stream, current_version=ANY)
    client.set_stream_metadata(stream, metadata={"title": "x"})
    with pytest.raises(StreamIsDeleted):
        client.get_stream(stream)
    last = client.read_all(filter_exclude=[], backwards=True, limit=1)
    assert [event.data for event in last] == [b'{"title": "x"}']


def test_a_refusal_tells_versions_in_text_and_trailers(node: RunningNode, stream: str) -> None:
    request = streams_pb2.DeleteReq()
    request.options.stream_identifier.stream_name = stream.encode()
    request.options.revision = 7
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel, pytest.raises(grpc.RpcError) as caught:
        streams_pb2_grpc.StreamsStub(channel).Delete(request)
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "WrongExpectedVersion" in caught.value.details()
    assert "Actual version: 2" in caught.value.details()
    trailers = dict(caught.value.trailing_metadata())
    assert trailers["exception"] == "wrong-expected-version"
    assert (trailers["stream-name"], trailers["expected-version"], trailers["actual-version"]) == (stream, "7", "2")


def test_a_delete_answers_with_its_position(node: RunningNode, client: EventStoreDBClient, stream: str) -> None:
    for message, method in ((streams_pb2.DeleteReq(), "Delete"), (streams_pb2.TombstoneReq(), "Tombstone")):
        message.options.stream_identifier.stream_name = stream.encode()
        message.options.any.SetInParent()
        with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel:
            answer = getattr(streams_pb2_grpc.StreamsStub(channel), method)(message)
        assert answer.position.commit_position == client.get_commit_position(filter_exclude=[])
