"""What a worker says of itself before it follows the log: views that were lost, or are of another version, are being filled.

    filling = Filling("orders"); filling(12_000, 40_000, 3.2)
    filling.words()  ->  "filling views: 12000 of about 40000 events"
    filling.facts()  ->  {"filling": {"events", "of"}, "lag_events", "lag_s"}, also told to Prometheus

How old the first event is that the views lack says little here (it may be years): `lag_s` is how long they have been late.
"""

from __future__ import annotations

import time
from typing import Any

from grenier import metrics


class Filling:
    """`trouble`: what it waits for; "" while it goes on."""

    def __init__(self, service: str) -> None:
        self.trouble = ""
        self._service = service
        self._events, self._of = 0, 0
        self._began = time.monotonic()

    def __call__(self, events: int, of: int, _seconds: float) -> None:
        """As `rebuild.Show`: after every page."""
        self.trouble = ""
        self._events, self._of = events, of

    def words(self) -> str:
        if self.trouble:
            return f"views wait: {self.trouble}"
        return f"filling views: {self._events} of about {self._of} events" if self._of else "filling views"

    def facts(self) -> dict[str, Any]:
        left, since = self._of - self._events, round(time.monotonic() - self._began, 1)
        metrics.VIEW_LAG_EVENTS.labels(self._service).set(left)
        metrics.VIEW_LAG_SECONDS.labels(self._service).set(since)
        return {"filling": {"events": self._events, "of": self._of}, "lag_events": left, "lag_s": since}
