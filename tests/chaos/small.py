"""A few processes of an installation without people: for proofs about the feed and the views alone.

with small(folder, "relay") as scene: scene.log.append(…)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec

from grenier.clock import iso
from grenier.config import Settings
from grenier.handling import Meta
from grenier.language import encode
from grenier.language.contracts import GroupFounded
from grenier.language.golden import example
from grenier.log import NO_STREAM, NewEvent
from grenier.log.esdb import EsdbLog
from grenier_infra.launcher.testing import Installation, installation

NAME = "contracts.group-founded"
BATCH = 20


@dataclass
class Small:
    running: Installation
    log: EsdbLog

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.running.env)


@contextmanager
def small(folder: Path, *parts: str) -> Iterator[Small]:
    """Broker, event node and these parts."""
    with installation(folder, only=("epmd", "broker", "eventnode", *parts)) as running:
        log = EsdbLog(Settings.from_env(running.env).esdb_uri)
        try:
            yield Small(running, log)
        finally:
            log.close()


def founded(stream: str, number: int) -> NewEvent:
    """A public event that every service's access view takes in: the group named after its stream, founded again."""
    from datetime import UTC, datetime

    known = msgspec.structs.replace(example(GroupFounded), group_id=stream, name=f"{stream} {number}")  # type: ignore[type-var]
    meta = msgspec.json.encode(Meta(v=1, group=stream, at=iso(datetime.now(UTC))))
    return NewEvent(uuid4(), NAME, encode(known), meta)


def fill(log: EsdbLog, streams: Sequence[str], events: int, versions: dict[str, int]) -> list[NewEvent]:
    """`events` events over the streams in turns of BATCH; `versions` goes along. Answers them in the order of the log."""
    written: list[NewEvent] = []
    turn = 0
    while len(written) < events:
        stream = streams[turn % len(streams)]
        turn += 1
        version = versions.get(stream, NO_STREAM)
        batch = [founded(stream, version + 1 + n) for n in range(min(BATCH, events - len(written)))]
        log.append(stream, batch, expected=version)
        versions[stream] = version + len(batch)
        written += batch
    return written
