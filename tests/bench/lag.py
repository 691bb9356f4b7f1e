"""When what was appended can be seen: two programs of their own that note instants (seconds of the machine's clock,
the one with which the event store notes when it recorded an event).

    python -m tests.bench.lag watch <file> <file>…        # views' databases: [[instant, position], …] for each
    python -m tests.bench.lag push <uri> <file>           # the limit: gRPC push, orjson, one upsert, one commit an event

Both end when their standard input does and print JSON then.
"""

from __future__ import annotations

import json
import select
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence

PAUSE_S = 0.0005
Seen = list[tuple[float, int]]


def watch(paths: Sequence[str], ended: Callable[[], bool]) -> list[Seen]:
    """What the positions of all views of a database were, at each change."""
    databases = [sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None) for path in paths]
    versions, seen = [-1] * len(paths), [Seen() for _ in paths]
    while not ended():
        for place, database in enumerate(databases):
            (version,) = database.execute("PRAGMA data_version").fetchone()
            if version != versions[place]:
                versions[place] = version
                found = database.execute(
                    "SELECT min(position) FROM positions WHERE name NOT LIKE 'policy:%'"
                ).fetchone()
                seen[place].append((time.time(), found[0]))
        time.sleep(PAUSE_S)
    return seen


def push(uri: str, path: str, ended: Callable[[], bool]) -> list[Seen]:
    """A bare subscriber: decode, add to one row, commit."""
    import orjson
    from esdbclient import EventStoreDBClient

    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute("CREATE TABLE IF NOT EXISTS balance (account TEXT PRIMARY KEY, cents INTEGER NOT NULL)")
    client = EventStoreDBClient(uri)
    subscription = client.subscribe_to_all()
    seen: Seen = []

    def follow() -> None:
        for event in subscription:
            body = orjson.loads(event.data)
            database.execute(
                "INSERT INTO balance VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET cents = cents + excluded.cents",
                (body["account"], body["cents"]),
            )
            seen.append((time.time(), event.commit_position or 0))

    threading.Thread(target=follow, daemon=True).start()
    sys.stderr.write("ready\n")
    while not ended():
        time.sleep(0.05)
    return [list(seen)]


def lags_ms(recorded: Sequence[tuple[float, int]], seen: Seen) -> list[float]:
    """Milliseconds from each event (recorded at, position) to the first instant when it could be seen; inf: never."""
    found, place = [], 0
    for at, position in sorted(recorded, key=lambda each: each[1]):
        while place < len(seen) and seen[place][1] < position:
            place += 1
        found.append(max(0.0, 1000 * (seen[place][0] - at)) if place < len(seen) else float("inf"))
    return found


def _input_ended() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0]) and not sys.stdin.readline()


if __name__ == "__main__":
    noted = push(sys.argv[2], sys.argv[3], _input_ended) if sys.argv[1] == "push" else watch(sys.argv[2:], _input_ended)
    sys.stdout.write(json.dumps(noted))
