"""A local, checksummed copy of the part of the log that a service reads.

A rebuild reads it instead of the wire (the protocol sends one message per event, a page of a local file a thousand).
The copy may stand behind the views: what they take in is only noted (`extend`), and written about once a second in one
page (`keep`), in a thread of its own. What was noted and not written when a process died is fetched from the log
again: pages follow each other without a hole, or are not written.
Every page carries a running checksum over all pages before it, so a flipped bit or a lost page is found when it is
read; the copy is then thrown away and filled from the log again, and the log says so.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from grenier.log.protocol import EventLog, Recorded
from grenier.logging import get_logger

log = get_logger(__name__)

FORMAT = 2
PAGE = 2_000
"""Events that are handed over together; a stored page has at most as many."""
MOST_NOTED = 5_000
"""Events that wait in memory; beyond it they are written at once."""
KEEP_EVERY_S = 1.0
BEFORE_ALL = -1

Entry = tuple[UUID, str, int, str, bytes, bytes, int, datetime]
_ENCODER = msgspec.msgpack.Encoder(uuid_format="bytes")
_DECODER = msgspec.msgpack.Decoder(list[Entry])
_TABLES = (
    "CREATE TABLE IF NOT EXISTS about (reads TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS page (upto INTEGER PRIMARY KEY, count INTEGER, events BLOB, checksum INTEGER)",
)


class MirrorDamaged(Exception):
    """The copy does not match its checksums from `position` on."""


class MirrorFile:
    """The pages of a mirror, for reading; `path` must exist. A process that only reads may do so beside the writer."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA busy_timeout=15000")

    @classmethod
    def found(cls, path: Path, reads: Sequence[str]) -> MirrorFile | None:
        """The mirror of these prefixes when there is one that can be opened."""
        if not path.exists():
            return None
        try:
            file = cls(path)
            return file if file.reads() == _key(reads) else None
        except sqlite3.DatabaseError as wrong:
            log.error("mirror-damaged", file=path.name, reason=str(wrong))
            return None

    def reads(self) -> str | None:
        """What it was filled with; None when this is no mirror of today's format."""
        if self._connection.execute("PRAGMA user_version").fetchone() != (FORMAT,):
            return None
        row = self._connection.execute("SELECT reads FROM about").fetchone()
        return row[0] if row else None

    def end(self) -> tuple[int, int]:
        """(position up to which nothing is missing, the checksum there)."""
        row = self._connection.execute("SELECT upto, checksum FROM page ORDER BY upto DESC LIMIT 1").fetchone()
        return (row[0], row[1]) if row else (BEFORE_ALL, 0)

    def count(self, after: int = BEFORE_ALL) -> int:
        """How many events there are, to a page, behind a position."""
        row = self._connection.execute("SELECT sum(count) FROM page WHERE upto > ?", (after,)).fetchone()
        return int(row[0] or 0)

    def pages(self, after: int = BEFORE_ALL) -> Iterator[tuple[list[Recorded], int]]:
        """Events behind a position, some thousand together, and up to where they reach. Raises MirrorDamaged."""
        try:
            yield from self._pages(after)
        except (sqlite3.DatabaseError, msgspec.DecodeError, TypeError) as wrong:
            raise MirrorDamaged(str(wrong)) from wrong

    def _pages(self, after: int) -> Iterator[tuple[list[Recorded], int]]:
        before = self._connection.execute(
            "SELECT checksum FROM page WHERE upto <= ? ORDER BY upto DESC LIMIT 1", (after,)
        ).fetchone()
        checksum, upto, given = before[0] if before else 0, after, after
        gathered: list[Recorded] = []
        while rows := self._connection.execute(
            "SELECT upto, count, events, checksum FROM page WHERE upto > ? ORDER BY upto LIMIT 20", (upto,)
        ).fetchall():
            for upto, count, events, stored in rows:
                checksum = _chain(checksum, upto, count, events)
                if checksum != stored:
                    raise MirrorDamaged(f"mirror damaged at position {upto}")
                gathered += [Recorded(*entry) for entry in _DECODER.decode(events) if entry[6] > after]
                if len(gathered) >= PAGE:
                    yield gathered, upto
                    gathered, given = [], upto
        if upto > given:
            yield gathered, upto

    def close(self) -> None:
        self._connection.close()


