"""How a call is answered over grpclib: handlers in a table by path, refusals with trailers, frames sent as they are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.base import CodecBase
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream
from h2.exceptions import StreamClosedError
from h2.settings import SettingCodes

from grenier_infra.eventnode import answers
from grenier_infra.eventnode.answers import Refusal
from grenier_infra.eventnode.writer import Stopping, WriteFailed

logger = logging.getLogger(__name__)

Call = Stream[Any, Any]
Method = Callable[[Call], Awaitable[None]]
NUDGE_AFTER_S = 1.0
MAX_CALLS_PER_CONNECTION = 2_000


class _WideProtocol(H2Protocol):
    """One connection; a process may hold many subscriptions over it, h2 alone would allow a hundred calls."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        limit: dict[SettingCodes | int, int] = {SettingCodes.MAX_CONCURRENT_STREAMS: MAX_CALLS_PER_CONNECTION}
        self.connection._connection.update_settings(limit)
        self.connection.flush()


class NodeServer(Server):
    """grpclib's server with room for more calls per connection."""

    def _protocol_factory(self) -> H2Protocol:
        narrow = super()._protocol_factory()
        return _WideProtocol(narrow.handler, narrow.config, narrow.h2_config)


class FrameCodec(CodecBase):
    """Protobuf messages in and out; bytes that are finished already go out unchanged."""

    __content_subtype__ = "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:
        """Serialise a message."""
        encoded: bytes = message if isinstance(message, bytes) else message.SerializeToString()
        return encoded

    def decode(self, data: bytes, message_type: Any) -> Any:
        """Parse a message; ``message_type`` bytes leaves it as it came."""
        return data if message_type is bytes else message_type.FromString(data)


class Table:
    """Handlers by path, in the form grpclib asks for."""

    def __init__(self) -> None:
        """Begin empty."""
        self._handlers: dict[str, Handler] = {}

    def add(self, path: str, method: Method, cardinality: Cardinality, request_type: type) -> None:
        """Answer calls to ``/service/Method`` with this coroutine."""
        self._handlers[path] = Handler(_guarded(method), cardinality, request_type, bytes)

    def __mapping__(self) -> dict[str, Handler]:
        """Give all handlers."""
        return self._handlers


def _guarded(method: Method) -> Method:
    async def answer(call: Call) -> None:
        try:
            await method(call)
        except Refusal as refusal:
            await _refuse(call, refusal)
        except (WriteFailed, Stopping) as error:
            await _refuse(call, answers.unavailable(f"Write not confirmed: {error}"))
        except StreamClosedError:
            pass  # the client has gone; there is nobody to answer
        except Exception:
            logger.exception("call failed")
            await _refuse(call, Refusal(Status.UNKNOWN, "Exception was thrown by handler."))

    return answer


async def _refuse(call: Call, refusal: Refusal) -> None:
    try:
        await call.send_trailing_metadata(
            status=refusal.status, status_message=refusal.details, metadata=refusal.trailers
        )
    except StreamClosedError:
        pass


async def received(call: Call) -> Any:
    """Give the first message of a call. Errors: Refusal if there is none."""
    request = await call.recv_message()
    if request is None:
        raise answers.invalid("the call has no request")
    return request


async def send_frames(call: Call, frames: bytes) -> None:
    """Send any number of finished frames in as few writes as flow control allows.

    grpclib's public interface frames one message per call; a replay needs hundreds in one write.
    """
    if not call._send_initial_metadata_done:
        await call.send_initial_metadata()
    if frames:
        with _Nudge(call):
            await call._stream.send_data(frames)
        call._send_message_done = True


class _Nudge:
    """Pings the client while it lets us wait.

    A gRPC client may put a larger window in its queue and send it only with its next write; when it has nothing else to
    write, both sides would wait for each other. Answering a ping is a write.
    """

    def __init__(self, call: Call) -> None:
        self._connection = call._stream.connection
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> None:
        self._timer = self._loop.call_later(NUDGE_AFTER_S, self._ping)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _ping(self) -> None:
        if not self._connection.is_closing():
            self._connection._connection.ping(b"nudge---")
            self._connection.flush()
            self._timer = self._loop.call_later(NUDGE_AFTER_S, self._ping)
