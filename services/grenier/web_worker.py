"""gunicorn's worker of threads, which also knows how long a request has waited for a thread.

Requests that arrive faster than they are answered wait in a queue that gunicorn shows to nobody. Whoever serves them
asks `queued_s()`, and refuses cheaply what has waited too long: its client has given up, or will repeat it.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

_here = threading.local()


def queued_s() -> float:
    """Seconds that the request of this thread waited before a thread took it; 0 outside a server."""
    since: float | None = getattr(_here, "since", None)
    return 0.0 if since is None else time.monotonic() - since


class Worker(ThreadWorker):
    def enqueue_req(self, conn: Any) -> None:
        conn.queued_at = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        _here.since = conn.queued_at
        try:
            return super().handle(conn)
        finally:
            _here.since = None
