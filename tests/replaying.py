"""Replaying a log into views: what the tests of replay share, and the same as a program.

    python -m tests.replaying <log file> <data folder> <scratch folder>      # prints "<service> <sha256>" lines

Views are deterministic when every way of getting there gives the same bytes.
"""

from __future__ import annotations

import hashlib
import random
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from uuid import uuid4

import msgspec

from grenier.config import Settings
from grenier.log.protocol import Recorded
from grenier.projector import Projector
from grenier.readmodel import Database, dump
from grenier.runtime import Service, keys_of, load_service

SERVICES = ("contracts", "orders", "ledger", "logistics", "notify", "matching", "gateway")


class Replay:
    """The views of one service in a database of their own, brought forward as the test likes."""

    def __init__(self, name: str, settings: Settings, url: str) -> None:
        self.service: Service = load_service(name)
        self._database = Database(url, name)
        self._projector = Projector(self._database, self.service.all_views, keys_of(self.service, settings))

    def take(self, batch: Sequence[Recorded]) -> None:
        wanted = [event for event in batch if event.type.startswith(tuple(self._projector.reads()))]
        if wanted:
            self._projector.apply(wanted, wanted[-1].position)
        assert not any(self._projector.parked_by_view().values())

    def dump(self) -> bytes:
        return dump(self._database, [table for view in self.service.all_views for table in view.tables])

    def close(self) -> None:
        self._database.close()


class GrowingLog:
    """A log that shows more and more of what was recorded: as much of `EventLog` as replaying needs."""

    def __init__(self, events: Sequence[Recorded], shown: int = 0) -> None:
        self.events, self.shown = list(events), shown

    def grow(self, count: int) -> list[Recorded]:
        """The events that appear now."""
        start, self.shown = self.shown, min(self.shown + count, len(self.events))
        return self.events[start : self.shown]

    def read_all(
        self, *, after: int | None = None, types: Sequence[str] | None = None, limit: int | None = None
    ) -> Iterator[Recorded]:
        start = 0 if after is None else bisect_right(self.events, after, key=lambda event: event.position)
        wanted = (e for e in self.events[start : self.shown] if types is None or e.type.startswith(tuple(types)))
        return islice(wanted, limit)

    def next_position(self, *, after: int | None = None, types: Sequence[str] | None = None) -> int | None:
        return next((event.position for event in self.read_all(after=after, types=types)), None)

    def head(self) -> int | None:
        return self.events[self.shown - 1].position if self.shown else None

    def close(self) -> None:
        """Nothing to close."""


def fresh(name: str, settings: Settings, events: Sequence[Recorded], url: str) -> bytes:
    """The dump after one replay from nothing."""
    replay = Replay(name, settings, url)
    replay.take(events)
    found = replay.dump()
    replay.close()
    return found


def scratch(folder: Path) -> str:
    return f"sqlite:///{folder / f'{uuid4().hex}.sqlite'}"


def in_batches(events: Sequence[Recorded], rng: random.Random, most: int = 60) -> Iterator[list[Recorded]]:
    start = 0
    while start < len(events):
        size = rng.randint(1, most)
        yield list(events[start : start + size])
        start += size


def delivered_again(events: Sequence[Recorded], rng: random.Random) -> Iterator[list[Recorded]]:
    """At least once: each event one to three times, and whole stretches again after a reconnection."""
    for batch in in_batches(events, rng, 40):
        repeated = [event for event in batch for _ in range(rng.choice((1, 1, 2, 3)))]
        yield repeated
        if rng.random() < 0.4:
            yield batch[rng.randrange(len(batch)) :]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def save(events: Iterable[Recorded], path: Path) -> None:
    path.write_bytes(b"\n".join(msgspec.json.encode(event) for event in events))


def load(path: Path) -> list[Recorded]:
    decoder = msgspec.json.Decoder(Recorded)
    return [decoder.decode(line) for line in path.read_bytes().splitlines()]


def settings_of(data_dir: Path) -> Settings:
    """As a house in one process has them: the keys of its people lie in its data folder."""
    return Settings(data_dir=data_dir, kek=bytes(range(32)), session_secret="s" * 32, demo=True)


def main(log_file: str, data_dir: str, folder: str) -> int:
    events, settings = load(Path(log_file)), settings_of(Path(data_dir))
    for name in SERVICES:
        print(name, sha(fresh(name, settings, events, scratch(Path(folder)))))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
