"""HTTP/2 as far as gRPC servers need it: one connection, its frames, its streams and their flow control.

The general libraries pay for every header and every state change of every request; the node answers thousands of small
calls a second, all alike, so header blocks are remembered (see ``headers``), answers are finished bytes, and a unary answer
is one write. What a client may not do ends its connection with GOAWAY, as RFC 9113 wants.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from grenier_infra.eventnode.headers import BadHeaders, HeaderReader

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_BYTES = 9
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR = 0x0, 0x1, 0x3, 0x5, 0x6
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR = 0x7, 0x8, 0x9
SET_MAX_STREAMS, SET_WINDOW, SET_MAX_FRAME = 0x3, 0x4, 0x5

MAX_STREAMS = 2_000
MAX_FRAME = 256 * 1024  # taken; what is sent follows the client's limit
MAX_HEADER_BLOCK = 64 * 1024
DEFAULT_WINDOW = 65_535
STREAM_WINDOW = 2 * 1024 * 1024
CONNECTION_WINDOW = 16 * 1024 * 1024
MAX_WINDOW = 2**31 - 1

_LENGTHS = struct.Struct(">HBBBI")  # length in 2 + 1 bytes, type, flags, stream
_SETTING = struct.Struct(">HI")
_NUMBER = struct.Struct(">I")


class ProtocolError(Exception):
    """The client broke the protocol; ``code`` says how."""

    def __init__(self, code: int, message: str) -> None:
        """Name the error as RFC 9113 numbers it."""
        super().__init__(message)
        self.code = code


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Encode a frame."""
    return _LENGTHS.pack(len(payload) >> 8, len(payload) & 0xFF, kind, flags, stream) + payload


HELLO = frame(
    SETTINGS, 0, 0,
    _SETTING.pack(SET_MAX_STREAMS, MAX_STREAMS) + _SETTING.pack(SET_WINDOW, STREAM_WINDOW)
    + _SETTING.pack(SET_MAX_FRAME, MAX_FRAME),
) + frame(WINDOW_UPDATE, 0, 0, _NUMBER.pack(CONNECTION_WINDOW - DEFAULT_WINDOW))  # fmt: skip
SETTINGS_ACK = frame(SETTINGS, ACK, 0)


