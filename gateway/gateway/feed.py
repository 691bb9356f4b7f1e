"""The public events, for programs and for open screens: CloudEvents without personal data, of one's own groups.

What is public of an event says the vocabulary (`grenier.language`); who may see which group's events says the person's
places: members and role holders their groups, federation roles all; events of no group are for everybody signed in.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.identity import places
from grenier.log.protocol import EventLog, Recorded

Convert = Callable[[Recorded], dict[str, Any] | None]
MAX_SCANNED = 5_000  # events looked at for one answer; the next link goes on from there
LOOK_EVERY_S = 0.25


@dataclass(frozen=True)
class Wanted:
    """What a reader asked for and may see. `groups` None: all of them; `types`: beginnings of type names."""

    groups: frozenset[str] | None
    types: tuple[str, ...] = ()
    group: str = ""

    def takes(self, recorded: Recorded) -> bool:
        if self.types and not recorded.type.startswith(self.types):
            return False
        group = json.loads(recorded.metadata or b"{}").get("group") or ""
        if self.group and group != self.group:
            return False
        return self.groups is None or not group or group in self.groups


@dataclass(frozen=True)
class Batch:
    """Events in the order of the log, and the position to ask after next time."""

    events: list[dict[str, Any]]
    next_after: int
    more: bool


def visible(types: Sequence[str] = (), group: str = "") -> Wanted:
    """What the person of this request may see of what they ask for."""
    mine = places()
    everything = any(held.scope_kind == "federation" for held in mine.roles)
    groups = None if everything else frozenset(found.group_id for found in mine.groups)
    return Wanted(groups, tuple(types), group)


def read(log: EventLog, convert: Convert, wanted: Wanted, after: int | None, limit: int) -> Batch:
    """Up to `limit` public events behind a position."""
    events: list[dict[str, Any]] = []
    position, scanned = after, 0
    for recorded in log.read_all(after=after, types=wanted.types or None, limit=MAX_SCANNED):
        position, scanned = recorded.position, scanned + 1
        found = convert(recorded) if wanted.takes(recorded) else None
        if found is not None:
            events.append(found)
            if len(events) == limit:
                break
    return Batch(events, position if position is not None else 0, len(events) == limit or scanned == MAX_SCANNED)


def wait_for(log: EventLog, convert: Convert, wanted: Wanted, after: int | None, limit: int, wait_s: float) -> Batch:
    """Like `read`, but waits a while for the first event."""
    deadline = time.monotonic() + wait_s
    while True:
        batch = read(log, convert, wanted, after, limit)
        if batch.events or batch.more or time.monotonic() >= deadline:
            return batch
        after = batch.next_after or after
        time.sleep(LOOK_EVERY_S)


def public_events(log: EventLog, convert: Convert, wanted: Wanted, after: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Everything visible behind a position that is in the log now, with the position of each."""
    for recorded in log.read_all(after=after, types=None):
        found = convert(recorded) if wanted.takes(recorded) else None
        if found is not None:
            yield recorded.position, found
