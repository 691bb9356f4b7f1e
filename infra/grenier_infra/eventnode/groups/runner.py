"""One task per group: reads on when there is room, hands out, writes parked events and checkpoints. Idle, it sleeps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from itertools import count
from math import inf

from grenier_infra.eventnode.groups import store
from grenier_infra.eventnode.groups.settings import Settings
from grenier_infra.eventnode.groups.source import Source, event_of
from grenier_infra.eventnode.groups.state import Consumer, GroupState, Message, Nack
from grenier_infra.eventnode.live import Hub
from grenier_infra.eventnode.reading import Readers
from grenier_infra.eventnode.requests import Accepted, Append, NewEvent, Row
from grenier_infra.eventnode.rules import ANY
from grenier_infra.eventnode.writer import Stopping, WriteFailed, Writer

RETRY_WRITE_S = 1.0

logger = logging.getLogger(__name__)


class Full(Exception):
    """The group has as many consumers as it may."""


class GroupDropped(Exception):
    """The group was deleted, updated or stopped while a consumer was connected."""


class Connected:
    """A consumer with what wakes its call."""

    def __init__(self, consumer: Consumer) -> None:
        """Begin with nothing to send."""
        self.consumer = consumer
        self._end: Exception | None = None
        self._ready = asyncio.Event()

    async def take(self) -> list[Message]:
        """Wait for events to send. Errors: GroupDropped."""
        await self._ready.wait()
        self._ready.clear()
        if self._end is not None:
            raise self._end
        messages, self.consumer.outbox = self.consumer.outbox, []
        return messages

    def rouse(self, end: Exception | None = None) -> None:
        """There is something to send, or ``end`` ends it."""
        self._end = self._end or end
        self._ready.set()


class Group:
    """A running group; also what the hub tells about commits."""

    def __init__(self, settings: Settings, readers: Readers, writer: Writer, hub: Hub) -> None:
        """Prepare; `start` reads where it was left."""
        self.settings = settings
        self.stream = None if settings.of_all else settings.source
        self._readers, self._writer, self._hub = readers, writer, hub
        self._loop = asyncio.get_running_loop()
        self._source = Source(settings)
        self.state = GroupState(settings, settings.after, self._loop.time())
        self.parked = store.Parked(0, 0)
        self.replayed_to = 0
        self._replaying: set[int] = set()
        self._connected: dict[str, Connected] = {}
        self._numbers = count(1)
        self._more = True  # there may be something to read
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on from the last checkpoint."""
        place = await self._readers.run(store.load_checkpoint, self.settings)
        self.parked = await self._readers.run(store.load_parked, self.settings)
        self.replayed_to = self.parked.first
        after = self.settings.after if place is None else place
        self.state = GroupState(self.settings, after, self._loop.time())
        self.state.checkpoint = place
        self._hub.add(self)
        self._task = asyncio.create_task(self._run(), name=f"group {self.settings.source}::{self.settings.group}")

    def stop(self) -> None:
        """End the task and every consumer."""
        self._hub.remove(self)
        if self._task is not None:
            self._task.cancel()
        self._drop_consumers()

    @property
    def connections(self) -> list[Consumer]:
        """The consumers, in the order they came."""
        return [one.consumer for one in self._connected.values()]

    @property
    def now(self) -> float:
        """This moment on the clock the state is told."""
        return self._loop.time()

    # told by the hub

    def offer(self, rows: Sequence[Row]) -> None:
        """Something was committed."""
        self._more = True
        self._woken.set()

    def end(self, reason: Exception) -> None:
        """Subscriptions are dropped from the server's side."""
        self._drop_consumers()

    # told by consumers

    def connect(self, slots: int, peer: str, user: str, connection: str) -> Connected:
        """Take a consumer on. Errors: Full."""
        most = self.settings.max_subscriber_count
        if most and len(self._connected) >= most:
            raise Full
        consumer = Consumer(
            f"{next(self._numbers)} {connection}", slots, peer, user, connection, joined_at=self._loop.time()
        )
        connected = self._connected[consumer.name] = Connected(consumer)
        self.state.join(consumer)
        self._push()
        return connected

    def disconnect(self, connected: Connected) -> None:
        """Let a consumer go."""
        self._connected.pop(connected.consumer.name, None)
        self.state.leave(connected.consumer)
        self._push()

    def ack(self, ids: Iterable[bytes]) -> None:
        """Settle events."""
        self.state.ack(ids, self._loop.time())
        self._push()

    def nack(self, ids: Iterable[bytes], action: Nack, reason: str) -> None:
        """Do what a consumer wants done with events it did not process."""
        self.state.nack(ids, action, reason, self._loop.time())
        self._push()

    async def replay_parked(self, stop_at: int | None) -> None:
        """Try parked events again, up to, without, the revision ``stop_at`` of the parked stream."""
        end = self.parked.end if stop_at is None else min(stop_at, self.parked.end)
        first, self.replayed_to = self.replayed_to, max(end, self.replayed_to)
        messages = await self._readers.run(self._source.parked, first, end)
        self._replaying.update(message.parked_at for message in messages if message.parked_at is not None)
        self.state.replay(messages)
        self._push()

    def _push(self) -> None:
        """Hand out what can be, and let the task see what changed."""
        self._hand_out()
        self._woken.set()

    def _hand_out(self) -> None:
        for consumer in self.state.push(self._loop.time()):
            connected = self._connected.get(consumer.name)
            if connected is not None:
                connected.rouse()

    def _drop_consumers(self) -> None:
        for connected in self._connected.values():
            connected.rouse(GroupDropped())

    # the task

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            self.state.expire(self._loop.time())
            self._hand_out()
            try:
                await self._write()
            except Stopping:
                return
            except WriteFailed:
                logger.warning("group %s::%s could not be kept; tried again", *self.settings.key)
                await asyncio.sleep(RETRY_WRITE_S)
                continue
            await self._read()
            await self._sleep()

    async def _sleep(self) -> None:
        now = self._loop.time()
        until = self.state.wakes_at(now)
        timer = None if until == inf else self._loop.call_at(until, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            if timer is not None:
                timer.cancel()

    async def _read(self) -> None:
        while self._more and (rows := self.state.room()):
            self._more = False
            batch = await self._readers.run(self._source.read, self.state.cursor, rows)
            self._more = self._more or not batch.at_end
            self.state.live = batch.at_end
            self.state.take_in(batch.messages, batch.considered, batch.cursor)
            self._hand_out()

    async def _write(self) -> None:
        if self.state.parking:
            await self._park()
        if self.state.settled_parked:
            await self._truncate_parked()
        due = self.state.checkpoint_due(self._loop.time())
        if due is not None:
            if self.state.checkpoint is None:
                await self._writer.submit(store.describe_checkpoints(self.settings))
            await self._writer.submit(store.save_checkpoint(self.settings, due[0]))
            self.state.checkpointed(*due, self._loop.time())

    async def _park(self) -> None:
        waiting = list(self.state.parking.values())
        links: list[NewEvent] = []
        for message, reason in waiting:
            links += store.park(self.settings, event_of(message), reason).events
        try:
            outcome = await self._writer.submit(Append(store.parked_stream(self.settings), ANY, links))
        except WriteFailed:
            for message, _ in waiting:
                self.state.not_parked(message)
            raise
        if isinstance(outcome, Accepted):
            self.parked = store.Parked(self.parked.first, outcome.revision + 1)
        else:
            logger.error("parked stream of %s::%s is gone; events are let go", *self.settings.key)
        for message, _ in waiting:
            self.state.parked(message)

    async def _truncate_parked(self) -> None:
        settled, self.state.settled_parked = self.state.settled_parked, set()
        self._replaying -= settled
        first = min(self._replaying, default=self.replayed_to)
        if first > self.parked.first:
            await self._writer.submit(store.truncate_parked(self.settings, first))
            self.parked = store.Parked(first, self.parked.end)
