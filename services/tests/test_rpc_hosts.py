"""Both hosts and the client over a real broker: the same sentences for Nameko and for plain threads."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pytest

from grenier.errors import GrenierError, Rejected, Unavailable
from grenier.rpc_client import RpcClient
from grenier.testing_broker import PrivateBroker


@pytest.fixture(scope="module", params=["nameko", "threads"])
def host(request: pytest.FixtureRequest, start_host: Any) -> Iterator[Any]:
    host = start_host(request.param)
    yield host
    host.stop()


def published(broker: PrivateBroker, routing_key: str, body: bytes, **properties: Any) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    properties = {"content_type": "application/json", "content_encoding": "utf-8", **properties}
    connection.channel().basic_publish("nameko-rpc", routing_key, body, pika.BasicProperties(**properties))
    connection.close()


def test_a_call_is_answered(host: Any, client: RpcClient) -> None:
    answer = client.call("pantry", "echo", {"jam": ["fig", "plum"], "weight_g": 450, "ok": None}, {"actor": "p1"})
    assert answer == {
        "payload": {"jam": ["fig", "plum"], "weight_g": 450, "ok": None},
        "actor": "p1",
        "pid": host.process.pid,
    }


def test_one_process_serves_several_services(host: Any, client: RpcClient) -> None:
    assert client.call("cellar", "where", {}, {}) == {"place": "under the stairs"}


def test_a_refusal_arrives_as_the_same_error(host: Any, client: RpcClient) -> None:
    with pytest.raises(Rejected) as refused:
        client.call("pantry", "refuse", {}, {})
    assert (refused.value.code, refused.value.facts) == ("shelf-full", {"free": 2})


def test_a_failure_is_internal_and_tells_nothing(host: Any, client: RpcClient) -> None:
    with pytest.raises(GrenierError) as failed:
        client.call("pantry", "fail", {}, {})
    assert (failed.value.code, failed.value.status, failed.value.facts) == ("internal", 500, {})
    assert "a secret" in host.log


def test_an_unknown_door_is_one_of_another_version(host: Any, client: RpcClient) -> None:
    """While an installation is renewed process by process: the same call comes again."""
    with pytest.raises(Unavailable) as missing:
        client.call("pantry", "hidden", {}, {})
    assert (missing.value.code, missing.value.facts["retry_after"]) == ("unknown-method", 2)


def test_an_unknown_service_is_told_at_once(host: Any, client: RpcClient) -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable) as unknown:
        client.call("attic", "echo", {}, {})
    assert unknown.value.code == "service-unavailable"
    assert time.monotonic() - started < 5
    assert client.call("cellar", "where", {}, {})


def test_many_callers_get_each_their_own_answer(host: Any, client: RpcClient) -> None:
    wrong: list[Any] = []

    def call(caller: int) -> None:
        for number in range(25):
            payload = {"caller": caller, "number": number}
            answer = client.call("pantry", "echo", payload, {})
            if answer["payload"] != payload:
                wrong.append(answer)

    callers = [threading.Thread(target=call, args=(caller,)) for caller in range(16)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
        assert not caller.is_alive()
    assert wrong == []


def test_large_answers_arrive_whole_beside_small_ones(host: Any, client: RpcClient) -> None:
    wrong: list[Any] = []

    def call(length: int) -> None:
        for _ in range(4):
            if len(client.call("pantry", "fill", {"length": length}, {})["filling"]) != length:
                wrong.append(length)

    callers = [
        threading.Thread(target=call, args=(length,)) for length in (5_000_000, 1, 3_000_000, 200_000, 7, 70_000)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
        assert not caller.is_alive()
    assert wrong == []
    assert "could not be sent" not in host.log


def test_a_slow_call_holds_up_nobody_else(host: Any, client: RpcClient) -> None:
    slow = threading.Thread(target=client.call, args=("pantry", "slow", {"seconds": 4}, {}))
    slow.start()
    time.sleep(0.2)
    client.call("pantry", "echo", {}, {})
    assert slow.is_alive()
    slow.join()


def test_a_call_that_takes_too_long_ends_and_the_next_one_gets_its_own_answer(host: Any, broker: PrivateBroker) -> None:
    client = RpcClient(broker.url, timeout=2.0)
    started = time.monotonic()
    with pytest.raises(Unavailable) as late:
        client.call("pantry", "slow", {"seconds": 8}, {})
    assert late.value.code in ("rpc-timeout", "deadline-passed")  # who notices first depends on the machine
    assert time.monotonic() - started < 8
    answered = 0
    while answered < 20 or time.monotonic() - started < 8.5:
        try:
            assert client.call("pantry", "echo", {"number": answered}, {})["payload"] == {"number": answered}
            answered += 1
        except Unavailable:  # two seconds are short on a machine that stands still for a moment
            assert time.monotonic() - started < 60
        time.sleep(0.05)
    client.close()


def test_a_deadline_that_passed_on_the_way_is_not_executed(host: Any, broker: PrivateBroker, tmp_path: Path) -> None:
    file = str(tmp_path / "lines")
    context = {"deadline": time.time() - 1}
    body = json.dumps({"args": [], "kwargs": {"payload": {"file": file, "line": "late"}, "context": context}}).encode()
    published(broker, "pantry.note", body, reply_to=str(uuid4()), correlation_id="1")
    RpcClient(broker.url).call("pantry", "note", {"file": file, "line": "in time"}, {})
    assert Path(file).read_text() == "in time\n"


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        (b'{"args": [], "kwargs": {"payload": {}, "context": {}}}', {"correlation_id": "1"}),
        (b"{not json", {"reply_to": "somewhere", "correlation_id": "1"}),
        (b"[]", {"reply_to": "somewhere", "correlation_id": "1"}),
        (b'"text"', {"reply_to": "somewhere"}),
        (b'{"args": []}', {"reply_to": "somewhere"}),
        (b'{"args": [1, 2, 3], "kwargs": {}}', {"reply_to": "somewhere"}),
        (b'{"args": 5, "kwargs": 7}', {"reply_to": "somewhere"}),
        (b"\xff\xfe", {"reply_to": "somewhere"}),
        (b"{}", {"reply_to": "somewhere", "content_type": "application/x-python-serialize"}),
        (b"{}", {"reply_to": "somewhere", "content_type": None, "content_encoding": None}),
    ],
)
def test_a_poisonous_request_harms_nobody(
    host: Any, broker: PrivateBroker, client: RpcClient, body: bytes, properties: dict[str, Any]
) -> None:
    published(broker, "pantry.echo", body, **properties)
    published(broker, "pantry.missing", body, **properties)
    assert client.call("pantry", "echo", {"after": "poison"}, {})["pid"] == host.process.pid
    until = time.monotonic() + 20
    while broker.queue_depths()["rpc-pantry"]:
        assert time.monotonic() < until, "the poison was not taken off the queue"
        time.sleep(0.2)


def test_connections_that_are_thrown_out_come_back(host: Any, broker: PrivateBroker, client: RpcClient) -> None:
    client.call("pantry", "echo", {}, {})
    broker.close_connections()
    host.wait_until(lambda: client.call("pantry", "echo", {"n": 1}, {})["payload"] == {"n": 1})


@pytest.mark.slow
def test_a_restart_of_the_broker_under_running_calls_is_survived(
    host: Any, broker: PrivateBroker, client: RpcClient
) -> None:
    outcomes: list[str] = []

    def call(seconds: float) -> None:
        try:
            client.call("pantry", "slow", {"seconds": seconds}, {})
            outcomes.append("ok")
        except Unavailable as away:
            outcomes.append(away.code)

    callers = [threading.Thread(target=call, args=(0.2 * number,)) for number in range(1, 9)]
    for caller in callers:
        caller.start()
    time.sleep(0.5)
    broker.stop()
    try:
        for caller in callers:
            caller.join(12)
            assert not caller.is_alive()
        started = time.monotonic()
        with pytest.raises(Unavailable) as away:
            client.call("pantry", "echo", {}, {})
        assert away.value.code == "service-unavailable"
        assert time.monotonic() - started < 5
        host.wait_until(lambda: not host.health()["checks"]["broker"]["ok"])
        assert set(outcomes) <= {"ok", "service-unavailable"}
    finally:
        broker.start()
    host.wait_until(lambda: client.call("pantry", "echo", {"back": True}, {})["pid"] == host.process.pid)
    host.wait_until(lambda: host.health()["checks"]["broker"]["ok"])


def test_health_says_that_the_log_is_away(host: Any) -> None:
    host.wait_until(lambda: not host.health()["checks"]["log"]["ok"])
    assert host.health()["checks"]["broker"]["ok"]


def test_metrics_count_the_calls(host: Any, client: RpcClient) -> None:
    client.call("pantry", "echo", {}, {})
    with urllib.request.urlopen(f"http://127.0.0.1:{host.metrics_port}/metrics", timeout=3) as answer:
        text = answer.read().decode()
    assert 'grenier_rpc_seconds_count{method="echo",outcome="ok",service="pantry"}' in text


def test_nameko_s_own_client_gets_answers_from_both_hosts(host: Any, broker: PrivateBroker) -> None:
    program = f"""
