"""Where a follower of the log stands: how many events it has still to take in, and how old the oldest of them is.

    Standing(event_log, reads, position).facts()  ->  {"position", "lag_events", "lag_s"}
    Standing(…).told("orders")                    ->  the same, also told to Prometheus under this name

Positions of a log are no counts (an event store counts bytes), so the events behind are looked at: COUNTED of them at
most, and only when health is asked. Times are of the machine's clock, as the log recorded them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from grenier import metrics
from grenier.log.protocol import EventLog

COUNTED = 200


class Standing:
    def __init__(self, log: EventLog, reads: Sequence[str], position: Callable[[], int]) -> None:
        self._log = log
        self._reads = list(reads)
        self._position = position

    def facts(self) -> dict[str, Any]:
        """Raises LogUnavailable."""
        position = self._position()
        count, oldest = 0, None
        for recorded in self._log.read_all(after=None if position < 0 else position, types=self._reads, limit=COUNTED):
            oldest = oldest or recorded.created
            count += 1
        lag_s = 0.0 if oldest is None else max(0.0, time.time() - oldest.timestamp())
        return {"position": position, "lag_events": count, "lag_s": round(lag_s, 1)}

    def told(self, label: str) -> dict[str, Any]:
        facts = self.facts()
        metrics.VIEW_LAG_EVENTS.labels(label).set(facts["lag_events"])
        metrics.VIEW_LAG_SECONDS.labels(label).set(facts["lag_s"])
        return facts
