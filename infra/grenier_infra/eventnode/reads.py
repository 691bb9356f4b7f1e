"""Streams/Read: every way of reading, from a request to a query and from its chunks to the answer."""

from __future__ import annotations

from contextlib import aclosing
from uuid import uuid4

from grenier_infra.eventnode import answers, wire
from grenier_infra.eventnode.calls import Call
from grenier_infra.eventnode.filters import BadFilter, filter_from
from grenier_infra.eventnode.links import transform_for
from grenier_infra.eventnode.live import Dropped, Hub, StreamEnded
from grenier_infra.eventnode.metrics import Metrics
from grenier_infra.eventnode.proposals import stream_name
from grenier_infra.eventnode.protos import streams_pb2
from grenier_infra.eventnode.reading import (
    MAX_POSITION,
    AllQuery,
    Checkpoints,
    Readers,
    StreamMissing,
    StreamQuery,
    StreamTombstoned,
    Transform,
    all_chunk,
    last_revision,
    stream_chunk,
)
from grenier_infra.eventnode.subscriptions import Subscription, frames_of

BEFORE_ALL = -1
Options = streams_pb2.ReadReq.Options
Query = AllQuery | StreamQuery


class Reads:
    """Answers reads and subscriptions."""

    def __init__(self, readers: Readers, hub: Hub, metrics: Metrics) -> None:
        """Read the file with ``readers``, follow the log with ``hub``."""
        self._readers = readers
        self._hub = hub
        self._metrics = metrics

    async def read(self, call: Call, options: Options) -> None:
        """Answer one Read call. Errors: Refusal."""
        query = query_from(options)
        try:
            if options.WhichOneof("count_option") == "subscription":
                await self._subscribe(call, options, query)
            else:
                await self._read(call, query, bound_of(options), min(options.count, MAX_POSITION))
        except StreamMissing as missing:
            await call.send(wire.not_found_frame(str(missing)))
        except StreamTombstoned as ended:
            raise answers.stream_deleted(str(ended)) from ended

    async def _read(self, call: Call, query: Query, bound: int, limit: int) -> None:
        if limit == 0:
            raise answers.invalid("the number of events to read must be greater than zero")
        reading = all_chunk if isinstance(query, AllQuery) else stream_chunk
        async with aclosing(self._readers.chunks(reading, query, bound, limit)) as chunks:
            async for chunk in chunks:
                await call.send(chunk.frames)
                self._metrics.events_read.inc(chunk.events)

    async def _subscribe(self, call: Call, options: Options, query: Query) -> None:
        after = await self._subscribed_after(options, query)
        await call.send(wire.confirmation_frame(str(uuid4())))
        self._metrics.subscriptions.inc()
        try:
            async with aclosing(
                frames_of(Subscription(query, after), self._readers, self._hub, call.try_send)
            ) as frames:
                async for piece in frames:
                    await call.send(piece)
        except Dropped as dropped:
            raise answers.unavailable("Subscription dropped by the server.") from dropped
        except StreamEnded as ended:
            raise answers.stream_deleted(stream_name(options.stream.stream_identifier)) from ended
        finally:
            self._metrics.subscriptions.dec()

    async def _subscribed_after(self, options: Options, query: Query) -> int:
        """Find what the subscription begins after; a given position or revision is not sent again."""
        if isinstance(query, AllQuery):
            given = options.all.position.commit_position
            return _after(options.all.WhichOneof("all_option"), given, self._hub.head)
        last = await self._readers.run(last_revision, query.stream)
        return _after(options.stream.WhichOneof("revision_option"), options.stream.revision, last)


def _after(place: str | None, given: int, end: int) -> int:
    if place == "end":
        return end
    return min(given, MAX_POSITION) if place in ("revision", "position") else BEFORE_ALL


def query_from(options: Options) -> Query:
    """Read what is asked for, apart from where it begins. Errors: Refusal."""
    forward = options.read_direction == Options.Forwards
    transform = transform_for(
        resolve_links=options.resolve_links, structured_ids=options.uuid_option.WhichOneof("content") == "structured"
    )
    subscribes = options.WhichOneof("count_option") == "subscription"
    filtered = options.WhichOneof("filter_option") == "filter"
    if subscribes and not forward:
        raise answers.invalid("a subscription reads forwards")
    match options.WhichOneof("stream_option"):
        case "stream":
            if filtered:
                raise answers.invalid("a filter applies to $all only")
            return StreamQuery(stream_name(options.stream.stream_identifier), forward, transform)
        case "all":
            return _all_query(options, forward, filtered, subscribes, transform)
        case _:
            raise answers.invalid("say what to read: a stream or $all")


def _all_query(
    options: Options, forward: bool, filtered: bool, subscribes: bool, transform: Transform | None
) -> AllQuery:
    try:
        wanted = filter_from(options.filter) if filtered else None
    except BadFilter as error:
        raise answers.invalid(str(error)) from error
    checkpoints = Checkpoints(wanted.checkpoint_every) if wanted is not None and subscribes else None
    return AllQuery(forward, wanted, checkpoints, transform)


def bound_of(options: Options) -> int:
    """Turn where a read begins into a bound that is itself excluded.

    A stream is read from its revision on, in both directions; everything is read forwards from the position on, but
    backwards from before it.
    """
    forward = options.read_direction == Options.Forwards
    place: str | None
    if options.WhichOneof("stream_option") == "stream":
        place, given = options.stream.WhichOneof("revision_option"), options.stream.revision
        inclusive = True
    else:
        place, given = options.all.WhichOneof("all_option"), options.all.position.commit_position
        inclusive = forward
    if place == "end":
        return MAX_POSITION
    if place not in ("revision", "position"):
        return BEFORE_ALL
    step = (-1 if forward else 1) if inclusive else 0
    return min(given, MAX_POSITION - 1) + step
