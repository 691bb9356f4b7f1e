"""Reading with the real client: directions, where a read begins, filters, what is hidden and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import grpc
import pytest
from esdbclient import EventStoreDBClient, NewEvent, RecordedEvent, StreamState
from esdbclient.exceptions import NotFound, StreamIsDeleted
from esdbclient.protos.Grpc import streams_pb2, streams_pb2_grpc

from grenier_infra.eventnode.testing import RunningNode, running_node

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM
EVENTS = 1_200  # more than two chunks


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
def stream() -> str:
    return f"read-{uuid4()}"


@pytest.fixture(scope="module")
def long(client: EventStoreDBClient) -> list[RecordedEvent]:
    """A stream of EVENTS events of three types, as recorded."""
    events = [NewEvent(type=f"type-{number % 3}", data=str(number).encode()) for number in range(EVENTS)]
    client.append_events("long-stream", current_version=NO_STREAM, events=events)
    return list(client.get_stream("long-stream"))


def filled(client: EventStoreDBClient, stream: str, count: int) -> list[RecordedEvent]:
    events = [NewEvent(type="T", data=str(number).encode()) for number in range(count)]
    client.append_events(stream, current_version=NO_STREAM, events=events)
    return list(client.get_stream(stream))


def revisions(events: object) -> list[int]:
    return [event.stream_position for event in events]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, range(EVENTS)),
        ({"backwards": True}, range(EVENTS - 1, -1, -1)),
        ({"stream_position": 1190}, range(1190, EVENTS)),
        ({"stream_position": 3, "backwards": True}, [3, 2, 1, 0]),
        ({"stream_position": 0, "backwards": True}, [0]),
        ({"stream_position": 5, "limit": 3}, [5, 6, 7]),
        ({"backwards": True, "limit": 2}, [EVENTS - 1, EVENTS - 2]),
        ({"limit": 700}, range(700)),
        ({"stream_position": EVENTS}, []),
        ({"stream_position": 10 * EVENTS}, []),
        ({"stream_position": 10 * EVENTS, "backwards": True, "limit": 1}, [EVENTS - 1]),
    ],
)
def test_a_stream_is_read_from_a_revision_on_in_both_directions(
    client: EventStoreDBClient, long: list[RecordedEvent], arguments: dict[str, object], expected: list[int]
) -> None:
    assert revisions(client.get_stream("long-stream", **arguments)) == list(expected)


def test_everything_is_read_forwards_from_a_position_and_backwards_from_before_it(
    client: EventStoreDBClient, long: list[RecordedEvent]
) -> None:
    middle = long[600].commit_position
    forwards = list(client.read_all(commit_position=middle, limit=2, filter_exclude=[]))
    backwards = list(client.read_all(commit_position=middle, limit=2, backwards=True, filter_exclude=[]))
    assert revisions(forwards) == [600, 601]
    assert revisions(backwards) == [599, 598]


def test_a_position_between_two_events_may_be_given(client: EventStoreDBClient, long: list[RecordedEvent]) -> None:
    between = long[600].commit_position + 1
    assert revisions(client.read_all(commit_position=between, limit=1, filter_exclude=[])) == [601]
    assert revisions(client.read_all(commit_position=between, limit=1, backwards=True, filter_exclude=[])) == [600]


def test_both_directions_of_everything_are_mirror_images(client: EventStoreDBClient, long: list[RecordedEvent]) -> None:
    forwards = [event.id for event in client.read_all(filter_exclude=[])]
    backwards = [event.id for event in client.read_all(filter_exclude=[], backwards=True)]
    assert forwards == backwards[::-1]
    assert len(forwards) >= EVENTS


def test_everything_begins_with_a_system_event_that_default_filters_leave_out(client: EventStoreDBClient) -> None:
    assert next(iter(client.read_all(filter_exclude=[]))).type.startswith("$")
    assert not any(event.type.startswith("$") for event in client.read_all(limit=50))


@pytest.mark.parametrize(
    ("arguments", "types"),
    [
        ({"filter_include": ["type-1"]}, {"type-1"}),
        ({"filter_include": ["(type-1|type-2)"]}, {"type-1", "type-2"}),
        ({"filter_include": ["type.*"]}, {"type-0", "type-1", "type-2"}),
        ({"filter_include": ["type-"]}, set()),
        ({"filter_exclude": ["type-0", "type-1", r"\$.+", "T.*"]}, {"type-2"}),
        ({"filter_include": ["long-.*"], "filter_by_stream_name": True}, {"type-0", "type-1", "type-2"}),
        ({"filter_exclude": [".*"]}, set()),
        # The client joins a list without brackets, ^no|e-1|no$ : an expression is searched for, not matched whole.
        ({"filter_include": ["no", "e-1", "no"]}, {"type-1"}),
    ],
)
def test_filters_of_the_client_match_the_whole_name(
    client: EventStoreDBClient, long: list[RecordedEvent], arguments: dict[str, object], types: set[str]
) -> None:
    first = long[0].commit_position
    got = list(client.read_all(commit_position=first, **arguments))
    assert {event.type for event in got if event.stream_name == "long-stream"} == types
    if types:
        assert {event.type for event in got} == types


def test_a_limit_counts_matching_events_only(client: EventStoreDBClient, long: list[RecordedEvent]) -> None:
    got = list(client.read_all(commit_position=long[0].commit_position, filter_include=["type-2"], limit=300))
    assert revisions(got) == list(range(2, 900, 3))
    (last,) = client.read_all(filter_include=["type-0"], limit=1, backwards=True)
    assert last.stream_position == EVENTS - 3


def test_the_last_position_of_a_filter_nothing_matches_is_zero(client: EventStoreDBClient) -> None:
    assert client.get_commit_position(filter_exclude=[".*"]) == 0


def read_request(**options: object) -> streams_pb2.ReadReq:
    request = streams_pb2.ReadReq()
    request.options.count = 100
    request.options.all.start.SetInParent()
    request.options.no_filter.SetInParent()
    request.options.uuid_option.string.SetInParent()
    return request


@pytest.fixture
def stub(node: RunningNode) -> Iterator[streams_pb2_grpc.StreamsStub]:
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        yield streams_pb2_grpc.StreamsStub(channel)


@pytest.mark.parametrize("kind", ["event_type", "stream_identifier"])
@pytest.mark.parametrize(
    ("expression", "matches"),
    [({"prefix": ["lon", "typ"]}, True), ({"prefix": ["ong", "ype"]}, False), ({"regex": "[ny]"}, True)],
)
def test_prefixes_match_the_beginning_and_regexes_anywhere(
    client: EventStoreDBClient, long: list[RecordedEvent], stub: streams_pb2_grpc.StreamsStub, kind: str,
    expression: dict[str, object], matches: bool,
) -> None:  # fmt: skip
    request = read_request()
    request.options.all.position.commit_position = long[0].commit_position
    request.options.filter.max = 32
    request.options.filter.checkpointIntervalMultiplier = 1
    target = getattr(request.options.filter, kind)
    target.prefix.extend(expression.get("prefix", []))  # type: ignore[arg-type]
    target.regex = str(expression.get("regex", ""))
    got = [answer.event.event.stream_revision for answer in stub.Read(request)]
    assert got[:3] == ([0, 1, 2] if matches else [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o: setattr(o.filter.event_type, "regex", "(") or setattr(o.filter, "checkpointIntervalMultiplier", 1),
         "regular expression"),
        (lambda o: setattr(o.filter.event_type, "regex", "a"), "multiplier"),
        (lambda o: setattr(o.filter, "checkpointIntervalMultiplier", 1), "expression"),
        (lambda o: setattr(o, "count", 0), "greater than zero"),
        (lambda o: setattr(o.stream.stream_identifier, "stream_name", b""), "name is empty"),
        (lambda o: setattr(o.stream.stream_identifier, "stream_name", b"\xff"), "UTF-8"),
        (lambda o: o.ClearField("all"), "what to read"),
        (lambda o: (o.subscription.SetInParent(), setattr(o, "read_direction", 1)), "forwards"),
    ],
)  # fmt: skip
def test_a_read_that_makes_no_sense_is_refused(
    stub: streams_pb2_grpc.StreamsStub, change: object, message: str
) -> None:
    request = read_request()
    change(request.options)  # type: ignore[operator]
    with pytest.raises(grpc.RpcError, match=message) as caught:
        list(stub.Read(request))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_ids_may_be_asked_for_as_two_integers(
    client: EventStoreDBClient, long: list[RecordedEvent], stub: streams_pb2_grpc.StreamsStub
) -> None:
    request = read_request()
    request.options.count = 1
    request.options.stream.stream_identifier.stream_name = b"long-stream"
    request.options.stream.start.SetInParent()
    request.options.uuid_option.structured.SetInParent()
    (answer,) = stub.Read(request)
    parts = answer.event.event.id.structured
    number = (parts.most_significant_bits % 2**64) << 64 | parts.least_significant_bits % 2**64
    assert UUID(int=number) == long[0].id


def test_a_missing_stream_is_not_found(client: EventStoreDBClient, stream: str) -> None:
    with pytest.raises(NotFound):
        client.get_stream(stream)
    assert client.get_current_version(stream) is NO_STREAM
    client.set_stream_metadata(stream, metadata={"a": 1})
    with pytest.raises(NotFound):
        client.get_stream(stream)


def test_a_tombstoned_stream_and_its_metadata_are_deleted(client: EventStoreDBClient, stream: str) -> None:
    filled(client, stream, 2)
    client.set_stream_metadata(stream, metadata={"a": 1})
    client.tombstone_stream(stream, current_version=1)
    with pytest.raises(StreamIsDeleted):
        client.get_stream(stream)
    with pytest.raises(StreamIsDeleted):
        client.get_stream_metadata(stream)
    client.set_stream_metadata(stream, metadata={"a": 2}, current_version=0)  # accepted, as by the real server
    with pytest.raises(StreamIsDeleted):
        client.get_stream_metadata(stream)
    kept = list(client.read_all(filter_include=[stream], filter_by_stream_name=True))
    assert [event.type for event in kept] == ["T", "T", "$streamDeleted"]


@pytest.mark.parametrize(
    ("metadata", "visible"),
    [
        ({"$maxCount": 3}, [7, 8, 9]),
        ({"$maxCount": 30}, list(range(10))),
        ({"$tb": 4}, [4, 5, 6, 7, 8, 9]),
        ({"$tb": 10}, []),
        ({"$tb": 8, "$maxCount": 5}, [8, 9]),
        ({"$maxAge": 3600}, list(range(10))),
        ({"title": "x"}, list(range(10))),
    ],
)
def test_metadata_hides_events_from_the_stream_but_not_from_everything(
    client: EventStoreDBClient, stream: str, metadata: dict[str, object], visible: list[int]
) -> None:
    filled(client, stream, 10)
    client.set_stream_metadata(stream, metadata=metadata)
    assert revisions(client.get_stream(stream)) == visible
    assert revisions(client.get_stream(stream, backwards=True)) == visible[::-1]
    assert revisions(client.get_stream(stream, limit=1)) == visible[:1]
    assert len(list(client.read_all(filter_include=[stream], filter_by_stream_name=True))) == 10
    client.append_event(stream, current_version=9, event=NewEvent(type="T", data=b""))
    assert revisions(client.get_stream(stream, backwards=True, limit=1)) == [10]


def test_old_events_are_hidden_by_age(client: EventStoreDBClient, stream: str) -> None:
    filled(client, stream, 2)
    client.set_stream_metadata(stream, metadata={"$maxAge": 1})
    time.sleep(1.1)
    assert client.get_stream(stream) == ()
    client.append_event(stream, current_version=1, event=NewEvent(type="T", data=b""))
    assert revisions(client.get_stream(stream)) == [2]


def test_of_metadata_only_the_last_is_shown(client: EventStoreDBClient, stream: str) -> None:
    assert client.get_stream_metadata(stream) == ({}, NO_STREAM)
    for number in range(3):
        client.set_stream_metadata(stream, metadata={"n": number})
    assert client.get_stream_metadata(stream) == ({"n": 2}, 2)
    assert revisions(client.get_stream(f"$${stream}")) == [2]


def test_links_are_resolved_on_request(client: EventStoreDBClient, stream: str) -> None:
    target = filled(client, stream, 2)[1]
    links = [NewEvent(type="$>", data=text.encode()) for text in (f"1@{stream}", f"9@{stream}", "no link")]
    client.append_events(stream + "-links", current_version=NO_STREAM, events=links)
    plain = client.get_stream(stream + "-links")
    assert [event.type for event in plain] == ["$>"] * 3
    (resolved,) = client.get_stream(stream + "-links", resolve_links=True)  # what is gone resolves to nothing
    assert (resolved.id, resolved.stream_name, resolved.stream_position) == (target.id, stream, 1)
    assert resolved.link is not None
    assert (resolved.link.id, resolved.link.stream_position) == (links[0].id, 0)


def test_large_events_are_read_in_bounded_pieces(client: EventStoreDBClient, stream: str) -> None:
    data = b"x" * 900_000
    for number in range(6):
        version = NO_STREAM if number == 0 else number - 1
        client.append_event(stream, current_version=version, event=NewEvent(type="big", data=data))
    assert [len(event.data) for event in client.get_stream(stream)] == [900_000] * 6
    got = list(client.read_all(filter_include=["big"], backwards=True))
    assert revisions(got) == [5, 4, 3, 2, 1, 0]


def test_what_a_read_tells_of_an_event_is_complete(node: RunningNode, client: EventStoreDBClient, stream: str) -> None:
    before = time.time_ns() // 100
    position = client.append_event(
        stream, current_version=NO_STREAM, event=NewEvent(type="T", data=b"d", metadata=b"m", content_type="x/y")
    )
    options = streams_pb2.ReadReq.Options(count=1, read_direction=streams_pb2.ReadReq.Options.Forwards)
    options.stream.stream_identifier.stream_name = stream.encode()
    options.stream.start.SetInParent()
    options.uuid_option.string.SetInParent()
    options.no_filter.SetInParent()
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        (answer,) = streams_pb2_grpc.StreamsStub(channel).Read(streams_pb2.ReadReq(options=options))
    event = answer.event.event
    assert set(event.metadata) == {"type", "content-type", "created"}
    assert (event.metadata["type"], event.metadata["content-type"]) == ("T", "application/octet-stream")
    assert before <= int(event.metadata["created"]) <= time.time_ns() // 100  # ticks of 100 ns since 1970
    assert (event.data, event.custom_metadata, event.stream_revision) == (b"d", b"m", 0)
    assert answer.event.commit_position == event.commit_position == event.prepare_position == position
    assert not answer.event.HasField("link")
