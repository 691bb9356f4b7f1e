"""An event log in memory, for tests: the promises of `esdb.py` without a server.

Positions have gaps on purpose (production positions are byte offsets), so that nothing learns to count with them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from grenier.log.protocol import (
    Appended,
    CaughtUp,
    Checkpoint,
    NewEvent,
    Recorded,
    Subscription,
    WrongVersion,
    check_append,
)

POSITION_STEP = 7
CHECKPOINT_EVERY = 150
"""Events passed over by a filter before a checkpoint says so, as on the server (window 30 times multiplier 5)."""


class MemoryLog:
    """EventLog held in lists; safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._all: list[Recorded] = []
        self._streams: dict[str, list[Recorded]] = {}
        self._subscriptions: set[MemorySubscription] = set()

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        check_append(events, expected)
        with self._changed:
            recorded = self._streams.get(stream, [])
            current = len(recorded) - 1
            if expected < current:
                return self._repeated(stream, recorded, events, expected)
            if expected > current:
                raise WrongVersion(stream, expected, current)
            for event in events:
                self._record(stream, event)
            self._changed.notify_all()
            return Appended(expected + len(events), self._all[-1].position)

    def read(self, stream: str, *, from_revision: int = 0, limit: int | None = None) -> list[Recorded]:
        with self._changed:
            found = self._streams.get(stream, [])[from_revision:]
            return found if limit is None else found[:limit]

    def next_position(self, *, after: int | None, types: Sequence[str]) -> int | None:
        return next((event.position for event in self.read_all(after=after, types=types, limit=1)), None)

    def read_all(
        self, *, after: int | None = None, types: Sequence[str] | None = None, limit: int | None = None
    ) -> Iterator[Recorded]:
        with self._changed:
            found = [event for event in self._all[self._index_behind(after) :] if wanted(event.type, types)]
        return iter(found if limit is None else found[:limit])

    def subscribe(self, *, after: int | None, types: Sequence[str] | None) -> Subscription:
        with self._changed:
            subscription = MemorySubscription(self, self._index_behind(after), types)
            self._subscriptions.add(subscription)
            return subscription

    def head(self) -> int | None:
        with self._changed:
            return self._all[-1].position if self._all else None

    def close(self) -> None:
        for subscription in list(self._subscriptions):
            subscription.stop()

    def _repeated(self, stream: str, recorded: list[Recorded], events: Sequence[NewEvent], expected: int) -> Appended:
        """The server compares event ids at the positions they would take: all the same is a repetition."""
        there = recorded[expected + 1 : expected + 1 + len(events)]
        if [event.id for event in there] != [event.id for event in events]:
            raise WrongVersion(stream, expected, len(recorded) - 1)
        return Appended(there[-1].revision, there[-1].position)

    def _record(self, stream: str, event: NewEvent) -> None:
        revisions = self._streams.setdefault(stream, [])
        recorded = Recorded(
            id=event.id,
            stream=stream,
            revision=len(revisions),
            type=event.type,
            data=event.data,
            metadata=event.metadata,
            position=(self._all[-1].position if self._all else 0) + POSITION_STEP,
            created=datetime.now(UTC),
        )
        revisions.append(recorded)
        self._all.append(recorded)

    def _index_behind(self, after: int | None) -> int:
        """Where in the list the first event with a greater position stands (positions are multiples of the step)."""
        return 0 if after is None else min(max(after // POSITION_STEP, 0), len(self._all))


class MemorySubscription:
    """Iterates over the log's list and waits at its end; says CaughtUp once."""

    def __init__(self, log: MemoryLog, index: int, types: Sequence[str] | None) -> None:
        self._log = log
        self._index = index
        self._types = types
        self._passed_over = 0
        self._to_catch_up: int | None = len(log._all)
        self._stopped = False

    def __iter__(self) -> Iterator[Recorded | Checkpoint | CaughtUp]:
        return self

    def __next__(self) -> Recorded | Checkpoint | CaughtUp:
        with self._log._changed:
            while not self._stopped:
                found = self._next_there()
                if found is not None:
                    return found
                self._log._changed.wait()
        raise StopIteration

    def stop(self) -> None:
        with self._log._changed:
            self._stopped = True
            self._log._subscriptions.discard(self)
            self._log._changed.notify_all()

    def _next_there(self) -> Recorded | Checkpoint | CaughtUp | None:
        events = self._log._all
        while self._index < len(events):
            event = events[self._index]
            self._index += 1
            if wanted(event.type, self._types):
                self._passed_over = 0
                return event
            self._passed_over += 1
            if self._passed_over >= CHECKPOINT_EVERY:
                return self._checkpoint()
        if self._to_catch_up is not None and self._index >= self._to_catch_up:
            if self._passed_over:
                return self._checkpoint()
            self._to_catch_up = None
            return CaughtUp(events[-1].position if events else None)
        return None

    def _checkpoint(self) -> Checkpoint:
        self._passed_over = 0
        return Checkpoint(self._log._all[self._index - 1].position)


def wanted(event_type: str, types: Sequence[str] | None) -> bool:
    """Whether an event passes a filter of type prefixes; the server's own events never do."""
    if types is None:
        return not event_type.startswith("$")
    return event_type.startswith(tuple(types))
