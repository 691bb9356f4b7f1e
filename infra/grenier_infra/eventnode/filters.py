"""Which events of the whole log a reader asked for: by type or by stream name, by prefix or by regular expression."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence

from grenier_infra.eventnode.protos import streams_pb2
from grenier_infra.eventnode.requests import Row

MAX_VERDICTS = 100_000
DEFAULT_WINDOW = 32


class BadFilter(Exception):
    """The filter makes no sense; the message says why."""


class EventFilter:
    """Says yes or no per type or per stream, and remembers the answer by their id in the file."""

    def __init__(self, *, by_stream: bool, accepts: Callable[[str], bool], checkpoint_every: int) -> None:
        """Test a name with ``accepts``; ``checkpoint_every`` counts considered events between two checkpoints."""
        self.by_stream = by_stream
        self.checkpoint_every = checkpoint_every
        self._accepts = accepts
        self._verdicts: dict[int, bool] = {}

    def accepts_row(self, row: Row) -> bool:
        """Judge an event just committed."""
        key = row.stream_id if self.by_stream else row.type_id
        known = self._verdicts.get(key)
        return self._learn(key, row.stream if self.by_stream else row.type) if known is None else known

    def accepts_stored(self, connection: sqlite3.Connection, stream_id: int, type_id: int) -> bool:
        """Judge an event in the file."""
        key = stream_id if self.by_stream else type_id
        known = self._verdicts.get(key)
        if known is None:
            table = "stream" if self.by_stream else "type"
            name = connection.execute(f"SELECT name FROM {table} WHERE id = ?", (key,)).fetchone()[0]  # noqa: S608
            return self._learn(key, name)
        return known

    def _learn(self, key: int, name: str) -> bool:
        if len(self._verdicts) >= MAX_VERDICTS:
            self._verdicts.clear()
        verdict = self._verdicts[key] = self._accepts(name)
        return verdict


def filter_from(options: streams_pb2.ReadReq.Options.FilterOptions) -> EventFilter:
    """Read the filter of a request. Errors: BadFilter."""
    kind = options.WhichOneof("filter")
    if kind is None:
        raise BadFilter("a filter needs an event type or a stream identifier expression")
    if options.checkpointIntervalMultiplier == 0:
        raise BadFilter("the checkpoint interval multiplier must be greater than zero")
    expression = getattr(options, kind)
    window = options.max if options.WhichOneof("window") == "max" else DEFAULT_WINDOW
    return EventFilter(
        by_stream=kind == "stream_identifier",
        accepts=name_test(expression.regex, expression.prefix),
        checkpoint_every=max(1, window * options.checkpointIntervalMultiplier),
    )


def name_test(regex: str, prefixes: Sequence[str]) -> Callable[[str], bool]:
    """Make the test of one name; any of the prefixes, or else the expression found anywhere. Errors: BadFilter."""
    if prefixes:
        starts = tuple(prefixes)
        return lambda name: name.startswith(starts)
    try:
        pattern = re.compile(regex)
    except re.error as error:
        raise BadFilter(f"invalid regular expression {regex!r}: {error}") from error
    return lambda name: pattern.search(name) is not None
