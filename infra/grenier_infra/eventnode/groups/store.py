"""Where groups are kept: as events in streams of the log itself, named as on the real server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from grenier_infra.eventnode.groups.settings import Settings
from grenier_infra.eventnode.log import find_stream, last_data
from grenier_infra.eventnode.protos import streams_pb2
from grenier_infra.eventnode.requests import JSON_CONTENT, Append, Delete, NewEvent
from grenier_infra.eventnode.rules import ANY, metadata_stream_of, truncation_from

CONFIGURATION_STREAM = "$persistentSubscriptionConfig"
CONFIGURATION_TYPE = "PersistentConfig1"
CHECKPOINT_TYPE = "$SubscriptionCheckpoint"
LINK_TYPE = "$>"
PREFIX, CHECKPOINTS, PARKED = "$persistentsubscription-", "-checkpoint", "-parked"
CHECKPOINTS_KEPT = 2

Recorded = streams_pb2.ReadResp.ReadEvent.RecordedEvent


@dataclass(frozen=True, slots=True)
class Parked:
    """Which revisions of the parked stream wait: from ``first`` up to, without, ``end``."""

    first: int
    end: int


def checkpoint_stream(settings: Settings) -> str:
    """Name the stream of a group's checkpoints."""
    return f"{PREFIX}{settings.source}::{settings.group}{CHECKPOINTS}"


def parked_stream(settings: Settings) -> str:
    """Name the stream of a group's parked events."""
    return f"{PREFIX}{settings.source}::{settings.group}{PARKED}"


def is_bookkeeping(stream: str) -> bool:
    """True for streams that a group on everything must not be fed with: each would make it write another."""
    name = stream.removeprefix("$$")
    return name.startswith(PREFIX) and name.endswith(CHECKPOINTS)


# what is read when the node starts


def load_settings(connection: sqlite3.Connection) -> list[Settings]:
    """Give all groups."""
    kept = json.loads(last_data(connection, CONFIGURATION_STREAM) or b'{"entries": []}')
    return [Settings.from_json(entry) for entry in kept["entries"]]


def load_checkpoint(connection: sqlite3.Connection, settings: Settings) -> int | None:
    """Give the last place written down; None if there is none, or if it belongs to a deleted group of the same name."""
    about = last_data(connection, metadata_stream_of(checkpoint_stream(settings)))
    data = last_data(connection, checkpoint_stream(settings))
    if data is None or (about is not None and truncation_from(about).soft_deleted):
        return None
    written: str = json.loads(data)
    return int(written.split("/")[0].removeprefix("C:"))


def load_parked(connection: sqlite3.Connection, settings: Settings) -> Parked:
    """Give which events are parked."""
    last = find_stream(connection, parked_stream(settings))[1]
    about = last_data(connection, metadata_stream_of(parked_stream(settings)))
    first = (truncation_from(about).before or 0) if about is not None else 0
    return Parked(min(first, last + 1), last + 1)


def left_behind(connection: sqlite3.Connection, settings: Settings) -> bool:
    """True if a deleted group of the same name was not forgotten entirely, as when the node was killed at that moment."""
    parked = load_parked(connection, settings)
    return load_checkpoint(connection, settings) is not None or parked.end > parked.first


# what is written


def save_settings(groups: Iterable[Settings]) -> Append:
    """Keep all groups."""
    entries = [settings.to_json() for settings in groups]
    data = {"version": "2", "updated": _now(), "entries": entries}
    return _append(CONFIGURATION_STREAM, CONFIGURATION_TYPE, data)


def save_checkpoint(settings: Settings, place: int) -> Append:
    """Keep the last place before which everything is settled."""
    return _append(checkpoint_stream(settings), CHECKPOINT_TYPE, settings.place(place))


def describe_checkpoints(settings: Settings) -> Append:
    """Keep only the last few checkpoints visible; a scavenge removes the others."""
    return _append(metadata_stream_of(checkpoint_stream(settings)), "$metadata", {"$maxCount": CHECKPOINTS_KEPT})


def park(settings: Settings, event: Recorded, reason: str) -> Append:
    """Keep a link to an event that could not be processed, and why."""
    target = f"{event.stream_revision}@{event.stream_identifier.stream_name.decode()}"
    about = {"added": _now(), "reason": reason, "subscriptionEventNumber": event.stream_revision}
    link = NewEvent(uuid4(), LINK_TYPE, "application/octet-stream", json.dumps(about).encode(), target.encode())
    return Append(parked_stream(settings), ANY, [link])


def truncate_parked(settings: Settings, first: int) -> Append:
    """Hide the parked events before this revision: they were replayed and settled."""
    return _append(metadata_stream_of(parked_stream(settings)), "$metadata", {"$tb": first})


def forget(settings: Settings) -> list[Delete]:
    """Delete what a group leaves behind."""
    return [Delete(checkpoint_stream(settings), ANY), Delete(parked_stream(settings), ANY)]


def _append(stream: str, event_type: str, data: object) -> Append:
    return Append(stream, ANY, [NewEvent(uuid4(), event_type, JSON_CONTENT, b"", json.dumps(data).encode())])


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
