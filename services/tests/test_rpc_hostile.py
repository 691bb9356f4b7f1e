"""What a host must survive from inside the walls: other encodings, bombs, depth. Nothing is executed, nobody waits (T38, V1.5.2)."""

from __future__ import annotations

import json
import pickle
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pytest

from grenier.rpc_client import RpcClient
from grenier.testing_broker import PrivateBroker

pytestmark = [pytest.mark.slow, pytest.mark.proof("T38")]

DEPTH = 100_000
CALL = {"args": [], "kwargs": {"payload": {}, "context": {}}}


class Writes:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.fixture(scope="module", params=["nameko", "threads"])
def host(request: pytest.FixtureRequest, start_host: Any) -> Iterator[Any]:
    host = start_host(request.param)
    yield host
    host.stop()


def hostile(trap: Path) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Name → body and properties, each of which touches `trap` when it is executed as the door `leave`."""
    order = json.dumps(
        CALL | {"kwargs": {"payload": {"file": str(trap), "line": "x", "seconds": 0}, "context": {}}}
    ).encode()
    evil = pickle.dumps({"args": [Writes(trap)], "kwargs": {}})
    yaml = f'!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ["{trap}"]]'.encode()
    nested = b'{"args": [], "kwargs": {"payload": ' + b"[" * DEPTH + b"]" * DEPTH + b', "context": {}}}'
    return {
        "pickle": (evil, {"content_type": "application/x-python-serialize", "content_encoding": "binary"}),
        "pickle said to be JSON": (evil, {"content_type": "application/json"}),
        "yaml": (yaml, {"content_type": "application/x-yaml", "content_encoding": "utf-8"}),
        "msgpack": (b"\x80", {"content_type": "application/x-msgpack", "content_encoding": "binary"}),
        "a request under another type": (order, {"content_type": "application/x-python-serialize"}),
        "raw data": (order, {"content_type": "application/data", "content_encoding": "binary"}),
        "depth": (nested, {"content_type": "application/json"}),
        "a compressed request": (
            zlib.compress(order),
            {"content_type": "application/json", "headers": {"compression": "application/x-gzip"}},
        ),
        "not even text": (b"\xff\xfe\x00", {"content_type": "application/json"}),
        "no object": (b"[]", {"content_type": "application/json"}),
        "arguments that are none": (b'{"args": 7, "kwargs": 8}', {"content_type": "application/json"}),
        "a payload that is none": (
            json.dumps(CALL | {"kwargs": {"payload": 3, "context": []}}).encode(),
            {"content_type": "application/json"},
        ),
    }


NAMES = list(hostile(Path("/nowhere")))


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_message_is_neither_executed_nor_in_the_way(
    name: str, host: Any, broker: PrivateBroker, client: RpcClient, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    body, properties = hostile(trap)[name]
    pid = host.process.pid
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    channel = connection.channel()
    common = {"reply_to": str(uuid4()), "correlation_id": str(uuid4()), "expiration": "20000"}
    channel.basic_publish("nameko-rpc", "pantry.slow", body, pika.BasicProperties(**common, **properties))
    assert client.call("pantry", "echo", {"after": name}, {})["payload"] == {"after": name}
    until = time.monotonic() + 10
    while (
        waiting := channel.queue_declare("rpc-pantry", passive=True).method.message_count
    ) and time.monotonic() < until:
        time.sleep(0.05)
    connection.close()
    assert waiting == 0
    assert host.process.poll() is None
    assert host.process.pid == pid
    assert not trap.exists()
