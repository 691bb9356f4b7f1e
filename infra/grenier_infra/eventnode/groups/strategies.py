"""Which consumer is handed the next event. Pure."""

from __future__ import annotations

from collections import deque
from typing import Protocol, TypeVar
from zlib import crc32

from grenier_infra.eventnode.groups.settings import DISPATCH_TO_SINGLE, PINNED, PINNED_BY_CORRELATION, ROUND_ROBIN


class Choosable(Protocol):
    """A consumer, as far as choosing goes."""

    name: str

    @property
    def free_slots(self) -> int:
        """How many more events it may hold unanswered."""
        ...


C = TypeVar("C", bound=Choosable)


def choose(strategy: str, consumers: deque[C], key: str) -> C | None:
    """Give the consumer for an event whose pinning key is ``key``; None if it must wait. May rotate ``consumers``.

    Round robin hands one event to each in turn; dispatch to single fills one consumer before the next; a pinned event
    always goes to the consumer its key belongs to as long as the consumers stay the same.
    """
    if strategy in (PINNED, PINNED_BY_CORRELATION):
        owner = max(consumers, key=lambda one: (crc32(f"{one.name} {key}".encode()), one.name), default=None)
        return owner if owner is not None and owner.free_slots > 0 else None
    for _ in range(len(consumers)):
        candidate = consumers[0]
        if strategy == ROUND_ROBIN or candidate.free_slots <= 0:
            consumers.rotate(-1)
        if candidate.free_slots > 0:
            return candidate
    return None


def skips_ahead(strategy: str) -> bool:
    """True if an event that must wait for its consumer does not hold up the ones behind it."""
    return strategy not in (ROUND_ROBIN, DISPATCH_TO_SINGLE)
