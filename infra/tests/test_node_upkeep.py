"""Backup, verify and scavenge, beside a running node and without one."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from esdbclient import EventStoreDBClient, NewEvent, StreamState
from esdbclient.exceptions import NotFound, StreamIsDeleted, WrongCurrentVersion

from grenier_infra.eventnode import requests, rules
from grenier_infra.eventnode.log import LogFile
from grenier_infra.eventnode.schema import open_for_writing
from grenier_infra.eventnode.testing import running_node
from grenier_infra.eventnode.upkeep import UpkeepFailed, backup, scavenge, verify

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM


def events(count: int) -> list[NewEvent]:
    return [NewEvent(type="T", data=b"x" * 200) for _ in range(count)]


def command(*arguments: str) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "grenier_infra.eventnode", *arguments], capture_output=True, text=True, timeout=30
    )
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a hundred events of stream `a`, closed."""
    path = tmp_path / "events.db"
    with closing(open_for_writing(path)) as connection:
        log = LogFile(connection)
        log.begin()
        recorded = [requests.NewEvent(uuid4(), "T", requests.JSON_CONTENT, b"", b"x" * 200) for _ in range(100)]
        log.apply(requests.Append("a", rules.NO_STREAM, recorded))
        log.commit()
    return path


def test_a_backup_of_a_node_that_is_writing_is_whole_and_opens(tmp_path: Path) -> None:
    source, target = tmp_path / "events.db", tmp_path / "copy.db"
    with running_node(source) as node:
        client, stop = EventStoreDBClient(node.uri), threading.Event()
        client.append_events("a", current_version=ANY, events=events(500))

        def write() -> None:
            while not stop.is_set():
                client.append_events("a", current_version=ANY, events=events(10))

        writer = threading.Thread(target=write)
        writer.start()
        code, told = command("backup", str(source), str(target))
        stop.set()
        writer.join()
        assert (code, told["ok"]) == (0, True)
    assert verify(target)["events"] == told["events"]
    with running_node(target) as node:
        copied = EventStoreDBClient(node.uri).get_stream("a")
        assert len(copied) == int(str(told["events"])) - 1
        assert copied[-1].commit_position == told["position"]


def test_a_backup_never_overwrites(file: Path) -> None:
    with pytest.raises(UpkeepFailed, match="exists already"):
        backup(file, file)
    with pytest.raises(UpkeepFailed, match="does not exist"):
        backup(file.with_name("nowhere.db"), file.with_name("copy.db"))


def test_verify_accepts_a_file_also_while_it_is_served(file: Path) -> None:
    assert verify(file) | {"position": 0} == {"events": 101, "streams": 2, "position": 0}
    with running_node(file):
        assert command("verify", str(file))[0] == 0


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("DELETE FROM event WHERE rev = 50", "99 events between revisions 0 and 99"),
        (
            "DELETE FROM event WHERE rev < 50 AND stream = (SELECT id FROM stream WHERE name = 'a')",
            "begins at revision 50",
        ),
        ("UPDATE event SET frame = x'0000000000' WHERE rev = 50", "differs from its row"),
        ("UPDATE event SET frame = x'0011' WHERE rev = 50", "unreadable"),
        ("UPDATE event SET frame = substr(frame, 1, 40) WHERE rev = 50", "unreadable"),
        ("UPDATE event SET id = x'00' WHERE rev = 50", "differs from its row"),
        ("UPDATE event SET created = created - 10000000 WHERE rev = 50", "created before"),
        (
            "UPDATE event SET pos = (SELECT pos FROM event WHERE rev = 49) + 1 WHERE rev = 50",
            "inside the event before it",
        ),
    ],
)
def test_verify_finds_damage(file: Path, damage: str, problem: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(damage)
    with pytest.raises(UpkeepFailed, match=problem):
        verify(file)
    assert command("verify", str(file))[0] == 1


def test_verify_finds_a_damaged_page(file: Path) -> None:
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2_000] = b"\xaa" * 2_000
    file.write_bytes(bytes(data))
    with pytest.raises((UpkeepFailed, sqlite3.DatabaseError)):
        verify(file)


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (a)")
    text = tmp_path / "text.db"
    text.write_text("no database at all, but long enough to be looked at" * 50)
    for path in (other, text):
        with pytest.raises(UpkeepFailed):
            verify(path)
        with pytest.raises(RuntimeError, match="cannot serve"), running_node(path):
            pass


