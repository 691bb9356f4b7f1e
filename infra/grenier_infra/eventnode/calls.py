"""How a call is answered over grpclib: handlers in a table by path, refusals with trailers, frames sent as they are."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.base import CodecBase
from grpclib.server import Stream
from h2.exceptions import StreamClosedError

from grenier_infra.eventnode import answers
from grenier_infra.eventnode.answers import Refusal
from grenier_infra.eventnode.writer import Stopping, WriteFailed

logger = logging.getLogger(__name__)

Call = Stream[Any, Any]
Method = Callable[[Call], Awaitable[None]]
NO_COMPRESSION = {"grpc-accept-encoding": "identity"}


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


async def send_frames(call: Call, frames: bytes) -> None:
    """Send any number of finished frames in as few writes as flow control allows.

    grpclib's public interface frames one message per call; a replay needs hundreds in one write.
    """
    if not call._send_initial_metadata_done:
        await call.send_initial_metadata()
    if frames:
        await call._stream.send_data(frames)
        call._send_message_done = True
