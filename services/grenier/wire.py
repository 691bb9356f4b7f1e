"""Feeds of the log: a subscription of one's own, or one that the consumers of a process share.

Each subscription costs the event node and the reader some 60 µs for every event. A process that keeps the views and
reactions of several services therefore has one (`Wire`); what its consumers want of the past they read for themselves
(`read_all`) and then join what is coming in. A consumer that is too slow loses its place and reads its part again; the
others do not wait for it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from random import random
from typing import Protocol

from grenier.log.protocol import CaughtUp, Checkpoint, EventLog, LogUnavailable, Recorded, Subscription
from grenier.logging import get_logger

log = get_logger(__name__)

MAX_BATCH = 1_000
MAX_WAITING = 4_000
CONNECT_PATIENCE_S = 2.0
RECONNECT_S = 0.3

Item = Recorded | Checkpoint | CaughtUp | BaseException


class Feed(Protocol):
    """Items in the order of the log; the last one of a feed that ended is what ended it."""

    def gather(self, timeout_s: float, linger_s: float) -> list[Item]:
        """Wait for the first item, give others `linger_s` to come, answer a batch of at most MAX_BATCH; [] after the timeout."""

    def stop(self) -> None: ...


class Feeds(Protocol):
    def open(self, after: int | None, types: Sequence[str]) -> Feed:
        """Everything of these types behind `after`, and what comes. Raises LogUnavailable."""


def feeds_of(source: EventLog | Wire, name: str) -> Feeds:
    """Those of the wire that a process shares, or a subscription for each."""
    return source if isinstance(source, Wire) else Own(source, name)


class Waiting:
    """A queue with one reader, which takes everything there is at once."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        with self._changed:
            self._items.append(item)
            if len(self._items) == 1:
                self._changed.notify_all()

    def wait_for_room(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < MAX_WAITING)

    def gather(self, timeout_s: float, linger_s: float) -> list[Item]:
        with self._changed:
            if not self._items and not self._changed.wait_for(lambda: self._items, timeout_s):
                return []
        if linger_s and len(self) < MAX_BATCH:
            time.sleep(linger_s)
        with self._changed:
            found = list(islice(self._items, MAX_BATCH))
            if len(found) == len(self._items):
                self._items.clear()
            else:
                for _ in found:
                    self._items.popleft()
            self._changed.notify_all()
        return found

    def clear(self) -> None:
        with self._changed:
            self._items.clear()
            self._changed.notify_all()


# -- a subscription for each -------------------------------------------------------------------------------------


class Own:
    def __init__(self, event_log: EventLog, name: str) -> None:
        self._log = event_log
        self._name = name

    def open(self, after: int | None, types: Sequence[str]) -> Feed:
        return OwnFeed(self._log.subscribe(after=after, types=types), self._name)


class OwnFeed:
    """One thread reads the wire, another one works meanwhile; the wire waits when it is far ahead."""

    def __init__(self, subscription: Subscription, name: str) -> None:
        self._subscription = subscription
        self._waiting = Waiting()
        self._stopped = False
        threading.Thread(target=self._read, name=f"{name}-wire", daemon=True).start()

    def gather(self, timeout_s: float, linger_s: float) -> list[Item]:
        return self._waiting.gather(timeout_s, linger_s)

    def stop(self) -> None:
        self._stopped = True
        self._subscription.stop()
        self._waiting.clear()  # a reader that waits for room goes on to its end

    def _read(self) -> None:
        try:
            for item in self._subscription:
                self._waiting.put(item)
                if len(self._waiting) >= MAX_WAITING and not self._stopped:
                    self._waiting.wait_for_room()
            self._waiting.put(LogUnavailable("the subscription ended"))
        except BaseException as error:  # handed to the consumer's thread, which decides
            self._waiting.put(error)


# -- one for the process -----------------------------------------------------------------------------------------


class Wire:
    """One subscription for all consumers of a process; `types` are all that they read. Connects when the first one opens."""

    def __init__(self, event_log: EventLog, types: Sequence[str]) -> None:
        self._log = event_log
        self._types = sorted(set(types))
        self._changed = threading.Condition()
        self._feeds: set[SharedFeed] = set()
        self._position: int | None = None  # up to where it was given out; None while it is not connected
        self._subscription: Subscription | None = None
        self._reading = False
        self._stopping = threading.Event()

    def open(self, after: int | None, types: Sequence[str]) -> Feed:
        with self._changed:
            if not self._reading:
                self._reading = True
                threading.Thread(target=self._run, name="wire", daemon=True).start()
            if not self._changed.wait_for(lambda: self._position is not None, CONNECT_PATIENCE_S):
                raise LogUnavailable("not connected")
            feed = SharedFeed(self, types, self._log.read_all(after=after, types=types))
            self._feeds.add(feed)
        return feed

    def stop(self) -> None:
        self._stopping.set()
        if self._subscription is not None:
            self._subscription.stop()

    def leave(self, feed: SharedFeed) -> None:
        with self._changed:
            self._feeds.discard(feed)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._read()
                lost: BaseException = LogUnavailable("the subscription ended")
            except Exception as error:
                lost = error
            with self._changed:
                self._position = None
                feeds, self._feeds = self._feeds, set()
            for feed in feeds:
                feed.offer(lost)
            self._stopping.wait(RECONNECT_S * (0.5 + random()))

    def _read(self) -> None:
        head = self._log.head()
        self._subscription = self._log.subscribe(after=head, types=self._types)
        with self._changed:
            self._position = -1 if head is None else head
            self._changed.notify_all()
        for item in self._subscription:
            with self._changed:
                for feed in self._feeds:
                    feed.offer(item)


class SharedFeed:
    """What lay before, read page by page, then what the wire brings; the two may overlap (consumers know their position)."""

    def __init__(self, wire: Wire, types: Sequence[str], past: Iterator[Recorded]) -> None:
        self._wire = wire
        self._types = tuple(types)
        self._past: Iterator[Recorded] | None = past
        self._waiting = Waiting()
        self._overrun = False

    def offer(self, item: Item) -> None:
        """From the wire's thread, which never waits."""
        if isinstance(item, CaughtUp) or (isinstance(item, Recorded) and not item.type.startswith(self._types)):
            return
        if len(self._waiting) >= MAX_WAITING:
            self._overrun = True
            self._waiting.clear()
        if not self._overrun:
            self._waiting.put(item)

    def gather(self, timeout_s: float, linger_s: float) -> list[Item]:
        if self._past is not None:
            page: list[Item] = list(islice(self._past, MAX_BATCH))
            if len(page) < MAX_BATCH:
                self._past = None
                page.append(CaughtUp())
            return page
        if self._overrun:
            return [LogUnavailable("fell behind: the past is read again")]
        return self._waiting.gather(timeout_s, linger_s)

    def stop(self) -> None:
        self._wire.leave(self)
        self._waiting.clear()
