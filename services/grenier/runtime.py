"""What a service's own code gets to work with: its log handler, database, clock, keys and access checks.

`Runtime` is made in one place per kind of process (`for_rpc`, `for_work`) and handed to `wiring.service()`'s parts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import msgspec
import sqlalchemy as sa

from grenier import together
from grenier.access import Access, access_view
from grenier.clock import Clock, make_clock
from grenier.decider import Decider
from grenier.doors import Context
from grenier.errors import Invalid, Unavailable
from grenier.handling import Answer, Handler, Trace
from grenier.log.protocol import StreamLog
from grenier.privacy import KeyStore
from grenier.projector import BEFORE_ALL, positions
from grenier.readmodel import Database, Fact, View

if TYPE_CHECKING:
    from grenier.config import Settings

LONGEST_WAIT_S = 3.0
ASK_LOG_AFTER_S = 0.04
# Days outside of these years are typing errors.
FIRST_YEAR, LAST_YEAR = 1900, 2199
LARGEST = 10**12


@dataclass(frozen=True)
class Policy:
    """Turns facts (of this service or another) into own commands.

    `act(runtime, fact)` runs the commands through `runtime.react`, whose ids derive from the fact: delivery twice does
    nothing twice. It is called after this service's views have taken the fact in. `sees_own`: also after they have taken
    in what stands in the log by then, the consequences of facts before this one among it; after a long absence of the
    worker those stand behind all of the facts.
    """

    name: str
    reads: tuple[str, ...]
    act: Callable[[Runtime, Fact], None]
    sees_own: bool = False


@dataclass(frozen=True)
class Timer:
    """Looks into a view for what is due and carries it out; `act` must be harmless to repeat."""

    name: str
    act: Callable[[Runtime], None]
    every_s: float = 0.5


@dataclass(frozen=True)
class Service:
    """One service as its processes see it. Every service also keeps the common view of who may do what."""

    name: str
    views: tuple[View, ...]
    doors: Callable[[Runtime], Any]
    policies: tuple[Policy, ...] = ()
    timers: tuple[Timer, ...] = ()
    needs_keys: bool = False

    def open_doors(self, runtime: Runtime) -> Any:
        """The doors, each waiting for what its caller has written before it looks at anything (`context.after`)."""
        doors = self.doors(runtime)
        doors.before_call = runtime.wait
        doors.between_versions = runtime.between_versions
        return doors

    @cached_property
    def all_views(self) -> tuple[View, ...]:
        return (access_view, *self.views)

    @cached_property
    def view_reads(self) -> list[str]:
        """What its views follow the log for."""
        return sorted({prefix for view in self.all_views for prefix in view.reads})

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """What its views and policies follow the log for."""
        followed = [view.reads for view in self.all_views] + [policy.reads for policy in self.policies]
        return tuple(sorted({prefix for prefixes in followed for prefix in prefixes}))


@dataclass
class Runtime:
    settings: Settings
    service: Service
    log: StreamLog
    clock: Clock
    db: Database
    sleep: Callable[[float], None] = time.sleep
    lock: Callable[[], AbstractContextManager[Any]] = threading.Lock
    at_once: int = 1
    """How many reactions to one fact are under way together (`react_each`): in a worker some, in one thread one."""
    _clear_until: int = field(default=BEFORE_ALL, init=False)
    _begun: bool = field(default=False, init=False)
    """Whether every view has been brought anywhere: until then tables are empty, which is no answer."""

    @classmethod
    def for_rpc(
        cls,
        settings: Settings,
        name: str,
        log: StreamLog,
        *,
        sleep: Callable[[float], None] = time.sleep,
        lock: Callable[[], AbstractContextManager[Any]] = threading.Lock,
        offload: Callable[[Callable[[], Any]], Any] | None = None,
    ) -> Runtime:
        """For a process that answers calls; `sleep`, `lock` and `offload` suit the host (native or green)."""
        url = settings.view_database(name)
        db = Database(url, name, offload) if offload else Database(url, name)
        service = load_service(name)
        # A door may be asked before the worker has ever run: empty tables are a true answer then.
        db.create([positions, *(table for view in service.all_views for table in view.tables)])
        return cls(settings, service, log, make_clock(settings.demo, settings.clock_file), db, sleep, lock)

    @cached_property
    def handler(self) -> Handler:
        return Handler(self.log, self.clock, self.lock)

    @cached_property
    def access(self) -> Access:
        return Access(self.db, self.clock)

    @cached_property
    def keys(self) -> KeyStore:
        return KeyStore(Database(self.settings.keys_url, "keys"), self.settings.kek)

    # -- commands ------------------------------------------------------------------------------------------------

    def tell(
        self,
        decider: Decider[Any, Any, Any],
        key: str,
        command: Any,
        context: Context,
        *,
        role: str = "",
        group_id: str = "",
        on_behalf_of: str = "",
        step: str = "",
        check: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        """Carry out a person's command; {"id", "version", "position"}. `step` tells apart several commands of one request.

        `check` raises Rejected for what other streams or the clock say; a repetition is answered without it.
        """
        command_id = context.command_id or str(uuid4())
        if step:
            command_id = derived_id(command_id, step)
        trace = Trace(
            command_id=command_id,
            actor=context.actor,
            fingerprint=context.fingerprint,
            correlation_id=context.correlation_id,
            role=role,
            on_behalf_of=on_behalf_of or (context.on_behalf_of or ""),
            group_id=group_id,
        )
        return answered(key, self.handler.execute(decider, key, command, trace, check))

    def react(
        self, decider: Decider[Any, Any, Any], key: str, command: Any, fact: Fact, policy: str, *, group_id: str = ""
    ) -> Answer:
        """Carry out what follows from a fact; the same fact gives the same command id."""
        return self.handler.execute(decider, key, command, self._because(fact, f"{policy}/{key}", group_id))

    def react_each(
        self, decider: Decider[Any, Any, Any], commands: Mapping[str, Any], fact: Fact, policy: str, *,
        group_id: str = "",
    ) -> None:  # fmt: skip
        """`react` with each {key: command}, whose streams the fact begins: they are not read before, and `at_once` of them
        are under way together, so that the log commits them together. The first failure ends it; the fact comes again."""

        def carry_out(key: str) -> None:
            trace = self._because(fact, f"{policy}/{key}", group_id)
            self.handler.execute(decider, key, commands[key], trace, begins=True)

        together.each(carry_out, commands, self.at_once, policy)

    def _because(self, fact: Fact, step: str, group_id: str) -> Trace:
        return Trace(
            command_id=derived_id(fact.id, step),
            actor=f"system:{self.service.name}",
            correlation_id=fact.meta.corr,
            causation_id=fact.id,
            group_id=group_id or fact.meta.group,
        )

    def due(self, decider: Decider[Any, Any, Any], key: str, command: Any, timer: str, *, group_id: str = "") -> Answer:
        """Carry out what a timer found due; one command id per timer and stream."""
        trace = Trace(
            command_id=derived_id(str(uuid5(NAMESPACE_URL, decider.stream(key))), timer),
            actor=f"system:{self.service.name}",
            group_id=group_id,
        )
        return self.handler.execute(decider, key, command, trace)

    # -- queries -------------------------------------------------------------------------------------------------

    def wait(self, context: Context, views: Sequence[View] | None = None) -> None:
        """Read your own writes: wait (bounded) until the views have taken in position `context.after`.

        Called before every door; what was reached once is not looked up again. While views that a disk has lost, or
        that the last version of the program did not have, are filled, everybody waits: nobody is told that there is nothing.

        Raises Unavailable("view-behind") when they do not get there in time.
        """
        after = max(BEFORE_ALL if each is None else each for each in (context.after, self._first()))
        if after <= self._clear_until:
            return
        names = [view.name for view in (views or self.service.all_views)]
        reads = sorted({prefix for view in views for prefix in view.reads}) if views else self.service.view_reads
        started, pause, asked = time.monotonic(), 0.002, False
        while (reached := self._reached(names)) < after:
            waited = time.monotonic() - started
            if not asked and waited > ASK_LOG_AFTER_S:
                asked = True
                if self._nothing_between(reached, after, reads):
                    # Remembered for what is written only: a position from the future would end all waiting.
                    self._clear_until = max(self._clear_until, min(after, self.log.head() or 0))
                    return
            if waited > LONGEST_WAIT_S:
                raise Unavailable("view-behind", position=after)
            self.sleep(pause)
            pause = min(pause * 2, 0.05)
        if views is None:
            self._clear_until = max(self._clear_until, reached)

    def _first(self) -> int | None:
        """The first event that views which have never been filled have to take in; None when they have, or there is none."""
        if self._begun:
            return None
        stored = self._stored_versions()
        missing = [view for view in self.service.all_views if view.name not in stored]
        self._begun = not missing
        if self._begun:
            return None
        return self.log.next_position(after=None, types=sorted({prefix for view in missing for prefix in view.reads}))

    def between_versions(self) -> bool:
        """Whether the views are those of another version of the program: it is being renewed, process by process."""
        stored = self._stored_versions()
        return any(stored.get(view.name, view.version) != view.version for view in self.service.all_views)

    def _stored_versions(self) -> dict[str, int]:
        names = [view.name for view in self.service.all_views]
        rows = self.db.rows(sa.select(positions).where(positions.c.name.in_(names)))
        return {row["name"]: row["version"] for row in rows}

    def _reached(self, names: Iterable[str]) -> int:
        wanted = list(names)
        stored = self.db.rows(sa.select(positions.c.position).where(positions.c.name.in_(wanted)))
        return (
            min((row["position"] for row in stored), default=BEFORE_ALL) if len(stored) == len(wanted) else BEFORE_ALL
        )

    def _nothing_between(self, reached: int, after: int, reads: Sequence[str]) -> bool:
        """The position waited for belongs to somebody else's event: the log says whether any of ours lies before it."""
        upcoming = self.log.next_position(after=None if reached < 0 else reached, types=reads)
        return upcoming is None or upcoming > after


