"""What a group is created with, as the protocol says it and as the log keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

ALL = "$all"
START, END = 0, -1
ROUND_ROBIN, DISPATCH_TO_SINGLE = "RoundRobin", "DispatchToSingle"
PINNED, PINNED_BY_CORRELATION = "Pinned", "PinnedByCorrelation"
STRATEGIES = (ROUND_ROBIN, DISPATCH_TO_SINGLE, PINNED, PINNED_BY_CORRELATION)


class BadSettings(Exception):
    """The settings make no sense; the message says why."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events of the whole log a group wants: by prefix or by regular expression, on stream names or on types."""

    by_stream: bool
    regex: str = ""
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """One group on one stream, or on everything (``source`` is ``$all``).

    ``start_from`` is the first revision or position wanted, END for what comes after the creation; ``after`` is the last
    place not wanted, found when the group was created. Times are milliseconds; counts of 0 mean no limit where there is one.
    """

    source: str
    group: str
    start_from: int = END
    after: int = -1
    filter: Filter | None = None
    resolve_links: bool = False
    extra_statistics: bool = False
    message_timeout_ms: int = 30_000
    max_retry_count: int = 10
    checkpoint_after_ms: int = 2_000
    min_checkpoint_count: int = 10
    max_checkpoint_count: int = 1_000
    max_subscriber_count: int = 0
    live_buffer_size: int = 500
    read_batch_size: int = 20
    history_buffer_size: int = 500
    strategy: str = ROUND_ROBIN

    @property
    def key(self) -> tuple[str, str]:
        """What names the group."""
        return self.source, self.group

    @property
    def of_all(self) -> bool:
        """True for a group on everything."""
        return self.source == ALL

    def place(self, number: int) -> str:
        """Write a position or revision as clients parse it."""
        return f"C:{number}/P:{number}" if self.of_all else str(number)

    def check(self) -> None:
        """Refuse what cannot work. Errors: BadSettings."""
        if not self.group:
            raise BadSettings("the group name is empty")
        if self.strategy not in STRATEGIES:
            raise BadSettings(f"Consumer strategy {self.strategy} does not exist.")
        for name in ("live_buffer_size", "read_batch_size", "history_buffer_size"):
            if getattr(self, name) <= 0:
                raise BadSettings(f"{name} must be greater than zero")
        for spec in fields(self):
            value = getattr(self, spec.name)
            if isinstance(value, int) and spec.name not in ("start_from", "after") and value < 0:
                raise BadSettings(f"{spec.name} must not be negative")
        if self.min_checkpoint_count > self.max_checkpoint_count > 0:
            raise BadSettings("min_checkpoint_count must not be greater than max_checkpoint_count")

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields_given: dict[str, Any]) -> Settings:
        """Read plain values back; what a later version added is left out."""
        known = {spec.name for spec in fields(cls)}
        values = {name: value for name, value in fields_given.items() if name in known}
        wanted = values.get("filter")
        if wanted is not None:
            values["filter"] = Filter(wanted["by_stream"], wanted["regex"], tuple(wanted["prefixes"]))
        return cls(**values)