class Stream:
    """One request and its answer. What belongs to gRPC is in the subclass, see ``calls``."""

    def __init__(self, connection: Connection, number: int, headers: dict[str, str]) -> None:
        """Begin with the request's headers."""
        self.connection = connection
        self.number = number
        self.headers = headers
        self.send_window = connection.initial_window
        self.unacknowledged = 0  # bytes taken that the client may not send again yet
        self.closed = False

    # told by the connection

    def received(self, data: bytes) -> None:
        """Take a piece of the request."""

    def ended(self) -> None:
        """The request is complete."""

    def aborted(self) -> None:
        """The client has gone or has lost interest."""

    def wants_more(self) -> bool:
        """True if the client may send more although nothing was consumed."""
        return True


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(
        self, new_stream: Callable[[Connection, int, dict[str, str]], Stream], gone: Callable[[Connection], None]
    ) -> None:
        """Make a stream for each request with ``new_stream``; call ``gone`` at the end."""
        self._new_stream = new_stream
        self._gone = gone
        self._headers = HeaderReader()
        self._transport: Any = None
        self._buffer = b""
        self._greeted = False
        self._last = 0  # number of the newest stream
        self._block: tuple[int, int, bytes] | None = None  # a header block not yet complete: stream, flags, bytes
        self._unacknowledged = 0
        self._can_write = True
        self._waiting: list[asyncio.Future[None]] = []
        self.streams: dict[int, Stream] = {}
        self.initial_window = DEFAULT_WINDOW
        self.send_window = DEFAULT_WINDOW
        self.max_frame = 16_384

    # asyncio

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self._transport = transport
        transport.write(HELLO)

    def data_received(self, data: bytes) -> None:
        """Take whatever came; a broken protocol ends the connection."""
        data = self._buffer + data if self._buffer else data
        try:
            self._buffer = self._consume(data)
        except ProtocolError as error:
            self.close(error.code)
        except BadHeaders:
            self.close(COMPRESSION_ERROR)

    def connection_lost(self, exc: Exception | None) -> None:
        """Abort every call."""
        streams, self.streams = self.streams, {}
        for stream in streams.values():
            stream.closed = True
            stream.aborted()
        self._wake()
        self._gone(self)

    def pause_writing(self) -> None:
        """The client does not read."""
        self._can_write = False

    def resume_writing(self) -> None:
        """The client reads again."""
        self._can_write = True
        self._wake()

    @property
    def peer(self) -> str:
        """The client's address and port."""
        address = self._transport.get_extra_info("peername")
        return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address or "")

    def close(self, code: int = NO_ERROR) -> None:
        """Say goodbye and hang up."""
        if not self._transport.is_closing():
            self._transport.write(frame(GOAWAY, 0, 0, _NUMBER.pack(self._last) + _NUMBER.pack(code)))
            self._transport.close()

    # frames in

    def _consume(self, data: bytes) -> bytes:
        at = 0
        if not self._greeted:
            if data[: len(PREFACE)] != PREFACE[: len(data)]:
                raise ProtocolError(PROTOCOL_ERROR, "not HTTP/2")
            if len(data) < len(PREFACE):
                return data
            self._greeted, at = True, len(PREFACE)
        end = len(data)
        while end - at >= HEADER_BYTES:
            high, low, kind, flags, number = _LENGTHS.unpack_from(data, at)
            length = high << 8 | low
            if length > MAX_FRAME:
                raise ProtocolError(FRAME_SIZE_ERROR, "frame too large")
            begin = at + HEADER_BYTES
            if end - begin < length:
                break
            at = begin + length
            self._take(kind, flags, number & MAX_WINDOW, data[begin:at])
        return data[at:]

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if self._block is not None and kind != CONTINUATION:
            raise ProtocolError(PROTOCOL_ERROR, "a header block was not finished")
        take = _TAKERS.get(kind)
        if take is not None:  # other kinds are to be ignored
            take(self, flags, number, payload)

    def _take_data(self, flags: int, number: int, payload: bytes) -> None:
        if number == 0 or number > self._last:
            raise ProtocolError(PROTOCOL_ERROR, "data on a stream that was not opened")
        size = len(payload)
        self._unacknowledged += size
        if self._unacknowledged > CONNECTION_WINDOW // 2:
            self._transport.write(frame(WINDOW_UPDATE, 0, 0, _NUMBER.pack(self._unacknowledged)))
            self._unacknowledged = 0
        stream = self.streams.get(number)
        if stream is None:
            return  # answered already
        stream.unacknowledged += size
        if stream.unacknowledged > STREAM_WINDOW:
            raise ProtocolError(FLOW_CONTROL_ERROR, "more data than allowed")
        if payload:
            stream.received(_unpadded(flags, payload))
        if flags & END_STREAM:
            stream.ended()
        elif stream.wants_more():
            self.acknowledge(stream)

    def _take_headers(self, flags: int, number: int, payload: bytes) -> None:
        payload = _unpadded(flags, payload)
        if flags & WITH_PRIORITY:
            payload = payload[5:]
        if flags & END_HEADERS:
            self._headers_complete(flags, number, payload)
        else:
            self._block = (number, flags, payload)

    def _take_continuation(self, flags: int, number: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != number:
            raise ProtocolError(PROTOCOL_ERROR, "a continuation of nothing")
        first, begun = self._block[1], self._block[2] + payload
        if len(begun) > MAX_HEADER_BLOCK:
            raise ProtocolError(COMPRESSION_ERROR, "headers too large")
        self._block = None if flags & END_HEADERS else (number, first, begun)
        if self._block is None:
            self._headers_complete(first, number, begun)

    def _headers_complete(self, flags: int, number: int, block: bytes) -> None:
        headers = self._headers.read(block)
        if number <= self._last:
            stream = self.streams.get(number)  # trailers, or of a stream that is answered already
            if stream is not None and flags & END_STREAM:
                stream.ended()
            return
        if number % 2 == 0:
            raise ProtocolError(PROTOCOL_ERROR, "not a client's stream number")
        self._last = number
        if len(self.streams) >= MAX_STREAMS:
            self._transport.write(frame(RST_STREAM, 0, number, _NUMBER.pack(REFUSED_STREAM)))
            return
        stream = self._new_stream(self, number, headers)
        if stream.closed:
            return  # refused by its headers
        self.streams[number] = stream
        if flags & END_STREAM:
            stream.ended()

    def _take_reset(self, flags: int, number: int, payload: bytes) -> None:
        stream = self.streams.pop(number, None)
        if stream is not None:
            stream.closed = True
            stream.aborted()
            self._wake()

    def _take_settings(self, flags: int, number: int, payload: bytes) -> None:
        if flags & ACK:
            return
        if len(payload) % _SETTING.size:
            raise ProtocolError(FRAME_SIZE_ERROR, "settings of a wrong size")
        for name, value in _SETTING.iter_unpack(payload):
            if name == SET_WINDOW:
                if value > MAX_WINDOW:
                    raise ProtocolError(FLOW_CONTROL_ERROR, "window too large")
                for stream in self.streams.values():
                    stream.send_window += value - self.initial_window
                self.initial_window = value
            elif name == SET_MAX_FRAME:
                self.max_frame = min(value, MAX_FRAME)
        self._transport.write(SETTINGS_ACK)
        self._wake()

    def _take_ping(self, flags: int, number: int, payload: bytes) -> None:
        if len(payload) != 8:
            raise ProtocolError(FRAME_SIZE_ERROR, "ping of a wrong size")
        if not flags & ACK:
            self._transport.write(frame(PING, ACK, 0, payload))

    def _take_window_update(self, flags: int, number: int, payload: bytes) -> None:
        if len(payload) != _NUMBER.size:
            raise ProtocolError(FRAME_SIZE_ERROR, "window update of a wrong size")
        (more,) = _NUMBER.unpack(payload)
        target: Connection | Stream | None = self if number == 0 else self.streams.get(number)
        if target is None:
            return
        target.send_window += more & MAX_WINDOW
        if target.send_window > MAX_WINDOW:
            raise ProtocolError(FLOW_CONTROL_ERROR, "window too large")
        self._wake()

    def _take_push_promise(self, flags: int, number: int, payload: bytes) -> None:
        raise ProtocolError(PROTOCOL_ERROR, "clients do not push")

    # out

    def acknowledge(self, stream: Stream) -> None:
        """Let the client send on this stream as much as it sent, once it is worth a frame."""
        if stream.unacknowledged > STREAM_WINDOW // 2 and not stream.closed:
            self._transport.write(frame(WINDOW_UPDATE, 0, stream.number, _NUMBER.pack(stream.unacknowledged)))
            stream.unacknowledged = 0

    def write(self, data: bytes) -> None:
        """Send finished frames that need no flow control."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def ping(self) -> None:
        """Make the client write something."""
        self.write(frame(PING, 0, 0, b"nudge---"))

    def fits(self, stream: Stream, size: int) -> bool:
        """True if this much data can be sent at once in one frame."""
        return size <= min(self.send_window, stream.send_window, self.max_frame) and self._can_write

    def data_frame(self, stream: Stream, data: bytes) -> bytes:
        """Encode data that fits and count it."""
        self.send_window -= len(data)
        stream.send_window -= len(data)
        return frame(DATA, 0, stream.number, data)

    def send_now(self, stream: Stream, data: memoryview) -> int:
        """Send as much as flow control allows; give how much."""
        sent = 0
        pieces: list[bytes] = []
        while self._can_write and sent < len(data):
            size = min(self.send_window, stream.send_window, self.max_frame, len(data) - sent)
            if size <= 0:
                break
            pieces.append(self.data_frame(stream, bytes(data[sent : sent + size])))
            sent += size
        if pieces:
            self.write(b"".join(pieces))
        return sent

    async def room(self) -> None:
        """Wait until more may be sent, or until a stream ends."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    def finish(self, stream: Stream, last: bytes, *, reset: bool) -> None:
        """Send the last frames of an answer; ``reset`` if the request is not complete."""
        stream.closed = True
        self.streams.pop(stream.number, None)
        if reset:
            last += frame(RST_STREAM, 0, stream.number, _NUMBER.pack(NO_ERROR))
        self.write(last)

    def _wake(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)


def _unpadded(flags: int, payload: bytes) -> bytes:
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise ProtocolError(PROTOCOL_ERROR, "more padding than payload")
    return payload[1 : len(payload) - payload[0]]


_TAKERS = {
    DATA: Connection._take_data,
    HEADERS: Connection._take_headers,
    RST_STREAM: Connection._take_reset,
    SETTINGS: Connection._take_settings,
    PUSH_PROMISE: Connection._take_push_promise,
    PING: Connection._take_ping,
    WINDOW_UPDATE: Connection._take_window_update,
    CONTINUATION: Connection._take_continuation,
}