class Mirror(MirrorFile):
    """The one writer. `reads`: the prefixes it is filled with (another set starts a new copy)."""

    def __init__(self, path: str | Path, reads: Sequence[str]) -> None:
        self._path, self._reads = Path(path), tuple(sorted(reads))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        try:
            self._open()
        except sqlite3.DatabaseError as wrong:
            self._refuse(wrong)
        self._noted: list[Recorded] = []
        self._noted_after = self._noted_upto = self._upto

    def _open(self) -> None:
        super().__init__(self._path)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            self._connection.execute(f"PRAGMA {pragma}")
        if self.reads() != _key(self._reads):
            self._begin_again()
        self._upto, self._checksum = self.end()

    def _begin_again(self) -> None:
        for name in ("about", "page", "entry"):
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        for table in _TABLES:
            self._connection.execute(table)
        self._connection.execute("INSERT INTO about VALUES (?)", (_key(self._reads),))
        self._connection.execute(f"PRAGMA user_version={FORMAT}")

    def _refuse(self, wrong: Exception) -> None:
        """A file that cannot even be opened is put away; what it held is in the log."""
        log.error("mirror-damaged", file=self._path.name, reason=str(wrong))
        with suppress(AttributeError):
            self._connection.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        self._open()

    @property
    def position(self) -> int:
        """Up to where it is written without a hole; -1 when empty."""
        return self._upto

    # -- taking note ---------------------------------------------------------------------------------------------

    def extend(self, batch: Sequence[Recorded], after: int, upto: int) -> None:
        """Note what the views have taken in: everything of the log behind `after` and up to `upto` that they read."""
        with self._lock:
            if after > self._noted_upto:
                self._noted, self._noted_after = [], after  # `keep` fills what lies before it from the log
            self._noted += [
                event for event in batch if event.position > self._noted_upto and event.type.startswith(self._reads)
            ]
            self._noted_upto = max(self._noted_upto, upto)
            many = len(self._noted) > MOST_NOTED
        if many:
            self._write_many()

    def _write_many(self) -> None:
        try:
            if self.flush():
                return
        except sqlite3.Error as wrong:  # the views go on; `keep` says it again, and fetches the events from the log
            log.error("mirror-not-written", file=self._path.name, reason=str(wrong))
        with self._lock:  # what lies before is still being fetched: that goes on, and meets what is noted from here on
            self._noted, self._noted_after = [], self._noted_upto

    def keep(self, event_log: EventLog) -> None:
        """Write what was noted; first fetch from the log what lies before it. To be called about once a second."""
        if self.flush():
            return
        page: list[Recorded] = []
        for recorded in event_log.read_all(after=None if self._upto < 0 else self._upto, types=self._reads):
            page.append(recorded)
            if len(page) >= PAGE:
                self._write(page, page[-1].position)
                page = []
                if self._upto >= self._noted_after:
                    break
        if page:
            self._write(page, page[-1].position)
        if self._upto < self._noted_after:
            self._write([], self._noted_after)  # the log holds nothing more before it
        self.flush()

    def flush(self, even_without_events: bool = False) -> bool:
        """Write what was noted, without a hole; False when something before it is still missing."""
        with self._lock:
            if self._noted_after > self._upto:
                return False
            if not self._noted and not even_without_events:
                return True
            noted, upto = self._noted, self._noted_upto
            # Should writing fail, it is not lost: the log has it, and `keep` fetches it from there.
            self._noted, self._noted_after = [], upto
        self._write(noted, upto)
        return True

    def _write(self, events: Sequence[Recorded], upto: int) -> None:
        with self._writing:
            rows, checksum = [], self._checksum
            fresh = [event for event in events if event.position > self._upto]
            for start in range(0, len(fresh) or 1, PAGE):
                part = fresh[start : start + PAGE]
                reach = upto if start + PAGE >= len(fresh) else part[-1].position
                body = _ENCODER.encode([msgspec.structs.astuple(event) for event in part])
                checksum = _chain(checksum, reach, len(part), body)
                rows.append((reach, len(part), body, checksum))
            if rows[-1][0] <= self._upto:
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT INTO page VALUES (?,?,?,?)", rows)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._upto, self._checksum = rows[-1][0], checksum

    # -- the end -------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Throw the copy away; `keep` fills it again."""
        with self._writing, self._lock:
            try:
                self._begin_again()
            except sqlite3.DatabaseError as wrong:
                self._refuse(wrong)
            self._upto, self._checksum = BEFORE_ALL, 0
            self._noted, self._noted_after, self._noted_upto = [], BEFORE_ALL, BEFORE_ALL

    def close(self) -> None:
        """Write what is noted, as far as it has no hole before it."""
        with suppress(sqlite3.Error):
            self.flush(even_without_events=True)
        super().close()


def _key(reads: Sequence[str]) -> str:
    return ",".join(sorted(reads))


def _chain(checksum: int, upto: int, count: int, events: bytes) -> int:
    return zlib.crc32(events, zlib.crc32(f"{upto}|{count}|".encode(), checksum))


def mirror_path(data_dir: Path, service: str) -> Path:
    return data_dir / "mirror" / f"{service}.sqlite"
