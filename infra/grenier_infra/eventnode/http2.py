"""HTTP/2 as far as gRPC servers need it: one connection, its frames, its streams and their flow control.

The general libraries pay for every header and every state change of every request; the node answers thousands of small
calls a second, all alike, so header blocks are remembered (see ``headers``), answers are finished bytes, and a unary answer
is one write. What a client may not do ends its connection with GOAWAY, as RFC 9113 wants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from grenier_infra.eventnode.frames import (
    ACK,
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADER_BYTES,
    HEADERS,
    LENGTHS,
    NO_ERROR,
    NUMBER,
    PING,
    PREFACE,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    REFUSED_STREAM,
    RST_STREAM,
    SET_MAX_FRAME,
    SET_MAX_STREAMS,
    SET_WINDOW,
    SETTING,
    SETTINGS,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    ProtocolError,
    frame,
    unpadded,
)
from grenier_infra.eventnode.headers import BadHeaders, HeaderReader

MAX_STREAMS = 2_000
MAX_FRAME = 256 * 1024  # taken; what is sent follows the client's limit
MAX_HEADER_BLOCK = 64 * 1024
DEFAULT_WINDOW = 65_535
STREAM_WINDOW = 2 * 1024 * 1024
CONNECTION_WINDOW = 16 * 1024 * 1024
MAX_WINDOW = 2**31 - 1


HELLO = frame(
    SETTINGS, 0, 0,
    SETTING.pack(SET_MAX_STREAMS, MAX_STREAMS) + SETTING.pack(SET_WINDOW, STREAM_WINDOW)
    + SETTING.pack(SET_MAX_FRAME, MAX_FRAME),
) + frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(CONNECTION_WINDOW - DEFAULT_WINDOW))  # fmt: skip
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


_corked: list[Connection] | None = None  # those that wrote while `together` lasts; the loop has one thread


@contextmanager
def together() -> Iterator[None]:
    """What is written to a connection meanwhile goes out in one piece at the end: a system call costs more than an answer."""
    global _corked
    if _corked is not None:
        yield
        return
    _corked = []
    try:
        yield
    finally:
        wrote, _corked = _corked, None
        for connection in wrote:
            connection.flush()


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
        self._outbox: list[bytes] = []
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
        with together():
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
            self.write(frame(GOAWAY, 0, 0, NUMBER.pack(self._last) + NUMBER.pack(code)))
            self.flush()
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
            high, low, kind, flags, number = LENGTHS.unpack_from(data, at)
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
            self.write(frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(self._unacknowledged)))
            self._unacknowledged = 0
        stream = self.streams.get(number)
        if stream is None:
            return  # answered already
        stream.unacknowledged += size
        if stream.unacknowledged > STREAM_WINDOW:
            raise ProtocolError(FLOW_CONTROL_ERROR, "more data than allowed")
        if payload:
            stream.received(unpadded(flags, payload))
        if flags & END_STREAM:
            stream.ended()
        elif stream.wants_more():
            self.acknowledge(stream)

    def _take_headers(self, flags: int, number: int, payload: bytes) -> None:
        payload = unpadded(flags, payload)
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
            self.write(frame(RST_STREAM, 0, number, NUMBER.pack(REFUSED_STREAM)))
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
        if len(payload) % SETTING.size:
            raise ProtocolError(FRAME_SIZE_ERROR, "settings of a wrong size")
        for name, value in SETTING.iter_unpack(payload):
            if name == SET_WINDOW:
                if value > MAX_WINDOW:
                    raise ProtocolError(FLOW_CONTROL_ERROR, "window too large")
                for stream in self.streams.values():
                    stream.send_window += value - self.initial_window
                self.initial_window = value
            elif name == SET_MAX_FRAME:
                self.max_frame = min(value, MAX_FRAME)
        self.write(SETTINGS_ACK)
        self._wake()

    def _take_ping(self, flags: int, number: int, payload: bytes) -> None:
        if len(payload) != 8:
            raise ProtocolError(FRAME_SIZE_ERROR, "ping of a wrong size")
        if not flags & ACK:
            self.write(frame(PING, ACK, 0, payload))

    def _take_window_update(self, flags: int, number: int, payload: bytes) -> None:
        if len(payload) != NUMBER.size:
            raise ProtocolError(FRAME_SIZE_ERROR, "window update of a wrong size")
        (more,) = NUMBER.unpack(payload)
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
            self.write(frame(WINDOW_UPDATE, 0, stream.number, NUMBER.pack(stream.unacknowledged)))
            stream.unacknowledged = 0

    def write(self, data: bytes) -> None:
        """Send finished frames that need no flow control."""
        if self._transport.is_closing():
            return
        if _corked is None:
            self._transport.write(data)
            return
        if not self._outbox:
            _corked.append(self)
        self._outbox.append(data)

    def flush(self) -> None:
        """Send what was written while several things were done together."""
        written, self._outbox = self._outbox, []
        if written and not self._transport.is_closing():
            self._transport.write(written[0] if len(written) == 1 else b"".join(written))

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
            last += frame(RST_STREAM, 0, stream.number, NUMBER.pack(NO_ERROR))
        self.write(last)

    def _wake(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)


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
