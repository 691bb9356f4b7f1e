"""The file: tables, connections, and the lock that gives it to one process."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from grenier_infra.eventnode.checksums import checksum

FORMAT = 2
CHECKED_AT_START_BYTES = 16 * 2**20
APPLICATION_ID = 0x67724E44  # "grND"
BUSY_TIMEOUT_MS = 5_000
FIRST_POSITION = 64  # nothing is at 0: a client that has read nothing may say so with position 0
TOMBSTONE_REVISION = 2**63 - 1

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE type (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE event (
    pos INTEGER PRIMARY KEY,      -- grows by the size of the frame: gaps are normal
    stream INTEGER NOT NULL,
    rev INTEGER NOT NULL,         -- dense from 0; the largest integer marks a tombstone
    type INTEGER NOT NULL,
    id BLOB NOT NULL,             -- 16 bytes, unique per stream at best
    created INTEGER NOT NULL,     -- ticks of 100 ns since 1970, never going back
    frame BLOB NOT NULL,          -- the finished answer, see wire.py
    sum INTEGER NOT NULL          -- see checksums.py
);
CREATE UNIQUE INDEX event_by_stream ON event (stream, rev);
"""


class FileInUse(Exception):
    """Another process has the file."""


class NotANodeFile(Exception):
    """The file is something else, or was written by a later version."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection in autocommit mode; transactions are begun explicitly."""
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"file:{_quoted(path)}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the file for its one writer: WAL, every commit flushed to disk; create the tables in an empty file.

    Errors: NotANodeFile.
    """
    connection = connect(path)
    try:
        fresh = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    except sqlite3.DatabaseError as error:
        connection.close()
        raise NotANodeFile(f"{path}: {error}") from error
    if fresh:
        connection.executescript(
            f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}; BEGIN; {TABLES} COMMIT;"
        )
    check_format(connection, path, until=FORMAT - 1)
    _check_structure(connection, path)
    _bring_up(connection)
    _check_shape(connection, path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-4096")
    connection.execute("PRAGMA journal_size_limit=33554432")
    connection.execute("PRAGMA wal_autocheckpoint=4000")  # pages: copying back less often costs less per commit
    return connection


def _bring_up(connection: sqlite3.Connection) -> None:
    """Give the events of a file of format 1 their checksums."""
    asked = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    if asked != [APPLICATION_ID, 1]:
        return
    connection.create_function("checksum", 5, checksum, deterministic=True)
    connection.executescript(
        "BEGIN; ALTER TABLE event ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;"
        " UPDATE event SET sum = checksum(pos, stream, rev, type, frame); PRAGMA user_version=2; COMMIT;"
    )


def _check_structure(connection: sqlite3.Connection, path: Path) -> None:
    """Find an index that does not say what its table says: an event would be missing from its stream, unnoticed.

    A large file would take too long to start: `verify` finds it there, every night. Errors: NotANodeFile.
    """
    if path.stat().st_size > CHECKED_AT_START_BYTES:
        return
    try:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise NotANodeFile(f"{path}: {error}") from error
    if found != "ok":
        raise NotANodeFile(f"{path}: damaged: {found}")


def _check_shape(connection: sqlite3.Connection, path: Path) -> None:
    """Find a damaged description of the tables: rows would be read as something else. Errors: NotANodeFile."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(TABLES)
        if _shape(connection) != _shape(fresh):
            raise NotANodeFile(f"{path}: damaged: its tables are not those of an event node")


def _shape(connection: sqlite3.Connection) -> list[object]:
    """Columns (without their defaults, which old files have) and indexes of each table."""
    found: list[object] = []
    for table in ("meta", "stream", "type", "event"):
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        indexes = connection.execute(f"PRAGMA index_list({table})").fetchall()
        found += [[(*column[:4], column[5]) for column in columns], [index[1:] for index in indexes]]
    return found


def check_format(connection: sqlite3.Connection, path: Path, until: int = FORMAT) -> None:
    """Refuse a file of somebody else or of a later version; formats from ``until`` on can be read. Errors: NotANodeFile."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise NotANodeFile(f"{path}: {error}") from error
    if application != APPLICATION_ID or not until <= version <= FORMAT:
        raise NotANodeFile(f"{path}: not an event node file of format {FORMAT}")


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


class FileLock:
    """One process per file, through a lock on ``<file>.lock``; the kernel lets go when the process dies.

    The database file itself is not locked this way: closing any handle on it would drop SQLite's own locks.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock at once. Errors: FileInUse."""
        self._handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise FileInUse(f"{path} is in use by another process") from error

    def release(self) -> None:
        """Let go of the file."""
        os.close(self._handle)
