"""Misbehaviour on demand, as the services' own tests use it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import grpc
import pytest
from esdbclient import EventStoreDBClient, NewEvent, StreamState
from esdbclient.exceptions import NodeIsNotLeader, ServiceUnavailable

from grenier_infra.eventnode.testing import RunningNode, running_node

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM


@pytest.fixture(scope="module")
def node() -> Iterator[RunningNode]:
    with running_node(faults=True) as running:
        yield running


@pytest.fixture
def client(node: RunningNode) -> Iterator[EventStoreDBClient]:
    node.faults.clear()
    client = EventStoreDBClient(node.uri)
    yield client
    client.close()


@pytest.fixture
def stream() -> str:
    return f"fault-{uuid4()}"


def event() -> NewEvent:
    return NewEvent(type="T", data=b"{}")


def test_not_leader_names_the_leader(node: RunningNode, client: EventStoreDBClient, stream: str) -> None:
    node.faults.not_leader()
    with pytest.raises(NodeIsNotLeader) as caught:
        client.append_event(stream, current_version=NO_STREAM, event=event())
    assert caught.value.leader_grpc_target == f"127.0.0.1:{node.port}"
    client.append_event(stream, current_version=NO_STREAM, event=event())


def test_a_client_that_discovers_finds_the_leader_again(node: RunningNode, stream: str) -> None:
    client = EventStoreDBClient(f"esdb+discover://127.0.0.1:{node.port}?Tls=false")
    node.faults.not_leader()
    client.append_event(stream, current_version=NO_STREAM, event=event())
    assert client.get_current_version(stream) == 0
    client.close()


def test_a_short_unavailability_is_hidden_by_the_client_and_a_longer_one_is_not(
    node: RunningNode, client: EventStoreDBClient, stream: str
) -> None:
    node.faults.unavailable()
    client.append_event(stream, current_version=NO_STREAM, event=event())
    node.faults.unavailable(10)
    with pytest.raises(ServiceUnavailable):
        client.append_event(stream, current_version=0, event=event())
    node.faults.clear()
    assert client.get_current_version(stream) == 0


@pytest.mark.parametrize("as_list", [False, True])
def test_a_lost_answer_is_found_again_by_version_and_id(
    node: RunningNode, client: EventStoreDBClient, stream: str, as_list: bool
) -> None:
    node.faults.answer_lost()
    kept = event()
    position = client.append_to_stream(stream, current_version=NO_STREAM, events=[kept] if as_list else kept)
    (stored,) = client.get_stream(stream)
    assert (stored.id, stored.commit_position) == (kept.id, position)
    assert node.faults.left()["answer-lost"] == 0


def test_with_any_version_a_lost_answer_and_forgotten_ids_double_the_event(
    node: RunningNode, client: EventStoreDBClient, stream: str
) -> None:
    kept = event()
    client.append_event(stream, current_version=ANY, event=kept)
    client.append_event(stream, current_version=ANY, event=kept)
    assert client.get_current_version(stream) == 0
    node.faults.forget_ids()
    client.append_event(stream, current_version=ANY, event=kept)
    assert client.get_current_version(stream) == 1


def test_subscriptions_can_be_dropped(node: RunningNode, client: EventStoreDBClient, stream: str) -> None:
    everything = client.subscribe_to_all(from_end=True, timeout=20)
    one = client.subscribe_to_stream(stream, include_caught_up=True, timeout=20)
    next(one)
    time.sleep(0.1)
    assert node.faults.drop_subscriptions() == 2
    for subscription in (everything, one):
        with pytest.raises(ServiceUnavailable):
            next(subscription)


def test_a_slow_disk_delays_answers_and_gathers_writes(
    node: RunningNode, client: EventStoreDBClient, stream: str
) -> None:
    node.faults.slow_disk(0.5, calls=10)
    started = time.perf_counter()
    threads = [
        threading.Thread(target=client.append_event, args=(f"{stream}-{n}",), kwargs={"current_version": ANY, "event": event()})
        for n in range(10)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - started
    assert 0.5 <= taken < 4  # ten commits of their own would take five seconds


def test_an_unknown_fault_is_refused(node: RunningNode) -> None:
    with pytest.raises(grpc.RpcError, match="unknown fault"):
        node.faults._order("earthquake")


def test_without_the_option_there_are_no_faults() -> None:
    with running_node() as plain, pytest.raises(grpc.RpcError) as caught:
        plain.faults.unavailable()
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
