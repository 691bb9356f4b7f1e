"""For tests: sentences about deciders, and a whole house in one process.

    given(decider, OPENED).when(PlaceOrder(...)).then(OrderConfirmed(...))
    given(decider, CLOSED).when(PlaceOrder(...)).rejected("cycle-closed")

    house = House(tmp_path, "contracts", "orders")
    house.call("orders", "confirm_order", {...}, actor="person-1")

`House` runs the real doors, handlers, views, policies and timers of several services over a log in memory and a clock
that stands still; nothing is replaced but the wires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar
from uuid import uuid4

from grenier.clock import FixedClock
from grenier.config import Settings
from grenier.decider import Decider
from grenier.doors import dispatch
from grenier.errors import GrenierError, from_wire
from grenier.log.memory import MemoryLog
from grenier.log.protocol import Recorded
from grenier.projector import BEFORE_ALL, Projector
from grenier.readmodel import Database, dump, fact_of
from grenier.runtime import Runtime, Service, keys_of, load_service

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")


@dataclass
class Given(Generic[S, C, E]):
    decider: Decider[S, C, E]
    events: tuple[E, ...]
    command: C | None = None

    def when(self, command: C) -> Given[S, C, E]:
        return Given(self.decider, self.events, command)

    def then(self, *expected: E) -> None:
        assert list(self._decide()) == list(expected)

    def nothing(self) -> None:
        assert list(self._decide()) == []

    def rejected(self, code: str) -> GrenierError:
        try:
            events = self._decide()
        except GrenierError as error:
            if error.code != code:
                raise AssertionError(f"rejected as {error}, expected {code}") from error
            return error
        raise AssertionError(f"expected {code}, got {events}")

    def state(self) -> S:
        return self.decider.fold(self.events)

    def _decide(self) -> Sequence[E]:
        assert self.command is not None, "when() comes first"
        return self.decider.decide(self.decider.fold(self.events), self.command)


def given(decider: Decider[S, C, E], *events: E) -> Given[S, C, E]:
    return Given(decider, events)


def refused(call: Callable[..., Any], *args: Any, **more: Any) -> GrenierError:
    """The refusal with which this call must end."""
    try:
        call(*args, **more)
    except GrenierError as error:
        return error
    raise AssertionError("it was not refused")


NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@dataclass
class _Room:
    """One service in the house."""

    service: Service
    runtime: Runtime
    projector: Projector
    doors: Any
    policies_at: int = BEFORE_ALL


@dataclass
class House:
    """`call` answers what the door answers, after every consequence has been carried out."""

    data_dir: Path
    names: Sequence[str]
    now: datetime = NOON
    log: MemoryLog = field(default_factory=MemoryLog)

    def __init__(self, data_dir: Path, *names: str, now: datetime = NOON) -> None:
        self.data_dir, self.names, self.log, self.clock = data_dir, names, MemoryLog(), FixedClock(now)
        self.settings = Settings(data_dir=data_dir, kek=bytes(range(32)), session_secret="s" * 32, demo=True)
        self.rooms = {name: self._room(name) for name in names}

    def _room(self, name: str) -> _Room:
        service = load_service(name)
        database = Database(self.settings.view_database(name), name)
        projector = Projector(database, service.all_views, keys_of(service, self.settings))
        runtime = Runtime(self.settings, service, self.log, self.clock, database)
        return _Room(service, runtime, projector, service.open_doors(runtime))

    def call(
        self,
        service: str,
        method: str,
        payload: dict[str, Any] | None = None,
        *,
        actor: str = "",
        command_id: str = "",
        **more: Any,
    ) -> dict[str, Any]:
        """The "ok" part of the door's answer; raises the GrenierError it refused with."""
        context = {"actor": actor, "command_id": command_id or str(uuid4()), "correlation_id": "test", **more}
        answer = dispatch(self.rooms[service].doors, method, payload or {}, context)
        if "error" in answer:
            raise from_wire(answer["error"]["code"], answer["error"]["status"], answer["error"]["facts"])
        self.settle()
        ok: dict[str, Any] = answer["ok"]
        return ok

    def record(self, stream: str, *events: Any, actor: str = "test", at: datetime | None = None) -> None:
        """Put facts into the log as another service would have, then let everybody take them in."""
        from grenier.clock import iso
        from grenier.handling import Trace, _new_event

        trace = Trace(command_id=str(uuid4()), actor=actor)
        expected = len(self.log.read(stream)) - 1
        new = [_new_event(event, index, trace, iso(at or self.clock.now())) for index, event in enumerate(events)]
        self.log.append(stream, new, expected=expected)
        self.settle()

    def settle(self) -> None:
        """Views, then policies, until nothing new is said."""
        for _ in range(200):
            before = self.log.head()
            for room in self.rooms.values():
                self._project(room)
            for room in self.rooms.values():
                self._react(room)
            if self.log.head() == before:
                return
        raise AssertionError("the house does not come to rest: two policies answer each other")

    def tick(self) -> None:
        """Let every timer look once, then carry out what follows."""
        for room in self.rooms.values():
            for timer in room.service.timers:
                timer.act(room.runtime)
                self.settle()

    def _project(self, room: _Room) -> None:
        start = room.projector.position()
        batch = self._after(start, room.projector.reads())
        if batch:
            room.projector.apply(batch, batch[-1].position)
            parked = {name: count for name, count in room.projector.parked_by_view().items() if count}
            assert not parked, f"{room.service.name} parked events: {parked}"

    def _react(self, room: _Room) -> None:
        reads = sorted({prefix for policy in room.service.policies for prefix in policy.reads})
        for recorded in self._after(room.policies_at, reads) if reads else []:
            room.policies_at = recorded.position
            for policy in room.service.policies:
                if recorded.type.startswith(policy.reads):
                    policy.act(room.runtime, fact_of(recorded))
            self._project(room)

    def _after(self, position: int, reads: Sequence[str]) -> list[Recorded]:
        return list(self.log.read_all(after=None if position < 0 else position, types=reads))

    def events(self, prefix: str = "") -> list[Any]:
        """The typed events of the log whose names begin with `prefix`, in order."""
        return [fact_of(recorded).event for recorded in self._recorded(prefix)]

    def _recorded(self, prefix: str) -> Iterator[Recorded]:
        return self.log.read_all(types=[prefix] if prefix else None)

    def dump(self, name: str) -> bytes:
        """Every view row of a service, canonically."""
        room = self.rooms[name]
        return dump(room.runtime.db, [table for view in room.service.all_views for table in view.tables])

    def rebuilt_dump(self, name: str) -> bytes:
        """The same from a fresh replay of the whole log; must be equal."""
        service = load_service(name)
        database = Database(f"sqlite:///{self.data_dir / f'rebuilt-{uuid4().hex}.sqlite'}", name)
        projector = Projector(database, service.all_views, keys_of(service, self.settings))
        batch = self._after(BEFORE_ALL, projector.reads())
        if batch:
            projector.apply(batch, batch[-1].position)
        return dump(database, [table for view in service.all_views for table in view.tables])
