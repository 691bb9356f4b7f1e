"""Answers that differ from what is stored: resolved links, and event ids as two integers. The slow path, used on request."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from grenier_infra.eventnode import wire
from grenier_infra.eventnode.checksums import check
from grenier_infra.eventnode.protos import streams_pb2
from grenier_infra.eventnode.reading import Transform

LINK_TYPE = "$>"
_Recorded = streams_pb2.ReadResp.ReadEvent.RecordedEvent


def transform_for(*, resolve_links: bool, structured_ids: bool) -> Transform | None:
    """Give what to do with each frame of an answer, None if it can go out as it is stored."""
    if not (resolve_links or structured_ids):
        return None

    def transform(connection: sqlite3.Connection, frame: bytes) -> bytes:
        if not structured_ids and LINK_TYPE.encode() not in frame:
            return frame
        response = wire.parse_frame(frame)
        if response.WhichOneof("content") != "event":
            return frame
        if resolve_links and response.event.event.metadata.get("type") == LINK_TYPE:
            _resolve(connection, response.event)
        if structured_ids:
            _structure(response.event.event)
            _structure(response.event.link)
        return wire.frame(response.SerializeToString())

    return transform


def structured(frame: bytes) -> bytes:
    """Give an event's frame with its ids as two integers."""
    response = wire.parse_frame(frame)
    _structure(response.event.event)
    _structure(response.event.link)
    return wire.frame(response.SerializeToString())


def _resolve(connection: sqlite3.Connection, answer: streams_pb2.ReadResp.ReadEvent) -> None:
    """Put the event that ``revision@stream`` names beside the link; a target that is gone leaves the link alone."""
    answer.link.CopyFrom(answer.event)
    answer.ClearField("event")
    revision, _, stream = answer.link.data.decode(errors="replace").partition("@")
    if not revision.isdecimal():
        return
    row = connection.execute(
        "SELECT pos, stream, rev, type, frame, sum FROM event"
        " WHERE stream = (SELECT id FROM stream WHERE name = ?) AND rev = ?",
        (stream, int(revision)),
    ).fetchone()
    if row is not None:
        answer.event.CopyFrom(wire.parse_frame(check(*row)).event.event)


def _structure(event: _Recorded) -> None:
    if event.id.string:
        number = UUID(event.id.string).int
        event.id.structured.most_significant_bits = _signed(number >> 64)
        event.id.structured.least_significant_bits = _signed(number & (2**64 - 1))


def _signed(bits: int) -> int:
    return bits - 2**64 if bits >= 2**63 else bits
