"""When an append is accepted, repeated or refused, and what truncation hides. Pure.

The rules are those of the real server, in its order: a tombstone refuses everything; *exists* wants a living stream; *any*
and *exists* recognise a repetition only by recently committed ids; an exact version below the last one recognises it by
the ids stored at those very places; an exact version equal to the last one appends without looking at ids.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

# Expected versions below zero, as the protocol's error answers count them.
NO_STREAM = -1
ANY = -2
EXISTS = -4

NO_EVENTS = -1
SOFT_DELETED_BEFORE = 2**63 - 1
TICKS_PER_SECOND = 10_000_000


class Recorded(NamedTuple):
    """Where an event with a given id is: its revision in the stream and its position in the log."""

    revision: int
    position: int


@dataclass(frozen=True, slots=True)
class Truncation:
    """What a stream's metadata hides from reads of the stream; None means no limit."""

    max_count: int | None = None
    max_age_s: int | None = None
    before: int | None = None

    @property
    def soft_deleted(self) -> bool:
        """True after a delete that left the stream appendable."""
        return self.before == SOFT_DELETED_BEFORE

    def first_visible(self, last: int) -> int:
        """Give the lowest revision that count and ``$tb`` leave visible; age is a matter of each event's time."""
        first = self.before or 0
        if self.max_count is not None:
            first = max(first, last - self.max_count + 1)
        return first

    def oldest_visible(self, now: int) -> int:
        """Give the earliest creation time, in ticks, that ``$maxAge`` leaves visible."""
        # Without an age nothing is left out, whatever a damaged row says of when it was created.
        return -(2**63) if self.max_age_s is None else now - self.max_age_s * TICKS_PER_SECOND


NO_TRUNCATION = Truncation()
METADATA_STREAM_TRUNCATION = Truncation(max_count=1)


def truncation_from(metadata: bytes) -> Truncation:
    """Read a stream's metadata; what is not JSON or not a sensible number hides nothing."""
    try:
        fields = json.loads(metadata)
    except ValueError:
        return NO_TRUNCATION
    if not isinstance(fields, dict):
        return NO_TRUNCATION
    return Truncation(
        max_count=_limit(fields.get("$maxCount")),
        max_age_s=_limit(fields.get("$maxAge")),
        before=_limit(fields.get("$tb")),
    )


def _limit(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= SOFT_DELETED_BEFORE else None  # type: ignore[operator, return-value]


class StreamFacts(NamedTuple):
    """What the rules need to know of a stream. ``last`` is its last revision, NO_EVENTS if it never had one."""

    last: int
    tombstoned: bool
    soft_deleted: bool
    has_metadata: bool


class Verdict(Enum):
    """What becomes of an append."""

    APPEND = "append"
    REPEATED = "repeated"
    WRONG_VERSION = "wrong-version"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict; ``recorded`` is the last event of a repeated append, None if that append was empty."""

    verdict: Verdict
    recorded: Recorded | None = None


_APPEND = Decision(Verdict.APPEND)
_WRONG = Decision(Verdict.WRONG_VERSION)
_DELETED = Decision(Verdict.DELETED)

RecentIds = Callable[[bytes], Recorded | None]
IdAt = Callable[[int], tuple[bytes, int] | None]


def judge(facts: StreamFacts, expected: int, ids: Sequence[bytes], recent: RecentIds, id_at: IdAt) -> Decision:
    """Decide on an append of events with these ids.

    ``recent`` finds an id of this stream among the recently committed ones; ``id_at`` gives the id and the position stored
    at a revision, None where there is nothing.
    """
    if facts.tombstoned:
        return _DELETED
    if expected == EXISTS:
        if facts.soft_deleted:
            return _DELETED
        if facts.last == NO_EVENTS and not facts.has_metadata:
            return _WRONG
    if expected in (ANY, EXISTS):
        return _judge_by_recent_ids(ids, recent)
    if expected < facts.last:
        return _judge_by_place(facts, expected, ids, id_at)
    return _APPEND if expected == facts.last else _WRONG


def _judge_by_recent_ids(ids: Sequence[bytes], recent: RecentIds) -> Decision:
    found: Recorded | None = None
    for index, event_id in enumerate(ids):
        known = recent(event_id)
        if known is None:
            return _APPEND if index == 0 else _WRONG
        found = known
    return _APPEND if found is None else Decision(Verdict.REPEATED, found)


def _judge_by_place(facts: StreamFacts, expected: int, ids: Sequence[bytes], id_at: IdAt) -> Decision:
    found: Recorded | None = None
    for index, event_id in enumerate(ids):
        revision = expected + 1 + index
        stored = id_at(revision)
        if stored is None or stored[0] != event_id:
            revived = index == 0 and expected == NO_STREAM and facts.soft_deleted
            return _APPEND if revived else _WRONG
        found = Recorded(revision, stored[1])
    return Decision(Verdict.REPEATED, found)


def metadata_stream_of(stream: str) -> str:
    """Name the stream that holds a stream's metadata."""
    return f"$${stream}"


def described_by(stream: str) -> str | None:
    """Name the stream that a metadata stream describes; None for any other stream."""
    return stream[2:] if stream.startswith("$$") else None
