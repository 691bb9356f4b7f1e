"""Turns, in the order people came: so many at once, so many waiting, nobody overtakes.

`threading.Semaphore` would do but for the last: what is given back is anybody's until who waits longest has woken, and who
was overtaken waits behind all others again. In a rush some then wait until they are refused, and their wait was for nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Callable


class Turns:
    """`at_once` hold a turn, `most_waiting` more may wait for one; `waited` is told the seconds of each who had to, in vain or not."""

    def __init__(
        self, at_once: int, most_waiting: int, waited: Callable[[float], None] = lambda _seconds: None
    ) -> None:
        self._free = at_once
        self._most_waiting = most_waiting
        self._waited = waited
        self._lock = threading.Lock()
        self._queue: deque[threading.Lock] = deque()  # each is let go when its turn has come

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether nobody more may wait; without a lock: for those who would rather not come."""
        return 0 < self._most_waiting <= len(self._queue)

    def take(self, patience_s: float) -> bool:
        """Whether the turn came within `patience_s`; it has to be given back."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            if len(self._queue) >= self._most_waiting:
                return False
            mine = threading.Lock()
            mine.acquire()
            self._queue.append(mine)
        came = time.monotonic()
        taken = mine.acquire(timeout=patience_s) or not self._gone(mine)
        self._waited(time.monotonic() - came)
        return taken

    def give_back(self) -> None:
        with self._lock:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._free += 1

    def _gone(self, mine: threading.Lock) -> bool:
        """Whether who has no patience left went away; not if the turn came in this very moment."""
        with self._lock:
            if mine not in self._queue:
                return False
            self._queue.remove(mine)
            return True