def test_a_file_belongs_to_one_process(file: Path) -> None:
    with running_node(file) as node:
        with pytest.raises(RuntimeError, match="in use"), running_node(file):
            pass
        with pytest.raises(UpkeepFailed, match="in use"):
            scavenge(file)
        assert len(EventStoreDBClient(node.uri).get_stream("a")) == 100


def test_a_scavenge_removes_what_is_hidden_and_nothing_else(file: Path) -> None:
    with running_node(file) as node:
        client = EventStoreDBClient(node.uri)
        for name in ("counted", "cut", "deleted", "ended", "revived", "kept"):
            client.append_events(name, current_version=NO_STREAM, events=events(50))
        client.set_stream_metadata("counted", metadata={"$maxCount": 50})
        client.set_stream_metadata("counted", metadata={"$maxCount": 3})
        client.set_stream_metadata("cut", metadata={"$tb": 40})
        client.delete_stream("deleted", current_version=49)
        client.tombstone_stream("ended", current_version=49)
        client.delete_stream("revived", current_version=49)
        client.append_events("revived", current_version=49, events=events(2))
        head = client.get_commit_position(filter_exclude=[])
        seen = {name: [e.id for e in client.get_stream(name)] for name in ("counted", "cut", "revived", "kept", "a")}
    code, told = command("scavenge", str(file))
    assert (code, told["removed"]) == (0, 47 + 1 + 40 + 49 + 50 + 50 + 1)
    assert int(str(told["bytes_won"])) > 0
    verify(file)
    with running_node(file) as node:
        client = EventStoreDBClient(node.uri)
        assert {name: [e.id for e in client.get_stream(name)] for name in seen} == seen
        with pytest.raises(NotFound):
            client.get_stream("deleted")
        with pytest.raises(StreamIsDeleted):
            client.get_stream("ended")
        with pytest.raises(WrongCurrentVersion):
            client.append_events("deleted", current_version=3, events=events(1))
        assert client.append_events("deleted", current_version=49, events=events(1)) > head
        assert [e.stream_position for e in client.get_stream("deleted")] == [50]
        assert client.get_stream_metadata("counted")[0] == {"$maxCount": 3}
    assert scavenge(file)["removed"] == 2  # the last hidden event of the revived stream and its old metadata


def test_positions_are_not_used_again_after_a_scavenge(file: Path) -> None:
    with running_node(file) as node:
        client = EventStoreDBClient(node.uri)
        client.tombstone_stream("a", current_version=99)
        head = client.get_commit_position(filter_exclude=[])
    scavenge(file)
    with running_node(file) as node:
        client = EventStoreDBClient(node.uri)
        assert client.get_commit_position(filter_exclude=[]) == head
        assert client.append_events("b", current_version=NO_STREAM, events=events(1)) > head


def test_start_reads_no_more_of_a_large_file_than_of_a_small_one(tmp_path: Path) -> None:
    """A scan at start would read all of it; see infra/measure/big_file.py for gigabytes."""
    small, large = tmp_path / "small.db", tmp_path / "large.db"
    for path, appends in ((small, 1), (large, 60)):
        connection = open_for_writing(path)
        log = LogFile(connection)
        log.begin()
        for number in range(appends):
            events = [requests.NewEvent(uuid4(), "T", "application/json", b"", b"x" * 4_000) for _ in range(100)]
            log.apply(requests.Append(f"s-{number}", -1, events))
        log.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    assert large.stat().st_size > 20_000_000
    assert _read_at_start(large) - _read_at_start(small) < 2_000_000


def _read_at_start(path: Path) -> int:
    with running_node(path) as node, open(f"/proc/{node.pid}/io") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("rchar"))
