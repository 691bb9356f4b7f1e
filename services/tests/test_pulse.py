"""Servers that go away: found out by the first who wait, told to all others at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from grenier.errors import Unavailable
from grenier.log import LogUnavailable
from grenier.log.guarded import PATIENCE_S, Guarded
from grenier.log.memory import MemoryLog
from grenier.pulse import Pulse, Watch, greet
from grenier.rpc_client import RpcClient


def soon(holds: Callable[[], bool], patience_s: float = 10.0) -> None:
    until = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


class Server:
    """Answers while `open`; refuses while `dead`."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.dead = False
        self.asked = 0

    def ask(self) -> None:
        self.asked += 1
        if self.dead:
            raise OSError("refused")
        self.open.wait(30)


def test_nobody_is_asked_while_nobody_waits() -> None:
    broker, log = Server(), Server()
    watch = Watch(Pulse("broker", broker.ask), Pulse("log", log.ask))
    for _ in range(100):
        watch.check(command=True)
    assert (broker.asked, log.asked) == (0, 0)


@pytest.mark.parametrize("how", ["frozen", "dead"])
def test_a_server_that_does_not_answer_is_away_until_it_does(how: str) -> None:
    server = Server()
    pulse = Pulse("broker", server.ask, patience_s=0.05)
    server.open.clear() if how == "frozen" else None
    server.dead = how == "dead"
    pulse.doubt()
    soon(lambda: pulse.away)
    server.open.set()
    server.dead = False
    soon(lambda: not pulse.away)


def test_a_machine_that_stands_still_makes_no_server_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes on for an hour while nobody has a turn: the answer is there at the next tick."""
    server = Server()
    pulse = Pulse("broker", server.ask, patience_s=10.0)
    server.open.clear()
    pulse.doubt()
    soon(lambda: server.asked == 1)
    later = time.monotonic() + 3_600
    monkeypatch.setattr("grenier.pulse.time.monotonic", lambda: later)
    assert not pulse.away
    monkeypatch.undo()
    server.open.set()
    soon(lambda: pulse._answered_at > 0)
    assert not pulse.away


def test_commands_need_the_log_and_questions_do_not() -> None:
    broker, log = Server(), Server()
    watch = Watch(Pulse("broker", broker.ask), Pulse("log", log.ask, patience_s=0.05))
    log.open.clear()
    watch.check(command=True, waited_s=1.0)
    soon(lambda: watch.log.away)
    watch.check(command=False)
    with pytest.raises(Unavailable, match="log-unavailable"):
        watch.check(command=True)
    log.open.set()


def test_without_the_broker_nothing_can_be_asked() -> None:
    broker = Server()
    watch = Watch(Pulse("broker", broker.ask), Pulse("log", Server().ask))
    broker.dead = True
    watch.broker.doubt()
    soon(lambda: watch.broker.away)
    with pytest.raises(Unavailable, match="service-unavailable"):
        watch.check(command=False)


def test_a_broker_that_refuses_connections_is_tried_by_one_and_not_by_every_call() -> None:
    broker = Server()
    broker.dead = True
    watch = Watch(Pulse("broker", broker.ask), Pulse("log", Server().ask))
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    client = RpcClient(f"amqp://127.0.0.1:{port}/", watch=watch)
    with pytest.raises(Unavailable, match="service-unavailable"):
        client.call("orders", "current", {}, {})
    soon(lambda: watch.broker.away)
    with socket.create_server(("127.0.0.1", port)) as listening:
        listening.setblocking(False)
        for _ in range(20):
            with pytest.raises(Unavailable, match="service-unavailable"):
                client.call("orders", "current", {}, {})
        with pytest.raises(BlockingIOError):  # nobody has tried
            listening.accept()


def test_a_port_that_accepts_and_says_nothing_is_no_broker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(OSError):
        greet(f"amqp://127.0.0.1:{listening.getsockname()[1]}", timeout_s=0.1)


class SlowLog(MemoryLog):
    """Answers when `open`; breaks off when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.open.set()
        self.asked = 0
        self.broken = False

    def read(self, stream: str, **options: int | None) -> list:  # type: ignore[type-arg]
        self.asked += 1
        self.open.wait(30)
        if self.broken:
            raise LogUnavailable("gone")
        return super().read(stream, **options)  # type: ignore[arg-type]


def test_behind_a_call_that_hangs_the_others_are_refused_at_once() -> None:
    inside = SlowLog()
    log = Guarded(inside)
    inside.open.clear()
    first = threading.Thread(target=log.read, args=("a",))
    first.start()
    soon(lambda: log.away, PATIENCE_S + 10)
    asked = inside.asked
    for _ in range(50):
        with pytest.raises(LogUnavailable):
            log.read("b")
    assert inside.asked == asked, "refused without asking"
    inside.open.set()
    first.join()
    assert not log.away
    assert log.read("b") == []


def test_after_a_failure_one_call_at_a_time_looks_whether_the_log_is_back() -> None:
    inside = SlowLog()
    log = Guarded(inside)
    inside.broken = True
    with pytest.raises(LogUnavailable, match="gone"):
        log.read("a")
    with pytest.raises(LogUnavailable, match="does not answer"):
        log.read("a")
    assert inside.asked == 1
    inside.broken = False

    def back() -> bool:
        try:
            return log.read("a") == []
        except LogUnavailable:
            return False

    soon(back)
    assert not log.away