import json
from nameko.standalone.rpc import ClusterRpcProxy
from nameko.exceptions import MethodNotFound, IncorrectSignature
facts = {{}}
with ClusterRpcProxy({{"AMQP_URI": {broker.url!r}}}, timeout=5) as proxy:
    facts["ok"] = proxy.pantry.echo({{"a": 1}}, context={{"actor": "x"}})["ok"]["payload"]
    facts["error"] = proxy.pantry.refuse({{}}, {{}})["error"]["code"]
    for name, call in {{"method": lambda: proxy.pantry.nope({{}}, {{}}), "signature": lambda: proxy.pantry.echo(1)}}.items():
        try:
            call()
        except (MethodNotFound, IncorrectSignature) as error:
            facts[name] = type(error).__name__
print(json.dumps(facts))
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "ok": {"a": 1},
        "error": "shelf-full",
        "method": "MethodNotFound",
        "signature": "IncorrectSignature",
    }


def test_a_client_made_before_a_fork_works_in_both_processes(host: Any, broker: PrivateBroker) -> None:
    program = f"""
import os
from grenier.rpc_client import RpcClient
client = RpcClient({broker.url!r})
def works():
    return all(client.call("pantry", "echo", {{"pid": os.getpid()}}, {{}})["payload"] == {{"pid": os.getpid()}} for _ in range(20))
assert works()
if os.fork() == 0:
    os._exit(0 if works() else 1)
assert works()
os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=30).returncode == 0
