"""Carrying out a command: load, decide, append at the version loaded, answer.

    execute -> Answer{version, position, repeated}

A command carries an id. Its events get ids derived from it, and each event's metadata names it, so that a command which
comes again (a retry, a second click, a redelivered message) is recognised in its own stream and answered as the first
time: nothing twice. The same id with another body is refused (Invalid "idempotency-key-reused"). What a person asked for
and was so already leaves no event: this process remembers it, for a while (record 33).
Only a version conflict is decided again, a bounded number of times.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar
from uuid import UUID, uuid5

import msgspec

from grenier.carried_out import CarriedOut, Done, Older
from grenier.clock import Clock, iso
from grenier.decider import Decider
from grenier.errors import Invalid, Rejected, Unavailable
from grenier.language.registry import Event, decode, encode, name_of, version_of
from grenier.log.protocol import NO_STREAM, LogUnavailable, NewEvent, StreamLog, WrongVersion, code_of
from grenier.metrics import CONFLICTS

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E", bound=Event)

MAX_TRIES = 8
MAX_HELD = 100_000
"""Streams and their commands in memory."""
MAX_IDLE = 10_000


class Meta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"on_behalf_of": "for"}):
    """What stands beside every event: who, in which role, for whom, in which group, because of what."""

    v: int = 1
    at: str = ""
    cmd: str = ""
    fp: str = ""
    corr: str = ""
    cause: str = ""
    actor: str = ""
    role: str = ""
    on_behalf_of: str = ""
    group: str = ""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command comes from; becomes the metadata of its events. `command_id` is a UUID as text."""

    command_id: str
    actor: str
    fingerprint: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    role: str = ""
    on_behalf_of: str = ""
    group_id: str = ""


class Answer(msgspec.Struct, frozen=True):
    """`version` and `position` of the command's last event (of the stream's, when there was nothing to do)."""

    version: int
    position: int
    repeated: bool = False


class Folded(msgspec.Struct):
    """A stream as loaded: its state, where it stands, and the commands it has already carried out."""

    state: Any
    commands: CarriedOut
    version: int = NO_STREAM
    position: int = 0


_META = msgspec.json.Decoder(Meta)
_ENCODE_META = msgspec.json.Encoder().encode


def read_meta(metadata: bytes) -> Meta:
    return _META.decode(metadata) if metadata else Meta()


