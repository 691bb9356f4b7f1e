"""Bytes of the protocol that are written by hand because every event passes through them.

A *frame* is one gRPC message ready to be sent: a flag byte (0, not compressed), the length as 4 bytes big endian, then the
protobuf message. The file keeps each event as a finished frame of ``event_store.client.streams.ReadResp``, so that a read
is fetch and send.
"""

from __future__ import annotations

import struct
from uuid import UUID

from esdbclient.protos.Grpc import streams_pb2

_HEADER = struct.Struct(">BI")
HEADER_BYTES = _HEADER.size


def frame(message: bytes) -> bytes:
    """Wrap a serialised message into a gRPC frame."""
    return _HEADER.pack(0, len(message)) + message


def unframe(data: bytes) -> bytes:
    """Give the message inside one frame; ValueError when the length does not fit."""
    flag, length = _HEADER.unpack_from(data)
    if flag != 0 or len(data) != HEADER_BYTES + length:
        raise ValueError("not exactly one uncompressed frame")
    return data[HEADER_BYTES:]


def varint(number: int) -> bytes:
    """Encode a non-negative integer as a protobuf varint."""
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(tag: int, payload: bytes) -> bytes:
    """Encode a length-delimited field; ``tag`` is the finished tag byte (number << 3 | 2)."""
    return b"".join((bytes((tag,)), varint(len(payload)), payload))


def text_entry(key: str, value: str) -> bytes:
    """Encode one entry of RecordedEvent's metadata map (field 6)."""
    return field(0x32, field(0x0A, key.encode()) + field(0x12, value.encode()))


def stream_part(name: str) -> bytes:
    """Encode RecordedEvent.stream_identifier (field 2), the same for every event of a stream."""
    return field(0x12, field(0x1A, name.encode()))


def type_part(event_type: str, content_type: str) -> bytes:
    """Encode the two map entries that tell the event's type and its content type."""
    return text_entry("type", event_type) + text_entry("content-type", content_type)


def event_frame(  # noqa: PLR0913 - the parts of one recorded event
    *, event_id: UUID, stream: bytes, revision: int, position: int, kind: bytes, created: int, metadata: bytes, data: bytes
) -> bytes:
    """Encode a recorded event as a ReadResp frame.

    ``stream`` and ``kind`` come from `stream_part` and `type_part`; ``created`` is in ticks of 100 ns since 1970;
    the commit and the prepare position are the same number.
    """
    spot = varint(position)
    parts = [b"\x0a\x26\x12\x24", str(event_id).encode(), stream]
    if revision:
        parts.append(b"\x18" + varint(revision))
    parts += (b"\x20", spot, b"\x28", spot, kind, text_entry("created", str(created)))
    if metadata:
        parts.append(field(0x3A, metadata))
    if data:
        parts.append(field(0x42, data))
    return frame(field(0x0A, b"".join((field(0x0A, b"".join(parts)), b"\x18", spot))))


def parse_frame(data: bytes) -> streams_pb2.ReadResp:
    """Parse a stored frame; ValueError or protobuf's DecodeError when it is damaged."""
    return streams_pb2.ReadResp.FromString(unframe(data))


def checkpoint_frame(position: int) -> bytes:
    """Encode ReadResp.checkpoint: everything up to this position has been considered."""
    spot = varint(position)
    return frame(field(0x1A, b"\x08" + spot + b"\x10" + spot))


CAUGHT_UP_FRAME = frame(field(0x42, b""))
FELL_BEHIND_FRAME = frame(field(0x4A, b""))


def confirmation_frame(subscription_id: str) -> bytes:
    """Encode ReadResp.confirmation, the first answer of every subscription."""
    return frame(field(0x12, field(0x0A, subscription_id.encode())))


def not_found_frame(stream: str) -> bytes:
    """Encode ReadResp.stream_not_found."""
    return frame(field(0x22, field(0x0A, field(0x1A, stream.encode()))))
