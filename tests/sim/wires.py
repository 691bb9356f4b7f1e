"""What lies between the processes: the log, its subscriptions, the broker's queue and feed, the mail server.

Each fails in the ways in which the real one may, and in no other: the log keeps one order and whole appends, a
subscription delivers everything behind its position in that order, at least once; the broker may double and reorder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from grenier.broker import Delivery
from grenier.handling import Meta, read_meta
from grenier.log.memory import MemoryLog, wanted
from grenier.log.protocol import Appended, CaughtUp, Checkpoint, LogUnavailable, NewEvent, Recorded
from grenier.publisher import BrokerUnavailable, Message
from grenier.readmodel import Fact, fact_of
from grenier.subscription import Follower
from grenier.wire import Item
from notify_svc.smtp import MailRefused, ServerAway
from tests.sim.weather import Crash

if TYPE_CHECKING:
    from tests.sim.processes import Process
    from tests.sim.world import World

LOOK_BACK = 60
LONGEST_BATCH = 40


class Books(MemoryLog):
    """The log itself, with indexes for those who judge it."""

    def __init__(self) -> None:
        super().__init__()
        self.by_command: dict[str, list[Recorded]] = defaultdict(list)
        self.by_type: dict[str, list[Recorded]] = defaultdict(list)
        self.by_corr: dict[str, list[Recorded]] = defaultdict(list)
        self.metas: dict[int, Meta] = {}
        self._facts: dict[int, Fact] = {}

    def copy(self) -> Books:
        other = Books()
        other._all = list(self._all)
        other._streams = {name: list(found) for name, found in self._streams.items()}
        for kind in ("by_command", "by_type", "by_corr"):
            getattr(other, kind).update({key: list(found) for key, found in getattr(self, kind).items()})
        other.metas, other._facts = dict(self.metas), dict(self._facts)
        return other

    def _record(self, stream: str, event: NewEvent) -> None:
        super()._record(stream, event)
        recorded = self._all[-1]
        meta = self.metas[recorded.position] = read_meta(recorded.metadata)
        self.by_command[meta.cmd].append(recorded)
        self.by_type[recorded.type].append(recorded)
        self.by_corr[meta.corr].append(recorded)

    def fact(self, recorded: Recorded) -> Fact:
        if recorded.position not in self._facts:
            self._facts[recorded.position] = fact_of(recorded)
        return self._facts[recorded.position]

    def facts(self, *types: str) -> list[Any]:
        """The typed events of these types, oldest first."""
        return [self.fact(recorded).event for kind in types for recorded in self.by_type.get(kind, ())]

    def everything(self) -> list[Recorded]:
        return self._all

    def behind(self, position: int, types: Sequence[str], most: int) -> list[Recorded]:
        """Up to `most` events behind a position that pass a filter."""
        found: list[Recorded] = []
        for index in range(self._index_behind(None if position < 0 else position), len(self._all)):
            if wanted(self._all[index].type, types):
                found.append(self._all[index])
                if len(found) == most:
                    break
        return found


class LogPort:
    """One process's connection to the log."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        weather = self._world.weather
        if weather.strikes("append-dropped"):
            raise LogUnavailable("dropped")
        if weather.strikes("append-delayed"):
            self._world.in_flight.append((stream, list(events), expected))
            raise LogUnavailable("delayed")
        if weather.strikes("rival"):
            self._world.rival(self._process)
        if weather.strikes("crash-before-append"):
            raise Crash
        appended = self._world.log.append(stream, events, expected=expected)
        if weather.strikes("crash-after-append"):
            raise Crash
        if weather.strikes("append-answer-lost"):
            raise LogUnavailable("answer lost")
        return appended

    def read(self, stream: str, *, from_revision: int = 0, limit: int | None = None) -> list[Recorded]:
        if self._world.weather.strikes("read-fails"):
            raise LogUnavailable("no answer to a read")
        return self._world.log.read(stream, from_revision=from_revision, limit=limit)

    def next_position(self, *, after: int | None, types: Sequence[str]) -> int | None:
        found = self._world.log.behind(-1 if after is None else after, types, 1)
        return found[0].position if found else None

    def read_all(
        self, *, after: int | None = None, types: Sequence[str] | None = None, limit: int | None = None
    ) -> Iterator[Recorded]:
        return self._world.log.read_all(after=after, types=types, limit=limit)

    def head(self) -> int | None:
        return self._world.log.head()

    def subscribe(self, *, after: int | None, types: Sequence[str] | None) -> Any:
        raise AssertionError("consumers of a simulation are fed by a Wire")

    def close(self) -> None:
        return None


