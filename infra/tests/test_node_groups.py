"""Persistent subscriptions with the real client: where they begin, what becomes of each event, what survives a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import grpc
import pytest
from esdbclient import EventStoreDBClient, NewEvent, RecordedEvent, StreamState
from esdbclient.exceptions import AlreadyExists, GrpcError, InternalError, MaximumSubscriptionsReached, NotFound
from esdbclient.persistent import PersistentSubscription
from esdbclient.protos.Grpc import persistent_pb2, persistent_pb2_grpc, shared_pb2

from grenier_infra.eventnode.testing import RunningNode, running_node

ANY = StreamState.ANY
LEASE_S = 30.0
AT_ONCE: dict[str, Any] = {"min_checkpoint_count": 1, "max_checkpoint_count": 1}


@pytest.fixture(scope="module")
def node() -> Iterator[RunningNode]:
    with running_node() as running:
        yield running


@pytest.fixture
def client(node: RunningNode) -> Iterator[EventStoreDBClient]:
    client = EventStoreDBClient(node.uri)
    yield client
    client.close()


@pytest.fixture
def stream() -> str:
    return f"group-{uuid4()}"


def append(client: EventStoreDBClient, stream: str, count: int, kind: str = "T") -> int:
    """Append events and give the position of the last."""
    events = [NewEvent(type=kind, data=str(number).encode()) for number in range(count)]
    return client.append_events(stream, current_version=ANY, events=events)


def follow(client: EventStoreDBClient, stream: str, **options: Any) -> PersistentSubscription:
    options.setdefault("max_ack_delay", 0.01)
    options.setdefault("stopping_grace", 0.0)
    return client.read_subscription_to_stream("g", stream, timeout=LEASE_S, **options)  # type: ignore[return-value]


def take(subscription: Iterator[RecordedEvent], count: int) -> list[RecordedEvent]:
    return [next(subscription) for _ in range(count)]


def take_and_ack(subscription: PersistentSubscription, count: int) -> list[int]:
    """Acknowledge so many events and give their revisions."""
    revisions = []
    for _ in range(count):
        event = next(subscription)
        subscription.ack(event)
        revisions.append(event.stream_position)
    return revisions


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LEASE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def parked(client: EventStoreDBClient, stream: str) -> int:
    return client.get_subscription_info("g", stream).parked_message_count


def checkpointed(client: EventStoreDBClient, stream: str) -> str:
    return client.get_subscription_info("g", stream).last_checkpointed_event_position


@pytest.mark.parametrize(
    ("start", "revisions", "told"),
    [
        ({}, [0, 1, 2, 3], "0"),
        ({"stream_position": 2}, [2, 3], "2"),  # the position is wanted itself
        ({"stream_position": 3}, [3], "3"),
        ({"from_end": True}, [3], "-1"),
    ],
)
def test_a_group_begins_at_a_revision(
    client: EventStoreDBClient, stream: str, start: dict[str, Any], revisions: list[int], told: str
) -> None:
    append(client, stream, 3)
    client.create_subscription_to_stream("g", stream, **start)
    append(client, stream, 1)
    assert take_and_ack(follow(client, stream), len(revisions)) == revisions
    assert client.get_subscription_info("g", stream).start_from == told


def test_a_group_may_wait_for_a_stream(client: EventStoreDBClient, stream: str) -> None:
    client.create_subscription_to_stream("g", stream)
    subscription = follow(client, stream)
    append(client, stream, 2)
    assert take_and_ack(subscription, 2) == [0, 1]


def test_a_group_on_everything_begins_at_a_position_that_is_wanted_itself(
    client: EventStoreDBClient, stream: str
) -> None:
    first = append(client, stream, 1)
    append(client, stream, 2)
    client.create_subscription_to_all(stream, commit_position=first, filter_include=["T"])
    subscription = client.read_subscription_to_all(stream, timeout=LEASE_S)
    assert [event.stream_position for event in take(subscription, 3)] == [0, 1, 2]
    assert client.get_subscription_info(stream).start_from == f"C:{first}/P:{first}"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"filter_include": ["(A|B).*"]}, ["A1", "B1"]),
        ({"filter_exclude": [r"\$.+", r"PersistentConfig\d+", "A.*"]}, ["B1", "C1"]),
        ({"filter_include": ["groupfilter-.*"], "filter_by_stream_name": True}, ["A1", "B1", "C1"]),
    ],
)
def test_a_group_on_everything_may_filter(
    client: EventStoreDBClient, options: dict[str, Any], wanted: list[str]
) -> None:
    name, other = str(uuid4()), str(uuid4())
    client.create_subscription_to_all(name, from_end=True, **options)
    if options.get("filter_by_stream_name"):
        append(client, other, 1, "A1")
    for kind in ("A1", "B1", "C1"):
        append(client, f"groupfilter-{name}", 1, kind)
    subscription = client.read_subscription_to_all(name, timeout=LEASE_S)
    assert [event.type for event in take(subscription, len(wanted))] == wanted


def test_a_group_on_everything_is_not_fed_with_its_own_checkpoints(client: EventStoreDBClient, stream: str) -> None:
    client.create_subscription_to_all(stream, from_end=True, checkpoint_after=0, **AT_ONCE)
    subscription = client.read_subscription_to_all(stream, timeout=LEASE_S, max_ack_delay=0.01)
    append(client, stream, 2)
    names = []
    for event in subscription:
        names.append(event.stream_name)
        subscription.ack(event)
        if len(names) == 2:
            append(client, stream, 1)
        if names.count(stream) == 3:
            break
    assert not [name for name in names if name.endswith("-checkpoint")]
    until(lambda: client.get_subscription_info(stream).last_checkpointed_event_position != "", "no checkpoint")


def test_events_come_in_order_and_once_through_small_buffers(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 300)
    client.create_subscription_to_stream(
        "g", stream, history_buffer_size=20, read_batch_size=7, live_buffer_size=10, max_checkpoint_count=50
    )
    subscription = follow(client, stream, event_buffer_size=5)
    assert take_and_ack(subscription, 250) == list(range(250))
    append(client, stream, 50)
    assert take_and_ack(subscription, 100) == list(range(250, 350))


def test_a_consumer_holds_no_more_than_its_buffer(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 5)
    client.create_subscription_to_stream("g", stream)
    subscription = follow(client, stream, event_buffer_size=2)
    first, _ = take(subscription, 2)
    info = client.get_subscription_info("g", stream)
    assert (info.total_in_flight_messages, info.outstanding_messages_count, info.live_buffer_count) == (2, 2, 3)
    subscription.ack(first)
    assert next(subscription).stream_position == 2


def test_what_is_not_processed_is_retried_skipped_or_parked(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 5)
    client.create_subscription_to_stream("g", stream)
    subscription = follow(client, stream, event_buffer_size=1)
    told = []
    for event in subscription:
        told.append((event.stream_position, event.retry_count))
        action = {0: "retry", 1: "skip", 2: "park", 3: "unknown"}.get(event.stream_position)
        if action is None:
            subscription.ack(event)
            break
        if event.retry_count:
            subscription.ack(event)
        else:
            subscription.nack(event, action)  # type: ignore[arg-type]
    assert told == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0), (3, 1), (4, 0)]  # retried ones before new ones
    until(lambda: client.get_subscription_info("g", stream).total_items == 5, "not all settled")
    assert parked(client, stream) == 1


def test_a_parked_event_is_a_link_with_a_reason(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 2)
    client.create_subscription_to_stream("g", stream)
    subscription = follow(client, stream)
    subscription.ack(next(subscription))
    subscription.nack(next(subscription), "park")
    until(lambda: parked(client, stream) == 1, "not parked")
    (link,) = client.get_stream(f"$persistentsubscription-{stream}::g-parked")
    assert (link.type, link.data) == ("$>", f"1@{stream}".encode())
    assert b"Client explicitly NAK'ed message." in link.metadata
    (resolved,) = client.get_stream(f"$persistentsubscription-{stream}::g-parked", resolve_links=True)
    assert resolved.stream_name == stream


def test_an_event_is_parked_after_its_retries(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 1)
    client.create_subscription_to_stream("g", stream, max_retry_count=2)
    subscription = follow(client, stream)
    for expected in (0, 1, 2):
        event = next(subscription)
        assert event.retry_count == expected
        subscription.nack(event, "retry")
    until(lambda: parked(client, stream) == 1, "not parked")
    assert b"Reached retry count of 2" in client.get_stream(f"$persistentsubscription-{stream}::g-parked")[0].metadata


@pytest.mark.parametrize("silent", [True, False])
def test_what_is_not_answered_in_time_is_handed_out_again(
    client: EventStoreDBClient, stream: str, silent: bool
) -> None:
    """A nack to stop leaves the event under way, as on the real server: only its time brings it back."""
    append(client, stream, 1)
    client.create_subscription_to_stream("g", stream, message_timeout=0.3)
    subscription = follow(client, stream)
    began = time.monotonic()
    event = next(subscription)
    if not silent:
        subscription.nack(event, "stop")
    again = next(subscription)
    assert (again.id, again.retry_count) == (event.id, 1)
    assert time.monotonic() - began > 0.25


def test_parked_events_are_replayed_and_settled(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 4)
    client.create_subscription_to_stream("g", stream)
    subscription = follow(client, stream)
    for event in take(subscription, 4):
        subscription.nack(event, "park")
    until(lambda: parked(client, stream) == 4, "not parked")
    client.replay_parked_events("g", stream)
    again = take(subscription, 4)
    assert [(event.stream_name, event.stream_position, event.retry_count) for event in again] == [
        (stream, number, 0) for number in range(4)
    ]
    assert parked(client, stream) == 0
    subscription.nack(again[0], "park")  # behind those that are parked already
    for event in again[1:]:
        subscription.ack(event)
    until(lambda: parked(client, stream) == 1, "not parked again")
    kept = f"$persistentsubscription-{stream}::g-parked"
    until(lambda: [event.data for event in client.get_stream(kept)] == [f"0@{stream}".encode()], "not truncated")


def test_a_replay_may_stop_before_a_parked_revision(node: RunningNode, client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 3)
    client.create_subscription_to_stream("g", stream)
    subscription = follow(client, stream)
    for event in take(subscription, 3):
        subscription.nack(event, "park")
    until(lambda: parked(client, stream) == 3, "not parked")
    options = persistent_pb2.ReplayParkedReq.Options(
        group_name="g", stream_identifier=shared_pb2.StreamIdentifier(stream_name=stream.encode()), stop_at=2
    )
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        stub = persistent_pb2_grpc.PersistentSubscriptionsStub(channel)
        stub.ReplayParked(persistent_pb2.ReplayParkedReq(options=options))
    assert [event.stream_position for event in take(subscription, 2)] == [0, 1]
    assert parked(client, stream) == 1


def test_configuration_place_and_parked_events_survive_a_killed_node() -> None:
    with running_node() as node:
        client = EventStoreDBClient(node.uri)
        append(client, "s", 6)
        client.create_subscription_to_stream("g", "s", max_retry_count=3, message_timeout=7.5, **AT_ONCE)
        client.create_subscription_to_all("all", filter_include=["T"], from_end=True)
        subscription = follow(client, "s")
        events = take(subscription, 6)
        subscription.ack(events[0])
        subscription.nack(events[1], "park")
        subscription.ack(events[2])
        subscription.ack(events[4])  # the fourth and the sixth are not answered
        until(lambda: checkpointed(client, "s") == "2" and parked(client, "s") == 1, "nothing kept")
        before = client.get_subscription_info("g", "s")
        node.kill()
        append_while_down = EventStoreDBClient(node.uri)
        node.start()
        append(append_while_down, "elsewhere", 1)
        after = append_while_down.get_subscription_info("g", "s")
        assert (
            (after.max_retry_count, after.message_timeout)
            == (3, 7.5)
            == (
                before.max_retry_count,
                before.message_timeout,
            )
        )
        assert (after.last_checkpointed_event_position, after.parked_message_count) == ("2", 1)
        again = follow(append_while_down, "s")
        assert [event.stream_position for event in take(again, 3)] == [3, 4, 5]  # at least once, from the checkpoint on
        append_while_down.replay_parked_events("g", "s")
        assert next(again).stream_position == 1
        everything = append_while_down.read_subscription_to_all("all", timeout=LEASE_S)
        assert next(everything).stream_name == "elsewhere"  # its beginning, the end of then, is kept too
        client.close()
        append_while_down.close()


def test_a_replay_cut_short_by_a_killed_node_leaves_the_events_parked() -> None:
    with running_node() as node:
        client = EventStoreDBClient(node.uri)
        append(client, "s", 2)
        client.create_subscription_to_stream("g", "s")
        subscription = follow(client, "s")
        for event in take(subscription, 2):
            subscription.nack(event, "park")
        until(lambda: parked(client, "s") == 2, "not parked")
        client.replay_parked_events("g", "s")
        first, _ = take(subscription, 2)
        subscription.ack(first)
        until(lambda: client.get_subscription_info("g", "s").total_items == 3, "not settled")
        node.kill()
        node.start()
        other = EventStoreDBClient(node.uri)
        assert parked(other, "s") >= 1
        other.replay_parked_events("g", "s")
        again = follow(other, "s")
        assert 1 in [event.stream_position for event in take(again, parked(other, "s") or 1)]
        client.close()
        other.close()


def test_what_a_consumer_had_goes_to_another(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 2)
    client.create_subscription_to_stream("g", stream)
    leaving = follow(client, stream)
    held = take(leaving, 2)
    leaving.stop()
    staying = follow(client, stream)
    again = take(staying, 2)
    assert [event.id for event in again] == [event.id for event in held]
    assert [event.retry_count for event in again] == [1, 1]


@pytest.mark.parametrize(
    ("strategy", "first", "second"),
    [("RoundRobin", [0, 2, 4], [1, 3, 5]), ("DispatchToSingle", [0, 1, 2, 3], [4, 5])],
)
def test_a_strategy_says_who_is_next(
    client: EventStoreDBClient, stream: str, strategy: Any, first: list[int], second: list[int]
) -> None:
    client.create_subscription_to_stream("g", stream, consumer_strategy=strategy)
    one, two = follow(client, stream, event_buffer_size=4), follow(client, stream, event_buffer_size=4)
    append(client, stream, 6)
    assert [event.stream_position for event in take(one, len(first))] == first
    assert [event.stream_position for event in take(two, len(second))] == second


def test_a_pinned_stream_stays_with_its_consumer(client: EventStoreDBClient) -> None:
    name = f"pinned{uuid4().hex}"
    client.create_subscription_to_all(
        name, from_end=True, consumer_strategy="Pinned", filter_include=[f"{name}-.*"], filter_by_stream_name=True
    )
    consumers = [client.read_subscription_to_all(name, timeout=LEASE_S, event_buffer_size=100) for _ in range(2)]
    for _ in range(3):
        for number in range(12):
            append(client, f"{name}-{number}", 1)
    until(lambda: client.get_subscription_info(name).total_in_flight_messages == 36, "not handed out")
    shares: list[set[str]] = [set(), set()]
    counted = [0, 0]

    def collect(index: int) -> None:
        for event in consumers[index]:
            shares[index].add(event.stream_name)
            counted[index] += 1

    threads = [threading.Thread(target=collect, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: sum(counted) == 36, "not all received")
    first, second = set(shares[0]), set(shares[1])
    for consumer in consumers:
        consumer.stop()
    for thread in threads:
        thread.join()
    assert first | second == {f"{name}-{number}" for number in range(12)}
    assert not first & second


def test_a_group_takes_no_more_consumers_than_it_may(
    node: RunningNode, client: EventStoreDBClient, stream: str
) -> None:
    client.create_subscription_to_stream("g", stream, max_subscriber_count=1)
    only = follow(client, stream)
    with pytest.raises(MaximumSubscriptionsReached):
        follow(client, stream)
    only.stop()
    until(lambda: _joins(client, stream), "the place was not given back")


def _joins(client: EventStoreDBClient, stream: str) -> bool:
    try:
        follow(client, stream).stop()
    except MaximumSubscriptionsReached:
        return False
    return True


def test_groups_that_do_not_exist_or_exist_already_are_told(client: EventStoreDBClient, stream: str) -> None:
    for call in (
        lambda: client.get_subscription_info("g", stream),
        lambda: client.delete_subscription("g", stream),
        lambda: client.replay_parked_events("g", stream),
        lambda: client.update_subscription_to_stream("g", stream),
        lambda: client.update_subscription_to_all(stream),
        lambda: client.read_subscription_to_all(stream),
        lambda: follow(client, stream),
    ):
        with pytest.raises(NotFound):
            call()
    client.create_subscription_to_stream("g", stream)
    with pytest.raises(AlreadyExists):
        client.create_subscription_to_stream("g", stream)
    client.create_subscription_to_all(stream)
    with pytest.raises(AlreadyExists):
        client.create_subscription_to_all(stream)


def test_refusals_name_the_exception_the_stream_and_the_group(node: RunningNode, stream: str) -> None:
    identifier = shared_pb2.StreamIdentifier(stream_name=stream.encode())
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        stub = persistent_pb2_grpc.PersistentSubscriptionsStub(channel)
        options = persistent_pb2.DeleteReq.Options(stream_identifier=identifier, group_name="g")
        with pytest.raises(grpc.RpcError) as caught:
            stub.Delete(persistent_pb2.DeleteReq(options=options))
    error: Any = caught.value
    assert error.details() == f"Subscription group g on stream {stream} does not exist."
    trailers = dict(error.trailing_metadata())
    assert trailers["exception"] == "persistent-subscription-does-not-exist"
    assert (trailers["stream-name"], trailers["group-name"]) == (stream, "g")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"live_buffer_size": 0}, "live_buffer_size"),
        ({"read_batch_size": 0}, "read_batch_size"),
        ({"max_retry_count": -1}, "max_retry_count"),
        ({"min_checkpoint_count": 5, "max_checkpoint_count": 2}, "min_checkpoint_count"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    client: EventStoreDBClient, stream: str, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InternalError, match=reason):
        client.create_subscription_to_stream("g", stream, **options)
    with pytest.raises(NotFound):
        client.get_subscription_info("g", stream)


def test_a_bad_expression_is_refused(client: EventStoreDBClient, stream: str) -> None:
    with pytest.raises(InternalError, match="regular expression"):
        client.create_subscription_to_all(stream, filter_include=["("])


def test_an_update_changes_settings_keeps_the_place_and_drops_consumers(
    client: EventStoreDBClient, stream: str
) -> None:
    append(client, stream, 3)
    client.create_subscription_to_stream("g", stream, **AT_ONCE)
    subscription = follow(client, stream)
    take_and_ack(subscription, 2)
    until(lambda: checkpointed(client, stream) == "1", "no checkpoint")
    client.update_subscription_to_stream("g", stream, max_retry_count=4, consumer_strategy="RoundRobin")
    with pytest.raises(GrpcError, match="was dropped"):
        for _ in subscription:
            pass
    info = client.get_subscription_info("g", stream)
    assert (info.max_retry_count, info.consumer_strategy, info.start_from) == (4, "RoundRobin", "0")
    assert next(follow(client, stream)).stream_position == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [({"from_end": True}, "C:-1/P:-1"), ({"commit_position": 64}, "C:64/P:64"), ({}, "C:0/P:0")],
)
def test_an_update_of_a_group_on_everything_may_move_its_beginning(
    client: EventStoreDBClient, stream: str, options: dict[str, Any], told: str
) -> None:
    client.create_subscription_to_all(stream, filter_include=[f"{stream}.*"], filter_by_stream_name=True)
    client.update_subscription_to_all(stream, **options)
    assert client.get_subscription_info(stream).start_from == told
    append(client, f"other-{stream}", 1)
    append(client, stream, 1)
    assert next(client.read_subscription_to_all(stream, timeout=LEASE_S)).stream_name == stream  # the filter stays


def test_a_deleted_group_drops_its_consumers_and_leaves_nothing(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 3)
    client.create_subscription_to_stream("g", stream, **AT_ONCE)
    subscription = follow(client, stream)
    event, other = take(subscription, 2)
    subscription.ack(event)
    subscription.nack(other, "park")
    until(lambda: checkpointed(client, stream) == "1" and parked(client, stream) == 1, "nothing kept")
    client.delete_subscription("g", stream)
    with pytest.raises(GrpcError, match="was dropped"):
        for _ in subscription:
            pass
    assert stream not in [info.event_source for info in client.list_subscriptions()]
    client.create_subscription_to_stream("g", stream)
    assert (checkpointed(client, stream), parked(client, stream)) == ("", 0)
    assert take_and_ack(follow(client, stream), 3) == [0, 1, 2]


def test_groups_are_listed_by_stream(client: EventStoreDBClient, stream: str) -> None:
    assert client.list_subscriptions_to_stream(stream) == []
    client.create_subscription_to_stream("g", stream)
    client.create_subscription_to_stream("h", stream)
    assert [info.group_name for info in client.list_subscriptions_to_stream(stream)] == ["g", "h"]


def test_a_description_counts_what_happened(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 5)
    client.create_subscription_to_stream("g", stream, max_subscriber_count=9, extra_statistics=True, **AT_ONCE)
    assert client.get_subscription_info("g", stream).last_checkpointed_event_position == ""
    subscription = follow(client, stream)
    events = take(subscription, 5)
    for event in events[:3]:
        subscription.ack(event)
    until(lambda: client.get_subscription_info("g", stream).total_items == 3, "not counted")
    info = client.get_subscription_info("g", stream)
    assert (info.event_source, info.group_name, info.status) == (stream, "g", "Live")
    assert (info.total_in_flight_messages, info.outstanding_messages_count) == (2, 2)
    assert (info.last_known_event_position, info.max_subscriber_count, info.count_since_last_measurement) == ("4", 9, 0)
    until(lambda: checkpointed(client, stream) == "2", "no checkpoint")


def test_a_checkpoint_comes_with_the_count(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 5)
    client.create_subscription_to_stream(
        "g", stream, min_checkpoint_count=2, max_checkpoint_count=4, checkpoint_after=10 * LEASE_S
    )
    subscription = follow(client, stream)
    for event in take(subscription, 5)[:4]:
        subscription.ack(event)
    until(lambda: checkpointed(client, stream) == "3", "the count did not bring a checkpoint")


def test_a_checkpoint_comes_with_the_time(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 2)
    began = time.monotonic()
    client.create_subscription_to_stream(
        "g", stream, min_checkpoint_count=2, max_checkpoint_count=4, checkpoint_after=1.5
    )
    subscription = follow(client, stream)
    for event in take(subscription, 2):
        subscription.ack(event)
    until(lambda: checkpointed(client, stream) == "1", "the time did not bring a checkpoint")
    assert time.monotonic() - began > 1.4


def test_links_are_resolved_and_answered_by_the_links_id(client: EventStoreDBClient, stream: str) -> None:
    append(client, stream, 1)
    links = f"links-{stream}"
    for target in (f"0@{stream}", f"9@{stream}", f"0@{stream}"):  # the second names nothing
        link = NewEvent(type="$>", data=target.encode(), content_type="application/octet-stream")
        client.append_events(links, current_version=ANY, events=[link])
    client.create_subscription_to_stream("g", links, resolve_links=True)
    subscription = follow(client, links)
    first, second = take(subscription, 2)
    assert {first.stream_name, second.stream_name} == {stream}
    assert first.link is not None
    assert first.link.stream_position == 0
    subscription.ack(first)
    subscription.ack(second)
    until(lambda: client.get_subscription_info("g", links).total_items == 2, "not settled")
