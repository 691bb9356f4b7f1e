"""One run: processes, people and troubles under a scheduler that a seed drives, and the trace of what happened."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog

from grenier.config import Settings
from grenier.errors import GrenierError
from grenier.handling import Handler
from grenier.log.protocol import NewEvent, WrongVersion
from notify_svc import queueing
from orders_svc import cycle
from tests.sim import acts_goods, acts_money, acts_orders, acts_people, acts_season
from tests.sim.clients import Clients, Told
from tests.sim.founding import START, Cast
from tests.sim.ground import STORES, Ground, scratch, standing
from tests.sim.processes import Instance, MailProcess, Process, ProcessClock, RelayProcess, Worker
from tests.sim.weather import Crash, Weather
from tests.sim.wires import Books, Broker, PostOffice, Wire

if TYPE_CHECKING:
    from tests.sim.beginning import Beginning

SERVICES = ("contracts", "orders", "ledger", "logistics", "notify", "matching")
VIEWERS = (*SERVICES, "gateway")
STEPS = 320
# (share of the run, days after the start, hours): by then the calendar has come this far.
CALENDAR = ((0.02, 0.5), (0.05, 1.01), (0.22, 2.1), (0.30, 3.01), (0.35, 3.9), (0.38, 4.01), (0.50, 6.01), (0.55, 7.0),
            (0.60, 8.25), (0.80, 8.4), (0.84, 12.25), (0.98, 12.4), (1.0, 13.0))  # fmt: skip


class World:
    def __init__(self, seed: int | str, steps: int = STEPS, keep_trace: bool = False) -> None:
        self.seed = seed
        self.steps = steps
        self.rng = Random(f"run/{seed}")
        self.ground = Ground(str(seed), START)
        self.weather = Weather(self.rng)
        self.settings = Settings(
            data_dir=scratch(),
            kek=bytes(range(32)),
            session_secret="s" * 32,
            demo=True,
            amqp_url="amqp://sim:sim@localhost",
        )
        self.log = Books()
        self.cast = Cast()
        self.clients = Clients(self)
        self.in_flight: list[tuple[str, list[NewEvent], int]] = []
        self.crashes = 0
        self.fed_from = 0
        self.interrupted: Counter[str] = Counter()
        self.problems: list[str] = []
        # Consumers that failed although nothing was broken any more.
        self.broken: list[str] = []
        self.number = 0
        self.lines: list[str] | None = [] if keep_trace else None
        self.last_surprise = ""
        self._hash = hashlib.sha256()
        self._broken_at = -1
        self._rivalling = False
        self._eyes: Handler | None = None
        self._build()

    def _build(self) -> None:
        self.broker, self.post = Broker(self), PostOffice(self)
        self.nobody = Process(self, "nobody")
        self.current: Process = self.nobody
        self.instances = {name: [Instance(self, name, number) for number in (1, 2)] for name in SERVICES}
        self.workers = {name: Worker(self, name) for name in VIEWERS}
        self.mailers = [MailProcess(self, number) for number in (1, 2)]
        self.relay = RelayProcess(self)
        self.processes: list[Process] = [
            *self.workers.values(),
            *(each for both in self.instances.values() for each in both),
            *self.mailers,
            self.relay,
        ]
        self.ground.make_clock = lambda *_: ProcessClock(self, self.current)
        self.ground.before_commit, self.ground.after_commit = self._before_commit, self._after_commit

    # -- the run -------------------------------------------------------------------------------------------------

    def run(self, judge: Callable[[World], list[str]]) -> World:
        """Play all steps, let everything come to rest, judge."""
        from tests.sim.beginning import the_beginning
        from tests.sim.judge_views import check_now

        beginning = the_beginning()
        with self.standing():
            self._begin_with(beginning)
            for process in self.processes:
                process.start()
            for number in range(1, self.steps + 1):
                self.number = number
                self._step()
                if self.rng.random() < 1.5 / self.steps:
                    self.problems += check_now(self)
            self.come_to_rest()
            self.problems += [*self.clients.problems, *self.broken, *judge(self)]
        for recorded in self.log.everything():
            self._hash.update(recorded.id.bytes + recorded.data + recorded.metadata)
        return self

    @contextmanager
    def standing(self) -> Iterator[None]:
        doors, relay = sys.modules["grenier.doors"], sys.modules["grenier.relay"]
        as_error, publisher = doors.as_error, relay.ConfirmedPublisher  # type: ignore[attr-defined]
        logging.disable(logging.CRITICAL)
        told, quiet = structlog.get_config(), structlog.make_filtering_bound_logger(logging.CRITICAL)
        structlog.configure(wrapper_class=quiet, cache_logger_on_first_use=False)
        try:
            with standing(self.ground):
                doors.as_error = self._spy(as_error)  # type: ignore[attr-defined]
                relay.ConfirmedPublisher = self._publisher  # type: ignore[attr-defined]
                queueing._outboxes.clear()
                queueing._publishers[self.settings.amqp_url] = self.broker  # type: ignore[assignment]
                yield
        finally:
            doors.as_error, relay.ConfirmedPublisher = as_error, publisher  # type: ignore[attr-defined]
            queueing._publishers.pop(self.settings.amqp_url, None)
            queueing._outboxes.clear()
            structlog.configure(**told)
            logging.disable(logging.NOTSET)

    def _spy(self, as_error: Callable[[Exception, str], GrenierError]) -> Callable[[Exception, str], GrenierError]:
        def spied(error: Exception, where: str) -> GrenierError:
            if not isinstance(error, GrenierError):
                self.last_surprise = f"{where}: {type(error).__name__}: {error}"
            return as_error(error, where)

        return spied

    def _publisher(self, *_: Any, on_confirmed: Any = None, **__: Any) -> Broker:
        self.broker.on_confirmed = on_confirmed
        return self.broker

    def _begin_with(self, beginning: Beginning) -> None:
        STORES.reset(beginning.images)
        self.log, self.cast = beginning.log.copy(), beginning.cast
        # What was founded has reached the feed before the run.
        self.fed_from = len(self.log.everything())
        self.ground.monotonic_s = beginning.monotonic_s
        self.clients.position = beginning.position
        self.post.taken.update(beginning.mails)

    # -- one step ------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        self.ground.pass_time(self.rng.choice((0, 0.01, 1, 5, 20)))
        steps: tuple[tuple[Callable[[], None], int], ...] = (
            (self._somebody_acts, 46),
            (self._deliver, 34),
            (self._timers, 8),
            (self._mail, 4),
            (self._relay, 2),
            (self._time_passes, 6),
            (self._lands, 2 if self.in_flight else 0),
            (self._retry, 8 if self.clients.waiting else 0),
            (self._again, 3),
            (self._crash, 1),
            (self._restart, 10 if any(not process.alive for process in self.processes) else 0),
            (self._skew, 1),
        )
        self.rng.choices([step for step, _ in steps], [weight for _, weight in steps])[0]()

    def act(self) -> acts_orders.Act | None:
        """What somebody would do now: orders while a window is open, goods once something is to be distributed."""
        shopping = any(self.state(cycle.decider, each).status in ("open", "closed") for _, each in self.cast.cycles())
        goods = bool(self.log.by_type.get("logistics.distribution-planned"))
        kinds = (
            (acts_orders.ACTS, 9 if shopping else 1),
            (acts_goods.ACTS, 9 if goods else 0),
            (acts_money.ACTS, 5 if goods else 2),
            (acts_people.ACTS, 2),
            (acts_season.ACTS, 4),
        )
        acts: dict[Any, int] = self.rng.choices([acts for acts, _ in kinds], [weight for _, weight in kinds])[0]
        act: Callable[[World, Random], acts_orders.Act | None] = self.rng.choices(list(acts), list(acts.values()))[0]
        return act(self, self.rng)

    def _somebody_acts(self) -> None:
        for _ in range(4):
            act = self.act()
            if act is not None:
                self.clients.say(*act)
                return

    def rival(self, process: Process) -> None:
        """In the middle of somebody's append: another instance of the service does something of its own."""
        if self._rivalling:
            return
        self._rivalling = True
        service = process.name.partition("-")[0]
        try:
            for _ in range(6):
                act = self.act()
                if act is not None and act[0] == service:
                    self.tell(f"meanwhile, before {process.name} appends:")
                    self.clients.say(*act, avoid=process)
                    break
        finally:
            self._rivalling = False

    def _deliver(self) -> None:
        behind = [(worker, wire) for worker in self.workers.values() if worker.alive
                  for wire in worker.wires if wire.is_behind]  # fmt: skip
        if behind:
            worker, wire = self.rng.choice(behind)
            worker.deliver(wire, self.rng.choice((1, 3, 10, 40)))

    def let_work(self, service: str) -> None:
        """While a call waits, its service's views go on; a dead worker may be started again."""
        worker = self.workers[service]
        if worker.alive and worker.views is not None:
            worker.deliver(worker.views, 40)
        elif not worker.alive and self.rng.random() < 0.05:
            worker.start()

    def _timers(self) -> None:
        workers = [worker for worker in self.workers.values() if worker.alive and worker.timers]
        if workers:
            self.rng.choice(workers).run_timers()

    def _mail(self) -> None:
        mailers = [mailer for mailer in self.mailers if mailer.alive]
        if mailers:
            self.rng.choice(mailers).work()

    def _relay(self) -> None:
        if self.relay.alive and self.relay.wire is not None and self.relay.wire.is_behind:
            self.relay.deliver(self.relay.wire, self.rng.choice((5, 40)))

    def _time_passes(self) -> None:
        done = self.number / self.steps
        days = max((day for share, day in CALENDAR if share <= done), default=0.0)
        due = START + timedelta(days=days)
        if due > self.ground.now:
            self.ground.pass_time((due - self.ground.now).total_seconds())
            self.tell("the calendar moves on")
            # Timers look several times a second: they have seen the new hour before anybody acts.
            for worker in self.workers.values():
                if worker.alive and worker.views is not None:
                    worker.deliver(worker.views, 500)
                    worker.run_timers()
        else:
            self.ground.pass_time(self.rng.choice((60, 300, 1_800)))

    def _skew(self) -> None:
        process = self.rng.choice(self.processes)
        process.skew_s = self.rng.choice((0, 0, 1.5, -1.5, 300, -300, 7_200, -7_200))
        self.tell(f"clock of {process.name} off by {process.skew_s} s")

    def _lands(self) -> None:
        stream, events, expected = self.in_flight.pop(self.rng.randrange(len(self.in_flight)))
        try:
            self.log.append(stream, events, expected=expected)
            self.tell(f"a late append reaches {stream}")
        except WrongVersion:
            self.tell(f"a late append to {stream} is refused")

    def is_in_flight(self, command_id: str) -> bool:
        return any(self.log_meta(event).cmd == command_id for _, events, _ in self.in_flight for event in events)

    @staticmethod
    def log_meta(event: NewEvent) -> Any:
        from grenier.handling import read_meta

        return read_meta(event.metadata)

    def _retry(self) -> None:
        self.clients.attempt(self.rng.choice(self.clients.waiting))

    def _again(self) -> None:
        answered = [told for told in self.clients.told[-60:] if told.answer is not None and not told.idle]
        if not answered:
            return
        told = self.rng.choice(answered)
        other = self._other_words(told)
        if other is None or self.rng.random() < 0.7:
            self.clients.again(told)
        else:
            self.clients.other_words(told, other)

    def _other_words(self, told: Told) -> dict[str, Any] | None:
        """Another body for the same address: the address belongs to a command's id (gateway.calls.command_id)."""
        if "lines" in told.payload and told.service == "orders":
            return {**told.payload, "lines": [{"product_id": "product-5", "quantity": 3}]}
        if "amount_cents" in told.payload:
            return {**told.payload, "amount_cents": told.payload["amount_cents"] + 1}
        return None

    def _crash(self) -> None:
        process = self.rng.choice(self.processes)
        if process.alive:
            process.crash()

    def _restart(self) -> None:
        process = self.rng.choice([process for process in self.processes if not process.alive])
        process.start()
        self.tell(f"{process.name} starts")

    # -- coming to rest ------------------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """No more trouble: late appends land, everybody is up, doubts are settled, everything is delivered."""
        self.weather.calm()
        self.tell("-- calm --")
        while self.in_flight:
            self._lands()
        for process in self.processes:
            process.skew_s = 0.0
            if not process.alive:
                process.start()
        still = 0
        for _ in range(40):
            before = self.log.head()
            for told in list(self.clients.waiting):
                self.clients.attempt(told)
            self.settle()
            self.ground.pass_time(400)
            still = still + 1 if self.log.head() == before and not self.clients.waiting else 0
            if still == 3:
                return
        self.problems.append(f"does not come to rest; in doubt: {[self.describe(t) for t in self.clients.waiting]}")

    def settle(self) -> None:
        """Views, policies, timers, mails and the feed, until nothing new is said."""
        for _ in range(60):
            before = self.log.head()
            for worker in self.workers.values():
                for wire in worker.wires:
                    self._drain(worker, wire)
            for worker in self.workers.values():
                worker.run_timers()
            while self.broker.mails:
                self.mailers[0].work()
            if self.relay.wire is not None:
                self._drain(self.relay, self.relay.wire)
            if self.log.head() == before:
                return
        self.problems.append("two policies answer each other without end")

    def _drain(self, process: Worker | RelayProcess, wire: Wire) -> None:
        for _ in range(20):
            if wire.is_behind and process.alive:
                process.deliver(wire, 500)
        if wire.is_behind:
            raise AssertionError(f"{wire.name} does not catch up: {self.broken[-1:]}")

    # -- what the parts ask --------------------------------------------------------------------------------------

    def state(self, decider: Any, key: str) -> Any:
        """A stream as it is, seen from outside the processes."""
        if self._eyes is None:
            self._eyes = Handler(self.log, ProcessClock(self, self.nobody))
        return self._eyes.state(decider, key)

    def _before_commit(self) -> None:
        if self.weather.strikes("commit-fails"):
            self._broken_at = self.number
            raise sa.exc.OperationalError("COMMIT", {}, OSError("disk I/O error"))
        if self.weather.strikes("crash-before-commit"):
            self._die()

    def _after_commit(self) -> None:
        if self.weather.strikes("commit-answer-lost"):
            self._broken_at = self.number
            raise sa.exc.OperationalError("COMMIT", {}, OSError("connection lost"))
        if self.weather.strikes("crash-after-commit"):
            self._die()

    def _die(self) -> None:
        if self.current is not self.nobody:
            raise Crash

    def broke_a_commit(self) -> bool:
        return self._broken_at == self.number

    def tell(self, text: str) -> None:
        line = f"{self.number:5} {self.ground.now:%d %H:%M:%S} {text}"
        self._hash.update(line.encode())
        if self.lines is not None:
            self.lines.append(line)

    def describe(self, told: Told) -> str:
        words = " ".join(self.short(value) for value in told.payload.values())
        return f"#{told.number} {told.service}.{told.method}({words})"

    @staticmethod
    def short(value: Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(World.short(each) for each in value) + "]"
        if isinstance(value, dict):
            return "/".join(World.short(each) for each in value.values())
        text = str(value)
        return text[:8] if len(text) == 36 else text

    @property
    def trace_hash(self) -> str:
        return self._hash.hexdigest()
