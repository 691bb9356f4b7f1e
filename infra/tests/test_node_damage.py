"""T13 for the log: whatever bit flips in the file, what is read is what was written, or nothing is read."""

from __future__ import annotations

import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from grenier_infra.eventnode import requests, rules, schema
from grenier_infra.eventnode.answers import Refusal
from grenier_infra.eventnode.checksums import Damaged
from grenier_infra.eventnode.log import LogFile
from grenier_infra.eventnode.reading import AllQuery, Readers, StreamQuery, all_chunk, stream_chunk
from grenier_infra.eventnode.schema import NotANodeFile, open_for_writing
from grenier_infra.eventnode.testing import running_node
from grenier_infra.eventnode.upkeep import UpkeepFailed, verify

pytestmark = pytest.mark.proof("T13")
FLIPS = 60
STREAMS = 6


def write(path: Path, events: int) -> None:
    """A closed file: some streams, bodies of different sizes, a few larger than a page."""
    rng = random.Random(path.name)
    with closing(open_for_writing(path)) as connection:
        log = LogFile(connection)
        log.begin()
        for number in range(events):
            body = rng.randbytes(rng.choice((40, 200, 600, 6_000)))
            event = requests.NewEvent(
                UUID(int=rng.getrandbits(128)), f"T{number % 3}", requests.JSON_CONTENT, b"{}", body
            )
            log.apply(requests.Append(f"s-{number % STREAMS}", rules.ANY, [event]))
        log.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def read(path: Path) -> list[bytes]:
    """Everything as a starting node and its clients read it: the log as a whole, then each stream."""
    with closing(open_for_writing(path)) as connection:
        LogFile(connection)
    readers = Readers(path)
    try:
        queries = [(all_chunk, AllQuery(forward=True), 0)]
        queries += [(stream_chunk, StreamQuery(f"s-{number}", forward=True), -1) for number in range(STREAMS)]
        return [frames for reading, query, bound in queries for frames in everything(readers, reading, query, bound)]
    finally:
        readers.stop()


def everything(readers: Readers, reading: object, query: object, bound: int) -> list[bytes]:
    pieces, at_end = [], False
    while not at_end:
        chunk = readers._call(reading, (query, bound, 10**6, 500))  # type: ignore[arg-type]
        pieces.append(chunk.frames)
        at_end, bound = chunk.at_end or chunk.cursor is None, chunk.cursor if chunk.cursor is not None else bound
    return [b"".join(pieces)]


def flip(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + bytes((data[place] ^ 1 << rng.randrange(8),)) + data[place + 1 :]


def outcome(path: Path, data: bytes, written: list[bytes]) -> str:
    """What came of a damaged file: "found at start or first read", "found by verify", "harmless" or "served"."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    path.write_bytes(data)
    try:
        if read(path) != written:
            return "served"
    except (Damaged, Refusal, NotANodeFile, sqlite3.DatabaseError, ValueError, TypeError):
        return "found at start or first read"
    try:
        verify(path)
    except (UpkeepFailed, sqlite3.DatabaseError):
        return "found by verify"
    return "harmless"


def flipped(folder: Path, flips: int, seed: int = 1, events: int = 120) -> Counter[str]:
    """Outcomes of so many flips, each in a fresh copy of one file."""
    rng = random.Random(seed)
    path = folder / "log.sqlite"
    write(path, events)
    data, written = path.read_bytes(), read(path)
    return Counter(outcome(path, flip(data, rng), written) for _ in range(flips))


def test_no_flipped_bit_of_the_log_is_ever_served(tmp_path: Path) -> None:
    found = flipped(tmp_path, FLIPS)
    assert found["served"] == 0, found
    assert found["found at start or first read"] > FLIPS / 2, found


def test_what_lies_before_the_damage_is_served_then_the_reader_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    write(path, 30)
    with closing(sqlite3.connect(path)) as connection, connection:
        position, frame = connection.execute("SELECT pos, frame FROM event ORDER BY pos LIMIT 1 OFFSET 20").fetchone()
        connection.execute("UPDATE event SET frame = ? WHERE pos = ?", (frame[:-1] + b"?", position))
    readers = Readers(path)
    first = readers._call(all_chunk, (AllQuery(forward=True), 0, 100, 500))
    assert first.events == 20
    assert not first.at_end
    with pytest.raises(Refusal) as refused:
        readers._call(all_chunk, (AllQuery(forward=True), first.cursor, 100, 500))
    assert refused.value.status.name == "DATA_LOSS"
    readers.stop()


def test_a_file_without_checksums_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    write(path, 30)
    written = read(path)
    with closing(sqlite3.connect(path)) as connection:
        table = schema.TABLES[schema.TABLES.index("CREATE TABLE event") :].replace(
            "CREATE TABLE event", "CREATE TABLE old"
        )
        before = re.sub(r"frame BLOB NOT NULL,(.*)\n +sum .*", r"frame BLOB NOT NULL \1", table)
        assert "sum" not in before
        columns = "pos, stream, rev, type, id, created, frame"
        connection.executescript(
            "DROP INDEX event_by_stream;"
            + before.replace("ON event", "ON old")
            + f"INSERT INTO old SELECT {columns} FROM event; DROP TABLE event; ALTER TABLE old RENAME TO event;"
            " PRAGMA user_version=1;"
        )
    assert read(path) == written
    assert verify(path)["events"] == 31


def test_a_node_goes_on_serving_what_is_whole(tmp_path: Path) -> None:
    from esdbclient import EventStoreDBClient
    from esdbclient.exceptions import EventStoreDBClientException

    path = tmp_path / "log.sqlite"
    write(path, 30)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE event SET sum = sum + 1 WHERE stream = (SELECT id FROM stream WHERE name = 's-1') AND rev = 2")  # fmt: skip
    with running_node(path) as node:
        client = EventStoreDBClient(node.uri)
        assert len(client.get_stream("s-2")) == 5
        with pytest.raises(EventStoreDBClientException):
            client.get_stream("s-1")
        with pytest.raises(EventStoreDBClientException):
            list(client.read_all())
        client.close()
