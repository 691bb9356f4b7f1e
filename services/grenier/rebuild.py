"""`grenier rebuild` and `grenier verify`: views made anew from the log beside the live ones, while everything goes on.

rebuild    fills a shadow, then hands it to the worker (see `handover`), or puts it in place itself when none is active
renew      the same for views whose version was raised, by the worker itself before it follows the log
verify     fills a shadow up to where the live views stand and compares them row by row (see `verify`)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from grenier.changeover import install
from grenier.errors import Rejected
from grenier.handover import Rebuilds, switch
from grenier.log.protocol import EventLog
from grenier.logging import get_logger
from grenier.mirror import MirrorFile, mirror_path
from grenier.projector import Projector, parked, positions
from grenier.readmodel import Database, View
from grenier.runtime import Service, keys_of, load_service
from grenier.shadow import Shadow

if TYPE_CHECKING:
    from grenier.config import Settings

log = get_logger(__name__)

ASK_EVERY_S = 0.1
LONGEST_WAIT_S = 120.0
"""For a worker that is there and does not take the shadow over."""

Show = Callable[[int, int, float], None]
"""(events done, events in all as far as one can tell, seconds since the beginning), after every page."""


class Done(msgspec.Struct, frozen=True):
    """`changed`: rows written or removed; `pause_ms`: how long the writing of views stood still for the switch."""

    positions: dict[str, int]
    events: int
    changed: int
    pause_ms: int


class RebuildFailed(Exception):
    """The live views are as they were; the text says why."""


class Meter:
    """Counts what a shadow takes in. What is still to come is an estimate: positions grow with the bytes of the log."""

    def __init__(self, show: Show | None, mirror: MirrorFile | None, head: int) -> None:
        self.events = 0
        self._show = show
        self._head = max(head, 1)
        upto = mirror.end()[0] if mirror is not None else 0
        self._known = mirror.count() * max(self._head / upto, 1.0) if mirror is not None and upto > 0 else 0.0
        self._started = time.monotonic()

    def __call__(self, events: int, position: int) -> None:
        self.events += events
        if self._show is not None:
            guessed = self._known or self.events * self._head / max(position, 1)
            self._show(self.events, max(self.events, round(guessed)), time.monotonic() - self._started)


def rebuild(
    name: str, settings: Settings, view_name: str | None = None, show: Show | None = None, *, from_log: bool = False
) -> Done:
    """Make the views of a service anew and put them in the place of the live ones, in one transaction.

    `from_log` leaves the local mirror aside. Raises Rejected("rebuild-active" | "no-such-view"), RebuildFailed.
    """
    from grenier.log.esdb import EsdbLog

    service = load_service(name)
    views = [view for view in service.all_views if view_name in (None, view.name)]
    if not views:
        raise Rejected("no-such-view", view=view_name or "")
    with closing(EsdbLog(settings.esdb_uri)) as event_log:
        return rebuild_from(event_log, service, settings, views, show, from_log=from_log)


def rebuild_from(
    event_log: EventLog,
    service: Service,
    settings: Settings,
    views: Sequence[View],
    show: Show | None = None,
    *,
    from_log: bool = False,
) -> Done:
    """`rebuild` over a log that is open already."""
    live = Database(settings.view_database(service.name), service.name)
    live.create([positions, parked, *(table for view in service.all_views for table in view.tables)])
    rows = Rebuilds(live)
    ident = rows.begin(views)
    shadow = None
    try:
        shadow = Shadow(service, settings, views)
        meter = fill(shadow, service, settings, event_log, show, from_log=from_log)
        rows.set(ident, "ready", position=shadow.position)
        _hand_over(rows, ident, shadow, service, settings, event_log, live)
        row = rows.row(ident) or {}
        if row.get("state") != "switched":
            raise RebuildFailed(row.get("reason") or "nobody took the rebuilt views over")
        stored = {at["name"]: at["position"] for at in live.rows(sa.select(positions))}
        reached = {view.name: stored[view.name] for view in views}
        return Done(reached, meter.events, row["changed"], row["pause_ms"])
    except BaseException as error:
        if (rows.row(ident) or {}).get("state") in ("building", "ready"):
            rows.set(ident, "failed", reason=f"{type(error).__name__}: {error}")
        raise
    finally:
        if shadow is not None:
            shadow.drop()
        live.close()


def fill(
    shadow: Shadow,
    service: Service,
    settings: Settings,
    event_log: EventLog,
    show: Show | None = None,
    *,
    upto: int | None = None,
    from_log: bool = False,
) -> Meter:
    """The mirror, when it is there and whole, then the log (up to a position); answers what was counted."""
    reads = service.view_reads
    mirror = None if from_log else MirrorFile.found(mirror_path(settings.data_dir, service.name), reads)
    meter = Meter(show, mirror, event_log.head() or 0)
    try:
        shadow.fill(mirror, event_log, upto, meter)
    finally:
        if mirror is not None:
            mirror.close()
    return meter


def _hand_over(
    rows: Rebuilds,
    ident: str,
    shadow: Shadow,
    service: Service,
    settings: Settings,
    event_log: EventLog,
    live: Database,
) -> None:
    """Wait until the worker has taken the shadow over; do it here when the lease is free, or becomes free meanwhile."""
    until = time.monotonic() + LONGEST_WAIT_S
    while time.monotonic() < until:
        if (rows.row(ident) or {}).get("state") != "ready":
            return
        with _lease(service, settings, event_log) as ours:
            if ours and (rows.row(ident) or {}).get("state") == "ready":
                projector = Projector(live, service.all_views, keys_of(service, settings))
                rows.set(ident, "switched", **switch(shadow, event_log, live, projector, threading.Lock()))
                return
        time.sleep(ASK_EVERY_S)
    rows.set(ident, "failed", reason=f"no worker took it over within {LONGEST_WAIT_S:.0f} s")


@contextmanager
def _lease(service: Service, settings: Settings, event_log: EventLog) -> Iterator[bool]:
    from grenier.worker import ServiceWorker

    worker = ServiceWorker(service, settings, event_log)
    try:
        worker.hold_lease()
    except Rejected:
        yield False
        return
    try:
        yield True
    finally:
        worker.stop()


def renew(
    service: Service, settings: Settings, event_log: EventLog, live: Database, show: Show | None = None
) -> list[str]:
    """Replay views whose version was raised, that are new, or that a disk has lost, and put them in place at once.

    Until then people see the state of the version before, never a half replayed one; those of a service that has no
    state yet wait (see `Runtime.wait`). Answers the names of these views.
    """
    live.create([positions, parked])
    stored = {row["name"]: row["version"] for row in live.rows(sa.select(positions))}
    old = [view for view in service.all_views if stored.get(view.name) != view.version]
    if not old or event_log.head() is None:
        return []
    log.info("views-renewing", service=service.name, views=[view.name for view in old])
    shadow = Shadow(service, settings, old)
    try:
        fill(shadow, service, settings, event_log, show)
        install(shadow, live)
    finally:
        shadow.drop()
    return [view.name for view in old]
