"""Header blocks: those of requests are decoded once and remembered, those of answers are finished bytes.

A client repeats the same block for every call of a kind. Its meaning changes only when the table both sides keep changes, so
what was decoded is kept until a block changes the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hpack import Decoder
from hpack.exceptions import HPACKError

MAX_REMEMBERED = 256
MAX_LIST_BYTES = 64 * 1024
PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


class BadHeaders(Exception):
    """A header block that cannot be decoded; the connection is lost with it."""


class HeaderReader:
    """Decodes the request headers of one connection."""

    def __init__(self) -> None:
        """Begin with an empty table."""
        self._decoder: Any = Decoder(MAX_LIST_BYTES)
        self._known: dict[bytes, dict[str, str]] = {}

    def read(self, block: bytes) -> dict[str, str]:
        """Give the headers; of a repeated name the last. The answer may be shared: do not change it. Errors: BadHeaders."""
        known = self._known.get(block)
        if known is not None:
            return known
        entries = self._decoder.header_table.dynamic_entries
        before = (entries[0] if entries else None, len(entries), self._decoder.header_table.maxsize)
        try:
            headers = {
                name.decode(): value.decode("utf-8", "replace") for name, value in self._decoder.decode(block, raw=True)
            }
        except (HPACKError, UnicodeDecodeError) as error:
            raise BadHeaders from error
        entries = self._decoder.header_table.dynamic_entries
        same = (entries[0] if entries else None) is before[0]
        if not same or (len(entries), self._decoder.header_table.maxsize) != before[1:]:
            self._known.clear()
        elif len(self._known) < MAX_REMEMBERED:
            self._known[block] = headers
        return headers


def literal(name: str, value: str) -> bytes:
    """Encode a header that neither uses nor changes a table; not compressed."""
    return b"\x00" + _text(name.encode("ascii")) + _text(value.encode("latin-1", "replace"))


def _text(data: bytes) -> bytes:
    if len(data) < 127:
        return bytes((len(data),)) + data
    rest, size = len(data) - 127, bytearray(b"\x7f")
    while rest > 127:
        size.append(rest & 0x7F | 0x80)
        rest >>= 7
    size.append(rest)
    return bytes(size) + data


OK = b"\x88"  # :status 200, from the fixed table
RESPONSE = OK + literal("content-type", "application/grpc+proto")
GRPC_OK = literal("grpc-status", "0")


def not_grpc(status: int) -> bytes:
    """Encode the answer to a request that is not gRPC."""
    return b"\x08" + _text(str(status).encode())


def grpc_error(status: int, message: str, trailers: Mapping[str, str]) -> bytes:
    """Encode the trailers of a refusal; the message is percent-encoded as gRPC wants."""
    block = literal("grpc-status", str(status)) + literal("grpc-message", quote(message, safe=PRINTABLE))
    return block + b"".join(literal(name, value) for name, value in trailers.items())
