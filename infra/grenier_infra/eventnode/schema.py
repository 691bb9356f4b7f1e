"""The file: tables, connections, and the lock that gives it to one process."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

FORMAT = 1
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
    frame BLOB NOT NULL           -- the finished answer, see wire.py
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
    check_format(connection, path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-4096")
    connection.execute("PRAGMA journal_size_limit=33554432")
    return connection


def check_format(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file of somebody else or of a later version. Errors: NotANodeFile."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise NotANodeFile(f"{path}: {error}") from error
    if application != APPLICATION_ID or version != FORMAT:
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
