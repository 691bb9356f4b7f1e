"""A log that says at once that it is away, instead of letting every caller find it out by a timeout of his own.

A frozen server (or a cut cable) answers nothing: ten callers with a timeout of seconds are then all the callers a
service can have, and those who need no log wait behind them. `Guarded` lets the first ones wait, refuses the others,
and sends one call ahead now and then to see whether the log is back. Nothing is asked that nobody wanted to know.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from grenier.log.protocol import NO_ROOM, Appended, LogUnavailable, NewEvent, Recorded, StreamLog, Subscription

T = TypeVar("T")
L = TypeVar("L", bound=StreamLog)

PATIENCE_S = 0.8
"""A call that takes longer than this makes the log count as away until a call succeeds."""
LOOK_AGAIN_AFTER_S = 0.3


class Guarded(Generic[L]):
    """The same methods as the log inside; raises LogUnavailable without asking while it is away."""

    def __init__(self, inside: L) -> None:
        self.inside = inside
        self._numbers = itertools.count()
        # Held for a dictionary update only, never over a wait: safe for threads and for greenlets alike.
        self._lock = threading.Lock()
        self._begun: dict[int, float] = {}
        self._failing = False
        self._failed_at = 0.0

    @property
    def away(self) -> bool:
        """Whether the last thing known of the log is that it does not answer."""
        return self._failing or self._oldest() > PATIENCE_S

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        return self._asked(lambda: self.inside.append(stream, events, expected=expected))

    def read(self, stream: str, *, from_revision: int = 0, limit: int | None = None) -> list[Recorded]:
        return self._asked(lambda: self.inside.read(stream, from_revision=from_revision, limit=limit))

    def next_position(self, *, after: int | None, types: Sequence[str]) -> int | None:
        return self._asked(lambda: self.inside.next_position(after=after, types=types))

    def head(self) -> int | None:
        log: Any = self.inside
        found: int | None = self._asked(log.head)
        return found

    def read_all(
        self, *, after: int | None = None, types: Sequence[str] | None = None, limit: int | None = None
    ) -> Iterator[Recorded]:
        """A long reading has its own deadlines: it is refused while the log is away, and tells nothing about it."""
        log: Any = self.inside
        if self.away:
            raise LogUnavailable("the log does not answer")
        events: Iterator[Recorded] = log.read_all(after=after, types=types, limit=limit)
        return events

    def subscribe(self, *, after: int | None, types: Sequence[str] | None) -> Subscription:
        log: Any = self.inside
        subscription: Subscription = log.subscribe(after=after, types=types)
        return subscription

    def close(self) -> None:
        self.inside.close()

    def _asked(self, call: Callable[[], T]) -> T:
        number = self._admitted()
        try:
            answer = call()
        except LogUnavailable as error:
            if NO_ROOM not in str(error):  # it answered: reading goes on
                self._failing, self._failed_at = True, time.monotonic()
            raise
        finally:
            with self._lock:
                del self._begun[number]
        self._failing = False
        return answer

    def _admitted(self) -> int:
        now, oldest = time.monotonic(), self._oldest()
        with self._lock:
            if oldest > PATIENCE_S:
                self._failing = True
            if self._failing and (self._begun or now - self._failed_at < LOOK_AGAIN_AFTER_S):
                raise LogUnavailable("the log does not answer")
            number = next(self._numbers)
            self._begun[number] = now
        return number

    def _oldest(self) -> float:
        """How long the call that has waited longest has been waiting."""
        with self._lock:
            first = next(iter(self._begun.values()), None)
        return 0.0 if first is None else time.monotonic() - first
