"""What the product asks of an event log; `esdb.py` keeps the promise with EventStoreDB's protocol, `memory.py` in tests.

Positions are opaque integers: they grow, they have gaps, and only their order means something.
Revisions are dense from 0 within a stream. Appends name the exact version they build on, never "any":
with an explicit version the log recognises a repeated append by its event ids, across restarts of the server.

Errors:
    WrongVersion    the stream is not at the version the writer loaded; load again and decide again
    LogUnavailable  the log did not answer in time; nothing is known about the outcome, repeating is safe
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

NO_STREAM = -1
"""The version of a stream that has no event yet."""


MAX_APPEND_BYTES = 1_000_000
"""Bodies and metadata of one append; EventStoreDB refuses more than 1 MiB by default."""


class NewEvent(msgspec.Struct, frozen=True):
    """An event to be recorded; `id` is derived from the command, `data` and `metadata` are JSON bytes."""

    id: UUID
    type: str
    data: bytes
    metadata: bytes


class Recorded(msgspec.Struct, frozen=True):
    """An event as the log holds it; `created` is the log's own clock in UTC, `revision` counts from 0 in the stream."""

    id: UUID
    stream: str
    revision: int
    type: str
    data: bytes
    metadata: bytes
    position: int
    created: datetime


class Appended(msgspec.Struct, frozen=True):
    """Where an append ended: revision and position of its last event."""

    version: int
    position: int


class Checkpoint(msgspec.Struct, frozen=True):
    """A subscription has looked at everything up to `position`, even where its filter let nothing through."""

    position: int


class CaughtUp(msgspec.Struct, frozen=True):
    """A subscription has delivered what was there when it asked; a hint of readiness, nothing more."""

    position: int | None = None


class WrongVersion(Exception):
    """The stream is at `current` (None when the server did not say), not at `expected`."""

    def __init__(self, stream: str, expected: int, current: int | None = None) -> None:
        super().__init__(f"{stream}: expected version {expected}, found {current}")
        self.stream = stream
        self.expected = expected
        self.current = current


class LogUnavailable(Exception):
    """The log could not be reached or did not answer in time."""


NO_ROOM = "Read-only: "
"""How a log that refuses writes for lack of room begins its answer; reading goes on."""


def code_of(away: LogUnavailable) -> str:
    """What a person is told: that the disk is full, or that the log does not answer."""
    return "disk-full" if NO_ROOM in str(away) else "log-unavailable"


class Subscription(Protocol):
    """Events in the order of the log, then those still to come; iteration ends only after `stop()`.

    Raises LogUnavailable when the connection is lost: the reader subscribes again from its own position.
    """

    def __iter__(self) -> Iterator[Recorded | Checkpoint | CaughtUp]: ...

    def __next__(self) -> Recorded | Checkpoint | CaughtUp: ...

    def stop(self) -> None:
        """End the iteration; may be called from another thread, and more than once."""


class StreamLog(Protocol):
    """What answering a call needs: appends and short reads."""

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Record `events` (at least one) wholly or not at all, after version `expected` (NO_STREAM for a new stream).

        The same ids appended again on the same version answer what they answered first.
        Raises WrongVersion, LogUnavailable; ValueError when the events together exceed MAX_APPEND_BYTES.
        """

    def read(self, stream: str, *, from_revision: int = 0, limit: int | None = None) -> list[Recorded]:
        """The stream's events from a revision on, oldest first; [] when there is no such stream."""

    def next_position(self, *, after: int | None, types: Sequence[str]) -> int | None:
        """Position of the first event behind `after` whose type has one of these prefixes; None when there is none."""

    def head(self) -> int | None:
        """Position of the last event of the log; None when it is empty."""

    def close(self) -> None:
        """End subscriptions and connections; the log is not used any more afterwards."""


class EventLog(StreamLog, Protocol):
    """Appends, reads and subscriptions; safe to use from several threads."""

    def read_all(
        self, *, after: int | None = None, types: Sequence[str] | None = None, limit: int | None = None
    ) -> Iterator[Recorded]:
        """What the log holds now, in its order, behind position `after` (exclusive; None from the beginning).

        `types` are prefixes of event types such as "orders."; events of the server itself ("$…") never appear.
        """

    def subscribe(self, *, after: int | None, types: Sequence[str] | None) -> Subscription:
        """Everything behind `after` (exclusive; None from the beginning), then what is appended from now on."""


def check_append(events: Sequence[NewEvent], expected: int) -> None:
    """Refuse what no server would take, before anything is sent."""
    if not events:
        raise ValueError("an append needs at least one event")
    if expected < NO_STREAM:
        raise ValueError(f"expected version {expected}: appends name an exact version")
    size = sum(len(event.data) + len(event.metadata) for event in events)
    if size > MAX_APPEND_BYTES:
        raise ValueError(f"an append of {size} bytes exceeds {MAX_APPEND_BYTES}")
