"""More come than can be served: some wait for their turn, who cannot is refused cheaply, the others are answered (T11)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from gateway.admission import Admission

PATIENCE_S = 20.0
LONG_S = 30.0


class Door:
    """The middleware with an application behind it that answers when it is told to."""

    def __init__(self, *, https: bool = False, at_once: int = 1, waiting: int = 0, budget_s: float = LONG_S) -> None:
        self.served: list[str] = []
        self.inside = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.admission = Admission(self._serve, https, at_once, waiting, budget_s)

    def _serve(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        self.inside.release()
        assert self.go_on.acquire(timeout=PATIENCE_S)
        self.served.append(environ["PATH_INFO"])
        start("200 OK", [])
        return [b"served"]

    def ask(self, path: str) -> tuple[str, dict[str, str], bytes]:
        told: list[Any] = []
        body = b"".join(self.admission({"PATH_INFO": path}, lambda *words: told.extend(words)))
        return told[0], dict(told[1]), body

    def ask_beside(self, path: str) -> tuple[threading.Thread, list[str]]:
        """The request in a thread of its own; its status stands in the list when it was answered."""
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(self.ask(path)[0]))
        thread.start()
        return thread, found

    def busy(self) -> threading.Thread:
        """One request that is being worked on."""
        thread, _ = self.ask_beside("/first")
        assert self.inside.acquire(timeout=PATIENCE_S)
        return thread


def wait_until(holds: Callable[[], bool]) -> None:
    done = threading.Event()
    for _ in range(int(PATIENCE_S / 0.01)):
        if holds():
            return
        done.wait(0.01)
    raise TimeoutError


def test_who_finds_a_free_place_is_served() -> None:
    door = Door()
    door.go_on.release(2)
    assert [door.ask("/api/v1/me")[2] for _ in range(2)] == [b"served"] * 2
    assert not door.admission.overloaded()


def test_who_finds_neither_place_nor_queue_is_refused_before_anything_is_done() -> None:
    door = Door()
    first = door.busy()
    status, headers, body = door.ask("/api/v1/me")
    assert status.startswith("503")
    assert 1 <= int(headers["Retry-After"]) <= 10
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["code"] == "overloaded"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert door.admission.overloaded()
    door.go_on.release()
    first.join(PATIENCE_S)
    assert door.served == ["/first"]


def test_who_waits_is_served_in_turn_even_when_somebody_comes_meanwhile() -> None:
    door = Door(waiting=1)
    first = door.busy()
    second, told = door.ask_beside("/second")
    wait_until(lambda: door.admission._turns.waiting == 1)
    assert door.ask("/third")[0].startswith("503")
    door.go_on.release(2)
    for thread in (first, second):
        thread.join(PATIENCE_S)
    assert told == ["200 OK"]
    assert door.served == ["/first", "/second"]


def test_nobody_waits_longer_than_the_budget() -> None:
    door = Door(waiting=5, budget_s=0.05)
    first = door.busy()
    assert door.ask("/second")[0].startswith("503")
    door.go_on.release(2)
    first.join(PATIENCE_S)
    assert door.ask("/third")[0] == "200 OK"


def test_a_place_is_free_again_after_a_failure() -> None:
    door = Door()

    def broken(environ: dict[str, Any], start: Any) -> list[bytes]:
        raise RuntimeError("broken")

    door.admission._app = broken
    for _ in range(3):
        with pytest.raises(RuntimeError):
            door.ask("/x")


def test_people_get_a_page_and_https_keeps_its_promise() -> None:
    door = Door(https=True, at_once=0)
    _, headers, body = door.ask("/commander")
    assert "Trop de monde" in body.decode()
    assert headers["Content-Type"].startswith("text/html")
    assert "Strict-Transport-Security" in headers


@pytest.mark.parametrize("path", ["/health/ready", "/metrics", "/static/grenier.css"])
def test_health_is_told_however_many_wait(path: str) -> None:
    door = Door(at_once=0)
    door.go_on.release()
    assert door.ask(path)[2] == b"served"


def test_the_refused_come_back_at_different_times() -> None:
    door = Door(at_once=0)
    assert len({door.ask("/api/v1/me")[1]["Retry-After"] for _ in range(200)}) > 2


class Slow:
    """A body that arrives when it is let go, or ends before its time."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.read_from = threading.Semaphore(0)
        self.go_on = threading.Event()

    def read(self, size: int = -1) -> bytes:
        self.read_from.release()
        assert self.go_on.wait(PATIENCE_S)
        return self.body[:size]


