"""A long log of real facts: a month and a season that a small federation lived through, copied under other ids until it is
long enough.

    events = lived(folder)                              # through the whole product in one process
    events = multiplied(events, 100_000, settings)      # copy k: every UUID in stream, body and metadata is another one

Personal fields of a copy are sealed again under the copied person's own key, so that views which open them do open them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from grenier.config import Settings
from grenier.log.protocol import Recorded
from grenier.mirror import Mirror, mirror_path
from grenier.privacy import KeyStore
from grenier.readmodel import Database
from grenier.runtime import Service
from tests.house_app import Site
from tests.lived_month import TODAY, live
from tests.lived_season import live_season

HOUSEHOLDS = 12
STEP = 512
"""Between two positions of a copied log: about the bytes of an event, as on the server."""
SERVICES = ("contracts", "orders", "ledger", "logistics", "notify", "matching", "gateway")
# Streams that a season has: without them its views would be measured empty.
SEASON = frozenset({"contract", "schedule", "bundle", "basket", "taker", "cycle", "account", "distribution"})
_UUID = re.compile(rb"([0-9a-f]{8})(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_SPREAD = 2_654_435_761


@dataclass(frozen=True)
class Lived:
    events: list[Recorded]
    settings: Settings


def lived(folder: Path) -> Lived:
    """Some thousand events of every kind, and the keys of their people."""
    site = Site(folder)
    live_season(live(site, households=HOUSEHOLDS).stage, TODAY)
    events = list(site.house.log.read_all())
    if missing := SEASON - {event.stream.partition("-")[0] for event in events}:
        raise RuntimeError(f"the log that is to be replayed has no {', '.join(sorted(missing))}")
    return Lived(events, site.house.settings)


def multiplied(source: Sequence[Recorded], count: int, settings: Settings) -> list[Recorded]:
    """At least the source; then copies, the last one cut off at `count`. Positions are new and rise."""
    keys = KeyStore(Database(settings.keys_url, "keys"), settings.kek)
    found: list[Recorded] = []
    copy = 0
    while len(found) < count:
        found += [_copied(event, copy, keys) if copy else event for event in source[: count - len(found)]]
        copy += 1
    return [msgspec.structs.replace(event, position=STEP * (place + 1)) for place, event in enumerate(found)]


def _copied(event: Recorded, copy: int, keys: KeyStore) -> Recorded:
    data = _other_ids(event.data, copy)
    if b'"sealed":{"' in data:
        data = _sealed_again(event.data, data, keys)
    return Recorded(
        UUID(_other_ids(str(event.id).encode(), copy).decode()),
        _other_ids(event.stream.encode(), copy).decode(),
        event.revision,
        event.type,
        data,
        _other_ids(event.metadata, copy),
        event.position,
        event.created,
    )


def _other_ids(text: bytes, copy: int) -> bytes:
    mask = (copy * _SPREAD) & 0xFFFFFFFF
    return _UUID.sub(lambda found: b"%08x%s" % (int(found[1], 16) ^ mask, found[2]), text)


def _sealed_again(before: bytes, after: bytes, keys: KeyStore) -> bytes:
    old, new = msgspec.json.decode(before), msgspec.json.decode(after)
    new["sealed"] = keys.seal(new["person_id"], keys.open(old["person_id"], old["sealed"]))
    return msgspec.json.encode(new)


# -- what services see of it -------------------------------------------------------------------------------------


def reads_of(service: Service) -> tuple[str, ...]:
    return tuple(sorted({prefix for view in service.all_views for prefix in view.reads}))


def read_by(events: Iterable[Recorded], service: Service) -> list[Recorded]:
    reads = reads_of(service)
    return [event for event in events if event.type.startswith(reads)]


def keep_locally(events: Sequence[Recorded], service: Service, settings: Settings) -> Path:
    """The mirror as a worker that has followed the log leaves it; answers its file."""
    path = mirror_path(settings.data_dir, service.name)
    path.unlink(missing_ok=True)
    mirror = Mirror(path, reads_of(service))
    wanted = read_by(events, service)
    for page in pages(wanted, 1_000):
        mirror.extend(page, mirror.position, page[-1].position)
        mirror.flush()
    mirror.close()
    return path


def pages(events: Sequence[Recorded], size: int) -> Iterator[Sequence[Recorded]]:
    for start in range(0, len(events), size):
        yield events[start : start + size]
