"""More come than can be served: who waited too long is refused cheaply, the others are answered (T11)."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from gateway.admission import BUDGET_S, Admission
from grenier import web_worker


class Door:
    """The middleware with an application behind it; `waited` is how long the next request has been queued."""

    def __init__(self, https: bool = False) -> None:
        self.waited = 0.0
        self.served: list[str] = []
        self.admission = Admission(self._serve, https, lambda: self.waited)

    def _serve(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        self.served.append(environ["PATH_INFO"])
        start("200 OK", [])
        return [b"served"]

    def ask(self, path: str, waited: float) -> tuple[str, dict[str, str], bytes]:
        self.waited = waited
        told: list[Any] = []
        body = b"".join(self.admission({"PATH_INFO": path}, lambda *words: told.extend(words)))
        return told[0], dict(told[1]), body


def test_who_waited_within_the_budget_is_served() -> None:
    door = Door()
    assert door.ask("/api/v1/me", BUDGET_S - 0.01)[2] == b"served"
    assert not door.admission.overloaded()


def test_who_waited_too_long_is_refused_before_anything_is_done() -> None:
    door = Door()
    status, headers, body = door.ask("/api/v1/me", BUDGET_S + 0.01)
    assert status.startswith("503")
    assert 1 <= int(headers["Retry-After"]) <= 10
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["code"] == "overloaded"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert door.served == []
    assert door.admission.overloaded()


def test_people_get_a_page_and_https_keeps_its_promise() -> None:
    door = Door(https=True)
    _, headers, body = door.ask("/commander", BUDGET_S + 1)
    assert "Trop de monde" in body.decode()
    assert headers["Content-Type"].startswith("text/html")
    assert "Strict-Transport-Security" in headers


@pytest.mark.parametrize("path", ["/health/ready", "/metrics", "/static/grenier.css"])
def test_health_is_told_however_many_wait(path: str) -> None:
    assert Door().ask(path, 60.0)[2] == b"served"


def test_the_refused_come_back_at_different_times() -> None:
    door = Door()
    assert len({door.ask("/api/v1/me", 5.0)[1]["Retry-After"] for _ in range(200)}) > 2


class Connection:
    pass


def test_the_worker_counts_from_the_moment_a_request_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a thread has waited since it was put into the queue; the next request of the thread starts anew."""
    seen: list[float] = []
    clock = iter([10.0, 13.5])
    monkeypatch.setattr(web_worker.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(web_worker.ThreadWorker, "enqueue_req", lambda self, conn: None)
    monkeypatch.setattr(web_worker.ThreadWorker, "handle", lambda self, conn: seen.append(web_worker.queued_s()))
    worker, connection = object.__new__(web_worker.Worker), Connection()
    worker.enqueue_req(connection)
    thread = threading.Thread(target=worker.handle, args=(connection,))
    thread.start()
    thread.join()
    assert seen == [3.5]
    assert web_worker.queued_s() == 0.0
