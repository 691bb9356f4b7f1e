"""A broker under load takes a connection and does not finish its greeting: callers are told so, hosts go on trying."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from grenier import broker, rpc_threads
from grenier.broker import Consumer, WorkQueue
from grenier.errors import Unavailable
from grenier.rpc_client import RpcClient
from grenier.rpc_threads import ThreadHost
from grenier.testing_broker import PrivateBroker

GREETING = bytes.fromhex("0100000000")  # the first bytes of a frame whose rest never comes


class Silent:
    """Accepts connections, begins a frame, says no more."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self.visits = threading.Semaphore(0)
        self.url = (
            f"amqp://guest:guest@127.0.0.1:{self._server.getsockname()[1]}/%2F?stack_timeout=0.1&socket_timeout=5"
        )
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._server.accept()
            except OSError:
                return
            caller.sendall(GREETING)
            self._held.append(caller)
            self.visits.release()

    def close(self) -> None:
        self._server.close()
        for caller in self._held:
            caller.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    server.close()


def test_a_caller_is_told_that_the_service_cannot_be_reached(silent: Silent) -> None:
    with pytest.raises(Unavailable) as told:
        RpcClient(silent.url, timeout=30).call("orders", "place_order", {}, {"command_id": "x"})
    assert told.value.code == "service-unavailable"
    assert told.value.facts["retry_after"] > 0


def _served(name: str) -> Any:
    return type("Service", (), {"name": name})()


@pytest.mark.parametrize(
    "made",
    [
        lambda url: ThreadHost(url, [_served("orders")]),
        lambda url: Consumer(url, WorkQueue("slow"), lambda _delivery: None),
    ],
    ids=["doors", "work queue"],
)
def test_a_process_goes_on_trying(silent: Silent, made: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (broker, rpc_threads):
        monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    worker = made(silent.url)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        assert all(silent.visits.acquire(timeout=20) for _ in range(2)), "it gave up after the first try"
    finally:
        worker.stop()
        thread.join(timeout=20)
    assert not thread.is_alive()


@pytest.mark.slow
@pytest.mark.proof("T12")
def test_a_broker_whose_disk_is_full_says_so_and_comes_back(broker: PrivateBroker, start_host: Any) -> None:
    start_host("threads")
    client = RpcClient(broker.url, timeout=30)
    assert client.call("pantry", "echo", {}, {})["payload"] == {}
    broker.limit_disk("90000GB")
    try:
        for _ in range(2):
            with pytest.raises(Unavailable) as told:
                client.call("pantry", "echo", {}, {})
            assert told.value.code == "disk-full"
    finally:
        broker.limit_disk("1MB")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            assert client.call("pantry", "echo", {}, {})["payload"] == {}
            return
        except Unavailable:
            time.sleep(0.2)
    raise AssertionError("it never took messages again")
