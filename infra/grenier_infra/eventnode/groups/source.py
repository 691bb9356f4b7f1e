"""What a group reads from the log: the next events of its stream or of everything, and its parked events."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from grenier_infra.eventnode import wire
from grenier_infra.eventnode.checksums import check
from grenier_infra.eventnode.filters import EventFilter, name_test
from grenier_infra.eventnode.groups import store
from grenier_infra.eventnode.groups.settings import PINNED, PINNED_BY_CORRELATION, Settings
from grenier_infra.eventnode.groups.state import Message
from grenier_infra.eventnode.links import transform_for
from grenier_infra.eventnode.log import find_stream
from grenier_infra.eventnode.reading import (
    StreamMissing,
    StreamTombstoned,
    now_ticks,
    visible_stream,
)

KeyOf = Callable[[store.Recorded], str]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one reading gave: messages, how many events were considered, the last place, and whether more may be there."""

    messages: list[Message]
    considered: int
    cursor: int
    at_end: bool


class Source:
    """Reads for one group, in a reader thread."""

    def __init__(self, settings: Settings) -> None:
        """Prepare the filter. Errors: filters.BadFilter."""
        self._settings = settings
        self._transform = transform_for(resolve_links=settings.resolve_links, structured_ids=False)
        self._key_of = _KEYS.get(settings.strategy)
        self._hidden = EventFilter(by_stream=True, accepts=store.is_bookkeeping, checkpoint_every=1)
        self._filter: EventFilter | None = None
        if settings.filter is not None:
            test = name_test(settings.filter.regex, settings.filter.prefixes)
            self._filter = EventFilter(by_stream=settings.filter.by_stream, accepts=test, checkpoint_every=1)

    def read(self, connection: sqlite3.Connection, after: int, rows: int) -> Batch:
        """Read on beyond the place ``after``, at most ``rows`` events."""
        if self._settings.of_all:
            return self._read_all(connection, after, rows)
        try:
            return self._read_stream(connection, after, rows)
        except (StreamMissing, StreamTombstoned):
            return Batch([], 0, after, True)

    def _read_all(self, connection: sqlite3.Connection, after: int, rows: int) -> Batch:
        messages: list[Message] = []
        considered, cursor = 0, after
        for position, stream, revision, type_id, event_id, frame, stored in connection.execute(
            "SELECT pos, stream, rev, type, id, frame, sum FROM event WHERE pos > ? ORDER BY pos LIMIT ?", (after, rows)
        ):
            check(position, stream, revision, type_id, frame, stored)
            considered += 1
            hidden = self._hidden.accepts_stored(connection, stream, type_id)
            if not hidden and (self._filter is None or self._filter.accepts_stored(connection, stream, type_id)):
                self._add(messages, connection, event_id, position, cursor, considered, frame)
            cursor = position
        return Batch(messages, considered, cursor, considered < rows)

    def _read_stream(self, connection: sqlite3.Connection, after: int, rows: int) -> Batch:
        stream_id, last, truncation = visible_stream(connection, self._settings.source)
        first, oldest = truncation.first_visible(last), truncation.oldest_visible(now_ticks())
        messages: list[Message] = []
        seen, cursor = 0, after
        for revision, event_id, *row in connection.execute(
            "SELECT rev, id, pos, stream, rev, type, frame, sum FROM event"
            " WHERE stream = ? AND rev > ? AND rev >= ? AND created >= ? ORDER BY rev LIMIT ?",
            (stream_id, after, first, oldest, rows),
        ):
            frame = check(*row)
            seen += 1
            self._add(messages, connection, event_id, revision, cursor, seen, frame)
            cursor = revision
        return Batch(messages, seen, cursor, seen < rows)

    def _add(
        self, messages: list[Message], connection: sqlite3.Connection, event_id: bytes, place: int, before: int,
        order: int, frame: bytes,
    ) -> None:  # fmt: skip
        body = frame if self._transform is None else self._transform(connection, frame)
        key = ""
        if self._transform is not None or self._key_of is not None:
            event = wire.parse_frame(body).event.event
            if not event.id.string:
                return  # a link to an event that is gone: no consumer could answer for it
            key = self._key_of(event) if self._key_of is not None else ""
        messages.append(Message(event_id, place, before, order, body, key))

    def parked(self, connection: sqlite3.Connection, first: int, end: int) -> list[Message]:
        """Read parked events by their revisions, resolved to the events they stand for; those gone are left out."""
        resolve = transform_for(resolve_links=True, structured_ids=False)
        assert resolve is not None
        messages = []
        for revision, event_id, *row in connection.execute(
            "SELECT rev, id, pos, stream, rev, type, frame, sum FROM event"
            " WHERE stream = ? AND rev >= ? AND rev < ? ORDER BY rev",
            (find_stream(connection, store.parked_stream(self._settings))[0], first, end),
        ):
            body = resolve(connection, check(*row))
            event = wire.parse_frame(body).event.event
            if event.id.string:
                key = self._key_of(event) if self._key_of is not None else ""
                messages.append(Message(event_id, -1, -1, 0, body, key, parked_at=revision))
        return messages


def event_of(message: Message) -> store.Recorded:
    """Give the event a message carries (of a resolved link, its target)."""
    return wire.parse_frame(message.body).event.event


def _stream_key(event: store.Recorded) -> str:
    return event.stream_identifier.stream_name.decode(errors="replace")


def _correlation_key(event: store.Recorded) -> str:
    try:
        metadata = json.loads(event.custom_metadata)
    except ValueError:
        return _stream_key(event)
    correlation = metadata.get("$correlationId") if isinstance(metadata, dict) else None
    return str(correlation) if correlation is not None else _stream_key(event)


_KEYS: dict[str, KeyOf] = {PINNED: _stream_key, PINNED_BY_CORRELATION: _correlation_key}
