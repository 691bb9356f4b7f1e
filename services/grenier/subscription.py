"""The catch-up loop: follow the log from one's own position, in batches, for as long as the process lives.

What is gathered while the consumer works is handed over as one batch, so that a loaded system makes fewer, larger
transactions and an idle one has no delay. A lost connection, a silent end or an error of the consumer leads to a new
feed from the consumer's own position, after a pause with jitter; nothing is assumed to have been delivered.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Protocol

from grenier.errors import Unavailable
from grenier.log.protocol import CaughtUp, Checkpoint, EventLog, LogUnavailable, Recorded
from grenier.logging import get_logger
from grenier.trouble import SERVER_TROUBLE
from grenier.wire import MAX_BATCH, Feed, Item, Wire, feeds_of

log = get_logger(__name__)

IDLE_POLL_S = 0.5
LINGER_S = 0.02
"""While events keep coming, what comes next is waited for this long: one transaction for several of them."""
RUSH_PER_S, RUSH_LINGER_S = 250.0, 0.05
"""From so many events a second on it is longer: a transaction costs more than the rows of an event."""
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
PASSING: tuple[type[Exception], ...] = (LogUnavailable, Unavailable, *SERVER_TROUBLE)

__all__ = ["MAX_BATCH", "Consumer", "Follower", "every"]


class Consumer(Protocol):
    """`position`: where to go on from (exclusive; -1: the beginning); `take` brings it to `upto`."""

    def position(self) -> int: ...

    def take(self, batch: Sequence[Recorded], upto: int) -> None: ...


class Follower:
    """Runs one consumer over the log in the calling thread, on a feed of its own or one shared by the process (`Wire`).

    `stopping`: of whoever runs several; a follower that begins after it was set ends at once.
    """

    def __init__(
        self,
        name: str,
        source: EventLog | Wire,
        types: Sequence[str],
        consumer: Consumer,
        stopping: threading.Event | None = None,
    ) -> None:
        self.name = name
        self.caught_up = threading.Event()
        self.last_progress = time.monotonic()
        self.problem = ""
        self._feeds = feeds_of(source, name)
        self._types = tuple(types)
        self._consumer = consumer
        self._stopping = stopping or threading.Event()
        self._feed: Feed | None = None
        self._last_batch = 0.0
        self._per_s = 0.0

    def run(self) -> None:
        """Until `stop`, or until who runs it stops."""
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            before = self._consumer.position()
            try:
                self._follow()
            except LogUnavailable as away:
                self.problem = "log unavailable"
                log.warning("subscription-lost", name=self.name, reason=str(away))
            except Exception as error:
                self.problem = type(error).__name__
                log.error("consumer-failed", name=self.name, exc_info=True)
            self.caught_up.clear()
            pause = FIRST_PAUSE_S if self._consumer.position() > before else min(pause * 2, LONGEST_PAUSE_S)
            self._stopping.wait(pause * (0.5 + random.random()))

    def stop(self) -> None:
        self._stopping.set()
        if self._feed is not None:
            self._feed.stop()

    def _follow(self) -> None:
        after = self._consumer.position()
        feed = self._feed = self._feeds.open(None if after < 0 else after, self._types)
        try:
            while not self._stopping.is_set():
                self._take_batch(feed)
        finally:
            feed.stop()

    def _take_batch(self, feed: Feed) -> None:
        items = feed.gather(IDLE_POLL_S, self._linger())
        if not items:
            self.last_progress = time.monotonic()
            return
        batch, upto, caught_up, failure = _sorted_out(items, self._consumer.position())
        if upto > self._consumer.position():
            self._consumer.take(batch, upto)
        now = time.monotonic()
        self._per_s = len(batch) / max(now - self._last_batch, 1e-3)
        self.last_progress = self._last_batch = now
        if failure is not None:
            if not self._stopping.is_set():
                raise failure
            return
        self.problem = ""
        if caught_up:
            self.caught_up.set()

    def _linger(self) -> float:
        """Nothing where nothing has come lately: a fact that comes alone is taken in at once."""
        if time.monotonic() - self._last_batch >= 2 * LINGER_S:
            return 0.0
        return RUSH_LINGER_S if self._per_s >= RUSH_PER_S else LINGER_S


_POSITION = attrgetter("position")


def _sorted_out(items: Sequence[Item], position: int) -> tuple[list[Recorded], int, bool, BaseException | None]:
    """(events, up to where they and the checkpoints reach, caught up?, what ended the feed)."""
    batch: list[Recorded] = []
    upto, caught_up = position, False
    failure: BaseException | None = None
    for item in items:
        if isinstance(item, Recorded):
            batch.append(item)
            upto = max(upto, item.position)
        elif isinstance(item, Checkpoint):
            upto = max(upto, item.position)
        elif isinstance(item, CaughtUp):
            caught_up = True
        else:
            failure = item
    # The wire keeps the order of the log from batch to batch; within one nothing depends on it (and a sorted list costs
    # nothing to sort): consumers pass over what lies behind the last one they took, so a straggler would be lost.
    batch.sort(key=_POSITION)
    return batch, upto, caught_up, failure


def every(
    seconds: float, work: Callable[[], None], stopping: threading.Event, name: str, failing: dict[str, str]
) -> None:
    """Call `work` again and again with a pause in between; a failure is logged and the next turn tries again.

    `failing` says for operators why the last turn did not succeed, unless a server was away, which is named itself.
    """
    while not stopping.wait(seconds):
        try:
            work()
        except PASSING:
            log.warning("timer-waits", name=name, exc_info=True)
        except Exception as error:
            failing[name] = type(error).__name__
            log.error("timer-failed", name=name, exc_info=True)
        else:
            failing.pop(name, None)