def answered(key: str, answer: Answer) -> dict[str, Any]:
    return {"id": key, "version": answer.version, "position": answer.position}


def derived_id(base: str, step: str) -> str:
    """A UUID that follows from another one and a word: the same for every repetition."""
    return str(uuid5(UUID(base), step))


def read(kind: type[Any], payload: dict[str, Any]) -> Any:
    """The payload of a door as a typed value; Invalid with the field's name when the shape is wrong."""
    try:
        asked = msgspec.convert(payload, kind, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        where = path.strip("`").lstrip(".") or "payload"
        raise Invalid(fields={where: [message]}) from error
    if (found := _mistyped(asked)) is not None:
        where, message = found
        raise Invalid(fields={where: [message]})
    return asked


def _mistyped(value: Any) -> tuple[str, str] | None:
    """Path and message of what nobody means: a day so far off that one more could be none at all, a whole number that no
    column holds or whose sum none would hold. None: there is none."""
    inside: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, date):
        return None if FIRST_YEAR <= value.year <= LAST_YEAR else ("", "Invalid RFC3339 encoded date")
    if isinstance(value, int):
        return None if -LARGEST <= value <= LARGEST else ("", f"Expected `int` <= {LARGEST}")
    if isinstance(value, msgspec.Struct):
        inside = ((name, getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list | tuple):
        inside = enumerate(value)
    for name, each in inside:
        if (found := _mistyped(each)) is not None:
            return f"{name}.{found[0]}".rstrip("."), found[1]
    return None


def keys_of(service: Service, settings: Settings) -> KeyStore | None:
    """The key store for the views of a service that opens sealed fields; None for all others."""
    return KeyStore(Database(settings.keys_url, "keys"), settings.kek) if service.needs_keys else None


def load_service(name: str) -> Service:
    """`orders` -> orders_svc.wiring.service(); the gateway keeps projections of its own."""
    import importlib

    module = "gateway.projections" if name == "gateway" else f"{name}_svc.wiring"
    service: Service = importlib.import_module(module).service()
    return service
