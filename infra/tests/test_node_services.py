"""Beside the streams: gossip, supported methods, what is declined, health and metrics, size of the process."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import grpc
import pytest
from esdbclient import EventStoreDBClient, NewEvent, StreamState
from esdbclient.exceptions import GrpcError

from grenier_infra.eventnode.testing import RunningNode, running_node


@pytest.fixture(scope="module")
def node() -> Iterator[RunningNode]:
    with running_node(metrics=True) as running:
        yield running


@pytest.fixture(scope="module")
def client(node: RunningNode) -> Iterator[EventStoreDBClient]:
    client = EventStoreDBClient(node.uri)
    yield client
    client.close()


def page(node: RunningNode, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{node.metrics_port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_an_idle_node_is_small(node: RunningNode) -> None:
    with open(f"/proc/{node.pid}/status") as file:
        resident_kb = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    assert resident_kb < 70_000


def test_the_node_is_the_only_member_and_the_leader(node: RunningNode, client: EventStoreDBClient) -> None:
    (member,) = client.read_gossip()
    assert (member.state, member.address, member.port) == ("NODE_STATE_LEADER", "127.0.0.1", node.port)


def test_supported_methods_are_told_with_a_version(node: RunningNode) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        answer = channel.unary_unary("/event_store.client.server_features.ServerFeatures/GetSupportedMethods")(b"")
    assert answer.endswith(b"\x12\x0724.10.0")
    for word in (b"batchappend", b"event_store.client.streams.streams", b"event_store.client.gossip.gossip"):
        assert word in answer
    assert b"event_store.client.persistent_subscriptions.persistentsubscriptions" in answer
    assert b"projections" not in answer


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.create_projection(name="p", query=""), "does not offer Projections"),
        (lambda c: c.update_projection(name="p", query=""), "does not offer Projections"),
        (lambda c: c.delete_projection(name="p"), "does not offer Projections"),
        (lambda c: c.get_projection_statistics(name="p"), "does not offer Projections"),
        (lambda c: c.get_projection_state(name="p"), "does not offer Projections"),
        (lambda c: c.enable_projection(name="p"), "does not offer Projections"),
        (lambda c: c.disable_projection(name="p"), "does not offer Projections"),
        (lambda c: c.reset_projection(name="p"), "does not offer Projections"),
        (lambda c: c.restart_projections_subsystem(), "does not offer Projections"),
    ],
)
def test_what_is_not_offered_is_declined_clearly(client: EventStoreDBClient, call: object, message: str) -> None:
    with pytest.raises(GrpcError, match=message) as caught:
        call(client)  # type: ignore[operator]
    assert "UNIMPLEMENTED" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [("/health/live", 200, "live"), ("/health/ready", 200, "ready"), ("/nothing", 404, "not found")],
)
def test_health_is_told_over_http(node: RunningNode, path: str, status: int, text: str) -> None:
    assert page(node, path) == (status, text + "\n")


def test_metrics_count_writes_reads_and_subscriptions(node: RunningNode, client: EventStoreDBClient) -> None:
    before = metrics(node)
    events = [NewEvent(type="T", data=b"{}") for _ in range(5)]
    client.append_events("counted", current_version=StreamState.NO_STREAM, events=events)
    client.get_stream("counted")
    with client.subscribe_to_stream("counted", include_caught_up=True, timeout=10) as subscription:
        next(subscription)
        after = metrics(node)
    assert after["eventnode_events_appended_total"] - before["eventnode_events_appended_total"] == 5
    assert after["eventnode_writes_total"] - before["eventnode_writes_total"] == 1
    assert after["eventnode_events_read_total"] - before["eventnode_events_read_total"] == 5
    assert after["eventnode_subscriptions"] == 1
    assert after["eventnode_commit_seconds_count"] > 0
    assert after["eventnode_commit_requests_sum"] >= after["eventnode_commit_requests_count"]
    assert after["eventnode_file_bytes"] + after["eventnode_wal_bytes"] > 4096


def metrics(node: RunningNode) -> dict[str, float]:
    lines = page(node, "/metrics")[1].splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines if not line.startswith("#")}


def test_log_lines_are_json(node: RunningNode) -> None:
    lines = [json.loads(line) for line in node.log_path.read_text().splitlines()]
    ready = next(line for line in lines if line["message"] == "ready")
    assert ready["port"] == node.port
    assert not [line for line in lines if line["level"] == "error"]


def test_garbage_on_the_port_does_no_harm(node: RunningNode, client: EventStoreDBClient) -> None:
    with socket.create_connection(("127.0.0.1", node.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n" * 3)
        while connection.recv(65_536):
            pass  # until the node hangs up
    client.append_event("after-garbage", current_version=StreamState.ANY, event=NewEvent(type="T", data=b""))
