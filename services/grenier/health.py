"""Is this process alive, is it ready: named checks, and a very small HTTP server that answers about them.

    HEALTH.add("log", lambda: client.ping())        # returns a detail or nothing; raises or returns False when not ready
    serve(port=8421)                                # /health/live, /health/ready, /metrics, in a native thread

The server speaks just enough HTTP/1.0 over the interpreter's own C sockets: in a process patched by eventlet the
standard http.server would wait on green sockets from a native thread.
"""

from __future__ import annotations

import _socket
import json
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from grenier import metrics
from grenier.logging import mask

CHECK_AGAIN_AFTER_S = 0.5
REQUEST_BYTES = 4096
REQUEST_TIMEOUT_S = 2.0
REQUESTS_AT_ONCE = 8

Check = Callable[[], Any]


class Health:
    """The checks of one process. Answers are remembered for half a second, so that probes cost nothing."""

    def __init__(self, process: str = "") -> None:
        self.process = process
        self._checks: dict[str, Check] = {}
        self._facts: dict[str, Check] = {}
        self._lock = threading.Lock()
        self._answer: tuple[float, bool, dict[str, Any], dict[str, Any]] | None = None

    def add(self, name: str, check: Check) -> None:
        """`check()` returns a detail (any JSON value) or None when well; it raises, or returns False, when not."""
        with self._lock:
            self._checks[name] = check
            self._answer = None

    def facts(self, name: str, look: Check) -> None:
        """Something to know that does not make the process unfit: `look()` answers a JSON value when health is asked."""
        self._facts[name] = look

    def remove(self, name: str) -> None:
        with self._lock:
            self._checks.pop(name, None)
            self._answer = None

    def forget(self) -> None:
        """No checks and no facts any more: what was served here before has ended, the process goes on (in tests)."""
        with self._lock:
            self._checks.clear()
            self._facts.clear()
            self._answer = None

    def live(self) -> dict[str, Any]:
        return {"status": "live", "process": self.process, "pid": os.getpid(), "version": version()}

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """(all well, {"status", "process", "version", "checks": {name: {"ok", "detail"}}, "facts": the same})."""
        with self._lock:
            now = time.monotonic()
            if self._answer is None or now - self._answer[0] > CHECK_AGAIN_AFTER_S:
                checks = {name: _run(check) for name, check in self._checks.items()}
                well = all(result["ok"] for result in checks.values())
                metrics.PROCESS_READY.set(well)
                facts = {name: _run(look) for name, look in list(self._facts.items())}
                self._answer = (now, well, checks, facts)
            _, well, checks, facts = self._answer
        status = "ready" if well else "not-ready"
        told = {"status": status, "process": self.process, "version": version(), "checks": checks, "facts": facts}
        return well, told


HEALTH = Health()
_serving: set[int] = set()


def version() -> str:
    """The product's version, and the commit when the operator gives it."""
    from grenier import __version__

    commit = os.environ.get("GRENIER_COMMIT", "")
    return f"{__version__}+{commit}" if commit else __version__


def _run(check: Check) -> dict[str, Any]:
    try:
        detail = check()
    except Exception as error:  # a failing check is an answer, whatever failed
        return {"ok": False, "detail": mask(f"{type(error).__name__}: {error}")[:300]}
    if detail is False:
        return {"ok": False, "detail": None}
    return {"ok": True, "detail": None if detail is True else detail}


def answer(path: str, health: Health = HEALTH) -> tuple[int, str, bytes]:
    """(status, content type, body) for a path; the gateway's processes use it in their own routes."""
    if path == "/health/live":
        return 200, "application/json", json.dumps(health.live()).encode()
    if path == "/health/ready":
        well, body = health.ready()
        return (200 if well else 503), "application/json", json.dumps(body, default=str).encode()
    if path == "/metrics":
        health.ready()
        return 200, metrics.CONTENT_TYPE, metrics.exposition()
    return 404, "text/plain; charset=utf-8", b"not found\n"


def serve(port: int, health: Health = HEALTH, address: str = "127.0.0.1") -> int:
    """Answer in a daemon thread from now on; port 0 takes a free one. Returns the port. Asking again for the same port is fine."""
    if port in _serving:
        return port
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(16)
    threading.Thread(target=_accept, args=(listener, health), name="health", daemon=True).start()
    found = int(listener.getsockname()[1])
    _serving.add(found)
    return found


def _accept(listener: _socket.socket, health: Health) -> None:
    places = threading.BoundedSemaphore(REQUESTS_AT_ONCE)
    while True:
        places.acquire()
        try:
            descriptor, _ = listener._accept()  # type: ignore[attr-defined]
        except OSError:
            return
        connection = _socket.socket(fileno=descriptor)
        threading.Thread(
            target=_one_request, args=(connection, health, places), name="health-request", daemon=True
        ).start()


def _one_request(connection: _socket.socket, health: Health, places: threading.BoundedSemaphore) -> None:
    try:
        connection.settimeout(REQUEST_TIMEOUT_S)
        words = connection.recv(REQUEST_BYTES).decode("latin-1").split(" ", 2)
        path = words[1].split("?", 1)[0] if len(words) == 3 and words[0] in ("GET", "HEAD") else ""
        status, content_type, body = answer(path, health)
        reason = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}[status]
        head = f"HTTP/1.0 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
    except OSError:
        pass  # the caller went away
    finally:
        connection.close()
        places.release()
