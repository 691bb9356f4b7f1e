"""Subscriptions: from the file until the end, then live from memory, and back to the file when the client is too slow."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from grenier_infra.eventnode import wire
from grenier_infra.eventnode.live import FellBehind, Follower, Hub
from grenier_infra.eventnode.reading import (
    MAX_POSITION,
    AllQuery,
    Chunk,
    Readers,
    StreamMissing,
    StreamQuery,
    Transform,
    all_chunk,
    stream_chunk,
)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription to everything or to one stream, from beyond ``after`` (a position or a revision)."""

    query: AllQuery | StreamQuery
    after: int

    def follower(self) -> Follower:
        """Make the follower that goes with the query."""
        if isinstance(self.query, StreamQuery):
            return Follower(stream=self.query.stream)
        return Follower(filter=self.query.filter, checkpoints=self.query.checkpoints)


async def frames_of(
    subscription: Subscription, readers: Readers, hub: Hub, sink: Callable[[bytes], bool] | None = None
) -> AsyncGenerator[bytes, None]:
    """Give frames to send, for ever, in the order of the log, each event once; live ones go to ``sink`` if it takes them.

    Errors: live.Dropped, live.StreamEnded, reading.StreamTombstoned.
    """
    after = subscription.after
    while True:
        follower = subscription.follower()
        try:
            async with aclosing(_catch_up(subscription.query, after, readers, hub, follower)) as caught:
                async for frames, reached in caught:
                    yield frames
                    after = reached
            follower.go_live(after, sink if subscription.query.transform is None else None)
            yield wire.CAUGHT_UP_FRAME
            while True:
                pieces = await follower.take()
                transform = subscription.query.transform
                yield b"".join(pieces) if transform is None else await readers.run(_transformed, transform, pieces)
        except FellBehind:
            after = max(after, follower.resume_at)
            yield wire.FELL_BEHIND_FRAME
        finally:
            hub.remove(follower)


def _transformed(connection: sqlite3.Connection, transform: Transform, pieces: list[bytes]) -> bytes:
    return b"".join(transform(connection, piece) for piece in pieces)


async def _catch_up(
    query: AllQuery | StreamQuery, after: int, readers: Readers, hub: Hub, follower: Follower
) -> AsyncGenerator[tuple[bytes, int], None]:
    """Read to the end of the file, then begin to follow, then read once more what came in between."""
    told = after
    for last_round in (False, True):
        if last_round:
            hub.add(follower)
        async with aclosing(_read(query, after, readers)) as chunks:
            async for chunk in chunks:
                after = after if chunk.cursor is None else chunk.cursor
                told = told if chunk.last_sent is None else chunk.last_sent
                yield chunk.frames, after
    if isinstance(query, AllQuery) and query.filter is not None and after > told:
        yield wire.checkpoint_frame(after), after  # filtered out since the last event or checkpoint sent


async def _read(query: AllQuery | StreamQuery, after: int, readers: Readers) -> AsyncGenerator[Chunk, None]:
    reading = all_chunk if isinstance(query, AllQuery) else stream_chunk
    try:
        async for chunk in readers.chunks(reading, query, after, MAX_POSITION):
            yield chunk
    except StreamMissing:
        return  # a stream may be awaited before it exists
