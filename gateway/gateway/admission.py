"""At the door: what would wait too long for its turn is refused at once, at the price of a few bytes.

A gateway that takes everything answers nobody when five times as many come as it can serve: each request waits, its
client gives up and asks again. Here a few requests are worked on at once, some wait for their turn (at most BUDGET_S), and
who comes beyond them gets 503 with Retry-After before any of it is read, so that the others are answered within their
time, and all is as before as soon as fewer come. Health and metrics are never refused.

What a request sends is read before its turn, in one of READERS threads of its own: who sends a byte now and then keeps
others from nothing. Who ends before all was sent is answered nothing.
"""

import io
import json
import random
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import Counter, Histogram

from gateway.turns import Turns

BUDGET_S = 1.0
WAITING_FOR_EACH = 8
READERS = 256
LONGEST_BYTES = 2_000_000
RETRY_S = (2, 6)  # drawn, so that those who were refused together do not come back together
ALWAYS = ("/health", "/metrics", "/static/")
NAMED_FOR_S = 15.0

REFUSED = Counter("grenier_http_refused_total", "Requests refused at the door because they had waited too long")
QUEUED = Histogram(
    "grenier_http_queued_seconds", "Wait of a request for its turn", buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
)

HEADERS = [
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
]
PROBLEM = json.dumps(
    {
        "type": "/problems/overloaded",
        "title": "Trop de monde en ce moment",
        "status": 503,
        "code": "overloaded",
        "detail": "Rien n’a été fait : réessayez dans quelques secondes.",
    },
    ensure_ascii=False,
).encode()
PAGE = (
    '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Trop de monde en ce moment · Grenier</title></head>'
    "<body><main><h1>Trop de monde en ce moment</h1><p>Rien n’a été fait, rien n’est perdu : revenez en arrière ou "
    "rechargez la page dans quelques secondes.</p>"
    '<p lang="en">Too many people right now. Nothing was done, nothing is lost: go back or reload in a few seconds.</p>'
    "</main></body></html>"
).encode()

Start = Callable[..., Any]


def places_of(threads: int) -> tuple[int, int]:
    """(worked on at once, waiting for their turn) of a worker that answers `threads` requests at once."""
    return threads, WAITING_FOR_EACH * threads


class BrokenOff(Exception):
    """A request whose sender was gone before the end of it."""


class Admission:
    """WSGI middleware around the application: `at_once` requests are worked on, `waiting` wait for their turn."""

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        https: bool,
        at_once: int,
        waiting: int,
        budget_s: float = BUDGET_S,
        longest: int = LONGEST_BYTES,
    ) -> None:
        self._app = app
        self._longest = longest
        self._readers = threading.Semaphore(READERS)
        self._turns = Turns(at_once, waiting, QUEUED.observe)
        self._budget_s = budget_s
        self._extra = [("Strict-Transport-Security", "max-age=31536000; includeSubDomains")] if https else []
        self._refused_at = float("-inf")

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(ALWAYS):
            return self._app(environ, start)
        sent = environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING")
        try:
            # Whether there is room is looked at before anything is read, which costs more than all else of a refusal.
            admitted = (
                not self._turns.full and (not sent or self._received(environ)) and self._turns.take(self._budget_s)
            )
        except BrokenOff:
            start("400 Bad Request", [("Content-Length", "0"), *HEADERS, *self._extra])
            return [b""]
        if not admitted:
            self._refused_at = time.monotonic()
            REFUSED.inc()
            return self._refusal(environ.get("PATH_INFO", ""), start)
        try:
            return self._app(environ, start)
        finally:
            self._turns.give_back()

    def _received(self, environ: dict[str, Any]) -> bool:
        """Put all that the request sends in place of its stream. What is too long is left to the application to refuse."""
        announced = environ.get("CONTENT_LENGTH") or ""
        most = int(announced) if announced.isdecimal() else self._longest + 1
        if most > self._longest and announced:
            return True
        if not announced and not environ.get("wsgi.input_terminated"):
            return True  # a server that does not tell where a body without a length ends lets nobody read one
        if not self._readers.acquire(blocking=False):
            return False
        try:
            body = environ["wsgi.input"].read(most)
        finally:
            self._readers.release()
        environ["wsgi.input"] = io.BytesIO(body)
        if announced.isdecimal() and len(body) != int(announced):
            raise BrokenOff
        return True

    def overloaded(self) -> bool:
        """Whether somebody was refused lately: for the health page."""
        return time.monotonic() - self._refused_at < NAMED_FOR_S

    def _refusal(self, path: str, start: Start) -> Iterable[bytes]:
        for_programs = path.startswith("/api/")
        body = PROBLEM if for_programs else PAGE
        kind = "application/problem+json" if for_programs else "text/html; charset=utf-8"
        start(
            "503 Service Unavailable",
            [
                ("Content-Type", kind),
                ("Content-Length", str(len(body))),
                ("Retry-After", str(random.randint(*RETRY_S))),
                *HEADERS,
                *self._extra,
            ],
        )
        return [body]
