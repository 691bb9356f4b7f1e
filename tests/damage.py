"""One flipped bit in what a service keeps: its views, the mirror of its log, the keys of its people.

Each function answers how often what came of it: "found" (an error, or named by the check that belongs to it), "harmless"
(everything reads as before), "served" (something else was read, and nobody noticed).
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from grenier.config import Settings
from grenier.log.protocol import Recorded
from grenier.mirror import Mirror, MirrorDamaged, mirror_path
from grenier.privacy import KeyStore
from grenier.projector import Projector
from grenier.readmodel import Database, dump
from grenier.runtime import load_service
from grenier.verify import verify_from
from tests.replaying import GrowingLog

ERRORS = (sqlite3.Error, sa.exc.DBAPIError, MirrorDamaged, InvalidTag, ValueError, TypeError, UnicodeDecodeError)
PERSONS = 40
FIELDS = {"name": "Ana Rossi", "email": "ana@example.org"}


def flip(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + bytes((data[place] ^ 1 << rng.randrange(8),)) + data[place + 1 :]


def flipped(path: Path, flips: int, seed: int, look: Callable[[], str]) -> Counter[str]:
    """So many times: one bit of the file flipped, then `look`; an error is a finding."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole, rng, found = path.read_bytes(), random.Random(seed), Counter[str]()
    for _ in range(flips):
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        path.write_bytes(flip(whole, rng))
        try:
            found[look()] += 1
        except ERRORS:
            found["found"] += 1
    return found


def views(folder: Path, events: Sequence[Recorded], flips: int, seed: int = 1, name: str = "ledger") -> Counter[str]:
    """The file of a service's views; looked at by `grenier verify`."""
    settings = Settings(data_dir=folder, kek=bytes(range(32)), demo=True)
    service, log = load_service(name), GrowingLog(events, len(events))
    tables = [table for view in service.all_views for table in view.tables]

    def shown() -> bytes:
        database = Database(settings.view_database(name), name)
        try:
            return dump(database, tables)
        finally:
            database.close()

    database = Database(settings.view_database(name), name)
    Projector(database, service.all_views).apply(log.events, log.events[-1].position)
    database.close()
    before = shown()

    def look() -> str:
        if verify_from(log, service, settings).problems:
            return "found"
        return "harmless" if shown() == before else "served"

    return flipped(settings.views_dir / f"{name}.sqlite", flips, seed, look)


def mirror(folder: Path, events: Sequence[Recorded], flips: int, seed: int = 1) -> Counter[str]:
    """The copy of the log; looked at by whoever replays it. A copy that is found too short is filled from the log."""
    path, reads = mirror_path(folder, "ledger"), ("contracts.", "ledger.", "orders.")
    wanted = [event for event in events if event.type.startswith(reads)]
    with closing(Mirror(path, reads)) as writer:
        for start in range(0, len(wanted), 40):
            part = wanted[start : start + 40]
            writer.extend(part, wanted[start - 1].position if start else -1, part[-1].position)
            writer.flush()

    def look() -> str:
        with closing(Mirror(path, reads)) as again:
            read = [event for page, _upto in again.pages() for event in page]
            if read == wanted:
                return "harmless"
            kept = again.position
            prefix = [event for event in wanted if event.position <= kept]
            return "found" if read == prefix else "served"

    return flipped(path, flips, seed, look)


def keys(folder: Path, flips: int, seed: int = 1) -> Counter[str]:
    """The keys of people; looked at by opening what was sealed, and by the check of the store."""
    path, kek = folder / "keys.sqlite", bytes(range(32))

    def store() -> tuple[Database, KeyStore]:
        database = Database(f"sqlite:///{path}", "keys")
        return database, KeyStore(database, kek)

    database, first = store()
    sealed = {f"person-{number}": first.seal(f"person-{number}", FIELDS) for number in range(PERSONS)}
    database.close()

    def look() -> str:
        database, again = store()
        try:
            if again.problems():
                return "found"
            return "harmless" if all(again.open(who, what) == FIELDS for who, what in sealed.items()) else "served"
        finally:
            database.close()

    return flipped(path, flips, seed, look)