def sending(admission: Admission, body: Slow, length: int | None = None) -> tuple[str, bytes]:
    environ = {"PATH_INFO": "/", "wsgi.input": body}
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    environ |= chunked if length is None else {"CONTENT_LENGTH": str(length)}
    told: list[Any] = []
    answer = b"".join(admission(environ, lambda *words: told.extend(words)))
    return told[0], answer


def echoing(longest: int = 100) -> Admission:
    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [])
        return [environ["wsgi.input"].read() if "wsgi.input" in environ else b""]

    return Admission(app, False, 1, 0, longest=longest)


@pytest.mark.proof("T38")
def test_who_sends_slowly_takes_nobody_s_place() -> None:
    admission, slow = echoing(), [Slow(b"abc") for _ in range(20)]
    threads = [threading.Thread(target=sending, args=(admission, body, 3)) for body in slow]
    for thread in threads:
        thread.start()
    for body in slow:
        assert body.read_from.acquire(timeout=PATIENCE_S)
    told: list[str] = []
    admission({"PATH_INFO": "/"}, lambda status, _headers: told.append(status))
    assert told == ["200 OK"]
    for body in slow:
        body.go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)


@pytest.mark.proof("T38")
@pytest.mark.parametrize("length", [3, None])
def test_what_was_sent_arrives_whole(length: int | None) -> None:
    body = Slow(b"abc")
    body.go_on.set()
    assert sending(echoing(), body, length) == ("200 OK", b"abc")


def test_nothing_is_read_of_who_finds_no_place_to_wait() -> None:
    door, body = Door(waiting=1), Slow(b"abc")
    first = door.busy()
    second, _ = door.ask_beside("/second")
    wait_until(lambda: door.admission._turns.waiting == 1)
    assert sending(door.admission, body, 3)[0].startswith("503")
    assert not body.read_from.acquire(blocking=False)
    door.go_on.release(2)
    for thread in (first, second):
        thread.join(PATIENCE_S)


@pytest.mark.proof("T38")
def test_what_breaks_off_is_not_worked_on() -> None:
    body = Slow(b"quantity=1")
    body.go_on.set()
    admission = echoing()
    assert sending(admission, body, 11)[0].startswith("400")
    assert not admission.overloaded()


@pytest.mark.proof("T38")
def test_what_announces_too_much_is_refused_unread_and_what_hides_it_is_cut() -> None:
    body = Slow(bytes(1_000))
    read = echoing()
    read._app = lambda environ, start: (start("413 Too Large", []), [b""])[1]
    assert sending(read, body, 1_000)[0].startswith("413")
    assert not body.read_from.acquire(blocking=False)
    body.go_on.set()
    assert len(sending(echoing(), body)[1]) == 101


def test_a_body_without_a_length_is_left_alone_where_nothing_tells_its_end() -> None:
    """Reading it would wait for ever: the development server's stream goes on as long as the connection."""
    admission = Admission(lambda environ, start: (start("200 OK", []), [b""])[1], False, 1, 0)
    body = Slow(b"abc")
    told: list[str] = []
    environ = {"PATH_INFO": "/", "wsgi.input": body, "HTTP_TRANSFER_ENCODING": "chunked"}
    admission(environ, lambda status, _headers: told.append(status))
    assert told == ["200 OK"]
    assert not body.read_from.acquire(blocking=False)


def test_of_a_body_with_a_length_that_much_is_read() -> None:
    asked: list[int] = []

    class Stream:
        def read(self, size: int) -> bytes:
            asked.append(size)
            return bytes(size)

    environ = {"PATH_INFO": "/", "wsgi.input": Stream(), "CONTENT_LENGTH": "5"}
    assert b"".join(echoing()(environ, lambda *words: None)) == bytes(5)
    assert asked == [5]
