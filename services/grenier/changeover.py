# ruff: noqa: S608 - what is put into statements are names of our own tables and columns
"""The rows of a shadow take the place of the live ones, in one transaction of the live database.

A reader sees either the old or the new state, never a mixture, and only rows that differ are written. What differs is
looked for before anybody has to wait: between that look and the transaction, whoever writes on either side notes which
rows (see `Projector.note_writes`), and only these are compared again. So the writing of views stands still for what is
wrong or was just written, however much there is in all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any

import msgspec
import sqlalchemy as sa

from grenier.projector import parked, positions
from grenier.readmodel import Database
from grenier.rows import Key, Written
from grenier.shadow import Shadow, sqlite_path

PRAGMAS = (
    "busy_timeout=15000", "secure_delete=ON", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-32768",
)  # fmt: skip
DIFFERING, SURPLUS, TOUCHED = "differing", "surplus", "touched"


class Beside(msgspec.Struct, frozen=True):
    """One connection that reaches the live tables and those of a shadow, by the names of their schemas."""

    ask: Callable[[str], list[tuple[Any, ...]]]
    run: Callable[[str], int]
    """Carries out a statement; answers how many rows it touched."""
    many: Callable[[str, Sequence[Key]], object]
    looking: Callable[[], AbstractContextManager[None]]
    """Keeps others from nothing; what is put into temporary tables stays."""
    transaction: Callable[[], AbstractContextManager[None]]
    live: str
    shadow: str
    differs: str
    mark: str


@contextmanager
def beside(shadow: Shadow, live: Database) -> Iterator[Beside]:
    if shadow.postgresql:
        with live.engine.connect() as connection:
            connection.detach()  # from the pool: its temporary tables end with it
            sql = connection.exec_driver_sql
            yield Beside(
                lambda text: [tuple(row) for row in sql(text)],
                lambda text: sql(text).rowcount,
                lambda text, rows: sql(text, list(rows)),
                lambda: _committed(connection),
                lambda: _committed(connection),
                f'"{live.schema}"', f'"{shadow.schema}"', "IS DISTINCT FROM", "%s",
            )  # fmt: skip
        return
    with closing(sqlite3.connect(sqlite_path(live.url), isolation_level=None, check_same_thread=False)) as bare:
        bare.execute("ATTACH DATABASE ? AS shadow", (str(shadow.path),))
        for pragma in (*PRAGMAS, "shadow.cache_size=-32768"):
            bare.execute(f"PRAGMA {pragma}")
        yield Beside(
            lambda text: bare.execute(text).fetchall(),
            lambda text: bare.execute(text).rowcount,
            bare.executemany,
            nullcontext,  # statements by themselves: a transaction would be one of the live database too
            lambda: _immediate(bare),
            "main", "shadow", "IS NOT", "?",
        )  # fmt: skip


@contextmanager
def _committed(connection: sa.Connection) -> Iterator[None]:
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


@contextmanager
def _immediate(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class Changeover:
    """First `look`, while everything goes on; then `carry_out`, while nobody writes on either side."""

    def __init__(self, sides: Beside, shadow: Shadow) -> None:
        self._sides, self._views = sides, shadow.views
        self._tables = [_Statements(table, sides) for view in shadow.views for table in view.tables]
        self._changed: dict[str, list[str]] = {}

    def look(self) -> None:
        """Keep the keys of rows that differ now, and which columns of each table do."""
        run, ask = self._sides.run, self._sides.ask
        with self._sides.looking():
            for table in self._tables:
                for kind in (DIFFERING, SURPLUS):
                    run(table.keep(kind))
                run(table.differing())
                run(table.surplus())
                found = ask(table.columns_that_differ())[0] if table.others else ()
                self._changed[table.name] = [name for name, one in zip(table.others, found, strict=True) if one]

    def carry_out(self, *written: Written) -> int:
        """Make the live tables equal to the shadow's; `written` since the look, by either side. Answers how many rows changed."""
        with self._sides.transaction():
            changed = 0
            for table in self._tables:
                touched = set[Key]().union(*(one.get(table.table, ()) for one in written))
                changed += self._equalled(table, list(touched))
            put_positions(self._sides, [view.name for view in self._views])
        return changed

    def _equalled(self, table: _Statements, touched: Sequence[Key]) -> int:
        run = self._sides.run
        run(table.keep(TOUCHED))
        if touched:
            self._sides.many(table.note_touched(), touched)
            for kind in (DIFFERING, SURPLUS):
                run(table.forget_touched(kind))  # what was found of these holds no more
        statements = (
            table.removal(SURPLUS),
            table.removal(TOUCHED),
            table.fill(self._changed[table.name]),
            table.upsert(),
        )
        return sum(map(run, statements))


def install(shadow: Shadow, live: Database) -> None:
    """The same where the tables are made anew as well: their shape has changed, or they were lost."""
    with beside(shadow, live) as sides, sides.transaction():
        for table in (table for view in shadow.views for table in view.tables):
            _make_anew(sides, table, shadow.postgresql)
            _copy(sides, table)
        put_positions(sides, [view.name for view in shadow.views])


