"""A local, checksummed copy of the part of the log that a service reads.

A rebuild reads it instead of the wire (the protocol sends one message per event, a page of a local file a thousand).
Every entry carries a running checksum over all entries before it, so a flipped bit or a lost page is found when it is
read; the copy is then thrown away and filled from the log again.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from grenier.log.protocol import Recorded

PAGE = 2_000


class MirrorDamaged(Exception):
    """The copy does not match its checksums from `position` on."""


class Mirror:
    """`path`: the file; `reads`: the prefixes it was filled with (another set starts a new copy)."""

    def __init__(self, path: str | Path, reads: Sequence[str]) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=15000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE IF NOT EXISTS about (reads TEXT PRIMARY KEY)")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS entry (position INTEGER PRIMARY KEY, stream TEXT, revision INTEGER, type TEXT,"
            " id BLOB, created INTEGER, data BLOB, metadata BLOB, checksum INTEGER)"
        )
        self._start_with(",".join(sorted(reads)))

    def _start_with(self, reads: str) -> None:
        stored = self._connection.execute("SELECT reads FROM about").fetchone()
        if stored != (reads,):
            self.clear()
            self._connection.execute("INSERT INTO about VALUES (?)", (reads,))
        last = self._connection.execute(
            "SELECT position, checksum FROM entry ORDER BY position DESC LIMIT 1"
        ).fetchone()
        self._position: int = last[0] if last else -1
        self._checksum: int = last[1] if last else 0

    @property
    def position(self) -> int:
        """Position of the last entry; -1 when empty."""
        return self._position

    def extend(self, batch: Sequence[Recorded]) -> None:
        """Add what is not there yet; the order is the log's."""
        rows = []
        for recorded in batch:
            if recorded.position > self._position:
                self._checksum = _chain(self._checksum, recorded)
                self._position = recorded.position
                rows.append((*_columns(recorded), self._checksum))
        if rows:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO entry VALUES (?,?,?,?,?,?,?,?,?)", rows)
            self._connection.execute("COMMIT")

    def pages(self, after: int = -1) -> Iterator[list[Recorded]]:
        """The entries behind a position in pages; raises MirrorDamaged where a checksum does not fit."""
        before = self._connection.execute(
            "SELECT checksum FROM entry WHERE position <= ? ORDER BY position DESC LIMIT 1", (after,)
        ).fetchone()
        checksum = before[0] if before else 0
        while True:
            rows = self._connection.execute(
                "SELECT * FROM entry WHERE position > ? ORDER BY position LIMIT ?", (after, PAGE)
            ).fetchall()
            if not rows:
                return
            page = []
            for row in rows:
                try:
                    recorded = _recorded(row)
                    checksum = _chain(checksum, recorded)
                except (TypeError, ValueError) as wrong:
                    raise MirrorDamaged(f"mirror damaged at position {row[0]}") from wrong
                if checksum != row[8]:
                    raise MirrorDamaged(f"mirror damaged at position {row[0]}")
                page.append(recorded)
            after = page[-1].position
            yield page

    def clear(self) -> None:
        self._connection.execute("DELETE FROM entry")
        self._connection.execute("DELETE FROM about")
        self._position, self._checksum = -1, 0

    def close(self) -> None:
        self._connection.close()


def _columns(recorded: Recorded) -> tuple[object, ...]:
    created_us = int(recorded.created.timestamp() * 1_000_000)
    return (
        recorded.position,
        recorded.stream,
        recorded.revision,
        recorded.type,
        recorded.id.bytes,
        created_us,
        recorded.data,
        recorded.metadata,
    )


def _recorded(row: tuple[object, ...]) -> Recorded:
    position, stream, revision, kind, ident, created, data, metadata, _ = row
    return Recorded(
        UUID(bytes=ident),  # type: ignore[arg-type]
        stream,  # type: ignore[arg-type]
        revision,  # type: ignore[arg-type]
        kind,  # type: ignore[arg-type]
        data,  # type: ignore[arg-type]
        metadata,  # type: ignore[arg-type]
        position,  # type: ignore[arg-type]
        datetime.fromtimestamp(created / 1_000_000, UTC),  # type: ignore[operator]
    )


def _chain(checksum: int, recorded: Recorded) -> int:
    head = f"{recorded.position}|{recorded.stream}|{recorded.revision}|{recorded.type}|".encode()
    checksum = zlib.crc32(head, checksum)
    checksum = zlib.crc32(recorded.id.bytes, checksum)
    return zlib.crc32(recorded.metadata, zlib.crc32(recorded.data, checksum))
