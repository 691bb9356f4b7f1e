"""At the door: what has waited too long for its turn is refused at once, at the price of a few bytes.

A gateway that takes everything answers nobody when five times as many come as it can serve: each request waits, its
client gives up and asks again. Here a request that has waited longer than BUDGET_S gets 503 with Retry-After before any
of it is read, so that the others are answered within their time, and all is as before as soon as fewer come.
Health and metrics are never refused. Costs a clock reading per request.
"""

import json
import random
import time
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import Counter, Histogram

from grenier.web_worker import queued_s

BUDGET_S = 1.0
RETRY_S = (2, 6)  # drawn, so that those who were refused together do not come back together
ALWAYS = ("/health", "/metrics", "/static/")
NAMED_FOR_S = 15.0

REFUSED = Counter("grenier_http_refused_total", "Requests refused at the door because they had waited too long")
QUEUED = Histogram(
    "grenier_http_queued_seconds", "Wait of a request for a thread", buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
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


class Admission:
    """WSGI middleware around the application. `waited` answers how long the request of this thread has been queued."""

    def __init__(
        self, app: Callable[..., Iterable[bytes]], https: bool, waited: Callable[[], float] = queued_s
    ) -> None:
        self._app = app
        self._waited = waited
        self._extra = [("Strict-Transport-Security", "max-age=31536000; includeSubDomains")] if https else []
        self._refused_at = float("-inf")

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        waited = self._waited()
        if waited > 0.01:
            QUEUED.observe(waited)
        if waited < BUDGET_S or environ.get("PATH_INFO", "").startswith(ALWAYS):
            return self._app(environ, start)
        self._refused_at = time.monotonic()
        REFUSED.inc()
        return self._refusal(environ.get("PATH_INFO", ""), start)

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
