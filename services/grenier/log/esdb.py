"""The event log over EventStoreDB's protocol; with `hub`, `pipeline` and `appends`, the only modules of the services that import esdbclient.

For processes with plain threads; `hub` has the log of a Nameko process.

What is set here and why:
    one grouped type filter     esdbclient joins several patterns to "^A|B$", which lets "xB" through
    a client per subscription   `reconnect()` of a client silently ends the subscriptions of the same client
    back-off of at most 1 s     grpc's default waits up to two minutes after a node was away
    keepalive                   esdbclient's own option does not exist in grpc; without it a half-open
                                connection leaves a quiet subscription silent for ever
    SingleThreadedUnaryStream   saves a thread hand-off per event: two to three times as fast a replay
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import grpc
import grpc.experimental
import msgspec
from esdbclient import EventStoreDBClient, StreamState
from esdbclient import NewEvent as EsdbNewEvent
from esdbclient.exceptions import (
    CancelledByClient,
    EventStoreDBClientException,
    GrpcError,
    WrongCurrentVersion,
)

from grenier.log.appends import Appends
from grenier.log.pipeline import CHANNEL_OPTIONS, CallLost
from grenier.log.protocol import (
    NO_STREAM,
    Appended,
    CaughtUp,
    Checkpoint,
    LogUnavailable,
    NewEvent,
    Recorded,
    Subscription,
    WrongVersion,
    check_append,
)

T = TypeVar("T")

CALL_TIMEOUT_S = 3.0
"""Of one attempt; the client repeats an attempt that ran out once."""
PAGE_EVENTS = 2_000
PAGE_TIMEOUT_S = 30.0
READ_ATTEMPTS = 3
PAUSE_S = 0.1
TICKS_PER_S = 10_000_000


class _Client(EventStoreDBClient):
    def _construct_grpc_channel(self, grpc_target: str, grpc_options: Any = ()) -> Any:
        single_threaded = ((grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1),)
        return super()._construct_grpc_channel(grpc_target, grpc_options + CHANNEL_OPTIONS + single_threaded)


class EsdbLog:
    """EventLog for plain threads. Connects at first use, so it may be made before a fork and used after it."""

    def __init__(self, uri: str, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._uri = uri
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._connected: _Client | None = None
        self._appends = Appends(uri, timeout_s)
        self._subscriptions: set[EsdbSubscription] = set()

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        check_append(events, expected)
        version = StreamState.NO_STREAM if expected == NO_STREAM else expected
        converted = [to_esdb(event) for event in events]
        with translated(stream, expected):
            try:
                position = self._appends.append(stream, version, converted)
            except CallLost:
                # Whether it was written is not known. The same events on the same version are the same append: esdbclient's
                # own call, which also looks for a new leader.
                position = self._client().append_to_stream(
                    stream, current_version=version, events=converted, timeout=self._timeout_s
                )
        return Appended(expected + len(events), position)

    def read(self, stream: str, *, from_revision: int = 0, limit: int | None = None) -> list[Recorded]:
        options: dict[str, Any] = {} if limit is None else {"limit": limit}
        return self._repeated(
            lambda: _whole(
                self._client().read_stream(stream, stream_position=from_revision, timeout=self._timeout_s, **options)
            )
        )

    def next_position(self, *, after: int | None, types: Sequence[str]) -> int | None:
        return next((event.position for event in self.read_all(after=after, types=types, limit=1)), None)

    def read_all(
        self, *, after: int | None = None, types: Sequence[str] | None = None, limit: int | None = None
    ) -> Iterator[Recorded]:
        """Fetched in pages, so that a slow reader holds no stream open and every call has its deadline."""
        left = limit
        while left is None or left > 0:
            wanted = PAGE_EVENTS if left is None else min(left, PAGE_EVENTS)
            page = self._page(after, types, wanted)
            yield from page
            if len(page) < wanted:
                return
            after = page[-1].position
            left = None if left is None else left - len(page)

    def subscribe(self, *, after: int | None, types: Sequence[str] | None) -> Subscription:
        subscription = EsdbSubscription(self, after, types)
        with self._lock:
            self._subscriptions.add(subscription)
        return subscription

    def head(self) -> int | None:
        last = self._repeated(lambda: _whole(self._client().read_all(backwards=True, limit=1, timeout=self._timeout_s)))
        return last[0].position if last else None

    def close(self) -> None:
        # Subscriptions first: grpc waits for ever for a channel whose stream is still being iterated.
        for subscription in list(self._subscriptions):
            subscription.stop()
        self._appends.close()
        with self._lock:
            client, self._connected = self._connected, None
        if client is not None:
            client.close()

    def _page(self, after: int | None, types: Sequence[str] | None, wanted: int) -> list[Recorded]:
        """At most `wanted` events behind `after`; the server starts at the position itself, so one more is asked for."""

        def fetch() -> list[Recorded]:
            return _whole(
                self._client().read_all(
                    commit_position=after,
                    limit=wanted if after is None else wanted + 1,
                    timeout=PAGE_TIMEOUT_S,
                    **type_filter(types),
                )
            )

        events = self._repeated(fetch)
        return [event for event in events if after is None or event.position > after][:wanted]

    def _repeated(self, call: Callable[[], T]) -> T:
        """Reads are repeated here: unlike appends, esdbclient leaves them alone after a reconnection."""
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                with translated():
                    return call()
            except LogUnavailable:
                if attempt == READ_ATTEMPTS:
                    raise
                time.sleep(PAUSE_S)
        raise AssertionError("unreachable")

    def _client(self) -> _Client:
        if self._connected is None:
            with self._lock:
                if self._connected is None:
                    with translated():
                        self._connected = _Client(self._uri)
        return self._connected

    def _forget(self, subscription: EsdbSubscription) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)


class EsdbSubscription:
    """A catch-up subscription with a connection of its own; ends by `stop()`, fails with LogUnavailable."""

    def __init__(self, log: EsdbLog, after: int | None, types: Sequence[str] | None) -> None:
        self._log = log
        self._stopped = False
        with translated():
            self._client = _Client(log._uri)
            try:
                self._events: Any = self._client.subscribe_to_all(
                    commit_position=after, include_checkpoints=True, include_caught_up=True, **type_filter(types)
                )
            except BaseException:
                self._client.close()
                raise

    def __iter__(self) -> Iterator[Recorded | Checkpoint | CaughtUp]:
        return self

    def __next__(self) -> Recorded | Checkpoint | CaughtUp:
        while True:
            try:
                with translated():
                    answer = self._events._get_next_read_resp()
            except (StopIteration, LogUnavailable) as lost:
                if self._stopped:
                    raise StopIteration from None
                self.stop()
                raise LogUnavailable("the subscription ended") from lost
            match answer.WhichOneof("content"):
                case "event":
                    return recorded_of(answer.event.event)
                case "checkpoint":
                    return Checkpoint(answer.checkpoint.commit_position)
                case "caught_up":
                    return CaughtUp()

    def stop(self) -> None:
        self._stopped = True
        self._log._forget(self)
        self._events.stop()
        self._client.close()


def _whole(response: Any) -> list[Recorded]:
    """All events of a finite reading, or LogUnavailable when it was cut short.

    A client that reconnects cancels the readings of its other callers, and esdbclient ends these like finished ones: half
    a stream, or none, would pass for the whole. Only the status of the call tells.
    """
    found: list[Recorded] = []
    with response, suppress(StopIteration, CancelledByClient):
        while True:
            note(found, response._get_next_read_resp())
    check_whole(response._read_resps.code())
    return found


def note(found: list[Recorded], answer: Any) -> None:
    """One message of a finite reading. That there is no such stream is the only one of its reading, which ends by itself:
    grpc keeps 22 kB for ever of a reading that is given up before its end."""
    if answer.WhichOneof("content") == "event":
        found.append(recorded_of(answer.event.event))


def check_whole(code: grpc.StatusCode) -> None:
    if code is not grpc.StatusCode.OK:
        raise LogUnavailable(f"a reading was cut short: {code.name}")


@contextmanager
def translated(stream: str = "", expected: int = NO_STREAM) -> Iterator[None]:
    """esdbclient's exceptions in our words. That there is no such stream is an answer, not an exception (see `note`)."""
    try:
        yield
    except WrongCurrentVersion as error:
        raise WrongVersion(stream, expected, _version_found(str(error))) from error
    except (EventStoreDBClientException, GrpcError, grpc.RpcError, grpc.aio.UsageError) as error:
        raise LogUnavailable(f"{type(error).__name__}: {error}"[:500]) from error
    except ValueError as error:
        # Another thread's reconnection closed the channel under this call.
        if "channel" not in str(error).lower():
            raise
        raise LogUnavailable(str(error)) from error


def _version_found(message: str) -> int | None:
    """The version a server reported; esdbclient puts it into words only."""
    if "does not exist" in message:
        return NO_STREAM
    found = re.search(r"last event is (\d+)", message)
    return int(found.group(1)) if found else None


def type_filter(types: Sequence[str] | None) -> dict[str, Any]:
    """Without prefixes esdbclient's default leaves out the server's own events ("$…")."""
    if types is None:
        return {}
    return {"filter_include": ["(" + "|".join(re.escape(prefix) for prefix in types) + ").*"]}


def to_esdb(event: NewEvent) -> EsdbNewEvent:
    return EsdbNewEvent(type=event.type, data=event.data, metadata=event.metadata, id=event.id)


def recorded_of(event: Any) -> Recorded:
    """An event as it came over the wire. esdbclient's own object of it costs as much as its way here, and says no more."""
    about = event.metadata
    return Recorded(
        msgspec.convert(event.id.string, UUID),
        event.stream_identifier.stream_name.decode(),
        event.stream_revision,
        about["type"],
        event.data,
        event.custom_metadata,
        event.commit_position,
        datetime.fromtimestamp(int(about["created"] or 0) / TICKS_PER_S, UTC),
    )
