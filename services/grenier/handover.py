"""How a rebuild reaches the worker: a row in the service's own database, which the worker looks at about once a second.

    building   the command fills a shadow in its own process; nobody else is concerned
    ready      the shadow stands close to the end of the log: whoever holds the lease takes it over
    switched   the live views are those of the shadow, as of `position`
    failed     `reason` says why; the live views are as they were

The worker brings the shadow up to exactly where its own views stand, and replaces their rows in one transaction, between
two batches. A command that was killed leaves a row with a dead owner: it is closed and its shadow removed.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
import sqlalchemy as sa

from grenier.changeover import Changeover, beside
from grenier.errors import Rejected
from grenier.log.protocol import EventLog
from grenier.logging import get_logger
from grenier.projector import Projector
from grenier.readmodel import Database, Row, Rows, View
from grenier.runtime import Service
from grenier.shadow import Shadow, drop_shadow

if TYPE_CHECKING:
    from grenier.config import Settings

log = get_logger(__name__)

LOOK_EVERY_S = 1.0
CLOSE_ENOUGH_S = 0.1
"""What the shadow lacks when the views stop for it may take about this long to fetch and apply."""
MOST_ROUNDS = 20
OPEN = ("building", "ready")

_meta = sa.MetaData()
rebuilds = sa.Table(
    "rebuilds",
    _meta,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("views", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("position", sa.BigInteger),
    sa.Column("changed", sa.Integer),
    sa.Column("pause_ms", sa.Integer),
    sa.Column("at", sa.Float, nullable=False),
)
_OPEN_ROWS = sa.select(rebuilds).where(sa.or_(*(rebuilds.c.state == state for state in OPEN)))


class Rebuilds:
    """The rows of one service. Times are real time, not the app clock's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create([rebuilds])

    def open_one(self) -> Row | None:
        return self._database.by_key(_OPEN_ROWS)

    def begin(self, views: Sequence[View]) -> str:
        """The id of a new rebuild. Raises Rejected("rebuild-active") while another one is alive."""
        with self._database.transaction() as connection:
            for row in connection.execute(_OPEN_ROWS).mappings():
                if owner_lives(row["owner"]):
                    raise Rejected("rebuild-active", id=row["id"])
            connection.execute(sa.delete(rebuilds))
            ident = str(uuid4())
            names = msgspec.json.encode([view.name for view in views]).decode()
            values = {"id": ident, "views": names, "state": "building", "owner": this_process(), "at": time.time()}
            connection.execute(sa.insert(rebuilds).values(**values))
        return ident

    def row(self, ident: str) -> Row | None:
        return self._database.row(sa.select(rebuilds).where(rebuilds.c.id == ident))

    def set(self, ident: str, state: str, **facts: str | int) -> None:
        with self._database.transaction() as connection:
            rows = Rows(connection)
            rows.change(rebuilds, ident, state=state, at=time.time(), **facts)
            rows.flush()


class Successor:
    """The worker's side. `lock` is held by the worker while it applies a batch."""

    def __init__(
        self,
        service: Service,
        settings: Settings,
        event_log: EventLog,
        database: Database,
        projector: Projector,
        lock: threading.Lock,
    ) -> None:
        self._service, self._settings, self._log = service, settings, event_log
        self._database, self._projector, self._lock = database, projector, lock
        self._rebuilds = Rebuilds(database)

    def look(self) -> None:
        """Take over what is ready, clear away what was left behind. To be called about once a second."""
        row = self._rebuilds.open_one()
        if row is None:
            return
        if row["state"] == "ready":
            self._take_over(row)
        elif not owner_lives(row["owner"]):
            self._rebuilds.set(row["id"], "failed", reason="the command ended before it was done")
            drop_shadow(self._settings.view_database(self._service.name), self._service.name)

    def _take_over(self, row: Row) -> None:
        names = msgspec.json.decode(row["views"], type=list[str])
        views = [view for view in self._service.all_views if view.name in names]
        shadow = None
        try:
            shadow = Shadow(self._service, self._settings, views, begun=True)
            if shadow.position > self._projector.position():
                return  # the views are about to get there; the next look finds them
            facts = switch(shadow, self._log, self._database, self._projector, self._lock)
            self._rebuilds.set(row["id"], "switched", **facts)
            log.info("views-rebuilt", service=self._service.name, **facts)
        except Exception as error:
            log.error("rebuild-failed", service=self._service.name, exc_info=True)
            self._rebuilds.set(row["id"], "failed", reason=f"{type(error).__name__}: {error}")
        finally:
            if shadow is not None:
                shadow.close()
        if not owner_lives(row["owner"]):
            drop_shadow(self._settings.view_database(self._service.name), self._service.name)


def switch(
    shadow: Shadow, event_log: EventLog, live: Database, projector: Projector, lock: threading.Lock
) -> dict[str, int]:
    """Bring the shadow up to the live views and put it in their place; what is written waits for `pause_ms`.

    Answers {"position", "changed" (rows written or removed), "pause_ms"}.
    """
    _come_close(shadow, event_log, projector)
    with beside(shadow, live) as sides:
        try:
            with lock:
                written = projector.note_writes(), shadow.projector.note_writes()
            changeover = Changeover(sides, shadow)
            changeover.look()
            _come_close(shadow, event_log, projector)
            with lock:
                started = time.monotonic()
                shadow.follow(event_log, upto=max(projector.position(), shadow.position))
                changed = changeover.carry_out(*written)
                projector.reload()
                pause_ms = round(1000 * (time.monotonic() - started))
        finally:
            projector.note_writes(False)
    return {"position": shadow.position, "changed": changed, "pause_ms": pause_ms}


def _come_close(shadow: Shadow, event_log: EventLog, projector: Projector) -> None:
    for _ in range(MOST_ROUNDS):
        started = time.monotonic()
        shadow.follow(event_log, upto=max(projector.position(), shadow.position))
        if time.monotonic() - started < CLOSE_ENOUGH_S:
            break


def this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def owner_lives(owner: str) -> bool:
    """False only when the owner is a process of this machine that is gone."""
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
