"""Applies facts to views: rows and positions in one transaction; a fact that cannot be applied is parked, never skipped.

A parked fact stops its own stream for that view (later facts of the stream are parked behind it, in order) and nothing
else. `retry_parked` applies them again once the cause is mended.
"""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from grenier.language.registry import UnknownEvent
from grenier.log.protocol import Recorded
from grenier.logging import get_logger
from grenier.privacy import KeyStore
from grenier.readmodel import Database, Fact, Rows, View, fact_of
from grenier.rows import Written

log = get_logger(__name__)

_meta = sa.MetaData()
positions = sa.Table(
    "positions",
    _meta,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
)
parked = sa.Table(
    "parked",
    _meta,
    sa.Column("view", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
BEFORE_ALL = -1


class Projector:
    """The views of one service and the transaction that moves them forward."""

    def __init__(self, database: Database, views: Sequence[View], keys: KeyStore | None = None) -> None:
        self._database = database
        self._keys = keys
        self.views = tuple(views)
        self._database.create([positions, parked])
        self._database.create(table for view in views for table in view.tables)
        self._by_type: dict[str, tuple[View, ...]] = {}
        self._positions: dict[str, int] = {}
        self._parked_streams: set[tuple[str, str]] = set()
        # A transaction failed and nobody knows whether it was committed: the database is asked before the next one.
        self._in_doubt = False
        self._written: Written | None = None
        self._renew_changed_views()
        self.reload()

    # -- where the views stand -----------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read positions and parked streams again (at start, and after another process rebuilt a view)."""
        stored = {row["name"]: row["position"] for row in self._database.rows(sa.select(positions))}
        self._positions = {view.name: stored.get(view.name, BEFORE_ALL) for view in self.views}
        self._parked_streams = {(row["view"], row["stream"]) for row in self._database.rows(sa.select(parked))}
        self._in_doubt = False

    def position(self) -> int:
        """Up to where every view has been brought."""
        return min(self._positions.values(), default=BEFORE_ALL)

    def positions(self) -> dict[str, int]:
        return dict(self._positions)

    def parked_by_view(self) -> dict[str, int]:
        """How many streams stand still, for each view."""
        found = dict.fromkeys(self._positions, 0)
        for name, _stream in self._parked_streams:
            found[name] = found.get(name, 0) + 1
        return found

    def reads(self) -> list[str]:
        return sorted({prefix for view in self.views for prefix in view.reads})

    def note_writes(self, wanted: bool = True) -> Written:
        """From now on note which rows are written, in what is answered here; not while a batch is applied."""
        written: Written = {}
        self._written = written if wanted else None
        return written

    # -- moving forward ------------------------------------------------------------------------------------------

    def apply(self, batch: Sequence[Recorded], upto: int) -> None:
        """Apply a batch in the order of the log; all views stand at `upto` afterwards."""
        if self._in_doubt:
            self.reload()
        self._in_doubt = True
        try:
            with self._database.transaction() as connection:
                self._apply(connection, batch, upto, one_by_one=False)
        except Exception:
            log.warning("batch-failed", size=len(batch), upto=upto, exc_info=True)
            self.reload()
            self._in_doubt = True
            with self._database.transaction() as connection:
                self._apply(connection, batch, upto, one_by_one=True)
        self._in_doubt = False
        self._positions = {name: max(position, upto) for name, position in self._positions.items()}
        self._scrub(batch)

    def _apply(self, connection: sa.Connection, batch: Sequence[Recorded], upto: int, *, one_by_one: bool) -> None:
        rows = self._rows(connection)
        at, everywhere = self._positions, max(self._positions.values(), default=BEFORE_ALL)
        reached = BEFORE_ALL
        for recorded in batch:
            wanting = self._wanting(recorded.type)
            if recorded.position <= everywhere:  # some view may have seen it in an earlier batch
                wanting = tuple(view for view in wanting if recorded.position > at[view.name])
            if not wanting or recorded.position <= reached:
                continue  # nobody's, or seen before in this batch
            reached = recorded.position
            if one_by_one or self._parked_streams:
                rows = self._apply_with_care(connection, rows, wanting, recorded, one_by_one=one_by_one)
            else:
                fact = fact_of(recorded)
                for view in wanting:
                    view.apply(rows, fact)
        rows.flush()
        self._store_positions(connection, upto)

    def _apply_with_care(
        self, connection: sa.Connection, rows: Rows, wanting: Iterable[View], recorded: Recorded, *, one_by_one: bool
    ) -> Rows:
        """One fact where some may have to be parked; answers the unit of work to go on with."""
        fact = self._read(recorded, careful=one_by_one)
        for view in wanting:
            if fact is None or (view.name, recorded.stream) in self._parked_streams:
                self._park(connection, view, recorded, "unreadable event" if fact is None else "behind a parked event")
            elif one_by_one:
                rows = self._apply_alone(connection, view, recorded, fact)
            else:
                view.apply(rows, fact)
        return rows

    def _wanting(self, name: str) -> tuple[View, ...]:
        """The views that read this kind of event; looked up once for each kind."""
        found = self._by_type.get(name)
        if found is None:
            found = self._by_type[name] = tuple(view for view in self.views if view.wants(name))
        return found

    @staticmethod
    def _read(recorded: Recorded, *, careful: bool) -> Fact | None:
        try:
            return fact_of(recorded)
        except (UnknownEvent, ValueError):
            if careful:
                return None
            raise

    def _apply_alone(self, connection: sa.Connection, view: View, recorded: Recorded, fact: Fact) -> Rows:
        """One fact in a savepoint of its own, so that what it broke can be told from what it did not."""
        rows = self._rows(connection)
        try:
            with connection.begin_nested():
                view.apply(rows, fact)
                rows.flush()
        except (sa.exc.OperationalError, sqlite3.OperationalError):
            raise  # a full disk or a lost database is no fault of the fact: all of it is tried again
        except Exception as cause:
            log.error(
                "event-parked", view=view.name, event_type=recorded.type, position=recorded.position, exc_info=True
            )
            self._park(connection, view, recorded, "".join(traceback.format_exception_only(cause)).strip())
        return self._rows(connection)

    def _rows(self, connection: sa.Connection) -> Rows:
        return Rows(connection, self._keys, bare=self._database.passing, written=self._written)

    def _park(self, connection: sa.Connection, view: View, recorded: Recorded, reason: str) -> None:
        values = {
            "view": view.name,
            "position": recorded.position,
            "stream": recorded.stream,
            "event": recorded.type,
            "reason": reason,
        }
        connection.execute(sa.delete(parked).where(parked.c.view == view.name, parked.c.position == recorded.position))
        connection.execute(sa.insert(parked).values(**values))
        self._parked_streams.add((view.name, recorded.stream))

    def _store_positions(self, connection: sa.Connection, upto: int) -> None:
        rows = Rows(connection)
        for view in self.views:
            rows.put(positions, name=view.name, version=view.version, position=max(self._positions[view.name], upto))
        rows.flush()

    def _scrub(self, batch: Iterable[Recorded]) -> None:
        names = {recorded.type for recorded in batch}
        if any(names.intersection(view.scrub_on) for view in self.views):
            self._database.scrub()

    # -- repair --------------------------------------------------------------------------------------------------

    def _renew_changed_views(self) -> None:
        """A view whose version was raised starts again from nothing."""
        stored = {row["name"]: row["version"] for row in self._database.rows(sa.select(positions))}
        for view in self.views:
            if view.name in stored and stored[view.name] != view.version:
                self.reset([view])

    def reset(self, views: Sequence[View]) -> None:
        """Drop and make the tables of these views; they stand before all events."""
        with self._database.transaction() as connection:
            for view in views:
                connection.execute(sa.delete(positions).where(positions.c.name == view.name))
                connection.execute(sa.delete(parked).where(parked.c.view == view.name))
                for table in view.tables:
                    table.drop(connection, checkfirst=True)
                    table.create(connection)
        self.reload()

    def retry_parked(self, fetch: Any) -> int:
        """Apply parked facts again in their order; `fetch(position, stream)` answers the recorded event. Returns how many went through."""
        by_name = {view.name: view for view in self.views}
        waiting = self._database.rows(sa.select(parked).order_by(parked.c.position))
        self._in_doubt = True
        self._parked_streams.clear()
        done = 0
        for row in waiting:
            recorded, view = fetch(row["position"], row["stream"]), by_name.get(row["view"])
            if recorded is None or view is None:
                continue
            with self._database.transaction() as connection:
                connection.execute(
                    sa.delete(parked).where(parked.c.view == view.name, parked.c.position == row["position"])
                )
                fact = self._read(recorded, careful=True)
                if fact is None or (view.name, recorded.stream) in self._parked_streams:
                    self._park(connection, view, recorded, row["reason"])
                else:
                    self._apply_alone(connection, view, recorded, fact)
            done += (view.name, recorded.stream) not in self._parked_streams
        self.reload()
        return done
