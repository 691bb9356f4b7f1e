"""Misbehaviour on demand, for tests of the services: each kind for the next N calls it applies to."""

from __future__ import annotations

import threading
from collections import Counter

NOT_LEADER = "not-leader"  # refuse a call that requires the leader
UNAVAILABLE = "unavailable"  # refuse any call on streams
ANSWER_LOST = "answer-lost"  # commit a write, then answer UNAVAILABLE
SLOW_DISK = "slow-disk"  # wait before each commit
KINDS = (NOT_LEADER, UNAVAILABLE, ANSWER_LOST, SLOW_DISK)


class Faults:
    """Counters of faults still to be injected; safe to use from the loop and from the writer thread."""

    def __init__(self) -> None:
        """Begin well behaved."""
        self._lock = threading.Lock()
        self._left: Counter[str] = Counter()
        self.delay_s = 0.0

    def arm(self, kind: str, calls: int, delay_s: float = 0.0) -> None:
        """Inject this fault into the next ``calls`` calls; 0 ends it. Errors: ValueError for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}, known: {', '.join(KINDS)}")
        with self._lock:
            self._left[kind] = calls
            if kind == SLOW_DISK:
                self.delay_s = delay_s

    def take(self, kind: str) -> bool:
        """True if this call is to suffer the fault; uses up one."""
        if not self._left[kind]:
            return False
        with self._lock:
            if self._left[kind] <= 0:
                return False
            self._left[kind] -= 1
            return True

    def left(self) -> dict[str, int]:
        """Faults still armed, by kind."""
        with self._lock:
            return {kind: self._left[kind] for kind in KINDS}
