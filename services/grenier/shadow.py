"""Views built a second time beside the live ones, which go on being read and written meanwhile.

A shadow is a file beside the service's SQLite file, or a schema beside its schema in PostgreSQL. It is filled from the
mirror, then from the log; `replace` puts its rows in the place of the live ones in one transaction of the live database,
so that a reader sees either the old or the new state, never a mixture. Only rows that differ are written: a rebuild that
changes nothing writes nothing.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from grenier.log.protocol import EventLog, Recorded
from grenier.logging import get_logger
from grenier.mirror import MirrorDamaged, MirrorFile
from grenier.projector import Projector, parked, positions
from grenier.readmodel import Database, View
from grenier.runtime import Service, keys_of

if TYPE_CHECKING:
    from grenier.config import Settings

log = get_logger(__name__)

PAGE = 2_000
Run = Callable[[str], int]
"""Carries out a statement inside the open transaction; answers how many rows it touched."""


class Progress(Protocol):
    """Told after every page: how many events it had, up to which position of the log the shadow stands now."""

    def __call__(self, events: int, position: int) -> None: ...


def _silent(events: int, position: int) -> None:
    return None


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Events and rows hold no cycles: looking for some among hundreds of thousands of them is half of a replay's time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Shadow:
    """`purpose` tells apart the shadow of a rebuild and that of a check; there is one of each per service.

    `begun`: the one that another process has filled, else an empty one. Raises ValueError when that one was built by
    another version of the program: other versions of a view have other rows.
    """

    def __init__(
        self,
        service: Service,
        settings: Settings,
        views: Sequence[View],
        purpose: str = "rebuild",
        *,
        begun: bool = False,
    ) -> None:
        self.views = tuple(views)
        self._live = settings.view_database(service.name)
        self._service = service.name
        self._postgresql = not self._live.startswith("sqlite")
        self._schema = f"{service.name}_{purpose}"
        self._path = shadow_path(self._live, purpose)
        url = self._live if self._postgresql else f"sqlite:///{self._path}"
        if not begun:
            drop_shadow(self._live, service.name, purpose)
        self.database = Database(url, self._schema, passing=True)
        self.database.create([positions])
        if begun and not self._same_versions():
            raise ValueError("the shadow was built by another version of the program")
        self._reads = service.view_reads
        self.projector = Projector(self.database, self.views, keys_of(service, settings))

    @property
    def position(self) -> int:
        return self.projector.position()

    # -- filling it ----------------------------------------------------------------------------------------------

    def fill(
        self, mirror: MirrorFile | None, event_log: EventLog, upto: int | None = None, told: Progress = _silent
    ) -> None:
        """Everything there is (up to a position): the mirror first, what lies behind its end from the log."""
        with _without_collecting():
            if mirror is not None:
                try:
                    self._read(mirror, upto, told)
                except MirrorDamaged as damaged:
                    log.error("mirror-damaged", service=self._service, reason=str(damaged))
            self.follow(event_log, upto, told)

    def _read(self, mirror: MirrorFile, upto: int | None, told: Progress) -> None:
        for page, reach in mirror.pages(after=self.position):
            if upto is not None and reach >= upto:
                self._apply([event for event in page if event.position <= upto], upto, told)
                return
            self._apply(page, reach, told)

    def follow(self, event_log: EventLog, upto: int | None = None, told: Progress = _silent) -> None:
        """What the log holds behind the shadow's position; with `upto` nothing behind that, and it stands there then."""
        page: list[Recorded] = []
        after = self.position
        for recorded in event_log.read_all(after=None if after < 0 else after, types=self._reads):
            if upto is not None and recorded.position > upto:
                break
            page.append(recorded)
            if len(page) >= PAGE:
                self._apply(page, page[-1].position, told)
                page = []
        if page:
            self._apply(page, page[-1].position, told)
        if upto is not None and upto > self.position:
            self.projector.apply([], upto)

    def _apply(self, page: Sequence[Recorded], upto: int, told: Progress) -> None:
        self.projector.apply(page, upto)
        told(len(page), upto)

    def _same_versions(self) -> bool:
        stored = {row["name"]: row["version"] for row in self.database.rows(sa.select(positions))}
        return all(stored.get(view.name) == view.version for view in self.views)

    # -- the switch ----------------------------------------------------------------------------------------------

    def replace(self, live: Database, *, anew: bool = False) -> int:
        """Put the rows, positions and parked facts in the place of the live ones, in one transaction.

        `anew` makes the tables anew as well (their shape has changed). Answers how many rows were written or removed.
        """
        names = ", ".join(f"'{view.name}'" for view in self.views)
        with self._side_by_side(live) as (run, here, there):
            changed = 0
            for table in (table for view in self.views for table in view.tables):
                if anew:
                    self._make_anew(run, table, here)
                changed += sum(run(statement) for statement in _differences(table, here, there, self._postgresql))
            for table, column in ((positions, "name"), (parked, "view")):
                run(f'DELETE FROM {here}."{table.name}" WHERE {column} IN ({names})')  # noqa: S608 - names of our own
                columns = _listed(table.columns.keys())
                run(f'INSERT INTO {here}."{table.name}" ({columns}) SELECT {columns} FROM {there}."{table.name}"')  # noqa: S608
        return changed

    def _make_anew(self, run: Run, table: sa.Table, here: str) -> None:
        dialect = sa.create_engine("postgresql+psycopg://" if self._postgresql else "sqlite://").dialect
        run(f'DROP TABLE IF EXISTS {here}."{table.name}"')
        run(str(sa.schema.CreateTable(table).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            run(str(sa.schema.CreateIndex(index).compile(dialect=dialect)))

    @contextmanager
    def _side_by_side(self, live: Database) -> Iterator[tuple[Run, str, str]]:
        """(run a statement, name of the live schema, name of the shadow's): one transaction of the live database."""
        if self._postgresql:
            with live.transaction() as connection:
                yield lambda text: connection.exec_driver_sql(text).rowcount, f'"{live.schema}"', f'"{self._schema}"'
            return
        with closing(sqlite3.connect(sqlite_path(live.url), isolation_level=None)) as connection:
            for pragma in ("busy_timeout=15000", "secure_delete=ON", "synchronous=NORMAL", "temp_store=MEMORY"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("ATTACH DATABASE ? AS shadow", (str(self._path),))
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield lambda text: connection.execute(text).rowcount, "main", "shadow"
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        self.database.close()

    def drop(self) -> None:
        """Close it and leave nothing of it behind."""
        self.close()
        drop_shadow(self._live, self._service, self._schema.removeprefix(f"{self._service}_"))


def _differences(table: sa.Table, here: str, there: str, postgresql: bool) -> Iterator[str]:
    """Statements that make the live table equal to the shadow's: remove what is not there, write what is not the same."""
    keys = [column.name for column in table.primary_key.columns]
    others = [column.name for column in table.columns if not column.primary_key]
    name, columns = f'"{table.name}"', _listed(table.columns.keys())
    same = " AND ".join(f'l."{key}" = s."{key}"' for key in keys)
    differs = "IS DISTINCT FROM" if postgresql else "IS NOT"
    changed = "".join(f' OR s."{other}" {differs} l."{other}"' for other in others)
    action = "NOTHING" if not others else "UPDATE SET " + ", ".join(f'"{o}" = excluded."{o}"' for o in others)
    yield f"DELETE FROM {here}.{name} AS l WHERE NOT EXISTS (SELECT 1 FROM {there}.{name} AS s WHERE {same})"  # noqa: S608
    yield (
        f"INSERT INTO {here}.{name} ({columns}) SELECT {_listed(table.columns.keys(), 's.')} FROM {there}.{name} AS s"  # noqa: S608
        f' LEFT JOIN {here}.{name} AS l ON {same} WHERE l."{keys[0]}" IS NULL{changed}'
        f" ON CONFLICT ({_listed(keys)}) DO {action}"
    )


def _listed(names: Sequence[Any], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"' for name in names)


def sqlite_path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def shadow_path(url: str, purpose: str) -> Path:
    """`views/orders.sqlite` -> `views/orders.rebuild.sqlite`."""
    return Path(sqlite_path(url)).with_suffix(f".{purpose}.sqlite")


def drop_shadow(url: str, service: str, purpose: str = "rebuild") -> None:
    """Remove what a shadow left behind, also one that another process could not remove any more."""
    if url.startswith("sqlite"):
        path = shadow_path(url, purpose)
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        return
    database = Database(url, service)
    with database.transaction() as connection:
        connection.execute(sa.text(f'DROP SCHEMA IF EXISTS "{service}_{purpose}" CASCADE'))
    database.close()
