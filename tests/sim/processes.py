"""The processes of an installation, made of the product's own parts; each can die at any moment and be started again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from grenier.broker import Poison
from grenier.doors import dispatch
from grenier.projector import positions
from grenier.relay import Checkpoint, Relay, owners
from grenier.runtime import Runtime, load_service
from grenier.worker import ServiceWorker, ViewConsumer, leases
from notify_svc.mailer import Mailer
from notify_svc.sending import Sender
from tests.sim.weather import Crash
from tests.sim.wires import LogPort, Wire

if TYPE_CHECKING:
    from tests.sim.clients import Told
    from tests.sim.world import World

T = TypeVar("T")
LOOKS_BEFORE_GIVING_UP = 6


class ProcessClock:
    """The world's time as one machine's clock shows it."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    def now(self) -> datetime:
        return self._world.ground.now + timedelta(seconds=self._process.skew_s)


class Process:
    """`within` runs something as this process; a crash inside kills it and leaves nothing of its memory."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.alive = False
        self.skew_s = 0.0

    def within(self, work: Callable[[], T]) -> T | None:
        before, self.world.current = self.world.current, self
        try:
            return work()
        except Crash:
            self.crash()
            return None
        finally:
            self.world.current = before

    def start(self) -> None:
        self.alive = True
        try:
            self.within(self._begin)
        except Exception as error:  # as its supervisor would: it is started again later
            self.alive = False
            self.world.tell(f"{self.name} did not start: {type(error).__name__}")
            if self.world.weather.is_calm:
                self.world.broken.append(f"{self.name} does not start: {type(error).__name__}: {error}")

    def crash(self) -> None:
        self.world.tell(f"{self.name} dies")
        self.world.crashes += 1
        self.alive = False
        self._forget()

    def _begin(self) -> None:
        """What it does when it is started; a plain one (the people outside) does nothing of its own."""

    def _forget(self) -> None:
        """What its memory held is gone."""

    def _runtime(self, service: str) -> Runtime:
        return Runtime.for_rpc(
            self.world.settings, service, LogPort(self.world, self), sleep=self._wait, lock=nullcontext
        )

    def _wait(self, seconds: float) -> None:
        """A call waits for a view: meanwhile the others go on."""
        self.world.ground.pass_time(seconds)
        self.world.let_work(self.name.partition("-")[0])


class Instance(Process):
    """A process that answers calls of one service."""

    def __init__(self, world: World, service: str, number: int) -> None:
        super().__init__(world, f"{service}-{number}")
        self.service = service
        self._doors: Any = None

    def _begin(self) -> None:
        runtime = self._runtime(self.service)
        self._doors = runtime.service.open_doors(runtime)

    def _forget(self) -> None:
        self._doors = None

    def call(self, told: Told, payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any] | None:
        """The wire's answer; None when the process died over it."""
        return self.within(lambda: dispatch(self._doors, told.method, payload, context))


class Worker(Process):
    """Views, policies and timers of one service."""

    def __init__(self, world: World, service: str) -> None:
        super().__init__(world, f"{service}-worker")
        self.service = service
        self.wires: list[Wire] = []
        self.timers: list[tuple[str, Callable[[], None]]] = []
        self.views: Wire | None = None

    def _begin(self) -> None:
        assembly = _Assembly(self)
        assembly._db.create([leases, positions])
        assembly._begin()
        self.wires, self.timers, self.views = assembly.wires, assembly.timers, assembly.wires[0]

    def _forget(self) -> None:
        self.wires, self.timers, self.views = [], [], None

    def deliver(self, wire: Wire, most: int) -> None:
        self.within(lambda: wire.deliver(most))

    def run_timers(self) -> None:
        """Each once, as long as the process lives."""
        for name, act in self.timers:
            if not self.alive:
                return
            try:
                self.within(act)
            except Exception as error:
                self.world.tell(f"{self.name} timer {name}: {type(error).__name__}")
                if self.world.weather.is_calm:
                    self.world.broken.append(f"{self.name} timer {name}: {type(error).__name__}: {error}")


class _Assembly(ServiceWorker):
    """The worker's own wiring; only its threads are taken away."""

    at_once = 1

    def __init__(self, process: Worker) -> None:
        super().__init__(load_service(process.service), process.world.settings, LogPort(process.world, process))
        self._process = process
        self.wires: list[Wire] = []
        self.timers: list[tuple[str, Callable[[], None]]] = []

    def _follow(self, name: str, reads: Any, consumer: Any) -> None:
        if isinstance(consumer, ViewConsumer):
            consumer.wait_until = self._until  # type: ignore[method-assign]
        self.wires.append(Wire(self._process.world, name, reads, consumer))

    def _until(self, position: int) -> None:
        """A policy waits for its service's views; in one thread that means: let them go on."""
        views = self.wires[0]
        for _ in range(LOOKS_BEFORE_GIVING_UP):
            if views.consumer.position() >= position:
                return
            views.deliver()
        if views.consumer.position() < position:
            raise TimeoutError(f"views stand before {position}")

    def _spawn_timer(self, name: str, every_s: float, act: Any) -> None:
        self.timers.append((name, act))


class _Never:
    """An event that cuts every wait short."""

    def wait(self, _timeout: float) -> bool:
        return True

    def is_set(self) -> bool:
        return False


class MailProcess(Process):
    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, f"mailer-{number}")
        self._mailer: Any = None

    def _begin(self) -> None:
        self._mailer = Mailer(Sender(self._runtime("notify"), self.world.post), _Never())  # type: ignore[arg-type]

    def _forget(self) -> None:
        self._mailer = None

    def work(self) -> None:
        """One delivery, settled as `Consumer` does; what a dying mailer held goes back to the queue."""
        delivery = self.world.broker.take()
        if delivery is None:
            return
        body = delivery.body.decode()
        before = self.world.post.taken.get(body, 0)

        def handle() -> str:
            try:
                self._mailer.handle(delivery)
            except Poison:
                return "given up"
            except Exception as error:
                return type(error).__name__
            return "done"

        outcome = self.within(handle)
        self.world.tell(f"{self.name} {self.world.short(body)} -> {outcome}")
        if outcome == "given up":
            self.world.broker.dead.append(body)
        elif outcome != "done":
            self.world.broker.back(delivery)
            if self.world.post.taken.get(body, 0) > before:
                self.world.interrupted[body] += 1


class RelayProcess(Process):
    """The relay's own loop body; its publisher is the simulated broker."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "relay")
        self.wire: Wire | None = None

    def _begin(self) -> None:
        checkpoint = Checkpoint(Path(self.world.settings.data_dir / "relay.sqlite"))
        relay = Relay(LogPort(self.world, self), "amqp://guest@localhost", checkpoint)
        self.wire = Wire(self.world, "relay", owners(), relay)

    def _forget(self) -> None:
        self.wire = None

    def deliver(self, wire: Wire, most: int) -> None:
        self.within(lambda: wire.deliver(most))
