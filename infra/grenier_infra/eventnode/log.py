"""One transaction at a time over the file: judge each request, insert what is accepted.

Everything here runs in the writer thread. What is cached is read from the file again after `LogFile.forget_all`, so a
failed commit leaves no trace in memory.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from grenier_infra.eventnode import rules, wire
from grenier_infra.eventnode.checksums import check, checksum
from grenier_infra.eventnode.requests import (
    JSON_CONTENT,
    Accepted,
    Append,
    Delete,
    Deleted,
    NewEvent,
    Outcome,
    Request,
    Row,
    Tombstone,
    WrongVersion,
)
from grenier_infra.eventnode.rules import NO_EVENTS, Recorded, StreamFacts, Truncation, Verdict
from grenier_infra.eventnode.schema import FIRST_POSITION, TOMBSTONE_REVISION

CACHED_STREAMS = 20_000
CACHED_TYPES = 2_000
RECENT_IDS = 32_768
GENERATIONS = 16
GENESIS_STREAM = "$node"


@dataclass(slots=True)
class _Stream:
    id: int | None  # None until the stream's first event
    name: str
    last: int
    truncation: Truncation
    has_metadata: bool

    def facts(self) -> StreamFacts:
        return StreamFacts(self.last, self.last == TOMBSTONE_REVISION, self.truncation.soft_deleted, self.has_metadata)


class RecentIds:
    """Ids of recently committed events, in memory only, bounded: the eldest of many generations makes room for a new one.

    With few, large ones the memory of the process would rise and fall by all that is forgotten at once.
    """

    def __init__(self, limit: int = RECENT_IDS) -> None:
        """Remember at most ``limit`` ids, a multiple of the generations, and all but one generation of them at least."""
        self._size = limit // GENERATIONS
        self.clear()

    def clear(self) -> None:
        """Know nothing, as after a restart."""
        self._generations: deque[dict[bytes, Recorded]] = deque([{}], maxlen=GENERATIONS)

    def add(self, stream_id: int, event_id: bytes, recorded: Recorded) -> None:
        """Remember an event of a stream."""
        if len(self._generations[0]) >= self._size:
            self._generations.appendleft({})
        self._generations[0][event_id + stream_id.to_bytes(8, "big")] = recorded

    def find(self, stream_id: int, event_id: bytes) -> Recorded | None:
        """Give the place of an event of this stream, None if it is not among the recent ones."""
        key = event_id + stream_id.to_bytes(8, "big")
        return next((born[key] for born in self._generations if key in born), None)


@dataclass(slots=True)
class LogFile:
    """Judges and inserts inside the open transaction of one connection."""

    connection: sqlite3.Connection
    recent: RecentIds = field(default_factory=RecentIds)
    rows: list[Row] = field(default_factory=list)
    next_position: int = 0
    _last_created: int = 0
    _streams: dict[str, _Stream] = field(default_factory=dict)
    _types: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read where the log ends; write its first event into an empty file."""
        self.forget_all()
        if self.next_position == FIRST_POSITION:
            facts = json.dumps({"node": str(uuid4())}).encode()
            self.begin()
            self.apply(Append(GENESIS_STREAM, rules.NO_STREAM, [_json_event("$node-created", facts)]))
            self.commit()

    def begin(self) -> None:
        """Begin a transaction; `rows` collects what it inserts."""
        self.rows = []
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit; sqlite3.Error means that nothing of it may be answered as done."""
        self.connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo the open transaction, if there still is one, and forget all that was derived from it."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self.forget_all()

    def forget_all(self) -> None:
        """Empty every cache and read the end of the log again."""
        self.rows = []
        self._streams.clear()
        self._types.clear()
        self.recent.clear()
        last = self.connection.execute(
            "SELECT pos, length(frame), created, stream, rev, type, frame, sum FROM event ORDER BY pos DESC LIMIT 1"
        ).fetchone()
        if last is not None:
            check(last[0], *last[3:])
        kept = self.connection.execute("SELECT value FROM meta WHERE key = 'next_position'").fetchone()
        self.next_position = max(FIRST_POSITION, last[0] + last[1] if last else 0, kept[0] if kept else 0)
        self._last_created = last[2] if last else 0

    @property
    def head(self) -> int:
        """Position of the last event, committed or not."""
        row = self.connection.execute("SELECT max(pos) FROM event").fetchone()
        return row[0] or 0

    def apply(self, request: Request) -> Outcome:
        """Judge one request and insert what it asks for."""
        stream = self._stream(request.stream)
        if isinstance(request, Append):
            return self._append(stream, request)
        refusal = self._judge_removal(stream, request)
        if refusal is not None:
            return refusal
        if isinstance(request, Tombstone):
            return self._insert(stream, [_json_event("$streamDeleted", b"{}")], TOMBSTONE_REVISION)
        return self._set_metadata(stream, {"$tb": rules.SOFT_DELETED_BEFORE})

    # appending

    def _append(self, stream: _Stream, request: Append) -> Outcome:
        ids = [event.id.bytes for event in request.events]
        decision = rules.judge(
            stream.facts(),
            request.expected,
            ids,
            lambda i: self._recent(stream, i),
            lambda r: self._id_at(stream, r),
        )
        if decision.verdict is Verdict.DELETED:
            return Deleted()
        if decision.verdict is Verdict.WRONG_VERSION:
            return WrongVersion(stream.last)
        if decision.verdict is Verdict.REPEATED and decision.recorded is not None:
            return Accepted(decision.recorded.revision, decision.recorded.position)
        if not request.events:
            return Accepted(stream.last, None)
        return self._append_and_revive(stream, request.events)

    def _append_and_revive(self, stream: _Stream, events: Sequence[NewEvent]) -> Accepted:
        """Append; a deleted stream lives again from here, what was hidden stays hidden."""
        first = stream.last + 1
        revived = stream if stream.truncation.soft_deleted else None
        described = rules.described_by(stream.name)
        if described is not None:
            # Metadata set on a deleted stream: the stream lives again, still empty.
            original = self._stream(described)
            if original.truncation.soft_deleted and original.last != TOMBSTONE_REVISION:
                revived, first = original, original.last + 1
        accepted = self._insert(stream, events, stream.last + 1)
        if revived is not None:
            self._set_metadata(revived, self._metadata(revived) | {"$tb": first})
        return accepted

    def _judge_removal(self, stream: _Stream, request: Delete | Tombstone) -> Outcome | None:
        decision = rules.judge(
            stream.facts(), request.expected, [uuid4().bytes], lambda _: None, lambda r: self._id_at(stream, r)
        )
        if decision.verdict is Verdict.DELETED:
            return Deleted()
        nothing = stream.last == NO_EVENTS and not stream.has_metadata
        if decision.verdict is Verdict.WRONG_VERSION or (nothing and isinstance(request, Delete)):
            return WrongVersion(stream.last)
        return None

    def _set_metadata(self, stream: _Stream, metadata: dict[str, object]) -> Accepted:
        about = self._stream(rules.metadata_stream_of(stream.name))
        event = _json_event("$metadata", json.dumps(metadata).encode())
        return self._insert(about, [event], about.last + 1)

    def _insert(self, stream: _Stream, events: Sequence[NewEvent], first: int) -> Accepted:
        stream_id = self._stream_id(stream)
        created = self._now()
        name, ticks = stream.name.encode(), str(created)
        values, position = [], 0
        for revision, event in enumerate(events, first):
            type_id = self._type_id(event.type)
            position = self.next_position
            frame = wire.event_frame(
                event_id=event.id, stream=name, revision=revision, position=position, event_type=event.type,
                content_type=event.content_type, created=ticks, metadata=event.metadata, data=event.data,
            )  # fmt: skip
            self.next_position = position + len(frame)
            event_id = event.id.bytes
            summed = checksum(position, stream_id, revision, type_id, frame)
            values.append((position, stream_id, revision, type_id, event_id, created, frame, summed))
            self.rows.append(Row(position, revision, stream_id, stream.name, type_id, event.type, frame))
            self.recent.add(stream_id, event_id, Recorded(revision, position))
        self.connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        stream.last = first + len(events) - 1
        described = rules.described_by(stream.name)
        if described is not None:
            self._streams.pop(described, None)  # its truncation is read again
        return Accepted(stream.last, position)

    # looking up

    def _recent(self, stream: _Stream, event_id: bytes) -> Recorded | None:
        return None if stream.id is None else self.recent.find(stream.id, event_id)

    def _id_at(self, stream: _Stream, revision: int) -> tuple[bytes, int] | None:
        row: tuple[bytes, int] | None = self.connection.execute(
            "SELECT id, pos FROM event WHERE stream = ? AND rev = ?", (stream.id, revision)
        ).fetchone()
        return row

    def _stream(self, name: str) -> _Stream:
        known = self._streams.get(name)
        if known is None:
            if len(self._streams) >= CACHED_STREAMS:
                self._streams.clear()
            known = self._streams[name] = self._load(name)
        return known

    def _load(self, name: str) -> _Stream:
        stream_id, last = find_stream(self.connection, name)
        described = rules.described_by(name) is not None
        metadata = None if described else last_data(self.connection, rules.metadata_stream_of(name))
        truncation = rules.METADATA_STREAM_TRUNCATION if described else rules.truncation_from(metadata or b"{}")
        return _Stream(stream_id, name, last, truncation, metadata is not None)

    def _metadata(self, stream: _Stream) -> dict[str, object]:
        try:
            metadata = json.loads(last_data(self.connection, rules.metadata_stream_of(stream.name)) or b"{}")
        except ValueError:
            return {}
        return metadata if isinstance(metadata, dict) else {}

    def _stream_id(self, stream: _Stream) -> int:
        if stream.id is None:
            stream.id = self.connection.execute("INSERT INTO stream (name) VALUES (?)", (stream.name,)).lastrowid
        assert stream.id is not None
        return stream.id

    def _type_id(self, name: str) -> int:
        known = self._types.get(name)
        if known is None:
            if len(self._types) >= CACHED_TYPES:
                self._types.clear()
            self.connection.execute("INSERT OR IGNORE INTO type (name) VALUES (?)", (name,))
            known = self.connection.execute("SELECT id FROM type WHERE name = ?", (name,)).fetchone()[0]
            self._types[name] = known
        return known

    def _now(self) -> int:
        self._last_created = max(self._last_created, time.time_ns() // 100)
        return self._last_created


def find_stream(connection: sqlite3.Connection, name: str) -> tuple[int | None, int]:
    """Give the stream's id (None if it has none) and its last revision (NO_EVENTS if it has no event)."""
    row = connection.execute(
        "SELECT id, (SELECT max(rev) FROM event WHERE stream = s.id) FROM stream s WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None, NO_EVENTS
    return row[0], NO_EVENTS if row[1] is None else row[1]


def last_data(connection: sqlite3.Connection, name: str) -> bytes | None:
    """Give the data of a stream's last event, None if there is none."""
    row = connection.execute(
        "SELECT pos, stream, rev, type, frame, sum FROM event WHERE stream = (SELECT id FROM stream WHERE name = ?)"
        " ORDER BY rev DESC LIMIT 1",
        (name,),
    ).fetchone()
    return None if row is None else wire.parse_frame(check(*row)).event.event.data


def _json_event(event_type: str, data: bytes) -> NewEvent:
    return NewEvent(uuid4(), event_type, JSON_CONTENT, b"", data)
