"""Appends of a process over one call: the protocol's `BatchAppend` answers many batches on one connection, as they are written.

esdbclient opens a call for every append, which costs both ends more than the append itself: the call's headers, its two
streams, its end. Here each append is one message there and one message back. The requests and the answers are esdbclient's
own; when the call is lost, whatever waits is told (`LogUnavailable`) and the next append opens another one.

Runs on an asyncio loop, in the loop's thread only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import uuid4

import grpc
from esdbclient import AsyncEventStoreDBClient, NewEvent, StreamState
from esdbclient.common import handle_rpc_error
from esdbclient.streams import AsyncStreamsService

from grenier.log.protocol import LogUnavailable

CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Channels with equal options share one TCP connection unless told otherwise; a subscription gets its own.
    ("grpc.use_local_subchannel_pool", 1),
)


class CallLost(Exception):
    """The call that carries the appends broke off before the answer: whether it was written is not known."""


Answered = Callable[[int, Exception | None], None]
"""Gets the position of the last event, or the error."""


async def connected_client(uri: str) -> AsyncEventStoreDBClient:
    client = AsyncEventStoreDBClient(uri)
    client.grpc_options += CHANNEL_OPTIONS
    await client.connect()
    return client


class Pipeline:
    """`append` returns at once; `answered` is called from the loop, once at most (never, when it was forgotten)."""

    def __init__(self, client: AsyncEventStoreDBClient, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop
        self._call: _Call | None = None

    def append(
        self, stream: str, version: int | StreamState, events: Sequence[NewEvent], answered: Answered
    ) -> Callable[[], None]:
        """Send the events; the answer is a function that gives up waiting for them."""
        if self._call is None or self._call.ended:
            self._call = _Call(self._client, self._loop)
        return self._call.send(stream, version, events, answered)

    async def close(self) -> None:
        if self._call is not None:
            await self._call.close()


class _Call:
    """One BatchAppend call: what was sent over it and is not answered yet."""

    def __init__(self, client: AsyncEventStoreDBClient, loop: asyncio.AbstractEventLoop) -> None:
        self.ended = False
        self._requests: asyncio.Queue[Any] = asyncio.Queue()
        self._waiting: dict[str, tuple[str, int | StreamState, Answered]] = {}
        self._task = loop.create_task(self._run(client))

    def send(
        self, stream: str, version: int | StreamState, events: Sequence[NewEvent], answered: Answered
    ) -> Callable[[], None]:
        correlation_id = uuid4()
        key = str(correlation_id)
        self._waiting[key] = stream, version, answered
        self._requests.put_nowait(
            AsyncStreamsService._construct_batch_append_req(stream, version, events, correlation_id)
        )
        return lambda: self._forget(key)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _forget(self, key: str) -> None:
        self._waiting.pop(key, None)

    async def _run(self, client: AsyncEventStoreDBClient) -> None:
        lost: Exception = LogUnavailable("the call for appends ended")
        try:
            streams = client._connection.streams
            call = streams._stub.BatchAppend(
                self._each(),
                metadata=streams._metadata(client._call_metadata, requires_leader=True),
                credentials=client._call_credentials,
            )
            async for response in call:
                self._answer(response)
        except grpc.RpcError as error:
            lost = LogUnavailable(str(handle_rpc_error(error)))
        except Exception as error:
            lost = LogUnavailable(f"{type(error).__name__}: {error}")
        finally:
            self.ended = True
            self._requests.put_nowait(None)  # whoever reads them for grpc ends, too
            waiting, self._waiting = self._waiting, {}
            for _, _, answered in waiting.values():
                answered(0, lost)

    async def _each(self) -> AsyncIterator[Any]:
        while (request := await self._requests.get()) is not None:
            yield request

    def _answer(self, response: Any) -> None:
        found = self._waiting.pop(response.correlation_id.string, None)
        if found is None:
            return  # nobody waits any more
        stream, version, answered = found
        position, refused = 0, None
        try:
            position = AsyncStreamsService._convert_batch_append_resp(response, stream, version)
        except Exception as error:
            refused = error
        answered(position, refused)
