"""What the log is asked for, what it answers, and what it tells its followers.

What is made for every append is a named tuple, which is made several times faster than a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

JSON_CONTENT = "application/json"


class NewEvent(NamedTuple):
    """An event as a client proposes it."""

    id: UUID
    type: str
    content_type: str
    metadata: bytes
    data: bytes


class Append(NamedTuple):
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


class Accepted(NamedTuple):
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


class Row(NamedTuple):
    """A committed event, as those who follow the log live receive it."""

    position: int
    revision: int
    stream_id: int
    stream: str
    type_id: int
    type: str
    frame: bytes