class Handler:
    """Executes commands on one log. `lock` makes a mutex that suits the process (native or green)."""

    def __init__(
        self, log: StreamLog, clock: Clock, lock: Callable[[], AbstractContextManager[Any]] = threading.Lock
    ) -> None:
        self._log = log
        self._clock = clock
        self._new_lock = lock
        self._cache: OrderedDict[str, Folded] = OrderedDict()
        self._held = 0
        self._older = Older()
        # Commands that had nothing to do, by stream and command id: a repetition must not undo what came after them.
        self._idle: OrderedDict[tuple[str, str], Done] = OrderedDict()
        self._locks: dict[str, tuple[AbstractContextManager[Any], int]] = {}

    def execute(
        self,
        decider: Decider[S, C, E],
        key: str,
        command: C,
        trace: Trace,
        check: Callable[[], None] | None = None,
        *,
        begins: bool = False,
    ) -> Answer:
        """`check` refuses what the stream itself cannot know; like a decision it is not asked of a command carried out
        already, whose repetition is answered as the first time however late it comes. `begins`: the stream is believed
        to be new and not read first; where it is not, the log says so and it is read."""
        stream = decider.stream(key)
        try:
            with self._locked(stream):
                return self._execute(decider, stream, command, trace, check, begins)
        except LogUnavailable as away:
            # Nothing is known about the outcome: forget what we believed, the retry will find out.
            self.forget(stream)
            raise Unavailable(code_of(away)) from away

    def state(self, decider: Decider[S, C, E], key: str) -> S:
        """The stream's present state, for a decision or a preview. Never kept stale: the stream is read behind the cache."""
        stream = decider.stream(key)
        try:
            with self._locked(stream):
                state: S = self._load(decider, stream, refresh=True).state
                return state
        except LogUnavailable as away:
            self.forget(stream)
            raise Unavailable(code_of(away)) from away

    def forget(self, stream: str) -> None:
        folded = self._cache.pop(stream, None)
        if folded is not None:
            self._held -= len(folded.commands) + 1

    # -- the four steps ------------------------------------------------------------------------------------------

    def _execute(
        self, decider: Decider[S, C, E], stream: str, command: C, trace: Trace, check: Callable[[], None] | None,
        begins: bool,
    ) -> Answer:  # fmt: skip
        for attempt in range(MAX_TRIES):
            # Read just now, not taken from the cache: what is decided is about the stream as it is.
            current = attempt > 0 or not (begins or stream in self._cache)
            folded = self._load(decider, stream, refresh=attempt > 0, begins=begins)
            done = folded.commands.get(trace.command_id) or self._idle.get((stream, trace.command_id))
            if done is not None:
                return _again(done, trace)
            try:
                if check is not None:
                    check()
                events = decider.decide(folded.state, command)
            except Rejected:
                # The cache may be behind another writer; a refusal must be about the stream as it is.
                if current or not self._load_more(decider, stream, folded):
                    raise
                continue
            if not events:
                # "Already done" too must be about the stream as it is.
                if not current and self._load_more(decider, stream, folded):
                    continue
                return self._nothing_to_do(stream, folded, trace)
            try:
                return self._append(decider, stream, folded, events, trace)
            except WrongVersion:
                CONFLICTS.inc()
                continue
        # Others were faster each time. Nothing was written and nothing stands against the command: it is to come again.
        raise Unavailable("conflict-retry", retry_after=1, stream=stream)

    def _nothing_to_do(self, stream: str, folded: Folded, trace: Trace) -> Answer:
        """Remembered of people only: what a policy or timer asks for under one id is to be looked at each time."""
        if trace.fingerprint:
            self._idle[stream, trace.command_id] = Done(folded.version, folded.position, trace.fingerprint)
            if len(self._idle) > MAX_IDLE:
                self._idle.popitem(last=False)
        return Answer(folded.version, folded.position)

    def _load(self, decider: Decider[S, C, E], stream: str, *, refresh: bool, begins: bool = False) -> Folded:
        folded = self._cache.get(stream)
        if folded is None:
            folded = Folded(decider.initial, CarriedOut(stream, self._older))
            if not begins:
                self._load_more(decider, stream, folded)
            self._cache[stream] = folded
            self._held += len(folded.commands) + 1
            self._trim()
        else:
            self._cache.move_to_end(stream)
            if refresh:
                self._load_more(decider, stream, folded)
        return folded

    def _load_more(self, decider: Decider[S, C, E], stream: str, folded: Folded) -> bool:
        recorded = self._log.read(stream, from_revision=folded.version + 1)
        state, commands = folded.state, folded.commands
        before = len(commands)
        for entry in recorded:
            meta = read_meta(entry.metadata)
            state = decider.evolve(state, decode(entry.type, meta.v, entry.data))  # type: ignore[arg-type]
            if meta.cmd:
                commands.add(meta.cmd, Done(entry.revision, entry.position, meta.fp))
        if recorded:
            folded.state, folded.version, folded.position = state, recorded[-1].revision, recorded[-1].position
        self._weigh(stream, folded, before)
        return bool(recorded)

    def _append(
        self, decider: Decider[S, C, E], stream: str, folded: Folded, events: Sequence[E], trace: Trace
    ) -> Answer:
        at = iso(self._clock.now())
        new = [_new_event(event, index, trace, at) for index, event in enumerate(events)]
        appended = self._log.append(stream, new, expected=folded.version)
        for event in events:
            folded.state = decider.evolve(folded.state, event)
        folded.version, folded.position = appended.version, appended.position
        before = len(folded.commands)
        folded.commands.add(trace.command_id, Done(appended.version, appended.position, trace.fingerprint))
        self._weigh(stream, folded, before)
        return Answer(appended.version, appended.position)

    # -- cache and locks -----------------------------------------------------------------------------------------

    def _weigh(self, stream: str, folded: Folded, before: int) -> None:
        if stream in self._cache:
            self._held += len(folded.commands) - before

    def _trim(self) -> None:
        while self._held > MAX_HELD and len(self._cache) > 1:
            _, dropped = self._cache.popitem(last=False)
            self._held -= len(dropped.commands) + 1

    def _locked(self, stream: str) -> AbstractContextManager[Any]:
        """One writer per stream in this process: conflicts are then left to other processes only."""
        return _StreamLock(self._locks, stream, self._new_lock)


class _StreamLock:
    """A mutex per stream that disappears with its last holder."""

    def __init__(
        self, locks: dict[str, tuple[AbstractContextManager[Any], int]], stream: str, new_lock: Callable[[], Any]
    ) -> None:
        self._locks = locks
        self._stream = stream
        self._new_lock = new_lock

    def __enter__(self) -> None:
        with _REGISTRY_LOCK:
            lock, holders = self._locks.get(self._stream) or (self._new_lock(), 0)
            self._locks[self._stream] = (lock, holders + 1)
        lock.__enter__()

    def __exit__(self, *exc: object) -> None:
        with _REGISTRY_LOCK:
            lock, holders = self._locks[self._stream]
            if holders == 1:
                del self._locks[self._stream]
            else:
                self._locks[self._stream] = (lock, holders - 1)
        lock.__exit__(None, None, None)


# Held for a dictionary update only, never over a wait: safe for threads and for greenlets alike.
_REGISTRY_LOCK = threading.Lock()


def _again(done: Done, trace: Trace) -> Answer:
    if trace.fingerprint and done.fingerprint and done.fingerprint != trace.fingerprint:
        raise Invalid("idempotency-key-reused", fields={"Idempotency-Key": ["used before with another request"]})
    return Answer(done.version, done.position, repeated=True)


def _new_event(event: Event, index: int, trace: Trace, at: str) -> NewEvent:
    kind = type(event)
    meta = Meta(
        v=version_of(kind),
        at=at,
        cmd=trace.command_id,
        fp=trace.fingerprint,
        corr=trace.correlation_id,
        cause=trace.causation_id,
        actor=trace.actor,
        role=trace.role,
        on_behalf_of=trace.on_behalf_of,
        group=trace.group_id or getattr(event, "group_id", ""),
    )
    data = encode(event)
    # The content belongs to the id. The log takes the same ids for a repetition and says yes: a process with an older
    # picture of the stream, deciding the same command anew (another body, a later clock), must hear WrongVersion instead,
    # or it would go on with events that the log does not have.
    name = f"{index}/{data.decode()}"
    return NewEvent(uuid5(UUID(trace.command_id), name), name_of(kind), data, _ENCODE_META(meta))
