"""The event log in a Nameko process, where grpc's threads would never be scheduled.

`HubLog` drives esdbclient's asyncio client on eventlet's asyncio hub: each call waits there while other greenlets run.
It does what answering a call needs, finite calls only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from esdbclient import AsyncEventStoreDBClient, StreamState
from esdbclient import NewEvent as EsdbNewEvent
from esdbclient.exceptions import CancelledByClient

from grenier.log.esdb import CALL_TIMEOUT_S, check_whole, note, to_esdb, translated, type_filter
from grenier.log.pipeline import CallLost, Pipeline, connected_client
from grenier.log.protocol import NO_STREAM, Appended, LogUnavailable, NewEvent, Recorded, check_append


class HubLog:
    """StreamLog for a Nameko process: each call waits on eventlet's asyncio hub while other greenlets run.

    To be used from greenlets of the hub's own thread only (EVENTLET_HUB=asyncio).
    """

    def __init__(self, uri: str, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        from eventlet.semaphore import Semaphore

        self._uri = uri
        self._timeout_s = timeout_s
        self._connecting = Semaphore()
        self._connected: AsyncEventStoreDBClient | None = None
        self._appends: Pipeline | None = None

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        check_append(events, expected)
        version = StreamState.NO_STREAM if expected == NO_STREAM else expected
        converted = [to_esdb(event) for event in events]
        with translated(stream, expected):
            try:
                position = self._sent(stream, version, converted)
            except CallLost:
                # Whether it was written is not known. The same events on the same version are the same append: esdbclient's
                # own call, which also looks for a new leader.
                position = self._wait(
                    self._client().append_to_stream(
                        stream, current_version=version, events=converted, timeout=self._timeout_s
                    )
                )
        return Appended(expected + len(events), position)

    def _sent(self, stream: str, version: int | StreamState, events: Sequence[EsdbNewEvent]) -> int:
        from eventlet.event import Event

        answer = Event()
        give_up = self._pipeline().append(stream, version, events, lambda *found: answer.send(found))
        found = answer.wait(self._timeout_s)
        if found is None:
            give_up()
            raise LogUnavailable("no answer in time")
        position, error = found
        if isinstance(error, LogUnavailable):
            raise CallLost from error
        if error is not None:
            raise error
        return int(position)

    def read(self, stream: str, *, from_revision: int = 0, limit: int | None = None) -> list[Recorded]:
        options: dict[str, Any] = {} if limit is None else {"limit": limit}
        with translated():
            found: list[Recorded] = self._wait(self._stream(self._client(), stream, from_revision, options))
        return found

    def next_position(self, *, after: int | None, types: Sequence[str]) -> int | None:
        with translated():
            found = self._wait(self._first_positions(self._client(), after, types))
        return next((position for position in found if after is None or position > after), None)

    def head(self) -> int | None:
        with translated():
            found = self._wait(self._last(self._client()))
        return found[0].position if found else None

    async def _last(self, client: AsyncEventStoreDBClient) -> list[Recorded]:
        return await _whole_later(await client.read_all(backwards=True, limit=1, timeout=self._timeout_s))

    async def _stream(
        self, client: AsyncEventStoreDBClient, stream: str, from_revision: int, options: dict[str, Any]
    ) -> list[Recorded]:
        return await _whole_later(
            await client.read_stream(stream, stream_position=from_revision, timeout=self._timeout_s, **options)
        )

    async def _first_positions(
        self, client: AsyncEventStoreDBClient, after: int | None, types: Sequence[str]
    ) -> list[int]:
        """Two at most: the server begins with the event at `after` itself."""
        response = await client.read_all(commit_position=after, limit=2, timeout=self._timeout_s, **type_filter(types))
        return [event.position for event in await _whole_later(response)]

    def close(self) -> None:
        client, self._connected = self._connected, None
        if self._appends is not None:
            self._wait(self._appends.close())
        if client is not None:
            self._wait(client.close())

    def _client(self) -> AsyncEventStoreDBClient:
        with self._connecting:
            if self._connected is None:
                self._connected = self._wait(connected_client(self._uri))
            return self._connected

    def _pipeline(self) -> Pipeline:
        client = self._client()
        if self._appends is None:
            from eventlet.hubs import get_hub

            self._appends = Pipeline(client, get_hub().loop)
        return self._appends

    @staticmethod
    def _wait(awaitable: Any) -> Any:
        from eventlet.asyncio import spawn_for_awaitable

        # Carried out as a value: eventlet prints the traceback of every greenlet that ends with an exception.
        value, error = spawn_for_awaitable(_caught(awaitable)).wait()
        if error is not None:
            raise error
        return value


async def _caught(awaitable: Any) -> tuple[Any, Exception | None]:
    try:
        return await awaitable, None
    except asyncio.CancelledError:
        # Another caller's reconnection closed the channel under this call. It is no Exception: nobody else would catch it.
        return None, LogUnavailable("the connection was renewed meanwhile")
    except Exception as error:
        return None, error


async def _whole_later(response: Any) -> list[Recorded]:
    """`_whole` for the asyncio client."""
    found: list[Recorded] = []
    async with response:
        with suppress(StopAsyncIteration, CancelledByClient):
            while True:
                note(found, await response._get_next_read_resp())
    check_whole(await response.aio_call.code())
    return found
