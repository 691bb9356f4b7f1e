"""The threads of a process compute one after another; whoever waits for something lets the next one compute.

CPython computes in one thread at a time anyway. But every question to a SQLite file gives the interpreter's lock away for
a few microseconds, and with others ready to compute it comes back after a switch of threads only: with eight requests at
work each was switched dozens of times, and most of the CPU of a short answer went there. Who waits for the baton sleeps.

Nobody waits for long: beside who computes for longer than PATIENCE_S (a document, a password) the others compute as if
there were no baton, until it is given back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_S = 0.05


class Baton:
    """One for all requests of a process."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._free = threading.Lock()
        self._kept_long = False
        # `runs`: between `take` and `give`; `holds`: and has it, which those who lost patience have not.
        self._thread = threading.local()

    def take(self) -> None:
        self._thread.runs = True
        self._thread.holds = held = self._free.acquire(timeout=0.0 if self._kept_long else self._patience_s)
        if not held:
            self._kept_long = True

    def give(self) -> None:
        self._thread.runs = False
        if self._thread.holds:
            self._thread.holds = self._kept_long = False
            self._free.release()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Around a wait; nothing for threads that do not run with it."""
        if not getattr(self._thread, "runs", False):
            yield
            return
        self.give()
        try:
            yield
        finally:
            self.take()

    def sleep(self, seconds: float) -> None:
        with self.down():
            time.sleep(seconds)