def put_positions(sides: Beside, views: Sequence[str]) -> None:
    """Where these views stand and what is parked of them, as in the shadow."""
    names = ", ".join(f"'{name}'" for name in views)
    for table, column in ((positions, "name"), (parked, "view")):
        sides.run(f'DELETE FROM {sides.live}."{table.name}" WHERE {column} IN ({names})')
        _copy(sides, table)


def _copy(sides: Beside, table: sa.Table) -> None:
    name, columns = f'"{table.name}"', _listed(table.columns.keys())
    sides.run(f"INSERT INTO {sides.live}.{name} ({columns}) SELECT {columns} FROM {sides.shadow}.{name}")


def _make_anew(sides: Beside, table: sa.Table, postgresql: bool) -> None:
    dialect = sa.create_engine("postgresql+psycopg://" if postgresql else "sqlite://").dialect
    sides.run(f'DROP TABLE IF EXISTS {sides.live}."{table.name}"')
    sides.run(str(sa.schema.CreateTable(table).compile(dialect=dialect)))
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        sides.run(str(sa.schema.CreateIndex(index).compile(dialect=dialect)))


class _Statements:
    """What is said of one table. `l`: a live row, `s`: one of the shadow, `k`: a kept key."""

    def __init__(self, table: sa.Table, sides: Beside) -> None:
        self.table, self.name = table, table.name
        self.keys = [column.name for column in table.primary_key.columns]
        self.others = [column.name for column in table.columns if not column.primary_key]
        self._here, self._there = f'{sides.live}."{table.name}"', f'{sides.shadow}."{table.name}"'
        self._differs, self._mark = sides.differs, sides.mark

    def keep(self, kind: str) -> str:
        """An empty temporary table for keys."""
        return f"CREATE TEMPORARY TABLE {self._kept(kind)} AS SELECT {_listed(self.keys)} FROM {self._here} WHERE 1 = 0"

    def differing(self) -> str:
        return (
            f"INSERT INTO {self._kept(DIFFERING)} SELECT {_listed(self.keys, 's.')} FROM {self._there} AS s"
            f' LEFT JOIN {self._here} AS l ON {self._same("l", "s")} WHERE l."{self.keys[0]}" IS NULL{self._unlike()}'
        )

    def surplus(self) -> str:
        return (
            f"INSERT INTO {self._kept(SURPLUS)} SELECT {_listed(self.keys, 'l.')} FROM {self._here} AS l"
            f" WHERE NOT EXISTS (SELECT 1 FROM {self._there} AS s WHERE {self._same('l', 's')})"
        )

    def columns_that_differ(self) -> str:
        each = (f'max(CASE WHEN s."{one}" {self._differs} l."{one}" THEN 1 ELSE 0 END)' for one in self.others)
        return (
            f"SELECT {', '.join(each)} FROM {self._kept(DIFFERING)} AS k JOIN {self._there} AS s ON {self._same('s', 'k')}"
            f" JOIN {self._here} AS l ON {self._same('l', 'k')}"
        )

    def note_touched(self) -> str:
        return f"INSERT INTO {self._kept(TOUCHED)} VALUES ({', '.join(self._mark for _ in self.keys)})"

    def removal(self, kind: str) -> str:
        return (
            f"DELETE FROM {self._here} WHERE ({_listed(self.keys)}) IN (SELECT {_listed(self.keys, 'k.')} FROM {self._kept(kind)} AS k"
            f" WHERE NOT EXISTS (SELECT 1 FROM {self._there} AS s WHERE {self._same('s', 'k')}))"
        )

    def forget_touched(self, kind: str) -> str:
        return f"DELETE FROM {self._kept(kind)} WHERE ({_listed(self.keys)}) IN (SELECT {_listed(self.keys)} FROM {self._kept(TOUCHED)})"

    def fill(self, changed: Sequence[str]) -> str:
        """Rows that are missing or differ in `changed` columns. Of a column that is set, indexes are written: no others are."""
        return f"{self._taken(DIFFERING)} WHERE true {self._or_set(changed)}"

    def upsert(self) -> str:
        """Touched rows, if they are missing or differ."""
        return (
            f"{self._taken(TOUCHED)} LEFT JOIN {self._here} AS l ON {self._same('l', 'k')}"
            f' WHERE l."{self.keys[0]}" IS NULL{self._unlike()} {self._or_set(self.others)}'
        )

    def _taken(self, kind: str) -> str:
        columns = [*self.keys, *self.others]
        return (
            f"INSERT INTO {self._here} ({_listed(columns)}) SELECT {_listed(columns, 's.')} FROM {self._kept(kind)} AS k"
            f" JOIN {self._there} AS s ON {self._same('s', 'k')}"
        )

    def _or_set(self, columns: Sequence[str]) -> str:
        action = "UPDATE SET " + ", ".join(f'"{one}" = excluded."{one}"' for one in columns) if columns else "NOTHING"
        return f"ON CONFLICT ({_listed(self.keys)}) DO {action}"

    def _unlike(self) -> str:
        return "".join(f' OR s."{one}" {self._differs} l."{one}"' for one in self.others)

    def _same(self, one: str, other: str) -> str:
        return " AND ".join(f'{one}."{key}" = {other}."{key}"' for key in self.keys)

    def _kept(self, kind: str) -> str:
        return f'"{kind}_{self.name}"'


def _listed(names: Iterable[str], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"' for name in names)
