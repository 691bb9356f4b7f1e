"""Keeping a file: copy it, check it, and remove for good what truncation and deletion hide.

Backup and verify read a snapshot and may run beside the node; scavenge needs the file for itself.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from google.protobuf.message import DecodeError

from grenier_infra.eventnode import rules, wire
from grenier_infra.eventnode.checksums import checksum
from grenier_infra.eventnode.log import find_stream, last_data
from grenier_infra.eventnode.schema import (
    TOMBSTONE_REVISION,
    FileInUse,
    FileLock,
    NotANodeFile,
    check_format,
    connect,
    open_for_writing,
)

MAX_PROBLEMS = 20


class UpkeepFailed(Exception):
    """The work was refused or found the file unsound; ``problems`` says what, at most MAX_PROBLEMS of them."""

    def __init__(self, *problems: str) -> None:
        """Take one sentence per problem."""
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def backup(source: Path, target: Path) -> dict[str, object]:
    """Copy the file as it is at one moment; the node may go on writing. The copy appears whole or not at all.

    Gives the number of events and the last position copied. Errors: UpkeepFailed.
    """
    if target.exists():
        raise UpkeepFailed(f"{target} exists already")
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    with closing(_open(source)) as reading, closing(connect(partial)) as copy:
        reading.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        events, head = copy.execute("SELECT count(*), max(pos) FROM event").fetchone()
    _flush(partial)
    partial.rename(target)
    _flush(target.parent)
    return {"events": events, "position": head, "bytes": target.stat().st_size}


def verify(path: Path) -> dict[str, object]:
    """Check the database itself, the density of revisions, the order of positions, and every stored answer.

    Gives the number of events and streams. Errors: UpkeepFailed.
    """
    with closing(_open(path)) as connection:
        connection.execute("BEGIN")
        problems = []
        for problem in _problems(connection):
            problems.append(problem)
            if len(problems) >= MAX_PROBLEMS:
                break
        if problems:
            raise UpkeepFailed(*problems)
        events, streams, head = connection.execute(
            "SELECT count(*), count(DISTINCT stream), max(pos) FROM event"
        ).fetchone()
        return {"events": events, "streams": streams, "position": head}


def _problems(connection: sqlite3.Connection) -> Iterator[str]:
    damage = [row[0] for row in connection.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]
    if damage:
        yield from (f"database: {text}" for text in damage)
        return
    yield from _gaps(connection)
    yield from _damaged_events(connection)


def _gaps(connection: sqlite3.Connection) -> Iterator[str]:
    scavenged = connection.execute("SELECT 1 FROM meta WHERE key = 'scavenged_at'").fetchone() is not None
    for name, first, last, count in connection.execute(
        "SELECT s.name, min(rev), max(rev), count(*) FROM event e JOIN stream s ON s.id = e.stream"
        " WHERE rev < ? GROUP BY e.stream",
        (TOMBSTONE_REVISION,),
    ):
        if last - first + 1 != count:
            yield f"stream {name}: {count} events between revisions {first} and {last}"
        elif first > 0 and not scavenged:
            yield f"stream {name}: begins at revision {first} though nothing was scavenged"


def _damaged_events(connection: sqlite3.Connection) -> Iterator[str]:
    free_from = previous_created = 0
    for position, stream, revision, kind, event_id, created, frame, *places in connection.execute(
        "SELECT pos, s.name, rev, t.name, e.id, created, frame, e.stream, e.type, sum FROM event e"
        " LEFT JOIN stream s ON s.id = e.stream LEFT JOIN type t ON t.id = e.type ORDER BY pos"
    ):
        if position < free_from:
            yield f"position {position}: inside the event before it"
        if created < previous_created:
            yield f"position {position}: created before the event before it"
        free_from, previous_created = position + len(frame), created
        try:
            answer = wire.parse_frame(frame).event
        except (ValueError, DecodeError) as error:
            yield f"position {position}: unreadable: {error}"
            continue
        event = answer.event
        said = (
            answer.commit_position, event.commit_position, event.prepare_position, event.stream_revision,
            event.stream_identifier.stream_name.decode(errors="replace"), event.metadata.get("type"),
            event.metadata.get("created"), event.id.string.replace("-", ""),
        )  # fmt: skip
        if said != (position, position, position, revision, stream, kind, str(created), event_id.hex()):
            yield f"position {position}: the stored answer differs from its row"
        elif checksum(position, places[0], revision, places[1], frame) != places[2]:
            yield f"position {position}: the checksum does not match"


def scavenge(path: Path) -> dict[str, object]:
    """Remove events hidden by metadata, by deletes and by tombstones, and give the space back.

    The last event of every stream stays, so revisions go on where they were; of an ended stream only the tombstone stays.
    Positions are never used again.
    Gives the number of events removed and the bytes won. Errors: UpkeepFailed.
    """
    if not path.is_file():
        raise UpkeepFailed(f"{path} does not exist")
    try:
        lock = FileLock(path)
    except FileInUse as error:
        raise UpkeepFailed(f"{error}: stop the node first") from error
    try:
        with closing(open_for_writing(path)) as connection:
            before = path.stat().st_size
            removed = _remove_hidden(connection)
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return {"removed": removed, "bytes_won": before - path.stat().st_size}
    except NotANodeFile as error:
        raise UpkeepFailed(str(error)) from error
    finally:
        lock.release()


def _remove_hidden(connection: sqlite3.Connection) -> int:
    now = time.time_ns() // 100
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("BEGIN IMMEDIATE")
    free_from = connection.execute("SELECT pos + length(frame) FROM event ORDER BY pos DESC LIMIT 1").fetchone()
    before = connection.total_changes
    for name in [row[0] for row in connection.execute("SELECT name FROM stream")]:
        _scavenge_stream(connection, name, now)
    removed = connection.total_changes - before
    facts = [("scavenged_at", now)] + ([("next_position", free_from[0])] if free_from else [])
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts)
    connection.execute("COMMIT")
    return removed


def _scavenge_stream(connection: sqlite3.Connection, name: str, now: int) -> None:
    stream_id, last = find_stream(connection, name)
    first, oldest = 0, 0
    if last == TOMBSTONE_REVISION:
        first = TOMBSTONE_REVISION
        about = find_stream(connection, rules.metadata_stream_of(name))[0]
        connection.execute("DELETE FROM event WHERE stream = ?", (about,))
    elif rules.described_by(name) is not None:
        first = rules.METADATA_STREAM_TRUNCATION.first_visible(last)
    else:
        truncation = rules.truncation_from(last_data(connection, rules.metadata_stream_of(name)) or b"{}")
        first, oldest = truncation.first_visible(last), truncation.oldest_visible(now)
    if first > 0 or oldest > 0:
        connection.execute(
            "DELETE FROM event WHERE stream = ? AND rev < ? AND (rev < ? OR created < ?)",
            (stream_id, last, first, oldest),
        )


def _open(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise UpkeepFailed(f"{path} does not exist")
    connection = connect(path)
    try:
        check_format(connection, path)
    except NotANodeFile as error:
        connection.close()
        raise UpkeepFailed(str(error)) from error
    return connection


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
