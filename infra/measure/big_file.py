"""How long the event node takes to start on a large file, and that it answers at once: start must not depend on size.

    python infra/measure/big_file.py [--gigabytes 5] [--keep FILE]

Fills a file without the node (as its writer thread would, many events a transaction, not flushed), drops it from the page
cache as far as the kernel obliges, starts the node three times, and once on an empty file to compare. Prints JSON lines:
seconds until it answers (``start_s``, Python's own start included; ``node_s`` without it), bytes read from disk by then, and
what the first reads and the first append take.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from grenier_infra.eventnode.log import LogFile
from grenier_infra.eventnode.requests import JSON_CONTENT, Append, NewEvent
from grenier_infra.eventnode.rules import ANY
from grenier_infra.eventnode.schema import open_for_writing
from grenier_infra.eventnode.testing import running_node

EVENTS_PER_APPEND, APPENDS_PER_COMMIT = 50, 40
STREAMS = 50_000
DATA = b'{"facts":"' + b"f" * 6_000 + b'"}'


def fill(path: Path, size: int) -> int:
    """Append events until the file has this many bytes; give their number."""
    connection = open_for_writing(path)
    connection.execute("PRAGMA journal_mode=OFF")  # the node turns its own on again when it opens the file
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-65536")
    log, count, turn = LogFile(connection), 0, 0
    while path.stat().st_size < size:
        log.begin()
        for _ in range(APPENDS_PER_COMMIT):
            events = [
                NewEvent(UUID(int=count + index), "measured.filled", JSON_CONTENT, b"{}", DATA)
                for index in range(EVENTS_PER_APPEND)
            ]
            log.apply(Append(f"filled-{turn % STREAMS}", ANY, events))
            count, turn = count + len(events), turn + 1
        log.commit()
        log.recent.clear()
    connection.close()
    return count


def forget_pages(path: Path) -> None:
    """Ask the kernel to drop the file from its cache."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def start(path: Path) -> dict[str, float]:
    """Start the node once; give what it took."""
    from esdbclient import EventStoreDBClient, StreamState
    from esdbclient import NewEvent as New

    if path.exists():
        forget_pages(path)
    began = time.perf_counter()
    with running_node(path) as node:
        figures = {"start_s": time.perf_counter() - began, "read_mb": _bytes_read(node.pid) / 1e6}
        figures["node_s"] = json.loads(node.log_path.read_text().splitlines()[-1])["seconds"]
        client = EventStoreDBClient(node.uri)
        client.append_event("filled-77", current_version=StreamState.ANY, event=New(type="T", data=b""))
        for name, work in {
            "read_stream_s": lambda: client.get_stream("filled-77", limit=20),
            "read_last_s": lambda: list(client.read_all(backwards=True, limit=20)),
            "append_s": lambda: client.append_event(
                "filled-78", current_version=StreamState.ANY, event=New(type="T", data=b"")
            ),
        }.items():
            before = time.perf_counter()
            work()
            figures[name] = time.perf_counter() - before
        figures["resident_mb"] = _resident_mb(node.pid)
        client.close()
    return {name: round(value, 3) for name, value in figures.items()}


def _bytes_read(pid: int) -> int:
    with open(f"/proc/{pid}/io") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("read_bytes"))


def _resident_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1e3


@contextmanager
def _file(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="bigfile-") as folder:
        yield Path(folder) / "events.db"


def main() -> None:
    """Fill, start, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--keep", type=Path, help="fill this file, or use it if it is there, and keep it")
    chosen = parser.parse_args()
    with _file(chosen.keep) as path:
        if not path.exists():
            began = time.perf_counter()
            count = fill(path, int(chosen.gigabytes * 1e9))
            print(json.dumps({"events": count, "gigabytes": round(path.stat().st_size / 1e9, 2),
                              "filled_s": round(time.perf_counter() - began, 1)}), flush=True)  # fmt: skip
        for _ in range(3):
            print(json.dumps(start(path)), flush=True)
        with _file(None) as empty:
            print(json.dumps({"empty": True} | start(empty)), flush=True)


if __name__ == "__main__":
    main()
