"""What live subscribers wait for: committed rows reach each follower's own bounded list, right after the commit.

Offering rows never waits. A follower whose client does not keep up loses its list and is told so; it then reads what it
missed from the file. All of this runs in the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from grenier_infra.eventnode import wire
from grenier_infra.eventnode.filters import EventFilter
from grenier_infra.eventnode.reading import Checkpoints
from grenier_infra.eventnode.requests import Row
from grenier_infra.eventnode.schema import TOMBSTONE_REVISION

MAX_PENDING = 512
MAX_PENDING_BYTES = 4 * 1024 * 1024


class FellBehind(Exception):
    """The follower's list overflowed; the file has what it missed."""


class Dropped(Exception):
    """The subscription was ended from the server's side."""


class StreamEnded(Exception):
    """The followed stream was tombstoned."""


class Listener(Protocol):
    """Whoever is told about commits: of one stream, or of everything (``stream`` None)."""

    stream: str | None

    def offer(self, rows: Sequence[Row]) -> None:
        """Take note of rows just committed."""
        ...

    def end(self, reason: Exception) -> None:
        """Be dropped from the server's side."""
        ...


class Follower:
    """One subscription's share of what is committed: waiting rows before `go_live`, finished frames after it."""

    def __init__(
        self, *, stream: str | None = None, filter: EventFilter | None = None, checkpoints: Checkpoints | None = None
    ) -> None:
        """Follow one stream by revision, or everything (``stream`` None) by position."""
        self.stream = stream
        self.resume_at = -1  # last position or revision handed out or passed over
        self._filter = filter
        self._checkpoints = checkpoints
        self._considered = -1
        self._live = False
        self._backlog: list[Row] = []
        self._pending: list[bytes] = []
        self._bytes = 0
        self._end: Exception | None = None
        self._wake: asyncio.Future[None] | None = None
        self._sink: Callable[[bytes], bool] | None = None

    def offer(self, rows: Sequence[Row]) -> None:
        """Take note of rows just committed. If nothing waits before them they go out at once."""
        if self._end is not None:
            return
        if self._live:
            if self.stream is None:
                self._accept_all(rows)
            else:
                for row in rows:
                    self._accept(row)
            if self._pending and self._sent_at_once():
                return
        else:
            self._backlog.extend(rows)
            self._bytes += sum(len(row.frame) for row in rows)
        if max(len(self._pending), len(self._backlog)) > MAX_PENDING or self._bytes > MAX_PENDING_BYTES:
            self.end(FellBehind())
        elif self._pending:
            self._rouse()

    def go_live(self, after: int, sink: Callable[[bytes], bool] | None = None) -> None:
        """Begin to hand out what is beyond this position (of everything) or revision (of a stream).

        ``sink`` sends frames if that is possible at once; it saves waking whoever waits in `take`.
        """
        self._sink = sink
        self.resume_at = self._considered = after
        self._live = True
        rows, self._backlog, self._bytes = self._backlog, [], 0
        for row in rows:
            self._accept(row)

    async def take(self) -> list[bytes]:
        """Wait for frames to send. Errors: FellBehind, Dropped, StreamEnded."""
        while not self._pending:
            if self._end is not None:
                raise self._end
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        frames, self._pending, self._bytes = self._pending, [], 0
        self.resume_at = self._considered
        return frames

    def end(self, reason: Exception) -> None:
        """Let the next `take` raise this; after FellBehind or Dropped what was pending is gone."""
        self._end = self._end or reason
        if not isinstance(reason, StreamEnded):
            self._pending, self._backlog = [], []
        self._rouse()

    def _accept_all(self, rows: Sequence[Row]) -> None:
        """The same as `_accept` for followers of everything, each of which looks at every event: no call per event."""
        wanted, checkpoints, considered = self._filter, self._checkpoints, self._considered
        for row in rows:
            position = row.position
            if position <= considered:
                continue
            considered = position
            if wanted is None or wanted.accepts_row(row):
                self._pending.append(row.frame)
                self._bytes += len(row.frame)
            if checkpoints is not None and checkpoints.due():
                self._pending.append(wire.checkpoint_frame(position))
        self._considered = considered

    def _accept(self, row: Row) -> None:
        spot = row.position if self.stream is None else row.revision
        if spot <= self._considered:
            return
        if self.stream is not None and spot == TOMBSTONE_REVISION:
            self.end(StreamEnded())
            return
        self._considered = spot
        if self._filter is None or self._filter.accepts_row(row):
            self._pending.append(row.frame)
            self._bytes += len(row.frame)
        if self._checkpoints is not None and self._checkpoints.due():
            self._pending.append(wire.checkpoint_frame(row.position))

    def _sent_at_once(self) -> bool:
        """Send what is pending if somebody waits in `take`, that is if everything before is sent."""
        if self._sink is None or self._wake is None or self._wake.done() or not self._sink(b"".join(self._pending)):
            return False
        self._pending, self._bytes = [], 0
        self.resume_at = self._considered
        return True

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class Hub:
    """All followers; those of one stream are found by its name, so they cost nothing while other streams grow."""

    def __init__(self, head: int) -> None:
        """Begin at the position of the last event in the file."""
        self.head = head
        self._of_all: set[Listener] = set()
        self._of_stream: dict[str, set[Listener]] = {}

    def __len__(self) -> int:
        return len(self._of_all) + sum(len(followers) for followers in self._of_stream.values())

    def add(self, follower: Listener) -> None:
        """Offer this follower whatever is published from now on."""
        if follower.stream is None:
            self._of_all.add(follower)
        else:
            self._of_stream.setdefault(follower.stream, set()).add(follower)

    def remove(self, follower: Listener) -> None:
        """Offer it nothing any more; removing twice does nothing."""
        if follower.stream is None:
            self._of_all.discard(follower)
            return
        followers = self._of_stream.get(follower.stream, set())
        followers.discard(follower)
        if not followers:
            self._of_stream.pop(follower.stream, None)

    def publish(self, rows: Sequence[Row]) -> None:
        """Offer committed rows, in the order of the log, to those who follow them."""
        self.head = rows[-1].position
        for follower in self._of_all:
            follower.offer(rows)
        if self._of_stream:
            for row in rows:
                for follower in self._of_stream.get(row.stream, ()):
                    follower.offer((row,))

    def drop_all(self) -> int:
        """End every live subscription from the server's side; give their number."""
        followers = [*self._of_all, *(f for group in self._of_stream.values() for f in group)]
        for follower in followers:
            follower.end(Dropped())
        return len(followers)
