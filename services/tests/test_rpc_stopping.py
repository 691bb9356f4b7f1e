"""Stopping and starting hosts, and doors that write to a real log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from grenier.errors import Unavailable
from grenier.log.esdb import EsdbLog
from grenier.rpc_client import RpcClient
from grenier.testing_broker import PrivateBroker

SERVICES = Path(__file__).parent / "host_services"
KINDS = ["nameko", "threads"]

CANCELLED_WHILE_OTHERS_REPLY = """
import sys
from grenier import rpc_nameko
rpc_nameko.prepare()
import eventlet, kombu

def reply(channel):
    while True:
        channel.basic_publish(channel.prepare_message(b"x", content_encoding="utf-8"), routing_key="nobody")
        eventlet.sleep(0)

for turn in range(20):
    connection = kombu.Connection(sys.argv[1], heartbeat=30)
    consumer = kombu.Consumer(connection.default_channel, queues=[kombu.Queue("asked", auto_delete=True)])
    consumer.consume()
    replying = [eventlet.spawn(reply, connection.default_channel) for _ in range(3)]
    eventlet.sleep(0.005)
    with eventlet.Timeout(5):
        consumer.cancel()
    for each in replying:
        each.kill()
    connection.collect()
"""


@pytest.fixture(autouse=True)
def only_its_own_hosts(start_host: Any) -> Iterator[None]:
    yield
    start_host.stop_all()


@pytest.mark.parametrize("kind", KINDS)
def test_sigterm_twice_lets_the_running_call_finish(
    kind: str, start_host: Any, client: RpcClient, tmp_path: Path
) -> None:
    host = start_host(kind)
    answers: list[Any] = []
    file = tmp_path / "lines"
    payload = {"seconds": 1.5, "file": str(file), "line": "done"}
    caller = threading.Thread(target=lambda: answers.append(client.call("pantry", "slow", payload, {})))
    caller.start()
    time.sleep(0.5)
    host.process.send_signal(signal.SIGTERM)
    host.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(10) == 0, host.log
    caller.join(5)
    assert answers == [{}]
    assert file.read_text() == "done\n"


@pytest.mark.parametrize("kind", KINDS)
def test_what_waits_while_a_service_is_down_expires_and_is_not_executed(
    kind: str, start_host: Any, broker: PrivateBroker, tmp_path: Path
) -> None:
    start_host(kind).stop()
    hasty, client, file = RpcClient(broker.url, timeout=0.5), RpcClient(broker.url), tmp_path / "lines"
    with pytest.raises(Unavailable) as late:
        hasty.call("pantry", "note", {"file": str(file), "line": "too late"}, {})
    assert late.value.code == "rpc-timeout"
    time.sleep(0.2)
    start_host(kind)
    client.call("pantry", "note", {"file": str(file), "line": "in time"}, {})
    assert file.read_text() == "in time\n"


@pytest.mark.parametrize("kind", KINDS)
def test_a_stand_in_answers_while_the_host_is_away_and_only_then(kind: str, start_host: Any, client: RpcClient) -> None:
    """T1: the first answer after a death does not wait for a new process; calls in flight are taken over, too."""
    standing_in, host = start_host("stand-in"), start_host(kind)
    assert {client.call("pantry", "who", {}, {})["pid"] for _ in range(20)} == {host.process.pid}
    answers: list[Any] = []
    caller = threading.Thread(target=lambda: answers.append(client.call("pantry", "slow", {"seconds": 2}, {})))
    caller.start()
    time.sleep(0.5)
    host.process.kill()
    assert client.call("pantry", "who", {}, {})["pid"] == standing_in.process.pid
    caller.join(20)
    assert answers == [{}]
    host.process.wait(10)
    host.start()
    host.wait_until(lambda: client.call("pantry", "who", {}, {})["pid"] == host.process.pid)


@pytest.mark.parametrize("kind", KINDS)
def test_a_host_that_cannot_start_says_so(kind: str, start_host: Any, broker: PrivateBroker, tmp_path: Path) -> None:
    environment = {**os.environ, "GRENIER_DATA": str(tmp_path), "AMQP_URL": broker.url}
    command = [sys.executable, SERVICES / "run_host.py", kind, "nonexistent"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=30)
    assert done.returncode != 0
    assert b"nonexistent" in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_doors_write_and_ask_the_log(kind: str, start_host: Any, client: RpcClient) -> None:
    testing = pytest.importorskip("grenier_infra.eventnode.testing")
    with testing.running_node() as node:
        host = start_host(kind, node.uri)
        stream = f"jar-{uuid4()}"
        first = client.call("pantry", "put", {"stream": stream}, {})
        second = client.call("pantry", "put", {"stream": stream}, {})
        assert (first["version"], second["version"]) == (0, 1)
        assert client.call("pantry", "next_jar", {"after": first["position"]}, {}) == {"position": second["position"]}
        with pytest.raises(Unavailable) as conflict:
            client.call("pantry", "put", {"stream": stream, "expected": 0}, {})
        assert conflict.value.code == "conflict-retry"
        host.wait_until(lambda: host.health()["status"] == "ready")
        node.kill()
        with pytest.raises(Unavailable) as away:
            client.call("pantry", "put", {"stream": stream}, {})
        assert away.value.code == "log-unavailable"
        node.start()
        host.wait_until(lambda: client.call("pantry", "put", {"stream": stream}, {})["version"] >= 2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_delivered_twice_is_carried_out_once(
    kind: str, start_host: Any, broker: PrivateBroker, client: RpcClient
) -> None:
    """The connections break while the host works on it: the broker delivers it again, and the client sends it again."""
    testing = pytest.importorskip("grenier_infra.eventnode.testing")
    with testing.running_node() as node:
        host = start_host(kind, node.uri)
        stream, command_id = f"jar-{uuid4()}", str(uuid4())
        answers: list[Any] = []

        def call() -> None:
            try:
                answers.append(
                    client.call("pantry", "put_once", {"stream": stream, "seconds": 1}, {"command_id": command_id})
                )
            except Unavailable as away:
                answers.append(away.code)

        caller = threading.Thread(target=call)
        caller.start()
        time.sleep(0.4)
        broker.close_connections()
        caller.join(20)
        payload = {"stream": stream, "seconds": 0}
        host.wait_until(lambda: client.call("pantry", "put_once", payload, {"command_id": command_id}))
        again = client.call("pantry", "put_once", payload, {"command_id": command_id})
        assert answers in ([again], ["service-unavailable"])
        time.sleep(1.5)
        log = EsdbLog(node.uri, timeout_s=20.0)
        assert [event.position for event in log.read(stream)] == [again["position"]]
        assert host.log.count("putting") >= 3, "nothing was delivered twice: the test shows nothing"
        log.close()


def test_whoever_replies_takes_nothing_that_another_one_waits_for(broker: PrivateBroker) -> None:
    """Else a host that is stopped under load waits for the next heartbeat, and is killed meanwhile."""
    command = [sys.executable, "-c", CANCELLED_WHILE_OTHERS_REPLY, broker.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
