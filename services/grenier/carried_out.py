"""Which commands a stream has carried out: the latest in memory, those before in a temporary file of the process.

A command is recognised in its own stream, however late it comes again (record 3); so every one has to be known, and a
stream that lives long would fill the memory of its process. What was carried out never changes: rows are only added, and
a stream that is folded anew writes the same ones again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from itertools import islice

import msgspec

from grenier.errors import Unavailable
from grenier.logging import get_logger

log = get_logger(__name__)

IN_MEMORY = 2_048
"""Commands of one stream; beyond it the older half goes into the file."""


class Done(msgspec.Struct, frozen=True):
    """What a command was answered. `fingerprint`: of the request, "" where there was none."""

    version: int
    position: int
    fingerprint: str


class Older:
    """The file of a process, made when it is first needed; SQLite takes it away with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # held for a statement only: safe for threads and for greenlets alike
        self._connection: sqlite3.Connection | None = None

    def keep(self, stream: str, done: Iterable[tuple[str, Done]]) -> None:
        rows = [(stream, command_id, one.version, one.position, one.fingerprint) for command_id, one in done]
        with self._lock:
            if self._connection is None:
                self._connection = self._made()
            self._connection.executemany("INSERT OR REPLACE INTO done VALUES (?,?,?,?,?)", rows)
            self._connection.commit()

    def find(self, stream: str, command_id: str) -> Done | None:
        if self._connection is None:
            return None
        with self._lock:
            row = self._connection.execute(
                "SELECT version, position, fingerprint FROM done WHERE stream = ? AND command = ?", (stream, command_id)
            ).fetchone()
        return None if row is None else Done(*row)

    @staticmethod
    def _made() -> sqlite3.Connection:
        connection = sqlite3.connect("", check_same_thread=False)
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(
            "CREATE TABLE done (stream TEXT, command TEXT, version INT, position INT, fingerprint TEXT,"
            " PRIMARY KEY (stream, command)) WITHOUT ROWID"
        )
        return connection


class CarriedOut:
    """The commands of one stream, by id. `len`: how many of them are in memory."""

    __slots__ = ("_latest", "_older", "_room", "_some_older", "_stream")

    def __init__(self, stream: str, older: Older) -> None:
        self._stream = stream
        self._older = older
        self._latest: dict[str, Done] = {}
        self._room = IN_MEMORY
        self._some_older = False

    def __len__(self) -> int:
        return len(self._latest)

    def get(self, command_id: str) -> Done | None:
        """Raises Unavailable when the file cannot be read: then nobody knows, and nothing may be decided."""
        found = self._latest.get(command_id)
        if found is None and self._some_older:
            try:
                found = self._older.find(self._stream, command_id)
            except sqlite3.Error as wrong:
                raise Unavailable("service-unavailable") from wrong
        return found

    def add(self, command_id: str, done: Done) -> None:
        """A command of several events is added with each of them: the last one counts."""
        self._latest[command_id] = done
        if len(self._latest) > self._room:
            self._put_away(IN_MEMORY // 2)

    def _put_away(self, count: int) -> None:
        oldest = list(islice(self._latest.items(), count))
        try:
            self._older.keep(self._stream, oldest)
        except sqlite3.Error as wrong:  # a full disk: memory has room for some more
            log.warning("commands-not-put-away", stream=self._stream, reason=str(wrong))
            self._room = len(self._latest) + count
            return
        self._some_older, self._room = True, IN_MEMORY
        for command_id, _ in oldest:
            del self._latest[command_id]
