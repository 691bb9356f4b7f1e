"""Finished answer bytes.

A *frame* is one gRPC message ready to be sent: a flag byte (0, not compressed), the length as 4 bytes big endian, then the
protobuf message. The file keeps each event as a finished frame of ``event_store.client.streams.ReadResp``, so that a read
is fetch and send.
"""

from __future__ import annotations

import struct
from uuid import UUID

from grenier_infra.eventnode.protos import streams_pb2

_HEADER = struct.Struct(">BI")
HEADER_BYTES = _HEADER.size

Response = streams_pb2.ReadResp


def frame(message: bytes) -> bytes:
    """Wrap a serialised message into a gRPC frame."""
    return _HEADER.pack(0, len(message)) + message


def unframe(data: bytes) -> bytes:
    """Give the message inside one frame; ValueError when the length does not fit."""
    if len(data) < HEADER_BYTES:
        raise ValueError("shorter than a frame's header")
    flag, length = _HEADER.unpack_from(data)
    if flag != 0 or len(data) != HEADER_BYTES + length:
        raise ValueError("not exactly one uncompressed frame")
    return data[HEADER_BYTES:]


def event_frame(
    *,
    event_id: UUID,
    stream: bytes,
    revision: int,
    position: int,
    event_type: str,
    content_type: str,
    created: str,
    metadata: bytes,
    data: bytes,
) -> bytes:
    """Encode a recorded event; ``created`` is in ticks of 100 ns since 1970, the two positions are the same number.

    Filling a message field by field costs a third of building it from keyword arguments.
    """
    response = Response()
    answer = response.event
    answer.commit_position = position
    event = answer.event
    event.id.string = str(event_id)
    event.stream_identifier.stream_name = stream
    event.stream_revision = revision
    event.prepare_position = event.commit_position = position
    properties = event.metadata
    properties["type"] = event_type
    properties["content-type"] = content_type
    properties["created"] = created
    event.custom_metadata = metadata
    event.data = data
    return frame(response.SerializeToString())


def parse_frame(data: bytes) -> Response:
    """Parse a stored frame; ValueError or protobuf's DecodeError when it is damaged."""
    return Response.FromString(unframe(data))


def retried_frame(data: bytes, retries: int) -> bytes:
    """Turn a stored frame into one of persistent_subscriptions.ReadResp: the same but for a count of retries.

    The count is field 5 inside the event, which is field 1 of the answer.
    """
    length, start = _varint(data, HEADER_BYTES + 1)
    event = data[start : start + length] + b"\x28" + varint(retries)
    return frame(b"\x0a" + varint(len(event)) + event)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a varint; give its value and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def varint(value: int) -> bytes:
    """Encode a number that is not negative."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def checkpoint_frame(position: int) -> bytes:
    """Say that everything up to this position has been considered."""
    spot = Response.Checkpoint(commit_position=position, prepare_position=position)
    return frame(Response(checkpoint=spot).SerializeToString())


CAUGHT_UP_FRAME = frame(Response(caught_up=Response.CaughtUp()).SerializeToString())
FELL_BEHIND_FRAME = frame(Response(fell_behind=Response.FellBehind()).SerializeToString())


def confirmation_frame(subscription_id: str) -> bytes:
    """Begin a subscription; the first answer of each."""
    confirmation = Response.SubscriptionConfirmation(subscription_id=subscription_id)
    return frame(Response(confirmation=confirmation).SerializeToString())


def not_found_frame(stream: str) -> bytes:
    """Say that there is no such stream."""
    response = Response()
    response.stream_not_found.stream_identifier.stream_name = stream.encode()
    return frame(response.SerializeToString())


def short_field(tag: int, payload: bytes) -> bytes:
    """Encode a length-delimited field by hand, for messages that no Python client ships; at most 127 bytes.

    ``tag`` is the finished tag byte (field number << 3 | 2).
    """
    if len(payload) > 127:
        raise ValueError("too long for a length of one byte")
    return bytes((tag, len(payload))) + payload
