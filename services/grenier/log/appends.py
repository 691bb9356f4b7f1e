"""Appends of plain threads over one call: a `Pipeline` on an asyncio loop, in a thread that begins with the first append.

An append by esdbclient's own call costs a process of ours three times as much as the way through the other thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from esdbclient import AsyncEventStoreDBClient, NewEvent, StreamState

from grenier.log.pipeline import CallLost, Pipeline, connected_client
from grenier.log.protocol import LogUnavailable

CLOSE_TIMEOUT_S = 2.0


class Appends:
    """For any number of threads. Connects at first use, so it may be made before a fork and used after it."""

    def __init__(self, uri: str, timeout_s: float) -> None:
        self._uri = uri
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._line: _Line | None = None

    def append(self, stream: str, version: int | StreamState, events: Sequence[NewEvent]) -> int:
        """The last event's position. Errors: CallLost, LogUnavailable when no answer came in time, esdbclient's for a refusal."""
        line = self._line or self._open()
        answer = _Answer()
        line.ask(partial(answer.ask, line.pipeline, stream, version, events))
        position, error = answer.wait(self._timeout_s, line.loop)
        if isinstance(error, LogUnavailable):
            raise CallLost from error
        if error is not None:
            raise error
        return position

    def close(self) -> None:
        with self._lock:
            line, self._line = self._line, None
        if line is not None:
            line.close()

    def _open(self) -> _Line:
        with self._lock:
            if self._line is None:
                self._line = _Line(self._uri, self._timeout_s)
            return self._line


class _Line:
    """The loop in its thread, and what is open on it."""

    def __init__(self, uri: str, timeout_s: float) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="appends", daemon=True)
        self._thread.start()
        connecting = asyncio.run_coroutine_threadsafe(connected_client(uri), self.loop)
        try:
            self._client: AsyncEventStoreDBClient = connecting.result(timeout_s)
        except BaseException as error:
            connecting.cancel()
            self._end()
            if isinstance(error, TimeoutError):
                raise LogUnavailable("no connection in time") from error
            raise
        self.pipeline = Pipeline(self._client, self.loop)
        self._asked: deque[Callable[[], None]] = deque()
        self._woken = False

    def ask(self, step: Callable[[], None]) -> None:
        """Do this in the loop's thread. Waking it costs a system call: once for all that came meanwhile."""
        self._asked.append(step)
        if not self._woken:
            self._woken = True
            self.loop.call_soon_threadsafe(self._do_asked)

    def _do_asked(self) -> None:
        self._woken = False  # before looking: whoever comes now wakes the loop again
        while self._asked:
            self._asked.popleft()()

    def close(self) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(CLOSE_TIMEOUT_S)
        except TimeoutError:
            pass  # the loop ends all the same, and the connection with it
        self._end()

    async def _hang_up(self) -> None:
        await self.pipeline.close()
        await self._client.close()

    def _end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(CLOSE_TIMEOUT_S)


class _Answer:
    """What one thread waits for: a lock that the loop's thread opens, which costs less than an event or a future."""

    __slots__ = ("_found", "_give_up", "_open")

    def __init__(self) -> None:
        self._found: tuple[int, Exception | None] = (0, None)
        self._open = threading.Lock()
        self._open.acquire()

    def ask(self, pipeline: Pipeline, stream: str, version: int | StreamState, events: Sequence[NewEvent]) -> None:
        """In the loop's thread."""
        try:
            self._give_up = pipeline.append(stream, version, events, self._take)
        except Exception as error:
            self._take(0, error)

    def wait(self, timeout_s: float, loop: asyncio.AbstractEventLoop) -> tuple[int, Exception | None]:
        """Position, or the error. Errors: LogUnavailable when time is up."""
        if not self._open.acquire(timeout=timeout_s):
            loop.call_soon_threadsafe(lambda: self._give_up())
            raise LogUnavailable("no answer in time")
        return self._found

    def _take(self, position: int, error: Exception | None) -> None:
        self._found = position, error
        self._open.release()
