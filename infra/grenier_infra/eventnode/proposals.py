"""Reading what clients send: stream names, expected versions, proposed events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from grenier_infra.eventnode import answers
from grenier_infra.eventnode.requests import JSON_CONTENT, NewEvent
from grenier_infra.eventnode.rules import ANY, EXISTS, NO_STREAM

MAX_APPEND_BYTES = 1024 * 1024
APPEND_VERSION = ("expected_stream_revision", "revision")
BATCH_VERSION = ("expected_stream_position", "stream_position")
_VERSIONS = {"any": ANY, "no_stream": NO_STREAM, "stream_exists": EXISTS}
OTHER_CONTENT = "application/octet-stream"


def stream_name(identifier: Any) -> str:
    """Read a stream's name. Errors: Refusal."""
    try:
        name: str = identifier.stream_name.decode()
    except UnicodeDecodeError as error:
        raise answers.invalid("the stream name is not UTF-8") from error
    if name in ("", "$$"):
        raise answers.invalid("the stream name is empty")
    return name


def expected_version(options: Any, field: tuple[str, str]) -> int:
    """Read the expected version of an append, a delete or a tombstone, or of a batch (see rules.py). Errors: Refusal."""
    group, exact = field
    kind = options.WhichOneof(group)
    if kind == exact:
        return min(getattr(options, exact), 2**63 - 1)
    if kind is None:
        raise answers.invalid("the expected version is missing")
    return _VERSIONS[kind]


def proposed_event(message: Any) -> NewEvent:
    """Read a proposed event. Errors: Refusal."""
    metadata = message.metadata
    event_type, content_type = metadata.get("type"), metadata.get("content-type")
    if not event_type:
        raise answers.missing_metadata("type")
    if not content_type:
        raise answers.missing_metadata("content-type")
    try:
        event_id = uuid_from(message.id)
    except ValueError as error:
        raise answers.invalid("the event id is not a UUID") from error
    content = JSON_CONTENT if content_type == JSON_CONTENT else OTHER_CONTENT
    return NewEvent(event_id, event_type, content, message.custom_metadata, message.data)


def append_bytes(event: NewEvent) -> int:
    """Size of an event as the limit counts it: data, metadata, and two bytes per character of the type."""
    return len(event.data) + len(event.metadata) + 2 * len(event.type)


def uuid_from(message: Any) -> UUID:
    """Read an id sent as text or as two integers. Errors: ValueError."""
    if message.WhichOneof("value") == "structured":
        parts = message.structured
        high, low = parts.most_significant_bits % 2**64, parts.least_significant_bits % 2**64
        return UUID(int=high << 64 | low)
    return UUID(message.string)
