"""HTTP/2 frames as bytes: their kinds, flags, errors and form (RFC 9113)."""

from __future__ import annotations

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_BYTES = 9
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR = 0x0, 0x1, 0x3, 0x5, 0x6
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR = 0x7, 0x8, 0x9
SET_MAX_STREAMS, SET_WINDOW, SET_MAX_FRAME = 0x3, 0x4, 0x5

LENGTHS = struct.Struct(">HBBBI")  # length in 2 + 1 bytes, type, flags, stream
SETTING = struct.Struct(">HI")
NUMBER = struct.Struct(">I")


class ProtocolError(Exception):
    """The client broke the protocol; ``code`` says how."""

    def __init__(self, code: int, message: str) -> None:
        """Name the error as RFC 9113 numbers it."""
        super().__init__(message)
        self.code = code


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Encode a frame."""
    return LENGTHS.pack(len(payload) >> 8, len(payload) & 0xFF, kind, flags, stream) + payload


def unpadded(flags: int, payload: bytes) -> bytes:
    """Take the padding off a payload. Errors: ProtocolError."""
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise ProtocolError(PROTOCOL_ERROR, "more padding than payload")
    return payload[1 : len(payload) - payload[0]]