class Batch:
    """A feed that has just these items."""

    def __init__(self, items: list[Item]) -> None:
        self._items = items

    def gather(self, timeout_s: float, linger_s: float) -> list[Item]:
        return self._items

    def stop(self) -> None:
        return None


class Wire:
    """A catch-up subscription into the product's own Follower, one batch at a time."""

    def __init__(self, world: World, name: str, reads: Sequence[str], consumer: Any) -> None:
        self._world = world
        self.name = name
        self._reads = list(reads)
        self.consumer = consumer
        self._follower = Follower(name, LogPort(world, world.nobody), self._reads, consumer)
        self._cursor = consumer.position()

    @property
    def is_behind(self) -> bool:
        return self.consumer.position() < (self._world.log.head() or -1)

    def deliver(self, most: int = LONGEST_BATCH) -> None:
        """Hand one batch to the consumer. A failure is met as the follower does: subscribe again from its position."""
        try:
            self._follower._take_batch(Batch(self._items(most)))
        except Exception as error:
            self._world.tell(f"{self.name}: {type(error).__name__}, subscribes again")
            if self._world.weather.is_calm:
                self._world.broken.append(f"{self.name}: {type(error).__name__}: {error}")
            self._cursor = self.consumer.position()

    def _items(self, most: int) -> list[Item]:
        weather, rng = self._world.weather, self._world.rng
        start = self._cursor
        if weather.strikes("wire-again"):
            # As after a lost connection whose position was not the last one kept.
            start = max(-1, start - rng.randrange(LOOK_BACK * 7))
        found = self._world.log.behind(start, self._reads, most)
        items: list[Item] = []
        for recorded in found:
            items += [recorded] * (2 if weather.strikes("wire-double") else 1)
        if items and weather.strikes("wire-cut"):
            return [*items[: rng.randrange(len(items) + 1)], LogUnavailable("cut")]
        self._cursor = max(self._cursor, found[-1].position if found else -1)
        if len(found) < most:
            head = self._world.log.head() or -1
            self._cursor = max(self._cursor, head)
            items += [Checkpoint(head), CaughtUp(head)]
        return items


class Broker:
    """The queue of mails to send and the public feed. Also the publisher of both: it confirms at once, or fails."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.mails: list[tuple[str, int]] = []
        self.dead: list[str] = []
        self.feed: list[str] = []
        self.on_confirmed: Any = None
        self.unconfirmed = 0
        self._doubtful = False

    @property
    def connected(self) -> bool:
        return not self._world.weather.strikes("broker-away")

    def publish(self, message: Message, *, token: int | None = None, **_: Any) -> None:
        weather = self._world.weather
        if weather.strikes("broker-away"):
            raise BrokerUnavailable("the buffer is full")
        copies = 2 if weather.strikes("queue-double") else 1
        if token is None:
            self.mails += [(message.body.decode(), 1)] * copies
            self._doubtful = self._doubtful or weather.strikes("queue-lost-confirm")
        else:
            self.feed += [message.message_id] * copies
            if self.on_confirmed is not None:
                self.on_confirmed(token)

    def flush(self, _timeout_s: float) -> bool:
        doubtful, self._doubtful = self._doubtful, False
        return not doubtful

    def take(self) -> Delivery | None:
        """Any of the waiting ones: what came back stands behind what came later."""
        if not self.mails:
            return None
        body, attempt = self.mails.pop(self._world.rng.randrange(min(3, len(self.mails))))
        return Delivery(body.encode(), body, "mail.outbox", attempt)

    def back(self, delivery: Delivery) -> None:
        self.mails.append((delivery.body.decode(), delivery.attempt + 1))


class PostOffice:
    """The mail server; remembers what it has taken, by message id."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.taken: dict[str, int] = defaultdict(int)

    def send(self, mail: EmailMessage) -> None:
        weather = self._world.weather
        if weather.strikes("mail-away"):
            raise ServerAway("no connection")
        if weather.strikes("mail-refused"):
            raise MailRefused("greylisted", for_good=False)
        self.taken[mail["Message-ID"].strip("<>").partition("@")[0]] += 1
        if weather.strikes("mail-answer-lost"):
            raise ServerAway("lost while sending")
