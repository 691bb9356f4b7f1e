"""What the log is asked for, what it answers, and what it tells its followers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

JSON_CONTENT = "application/json"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as a client proposes it."""

    id: UUID
    type: str
    content_type: str
    metadata: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """Append events to a stream if it is at the expected version (see rules.py)."""

    stream: str
    expected: int
    events: Sequence[NewEvent]


@dataclass(frozen=True, slots=True)
class Delete:
    """Hide everything in the stream; it can be appended to again."""

    stream: str
    expected: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """End the stream for ever."""

    stream: str
    expected: int


Request = Append | Delete | Tombstone


@dataclass(frozen=True, slots=True)
class Accepted:
    """Appended, or already there. ``revision`` is the last event's (NO_EVENTS if none), ``position`` None if nothing was asked."""

    revision: int
    position: int | None


@dataclass(frozen=True, slots=True)
class WrongVersion:
    """The stream is not at the expected version but at ``actual`` (NO_EVENTS if it has no event)."""

    actual: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """The stream is tombstoned, or was expected to exist and is deleted."""


Outcome = Accepted | WrongVersion | Deleted


@dataclass(frozen=True, slots=True)
class Row:
    """A committed event, as those who follow the log live receive it."""

    position: int
    revision: int
    stream_id: int
    stream: str
    type_id: int
    type: str
    frame: bytes
