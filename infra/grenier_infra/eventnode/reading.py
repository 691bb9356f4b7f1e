"""Reads from the file, in a few reader threads with a connection each.

A read is cut into chunks of bounded size; a chunk holds finished frames, joined, so the loop only has to send them.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from grenier_infra.eventnode import rules, wire
from grenier_infra.eventnode.answers import Refusal, Status
from grenier_infra.eventnode.checksums import Damaged, checksum
from grenier_infra.eventnode.filters import EventFilter
from grenier_infra.eventnode.log import find_stream, last_data
from grenier_infra.eventnode.rules import NO_EVENTS, Truncation
from grenier_infra.eventnode.schema import TOMBSTONE_REVISION, connect

logger = logging.getLogger(__name__)

READER_THREADS = 4
CHUNK_ROWS = 500
FIRST_CHUNK_ROWS = 64
CHUNK_BYTES = 512 * 1024
MAX_POSITION = 2**63 - 1

T = TypeVar("T")
Transform = Callable[[sqlite3.Connection, bytes], bytes]


class StreamMissing(Exception):
    """The stream has no events, or was deleted."""


class StreamTombstoned(Exception):
    """The stream was ended for ever."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Part of a read: frames joined, how many events, where to go on, and whether the end was reached.

    ``cursor`` is the last position or revision considered, matching or not; None if nothing was there.
    """

    frames: bytes
    events: int
    cursor: int | None
    at_end: bool
    last_sent: int | None = None


class Checkpoints:
    """Counts considered events and says when a checkpoint is due."""

    def __init__(self, every: int) -> None:
        """Count to ``every``."""
        self._every = every
        self._considered = 0

    def due(self) -> bool:
        """Count one more considered event; True if a checkpoint follows it."""
        self._considered += 1
        if self._considered < self._every:
            return False
        self._considered = 0
        return True


@dataclass(frozen=True, slots=True)
class AllQuery:
    """A read of the whole log in one direction."""

    forward: bool
    filter: EventFilter | None = None
    checkpoints: Checkpoints | None = None
    transform: Transform | None = None


@dataclass(frozen=True, slots=True)
class StreamQuery:
    """A read of one stream in one direction."""

    stream: str
    forward: bool
    transform: Transform | None = None


def all_chunk(connection: sqlite3.Connection, query: AllQuery, bound: int, limit: int, rows: int) -> Chunk:
    """Read up to ``limit`` matching events among the next ``rows`` events beyond ``bound`` (itself excluded)."""
    order = "pos > ? ORDER BY pos" if query.forward else "pos < ? ORDER BY pos DESC"
    selected = connection.execute(
        f"SELECT pos, stream, rev, type, frame, sum FROM event WHERE {order} LIMIT ?",  # noqa: S608 - two fixed texts
        (bound, rows),
    )
    pieces: list[bytes] = []
    seen = events = size = 0
    cursor = last_sent = None
    for position, stream, revision, type_id, frame, stored in selected:
        # Also what a filter leaves out: its type might be what is damaged.
        if checksum(position, stream, revision, type_id, frame) != stored:
            if cursor is None:
                raise Damaged(position)
            return Chunk(b"".join(pieces), events, cursor, False, last_sent)
        seen += 1
        cursor = position
        if query.filter is None or query.filter.accepts_stored(connection, stream, type_id):
            data = frame if query.transform is None else query.transform(connection, frame)
            pieces.append(data)
            last_sent = position
            events += 1
            size += len(data)
        if query.checkpoints is not None and query.checkpoints.due():
            pieces.append(wire.checkpoint_frame(position))
            last_sent = position
        if events >= limit or size >= CHUNK_BYTES:
            return Chunk(b"".join(pieces), events, cursor, False, last_sent)
    return Chunk(b"".join(pieces), events, cursor, seen < rows, last_sent)


def stream_chunk(connection: sqlite3.Connection, query: StreamQuery, bound: int, limit: int, rows: int) -> Chunk:
    """Read up to ``limit`` visible events of a stream beyond the revision ``bound`` (itself excluded).

    Errors: StreamMissing, StreamTombstoned.
    """
    connection.execute("BEGIN")
    try:
        stream_id, last, truncation = visible_stream(connection, query.stream)
        order = "rev > ? ORDER BY rev" if query.forward else "rev < ? ORDER BY rev DESC"
        selected = connection.execute(
            "SELECT rev, pos, stream, type, frame, sum FROM event"  # noqa: S608 - two fixed texts
            f" WHERE stream = ? AND rev >= ? AND created >= ? AND {order} LIMIT ?",
            (
                stream_id,
                truncation.first_visible(last),
                truncation.oldest_visible(now_ticks()),
                bound,
                min(limit, rows),
            ),
        )
        pieces: list[bytes] = []
        size, cursor = 0, None
        for revision, position, stream, type_id, frame, stored in selected:
            gap = cursor is not None and abs(revision - cursor) != 1  # an entry of the index that is damaged
            if gap or checksum(position, stream, revision, type_id, frame) != stored:
                if cursor is None:
                    raise Damaged(position)
                return Chunk(b"".join(pieces), len(pieces), cursor, False, cursor)
            cursor = revision
            data = frame if query.transform is None else query.transform(connection, frame)
            pieces.append(data)
            size += len(data)
            if size >= CHUNK_BYTES:
                break
        at_end = size < CHUNK_BYTES and len(pieces) < min(limit, rows)
        return Chunk(b"".join(pieces), len(pieces), cursor, at_end, cursor)
    finally:
        connection.execute("COMMIT")


def visible_stream(connection: sqlite3.Connection, name: str) -> tuple[int, int, Truncation]:
    """Give id, last revision and truncation of a stream that can be read. Errors: StreamMissing, StreamTombstoned."""
    stream_id, last = find_stream(connection, name)
    described = rules.described_by(name)
    if last == TOMBSTONE_REVISION or (
        described is not None and find_stream(connection, described)[1] == TOMBSTONE_REVISION
    ):
        raise StreamTombstoned(name)
    if stream_id is None or last == NO_EVENTS:
        raise StreamMissing(name)
    if described is not None:
        return stream_id, last, rules.METADATA_STREAM_TRUNCATION
    truncation = rules.truncation_from(last_data(connection, rules.metadata_stream_of(name)) or b"{}")
    if truncation.soft_deleted:
        raise StreamMissing(name)
    return stream_id, last, truncation


def last_revision(connection: sqlite3.Connection, name: str) -> int:
    """Give the last revision of a stream, NO_EVENTS if it never had an event. Errors: StreamTombstoned."""
    last = find_stream(connection, name)[1]
    if last == TOMBSTONE_REVISION:
        raise StreamTombstoned(name)
    return last


def now_ticks() -> int:
    """Give this moment in ticks of 100 ns since 1970."""
    return time.time_ns() // 100


class Readers:
    """The reader threads."""

    def __init__(self, path: Path) -> None:
        """Open connections when they are first needed."""
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._pool = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="reader")

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Call ``work(connection, *arguments)`` in a reader thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._call, work, arguments)

    def _call(self, work: Callable[..., T], arguments: tuple[object, ...]) -> T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self._path)
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA cache_size=-1024")
            self._opened.append(connection)
        try:
            return work(connection, *arguments)
        except Damaged as damage:
            raise self._lost(str(damage)) from damage
        except sqlite3.DatabaseError as damage:
            if type(damage) is not sqlite3.DatabaseError:  # its subclasses speak of other things: busy, full
                raise
            raise self._lost(f"the file is damaged: {damage}") from damage

    @staticmethod
    def _lost(details: str) -> Refusal:
        logger.critical(details)
        return Refusal(Status.DATA_LOSS, details)

    def stop(self) -> None:
        """End the threads and close their connections."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for connection in self._opened:
            connection.close()

    async def chunks(
        self, read: Callable[..., Chunk], query: object, bound: int, limit: int
    ) -> AsyncGenerator[Chunk, None]:
        """Read on and on until the end or the limit; the next chunk is fetched while the caller sends this one."""
        rows = FIRST_CHUNK_ROWS
        upcoming = asyncio.ensure_future(self.run(read, query, bound, limit, rows))
        try:
            while True:
                chunk = await upcoming
                limit -= chunk.events
                done = chunk.at_end or limit <= 0 or chunk.cursor is None
                if not done:
                    rows = min(rows * 4, CHUNK_ROWS)
                    upcoming = asyncio.ensure_future(self.run(read, query, chunk.cursor, limit, rows))
                yield chunk
                if done:
                    return
        finally:
            upcoming.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await upcoming
