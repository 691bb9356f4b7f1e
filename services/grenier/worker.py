"""`grenier work <service>`: projections, policies and timers of a service, in plain threads.

One worker per service is active; others stand by behind a lease in the service's database and take over when it ends.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from grenier import metrics
from grenier.clock import make_clock
from grenier.collecting import collect_until
from grenier.errors import Rejected
from grenier.filling import Filling
from grenier.handover import LOOK_EVERY_S, Successor, owner_lives, this_process
from grenier.health import HEALTH
from grenier.log.protocol import EventLog, LogUnavailable, Recorded
from grenier.logging import get_logger
from grenier.mirror import KEEP_EVERY_S, Mirror, MirrorDamaged, mirror_path
from grenier.parking import LOOK_EVERY_S as PARKED_EVERY_S
from grenier.parking import PolicyParking, Repairs, ask_again, waiting
from grenier.projector import BEFORE_ALL, Projector, positions
from grenier.readmodel import Database, Rows
from grenier.rebuild import renew
from grenier.runtime import Policy, Runtime, Service, keys_of, load_service
from grenier.standing import Standing
from grenier.subscription import Follower, every
from grenier.wire import Wire

if TYPE_CHECKING:
    from grenier.config import Settings

log = get_logger(__name__)

LEASE_S = 6.0
RENEW_EVERY_S = 1.5
VIEW_WAIT_S = 30.0

_meta = sa.MetaData()
leases = sa.Table(
    "leases",
    _meta,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)


class ViewConsumer:
    """Feeds the views, and lets the mirror take note."""

    def __init__(self, projector: Projector, mirror: Mirror, service: str) -> None:
        self._projector = projector
        self._mirror = mirror
        self._service = service
        self.moved = threading.Condition()
        self.lock = threading.Lock()
        """Held while a batch is applied; a rebuild takes it to put its rows in the place of the live ones."""

    def position(self) -> int:
        return self._projector.position()

    def take(self, batch: Sequence[Recorded], upto: int) -> None:
        with self.lock:
            after = self._projector.position()
            self._projector.apply(batch, upto)
        self._mirror.extend(batch, after, upto)
        with self.moved:
            self.moved.notify_all()
        metrics.VIEW_POSITION.labels(self._service).set(upto)
        metrics.PARKED.labels(self._service).set(sum(self._projector.parked_by_view().values()))

    def replay(self) -> None:
        """Bring views that stand behind the mirror up to it, without the wire."""
        try:
            for page, upto in self._mirror.pages(after=self._projector.position()):
                self._projector.apply(page, upto)
        except MirrorDamaged as damaged:
            log.error("mirror-damaged", service=self._service, reason=str(damaged))
            self._mirror.clear()
        reached = self._projector.position()
        self._mirror.extend((), reached, reached)  # what it has not written goes on from the log

    def wait_until(self, position: int) -> None:
        """Until the views have taken in `position`; a policy must find what its fact changed."""
        deadline = time.monotonic() + VIEW_WAIT_S
        with self.moved:
            while self._projector.position() < position:
                if not self.moved.wait(timeout=1.0) and time.monotonic() > deadline:
                    raise TimeoutError(f"views stand before {position}")


class PolicyConsumer:
    """Runs policies fact by fact in the order of the log; each keeps its own position beside the views'.

    Positions are stored now and then (`keep`): what comes again after a crash gives the same commands, which do nothing.
    """

    def __init__(self, runtime: Runtime, views: ViewConsumer, policies: Sequence[Policy]) -> None:
        self._runtime = runtime
        self._views = views
        self._policies = tuple(policies)
        stored = {row["name"]: row["position"] for row in runtime.db.rows(sa.select(positions))}
        self._at = {policy.name: stored.get(f"policy:{policy.name}", BEFORE_ALL) for policy in policies}
        self._stored = dict(self._at)
        self.parking = PolicyParking(runtime.db)

    def reads(self) -> list[str]:
        return sorted({prefix for policy in self._policies for prefix in policy.reads})

    def position(self) -> int:
        return int(min(self._at.values()))

    def take(self, batch: Sequence[Recorded], upto: int) -> None:
        for recorded in batch:
            for policy in self._policies:
                if recorded.position > self._at[policy.name] and recorded.type.startswith(policy.reads):
                    self._views.wait_until(recorded.position) if self._sees(recorded) else None
                    self._wait_for_own() if policy.sees_own else None
                    self.parking.act(self._runtime, policy, recorded)
                    self._at[policy.name] = recorded.position
        self._at = {name: max(position, upto) for name, position in self._at.items()}

    def _wait_for_own(self) -> None:
        """Until the views have taken in what stands in the log now; it holds what the policies have written before."""
        log_, reads = self._runtime.log, self._runtime.service.view_reads
        head = log_.head() or 0
        while True:
            at = self._views.position()
            upcoming = log_.next_position(after=None if at < 0 else at, types=reads)
            if upcoming is None or upcoming > head:
                return
            self._views.wait_until(upcoming)

    def _sees(self, recorded: Recorded) -> bool:
        return any(view.wants(recorded.type) for view in self._runtime.service.all_views)

    def keep(self) -> None:
        """Store the positions, if they moved; once more at the end."""
        at = dict(self._at)
        if at == self._stored:
            return
        with self._runtime.db.transaction() as connection:
            rows = Rows(connection)
            for name, position in at.items():
                rows.put(positions, name=f"policy:{name}", version=1, position=position)
            rows.flush()
        self._stored = at


class ServiceWorker:
    """All loops of one service; `start` returns at once, `stop` ends them. `wire`: shared with others of the process."""

    at_once = 8
    """Reactions to one fact, such as mails to all members, that are under way together."""

    def __init__(self, service: Service, settings: Settings, event_log: EventLog, wire: Wire | None = None) -> None:
        self.service = service
        self.stopping = threading.Event()
        self._settings = settings
        self._log = event_log
        self._source = wire or event_log
        self._db = Database(settings.view_database(service.name), service.name)
        self._followers: list[Follower] = []
        self._threads: list[threading.Thread] = []
        self._failing: dict[str, str] = {}
        self._failed = ""
        self._filling: Filling | None = None
        self._mirror: Mirror | None = None
        self._policies: PolicyConsumer | None = None

    def start(self) -> None:
        self._spawn(self._when_leased, f"{self.service.name}-worker")
        HEALTH.add(f"work-{self.service.name}", self.healthy)

    def stop(self) -> None:
        self.stopping.set()
        for follower in self._followers:
            follower.stop()
        for thread in self._threads:
            thread.join(timeout=4)
        if self._mirror is not None:
            self._mirror.close()
        if self._policies is not None:
            self._policies.keep()
        self._release()

    def healthy(self) -> str | bool:
        """Named in /health/ready: standing by (another worker has the lease), following, or what is wrong or late."""
        if self._failed:
            raise RuntimeError(self._failed)
        if not self._followers:
            if self._filling is not None:
                raise RuntimeError(self._filling.words())
            return "standing by"
        behind = [
            f"{f.name}: {f.problem or 'catching up'}" for f in self._followers if f.problem or not f.caught_up.is_set()
        ]
        if behind:
            raise RuntimeError("; ".join(behind))
        return "following"

    # -- the active worker ---------------------------------------------------------------------------------------

    def _when_leased(self) -> None:
        self._db.create([leases, positions])
        while not self.stopping.is_set() and not self._lease():
            self.stopping.wait(RENEW_EVERY_S / 3)
        if self.stopping.is_set():
            return
        self._filling = filling = Filling(self.service.name)
        HEALTH.facts(f"views-{self.service.name}", filling.facts)
        # From the beginning: views that were lost may take longer to fill than a lease lasts.
        self._spawn_timer("lease", RENEW_EVERY_S, self._renew)
        try:
            if self._views_are_there(filling):
                self._begin()
        except Exception as error:
            self._failed = f"{type(error).__name__}: {error}"
            log.error("worker-failed", service=self.service.name, exc_info=True)
            os.kill(os.getpid(), signal.SIGTERM)

    def _views_are_there(self, filling: Filling) -> bool:
        """Fill those that are missing, as soon as the log answers; False when the worker is to stop before."""
        while not self.stopping.is_set():
            try:
                renew(self.service, self._settings, self._log, self._db, filling)
                return not self.stopping.is_set()
            except LogUnavailable as away:
                filling.trouble = "log unavailable"
                log.warning("views-wait-for-the-log", service=self.service.name, reason=str(away))
                self.stopping.wait(RENEW_EVERY_S)
        return False

    def _begin(self) -> None:
        projector = Projector(self._db, self.service.all_views, keys_of(self.service, self._settings))
        mirror = Mirror(mirror_path(self._settings.data_dir, self.service.name), projector.reads())
        views = ViewConsumer(projector, mirror, self.service.name)
        views.replay()
        self._mirror = mirror
        self._spawn_timer("mirror", KEEP_EVERY_S, lambda: mirror.keep(self._log))
        successor = Successor(self.service, self._settings, self._log, self._db, projector, views.lock)
        self._spawn_timer("rebuilds", LOOK_EVERY_S, successor.look)
        clock = make_clock(self._settings.demo, self._settings.clock_file)
        runtime = Runtime(self._settings, self.service, self._log, clock, self._db, at_once=self.at_once)
        self._follow(f"{self.service.name}-views", projector.reads(), views)
        if self.service.policies:
            self._policies = policies = PolicyConsumer(runtime, views, self.service.policies)
            self._follow(f"{self.service.name}-policies", policies.reads(), policies)
            self._spawn_timer("policy-positions", KEEP_EVERY_S, policies.keep)
        self._watch_over(runtime, projector, views)
        for timer in self.service.timers:
            self._spawn_timer(timer.name, timer.every_s, lambda act=timer.act: act(runtime))

    def _watch_over(self, runtime: Runtime, projector: Projector, views: ViewConsumer) -> None:
        """What operators are told, and what they may ask for."""
        parking = self._policies.parking if self._policies is not None else PolicyParking(self._db)
        repairs = Repairs(runtime, self._log, projector, views.lock, parking)
        if waiting(self._db):
            ask_again(self._db)
        self._spawn_timer("repairs", PARKED_EVERY_S, repairs.look)
        standing = Standing(self._log, projector.reads(), views.position)
        name, policies = self.service.name, self._policies
        HEALTH.facts(f"timers-{name}", lambda: dict(self._failing))
        HEALTH.facts(f"views-{name}", lambda: {**repairs.facts(), **standing.told(name)})
        if policies is not None:
            theirs = Standing(self._log, policies.reads(), policies.position)
            HEALTH.facts(f"policies-{name}", lambda: theirs.told(f"{name} policies"))

    def _follow(self, name: str, reads: Sequence[str], consumer: ViewConsumer | PolicyConsumer) -> None:
        follower = Follower(name, self._source, reads, consumer, self.stopping)
        self._followers.append(follower)
        self._spawn(follower.run, name)

    def _spawn_timer(self, name: str, every_s: float, act: object) -> None:
        self._spawn(lambda: every(every_s, act, self.stopping, name, self._failing), f"{self.service.name}-{name}")  # type: ignore[arg-type]

    def _spawn(self, target: object, name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    # -- the lease -----------------------------------------------------------------------------------------------

    def hold_lease(self) -> None:
        """Take the lease for maintenance, or refuse."""
        self._db.create([leases, positions])
        if not self._lease():
            raise Rejected("worker-active", service=self.service.name)

    def _owner(self) -> str:
        return this_process()

    def _lease(self) -> bool:
        """Take the lease when it is free, has run out, or its owner on this machine is dead."""
        with self._db.transaction() as connection:
            rows = Rows(connection)
            held = rows.get(leases, self.service.name)
            if (
                held is not None
                and held["until"] > time.time()
                and held["owner"] != self._owner()
                and owner_lives(held["owner"])
            ):
                return False
            rows.put(leases, name=self.service.name, owner=self._owner(), until=time.time() + LEASE_S)
            rows.flush()
        return True

    def _renew(self) -> None:
        if not self._lease():
            # Another worker took over while this one was stopped: two must never write at once.
            log.error("lease-lost", service=self.service.name)
            os._exit(75)

    def _release(self) -> None:
        with self._db.transaction() as connection:
            connection.execute(
                sa.delete(leases).where(leases.c.name == self.service.name, leases.c.owner == self._owner())
            )


def work(names: Sequence[str], settings: Settings) -> None:
    """Run the workers of these services until SIGTERM."""
    from grenier.log.esdb import EsdbLog

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    event_log = EsdbLog(settings.esdb_uri)
    services = [load_service(name) for name in names]
    wire = Wire(event_log, [prefix for service in services for prefix in service.reads])
    workers = [ServiceWorker(service, settings, event_log, wire) for service in services]
    for worker in workers:
        worker.start()
    collect_until(stopping)
    wire.stop()
    for worker in workers:
        worker.stop()
    event_log.close()
