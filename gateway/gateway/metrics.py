"""What the gateway counts beside the common figures: answers, and attempts to sign in. No people, no groups."""

import time

from flask import Flask, Response, g, request
from prometheus_client import Counter

from grenier.metrics import HTTP_SECONDS

LOGINS = Counter("grenier_logins_total", "Attempts to sign in", ["way", "outcome"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def install(app: Flask) -> None:
    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        if "started" in g:
            method = request.method if request.method in METHODS else "other"
            labels = (request.endpoint or "none", method, str(response.status_code))
            HTTP_SECONDS.labels(*labels).observe(time.perf_counter() - g.started)
        return response
