"""How a call is answered: messages in and out, refusals with trailers, frames sent as they are."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from google.protobuf.message import DecodeError

from grenier_infra.eventnode import answers, headers, http2
from grenier_infra.eventnode.answers import Refusal, Status
from grenier_infra.eventnode.frames import END_HEADERS, END_STREAM, HEADERS, frame
from grenier_infra.eventnode.table import Dialogue, Direct, Method, Table
from grenier_infra.eventnode.writer import NoRoom, Stopping, WriteFailed

NUDGE_AFTER_S = 1.0
MAX_MESSAGE_BYTES = 17 * 1024 * 1024
MAX_UNREAD_BYTES = 1024 * 1024  # of finished messages; beyond it the client must wait
EAGER_BYTES = 1536 * 1024  # a request this large is looked at before it is complete
GRPC = "application/grpc"
_PREFIX = struct.Struct(">BI")
_BEGIN = END_HEADERS
_END = END_HEADERS | END_STREAM

logger = logging.getLogger(__name__)


class Hungup(Exception):
    """The client has gone; there is nobody to answer."""


class Call(http2.Stream):
    """One gRPC call: messages in, messages out, a status at the end."""

    def __init__(self, connection: http2.Connection, number: int, headers_: dict[str, str], table: Table) -> None:
        """Find the handler; a call that has none is refused at once."""
        super().__init__(connection, number, headers_)
        self._messages: deque[bytes] = deque()
        self._unread = 0
        self._partial = b""
        self._complete = False
        self._begun = False  # the answer's headers are sent
        self._reply = b""
        self._waiter: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._dialogue: Dialogue | None = None
        self._unsent: deque[bytes] = deque()  # pushed, beyond what flow control allows
        self._route = table.routes.get(headers_.get(":path", ""))
        if headers_.get(":method") != "POST":
            self._turn_away(405)
        elif not headers_.get("content-type", "").startswith(GRPC):
            self._turn_away(415)
        elif self._route is None:
            what = headers_.get(":path", "").lstrip("/")
            self.refuse(Refusal(Status.UNIMPLEMENTED, f"The embedded event node does not offer {what}."))
        elif self._route.at_once:
            self._start()

    @property
    def metadata(self) -> dict[str, str]:
        """What the client says beside its messages."""
        return self.headers

    @property
    def peer(self) -> str:
        """The client's address and port."""
        return self.connection.peer

    # told by the connection

    def received(self, data: bytes) -> None:
        """Take a piece of the request."""
        if self.closed:
            return
        data = self._partial + data if self._partial else data
        at, end = 0, len(data)
        while end - at >= _PREFIX.size:
            compressed, length = _PREFIX.unpack_from(data, at)
            if compressed or length > MAX_MESSAGE_BYTES:
                what = "compressed messages are not taken" if compressed else "message too large"
                self._give_up(Refusal(Status.UNIMPLEMENTED if compressed else Status.RESOURCE_EXHAUSTED, what))
                return
            begin = at + _PREFIX.size
            if end - begin < length:
                break
            at = begin + length
            self._messages.append(data[begin:at])
            self._unread += length
        self._partial = data[at:]
        if self._dialogue is not None:
            self.guarded(self._hand_over)
            return
        if self._task is None and self._unread > EAGER_BYTES:
            self._start_early()
        self._wake()

    def ended(self) -> None:
        """The request is complete."""
        self._complete = True
        if self._dialogue is not None:
            if not self.closed:
                self.guarded(self._dialogue.over)
            return
        if self._task is None and not self.closed:
            self._start()
        self._wake()

    def aborted(self) -> None:
        """The client has gone or has lost interest."""
        if self._task is not None:
            self._task.cancel()

    def wants_more(self) -> bool:
        """True while what was not read yet is bounded."""
        if self._dialogue is not None:
            return not self._dialogue.full()
        return self._unread < MAX_UNREAD_BYTES or self._task is None

    def _start_early(self) -> None:
        """A request so large must be read while it comes, or is refused."""
        assert self._route is not None
        if self._route.direct is None:
            self._start()
        elif self._unread > MAX_MESSAGE_BYTES:
            self.refuse(Refusal(Status.RESOURCE_EXHAUSTED, "request too large"))

    def _start(self) -> None:
        assert self._route is not None
        if self._route.direct is not None:
            self._go(self._route.direct, self._route.parse)
            return
        if self._route.opened is not None:
            self.guarded(partial(self._open, self._route.opened))
            return
        assert self._route.method is not None
        self._task = asyncio.get_running_loop().create_task(self._answer(self._route.method))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # for handlers

    async def recv_message(self) -> Any:
        """Wait for the next message; None when the request is over. Errors: Refusal if it cannot be read."""
        while not self._messages:
            if self._complete:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = self._messages.popleft()
        self._unread -= len(data)
        if not self._complete and self.wants_more():
            self.connection.acknowledge(self)
        assert self._route is not None
        try:
            return self._route.parse(data)
        except DecodeError as error:
            raise answers.invalid("the message cannot be read") from error

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Give messages until the request is over."""
        while (message := await self.recv_message()) is not None:
            yield message

    def reply(self, message: Any) -> None:
        """Answer with one message; it goes out together with the status."""
        data = message if isinstance(message, bytes) else message.SerializeToString()
        self._reply = _PREFIX.pack(0, len(data)) + data

    async def send_message(self, message: Any) -> None:
        """Send one of several messages. Errors: Hungup."""
        data = message if isinstance(message, bytes) else message.SerializeToString()
        await self.send(_PREFIX.pack(0, len(data)) + data)

    async def send(self, frames: bytes) -> None:
        """Send any number of finished gRPC frames in as few writes as flow control allows. Errors: Hungup."""
        if self.closed:
            raise Hungup
        begin = self._begin()
        if self.connection.fits(self, len(frames)):
            self.connection.write(begin + self.connection.data_frame(self, frames) if frames else begin)
            return
        if begin:
            self.connection.write(begin)
        await self._send_slowly(memoryview(frames))

    async def _send_slowly(self, rest: memoryview) -> None:
        while True:
            rest = rest[self.connection.send_now(self, rest) :]
            if not rest:
                return
            with _Nudge(self.connection):
                await self.connection.room()
            if self.closed:
                raise Hungup

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return frame(HEADERS, _BEGIN, self.number, headers.RESPONSE)

    def try_send(self, frames: bytes) -> bool:
        """Send finished frames if that is possible at once; give False and send nothing otherwise."""
        if self.closed or not self._begun or not self.connection.fits(self, len(frames)):
            return False
        self.connection.write(self.connection.data_frame(self, frames))
        return True

    # dialogues

    def _open(self, opened: Callable[[Call], Dialogue]) -> None:
        self._dialogue = opened(self)

    def _hand_over(self) -> None:
        assert self._dialogue is not None
        assert self._route is not None
        while self._messages and not self.closed:
            data = self._messages.popleft()
            self._unread -= len(data)
            try:
                message = self._route.parse(data)
            except DecodeError as error:
                raise answers.invalid("the message cannot be read") from error
            self._dialogue.received(message)

    def push(self, data: bytes) -> None:
        """Send one of several messages, in order; what flow control does not allow yet waits here."""
        if self.closed:
            return
        frames = _PREFIX.pack(0, len(data)) + data
        if not self._unsent and self.connection.fits(self, len(frames)):
            self.connection.write(self._begin() + self.connection.data_frame(self, frames))
        else:
            self._unsent.append(frames)
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._send_unsent())
        if not self._complete and self.wants_more():
            self.connection.acknowledge(self)

    def hang_up(self) -> None:
        """End the call well, once all that was pushed is sent."""
        if self._task is None and not self.closed:
            self._finish_at_once()

    async def _send_unsent(self) -> None:
        try:
            while self._unsent:
                await self.send(self._unsent[0])
                self._unsent.popleft()
        except Hungup:
            return
        self._task = None
        if self._dialogue is not None and self._complete:
            self.guarded(self._dialogue.over)

    # the end

    def _go(self, direct: Direct, parse: Callable[[bytes], Any]) -> None:
        def begin() -> None:
            try:
                messages = [parse(data) for data in self._messages]
            except DecodeError as error:
                raise answers.invalid("a message cannot be read") from error
            direct(self, messages)

        self.guarded(begin)

    def conclude(self, answer: Callable[[], bytes]) -> None:
        """End a direct call with this answer. Whatever ``answer`` raises is told to the client."""

        def finish() -> None:
            if not self.closed:
                self.reply(answer())
                if self.connection.fits(self, len(self._reply)):
                    self._finish_at_once()
                else:
                    self._task = asyncio.get_running_loop().create_task(self._finish())

        self.guarded(finish)

    def guarded(self, step: Callable[[], None]) -> None:
        """Do something for this call; whatever it raises ends the call and is told to the client."""
        try:
            step()
        except Refusal as refusal:
            self.refuse(refusal)
        except (WriteFailed, Stopping) as error:
            self.refuse(_not_written(error))
        except Exception:
            logger.exception("call failed")
            self.refuse(Refusal(Status.UNKNOWN, "Exception was thrown by handler."))

    async def _answer(self, method: Method) -> None:
        try:
            await method(self)
            await self._finish()
        except Refusal as refusal:
            self.refuse(refusal)
        except (WriteFailed, Stopping) as error:
            self.refuse(_not_written(error))
        except Hungup:
            pass
        except Exception:
            logger.exception("call failed")
            self.refuse(Refusal(Status.UNKNOWN, "Exception was thrown by handler."))

    async def _finish(self) -> None:
        if self.closed:
            return
        if self._reply and not self.connection.fits(self, len(self._reply)):
            await self.send(self._reply)
            self._reply = b""
        self._finish_at_once()

    def _finish_at_once(self) -> None:
        last = b""
        if self._reply:
            last = self._begin() + self.connection.data_frame(self, self._reply)
        last += self._begin() + frame(HEADERS, _END, self.number, headers.GRPC_OK)
        self.connection.finish(self, last, reset=not self._complete)

    def refuse(self, refusal: Refusal) -> None:
        """End the call with this status."""
        if not self.closed:
            block = headers.grpc_error(refusal.status, refusal.details, refusal.trailers)
            block = block if self._begun else headers.RESPONSE + block
            last = frame(HEADERS, _END, self.number, block)
            self.connection.finish(self, last, reset=not self._complete)

    def _give_up(self, refusal: Refusal) -> None:
        self.refuse(refusal)
        self.aborted()

    def _turn_away(self, status: int) -> None:
        last = frame(HEADERS, _END, self.number, headers.not_grpc(status))
        self.connection.finish(self, last, reset=False)


class _Nudge:
    """Pings the client while it lets us wait.

    A gRPC client may put a larger window in its queue and send it only with its next write; when it has nothing else to
    write, both sides would wait for each other. Answering a ping is a write.
    """

    def __init__(self, connection: http2.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> None:
        self._timer = self._loop.call_later(NUDGE_AFTER_S, self._ping)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _ping(self) -> None:
        self._connection.ping()
        self._timer = self._loop.call_later(NUDGE_AFTER_S, self._ping)


async def received(call: Call) -> Any:
    """Give the first message of a call. Errors: Refusal if there is none."""
    request = await call.recv_message()
    if request is None:
        raise answers.invalid("the call has no request")
    return request


def _not_written(error: Exception) -> Refusal:
    """Whether a failed write is known not to be there."""
    return (
        answers.no_room(str(error))
        if isinstance(error, NoRoom)
        else answers.unavailable(f"Write not confirmed: {error}")
    )
