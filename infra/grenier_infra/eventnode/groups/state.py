"""What a group holds in memory and decides: what is waiting, who has what, what is tried again, how far all is done.

Pure: no clock, no file; times are seconds of one clock given by the caller. An event is *settled* when it was
acknowledged, skipped or parked; the checkpoint is the last place before which everything is settled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from math import inf

from grenier_infra.eventnode.groups.settings import Settings
from grenier_infra.eventnode.groups.strategies import choose, skips_ahead

LATENCIES_KEPT = 1_000


class Nack(Enum):
    """What a consumer wants done with an event it did not process, numbered as in the protocol."""

    UNKNOWN = 0
    PARK = 1
    RETRY = 2
    SKIP = 3
    STOP = 4


@dataclass(slots=True)
class Message:
    """An event on its way through a group; ``id`` is what consumers answer with."""

    id: bytes
    place: int  # position or revision
    before: int  # the place considered just before it
    order: int  # counts considered events, matching or not
    body: bytes  # the finished answer without the count of retries
    key: str = ""
    retries: int = 0
    parked_at: int | None = None  # its revision among the parked, when it is replayed
    due: float = inf
    handed_at: float = 0.0
    consumer: Consumer | None = None


@dataclass(slots=True, eq=False)
class Consumer:
    """One open Read call."""

    name: str
    slots: int
    peer: str = ""
    user: str = "anonymous"
    connection: str = ""
    in_flight: int = 0
    answered: int = 0
    measured: int = 0
    joined_at: float = 0.0
    outbox: list[Message] = field(default_factory=list)
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))

    @property
    def free_slots(self) -> int:
        """How many more events it may hold unanswered."""
        return self.slots - self.in_flight


class GroupState:
    """One group's events between the log and its consumers."""

    def __init__(self, settings: Settings, after: int, now: float) -> None:
        """Begin beyond the place ``after``."""
        self.settings = settings
        self.cursor = after  # last place considered
        self.known: int | None = None  # last place taken in as a message
        self.order = 0
        self.live = False
        self.buffer: deque[Message] = deque()
        self.retry: list[Message] = []
        self.outstanding: dict[bytes, Message] = {}
        self.parking: dict[bytes, tuple[Message, str]] = {}  # until the log has them
        self.consumers: deque[Consumer] = deque()
        self.settled_parked: set[int] = set()
        self.processed = 0
        self.measured = 0
        self.began_at = now
        self.checkpoint: int | None = None
        self.checkpoint_at = now
        self._checkpoint_order = 0

    # events in

    def room(self) -> int:
        """How many more events to read from the log now."""
        limit = self.settings.live_buffer_size if self.live else self.settings.history_buffer_size
        free = limit - len(self.buffer)
        batch = min(self.settings.read_batch_size, limit)
        return batch if free >= batch else 0

    def take_in(self, messages: Iterable[Message], considered: int, cursor: int) -> None:
        """Add what was read; ``order`` of each message counts from 1 within the ``considered`` ones."""
        for message in messages:
            message.order += self.order
            self.buffer.append(message)
            self.known = message.place
        self.order += considered
        self.cursor = max(self.cursor, cursor)

    def replay(self, messages: Iterable[Message]) -> None:
        """Add parked events to be tried again, behind those that are being retried already."""
        self.retry.extend(messages)

    # events out

    def push(self, now: float) -> list[Consumer]:
        """Hand out what can be handed out; give the consumers that have something to send."""
        woken: dict[str, Consumer] = {}
        if self.consumers:
            for queue in (self.retry, self.buffer):
                if not self._push_from(queue, now, woken):
                    break
        return list(woken.values())

    def _push_from(self, queue: list[Message] | deque[Message], now: float, woken: dict[str, Consumer]) -> bool:
        """Give False if events had to stay."""
        waiting: list[Message] = []
        handed = 0
        for message in queue:
            taken = message.id in self.outstanding  # the same id twice: consumers could not tell their answers apart
            consumer = None if taken else choose(self.settings.strategy, self.consumers, message.key)
            if consumer is not None:
                self._hand(message, consumer, now)
                woken[consumer.name] = consumer
                handed += 1
            elif skips_ahead(self.settings.strategy):
                waiting.append(message)
                handed += 1
            else:
                break
        if handed:
            rest = waiting + list(queue)[handed:]
            queue.clear()
            queue.extend(rest)
        return not queue

    def _hand(self, message: Message, consumer: Consumer, now: float) -> None:
        timeout = self.settings.message_timeout_ms
        message.due = now + timeout / 1_000 if timeout else inf
        message.handed_at, message.consumer = now, consumer
        consumer.in_flight += 1
        consumer.outbox.append(message)
        self.outstanding[message.id] = message

    # answers

    def ack(self, ids: Iterable[bytes], now: float) -> None:
        """Settle events; ids that are not under way are ignored."""
        for message in self._take_back(ids, now):
            self._settle(message)

    def nack(self, ids: Iterable[bytes], action: Nack, reason: str, now: float) -> None:
        """Do what a consumer wants done with events it did not process."""
        if action is Nack.STOP:
            for event_id in ids:  # stays under way until it times out, as on the real server
                if event_id in self.outstanding:
                    self._let_go(self.outstanding[event_id])
            return
        for message in self._take_back(ids, now):
            match action:
                case Nack.SKIP:
                    self._settle(message)
                case Nack.PARK:
                    self._park(message, f"Client explicitly NAK'ed message.\n{reason}")
                case _:
                    self._try_again(message)

    def expire(self, now: float) -> None:
        """Take back events whose consumer has had its time. The first handed out is the first due."""
        while self.outstanding:
            message = next(iter(self.outstanding.values()))
            if message.due > now:
                return
            del self.outstanding[message.id]
            self._let_go(message)
            self._try_again(message)

    def join(self, consumer: Consumer) -> None:
        """Take a consumer on."""
        self.consumers.append(consumer)

    def leave(self, consumer: Consumer) -> None:
        """Let a consumer go; what it had is tried again with others."""
        if consumer in self.consumers:
            self.consumers.remove(consumer)
        for message in [one for one in self.outstanding.values() if one.consumer is consumer]:
            del self.outstanding[message.id]
            self._try_again(message)

    def parked(self, message: Message) -> None:
        """The log has it among the parked."""
        if self.parking.pop(message.id, None) is not None:
            self._settle(message)

    def not_parked(self, message: Message) -> None:
        """The log could not take it; it goes round once more."""
        if self.parking.pop(message.id, None) is not None:
            self._queue_again(message)

    def _take_back(self, ids: Iterable[bytes], now: float) -> Iterator[Message]:
        for event_id in ids:
            message = self.outstanding.pop(event_id, None)
            if message is not None:
                if message.consumer is not None:
                    message.consumer.answered += 1
                    message.consumer.latencies.append(now - message.handed_at)
                self._let_go(message)
                yield message

    @staticmethod
    def _let_go(message: Message) -> None:
        if message.consumer is not None:
            message.consumer.in_flight -= 1
            message.consumer = None

    def _settle(self, message: Message) -> None:
        self.processed += 1
        if message.parked_at is not None:
            self.settled_parked.add(message.parked_at)

    def _try_again(self, message: Message) -> None:
        message.consumer = None
        if message.retries >= self.settings.max_retry_count:
            self._park(message, f"Reached retry count of {self.settings.max_retry_count}")
            return
        message.retries += 1
        self._queue_again(message)

    def _queue_again(self, message: Message) -> None:
        """Retried events come before new ones, in the order of the log; replayed ones after those."""
        at = len(self.retry)
        if message.parked_at is None:
            at = next((i for i, one in enumerate(self.retry) if _behind(one, message)), at)
        self.retry.insert(at, message)

    def _park(self, message: Message, reason: str) -> None:
        message.consumer = None
        self.parking[message.id] = (message, reason)

    # how far all is done

    def checkpoint_due(self, now: float) -> tuple[int, int] | None:
        """Give the place to write down and its order, None if it is not time to.

        It is time after ``max_checkpoint_count`` settled events, or after ``checkpoint_after`` if there are at least
        ``min_checkpoint_count``.
        """
        least, most = self.settings.min_checkpoint_count, self.settings.max_checkpoint_count
        in_time = now - self.checkpoint_at >= self.settings.checkpoint_after_ms / 1_000
        if self.order - self._checkpoint_order < (least if in_time else most):
            return None
        place, order = self._settled_up_to()
        settled = order - self._checkpoint_order
        if settled <= 0 or settled < (least if in_time else most):
            return None
        return place, order

    def checkpointed(self, place: int, order: int, now: float) -> None:
        """The place was written down."""
        self.checkpoint, self.checkpoint_at, self._checkpoint_order = place, now, order

    def _settled_up_to(self) -> tuple[int, int]:
        first = self._first_unsettled()
        return (self.cursor, self.order) if first is None else (first.before, first.order - 1)

    def _first_unsettled(self) -> Message | None:
        unsettled = [*self.outstanding.values(), *self.retry, *(message for message, _ in self.parking.values())]
        if self.buffer:
            unsettled.append(self.buffer[0])
        return min((one for one in unsettled if one.parked_at is None), key=lambda one: one.order, default=None)

    def wakes_at(self, now: float) -> float:
        """When something is due although nothing happens; infinity if never."""
        first_due = next(iter(self.outstanding.values())).due if self.outstanding else inf
        after = self.checkpoint_at + self.settings.checkpoint_after_ms / 1_000
        unwritten = self.order - self._checkpoint_order >= max(1, self.settings.min_checkpoint_count)
        return min(first_due, after) if unwritten and after > now else first_due


def _behind(one: Message, message: Message) -> bool:
    return one.parked_at is not None or one.order > message.order
