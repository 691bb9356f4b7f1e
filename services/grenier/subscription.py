"""The catch-up loop: follow the log from one's own position, in batches, for as long as the process lives.

What is gathered while the consumer works is handed over as one batch, so that a loaded system makes fewer, larger
transactions and an idle one has no delay. A lost connection, a silent end or an error of the consumer leads to a new
subscription from the consumer's own position, after a pause with jitter; nothing is assumed to have been delivered.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from grenier.log.protocol import CaughtUp, Checkpoint, EventLog, LogUnavailable, Recorded, Subscription
from grenier.logging import get_logger

log = get_logger(__name__)

MAX_BATCH = 1_000
MAX_WAITING = 4_000
IDLE_POLL_S = 0.5
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0

Item = Recorded | Checkpoint | CaughtUp | BaseException


class Consumer(Protocol):
    """`position`: where to go on from (exclusive; -1: the beginning); `take` brings it to `upto`."""

    def position(self) -> int: ...

    def take(self, batch: Sequence[Recorded], upto: int) -> None: ...


class Follower:
    """Runs one consumer over the log in the calling thread; a second thread reads the wire meanwhile."""

    def __init__(self, name: str, event_log: EventLog, types: Sequence[str], consumer: Consumer) -> None:
        self.name = name
        self.caught_up = threading.Event()
        self.last_progress = time.monotonic()
        self.problem = ""
        self._log = event_log
        self._types = list(types)
        self._consumer = consumer
        self._stopping = threading.Event()
        self._subscription: Subscription | None = None

    def run(self) -> None:
        """Until `stop`."""
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                self._follow()
                pause = FIRST_PAUSE_S
            except LogUnavailable as away:
                self.problem = "log unavailable"
                log.warning("subscription-lost", name=self.name, reason=str(away))
            except Exception as error:
                self.problem = type(error).__name__
                log.error("consumer-failed", name=self.name, exc_info=True)
            self.caught_up.clear()
            self._stopping.wait(pause * (0.5 + random.random()))
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def stop(self) -> None:
        self._stopping.set()
        if self._subscription is not None:
            self._subscription.stop()

    def _follow(self) -> None:
        after = self._consumer.position()
        subscription = self._log.subscribe(after=None if after < 0 else after, types=self._types)
        self._subscription = subscription
        waiting: queue.Queue[Item] = queue.Queue(MAX_WAITING)
        reader = threading.Thread(
            target=self._read, args=(subscription, waiting), name=f"{self.name}-wire", daemon=True
        )
        reader.start()
        try:
            while not self._stopping.is_set():
                self._take_batch(waiting)
        finally:
            subscription.stop()
            _drain(waiting)

    def _read(self, subscription: Subscription, waiting: queue.Queue[Item]) -> None:
        try:
            for item in subscription:
                waiting.put(item)
            waiting.put(LogUnavailable("the subscription ended"))
        except BaseException as error:  # handed to the consumer's thread, which decides
            waiting.put(error)

    def _take_batch(self, waiting: queue.Queue[Item]) -> None:
        items = _gather(waiting)
        batch: list[Recorded] = []
        upto, caught_up = self._consumer.position(), False
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
        if upto > self._consumer.position():
            self._consumer.take(batch, upto)
        self.problem = ""
        self.last_progress = time.monotonic()
        if caught_up:
            self.caught_up.set()
        if failure is not None and not self._stopping.is_set():
            raise failure


def _gather(waiting: queue.Queue[Item]) -> list[Item]:
    """Wait for one item, then take what else is there, up to a batch."""
    try:
        items = [waiting.get(timeout=IDLE_POLL_S)]
    except queue.Empty:
        return []
    while len(items) < MAX_BATCH:
        try:
            items.append(waiting.get_nowait())
        except queue.Empty:
            break
    return items


def _drain(waiting: queue.Queue[Item]) -> None:
    """Let a reader that waits for room go on to its end."""
    while True:
        try:
            waiting.get_nowait()
        except queue.Empty:
            return


def every(seconds: float, work: Callable[[], None], stopping: threading.Event, name: str) -> None:
    """Call `work` again and again with a pause in between; a failure is logged and the next turn tries again."""
    while not stopping.wait(seconds):
        try:
            work()
        except Exception:
            log.error("timer-failed", name=name, exc_info=True)
