"""Read models: rows that answer questions, replayed from the log, never the truth themselves.

A view is one file: its tables, its `apply(rows, fact)`, its queries. `apply` sees rows through `Rows`, a unit of work
that reads by key, keeps what it touched in memory and writes in bulk; rows and the view's position are committed in one
transaction. The same code serves one event at a time (live) and hundreds of thousands (rebuild).
Columns are text, integers or `Json`; instants and dates are ISO text, so that dumps are equal byte for byte.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator

from grenier.handling import Meta, read_meta
from grenier.language.registry import Event, decode
from grenier.log.protocol import Recorded
from grenier.rows import Rows as Rows
from grenier.statements import READING, Readers, Row, plan_of

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder().decode


class Json(TypeDecorator[Any]):
    """A JSON value kept as text in a stable form (keys in the order they were given)."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else _ENCODE(value).decode()

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else _DECODE(value)


class Fact(msgspec.Struct, frozen=True):
    """A recorded event as views and policies meet it."""

    event: Event
    name: str
    position: int
    stream: str
    revision: int
    uuid: UUID
    meta: Meta

    @property
    def id(self) -> str:
        """The event's own id as text; few ask for it, and it costs as much as reading the metadata."""
        return str(self.uuid)

    @property
    def at(self) -> str:
        """The instant of the app clock when it was decided, ISO text."""
        return self.meta.at


def fact_of(recorded: Recorded) -> Fact:
    meta = read_meta(recorded.metadata)
    event = decode(recorded.type, meta.v, recorded.data)
    return Fact(event, recorded.type, recorded.position, recorded.stream, recorded.revision, recorded.id, meta)


@dataclass(frozen=True)
class View:
    """`reads`: prefixes of event names ("orders.", "contracts.role-"). Raise `version` when tables or apply change."""

    name: str
    tables: tuple[sa.Table, ...]
    reads: tuple[str, ...]
    apply: Callable[[Rows, Fact], None]
    version: int = 1
    # After rows of an erased person were overwritten, the file must not keep their bytes in free pages or the WAL.
    scrub_on: tuple[str, ...] = ()

    def wants(self, name: str) -> bool:
        return name.startswith(self.reads)


@cache
def _bare_table(table: sa.Table, dialect: str) -> str:
    made = sa.schema.CreateTable(table, if_not_exists=True)
    return str(made.compile(dialect=postgresql.dialect() if dialect == "postgresql" else sqlite.dialect()))


def _identity(function: Callable[[], Any]) -> Any:
    return function()


@dataclass
class Database:
    """A service's own database: a SQLite file, or its own schema of a PostgreSQL database.

    `offload` carries blocking calls out of a green process (PostgreSQL under Nameko); short SQLite reads stay.
    `passing`: it is thrown away soon, and made again when it is lost. Then nothing waits for the disk or wipes what it
    removes, and tables are made without the indexes that people's questions need (see `Rows`).
    """

    url: str
    schema: str
    offload: Callable[[Callable[[], Any]], Any] = _identity
    passing: bool = False
    engine: sa.Engine = field(init=False)
    _asked: sa.Engine = field(init=False)
    _readers: Readers | None = field(init=False, default=None)
    _writing: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.is_postgresql:
            url = self.url.replace("postgresql://", "postgresql+psycopg://", 1).replace(
                "postgres://", "postgresql+psycopg://", 1
            )
            self.engine = sa.create_engine(
                url,
                pool_size=5,
                max_overflow=15,
                pool_pre_ping=True,
                connect_args={"options": f"-csearch_path={self.schema}"},
            )
            self._asked = self.engine
        else:
            path = self.url.removeprefix("sqlite:///")
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            pragmas = _PASSING if self.passing else _LASTING
            # One stays open for those who write, with its pages: another one that had written would have made these void.
            self.engine = _file_engine(path, 50, pragmas)
            # And one for questions composed anew, who wait for each other: see `Readers` for those that come often.
            self._asked = _file_engine(path, 0, (*pragmas, *READING))
            self._readers = Readers(path)

    @property
    def is_postgresql(self) -> bool:
        return self.url.startswith(("postgres://", "postgresql://", "postgresql+"))

    def create(self, tables: Iterable[sa.Table]) -> None:
        with self.transaction() as connection:
            if self.is_postgresql:
                # Several processes start at once and CREATE IF NOT EXISTS is not safe against itself.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": self.schema})
                connection.execute(sa.text(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"'))
            for table in tables:
                if self.passing:
                    connection.exec_driver_sql(_bare_table(table, connection.dialect.name))
                else:
                    table.create(connection, checkfirst=True)

    def rows(self, statement: sa.Select[Any] | sa.CompoundSelect[Any], **parameters: Any) -> list[Row]:
        """All rows of a query, as dicts. `parameters` fill the `bindparam`s of a statement that was built once (see `kept`)."""
        if parameters:
            return self.kept(statement, **parameters)
        return self._composed(statement, parameters)

    def kept(self, statement: sa.Select[Any] | sa.CompoundSelect[Any], **parameters: Any) -> list[Row]:
        """The same of a statement that was built once, a constant of its module: on SQLite the short way (see `statements`)."""
        if self._readers is not None and (plan := plan_of(statement)) is not None:
            return self._readers.rows(plan, parameters)
        return self._composed(statement, parameters)

    def _composed(self, statement: sa.Select[Any] | sa.CompoundSelect[Any], parameters: Mapping[str, Any]) -> list[Row]:

        def run() -> list[Row]:
            with self._asked.connect() as connection:
                return [dict(row) for row in connection.execute(statement, parameters).mappings()]

        found: list[Row] = self._run(run)
        return found

    def row(self, statement: sa.Select[Any]) -> Row | None:
        found = self.rows(statement.limit(1))
        return found[0] if found else None

    def by_key(self, statement: sa.Select[Any], **parameters: Any) -> Row | None:
        """The row of a statement that was built once and finds one at most."""
        return next(iter(self.kept(statement, **parameters)), None)

    def value(self, statement: sa.Select[Any]) -> Any:
        found = self.row(statement)
        return next(iter(found.values())) if found else None

    def _run(self, function: Callable[[], Any]) -> Any:
        return self.offload(function) if self.is_postgresql else function()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One write transaction. SQLite takes its write lock at once: a reader that turns writer could not wait for it.

        Those of one process wait for each other here: SQLite would let each ask again and again, at a connection of its own.
        """
        if self.is_postgresql:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writing, self.engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def scrub(self) -> None:
        """Leave no deleted bytes behind in the file or its write-ahead log (erasure of a person)."""
        if self.is_postgresql:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("VACUUM"))
        else:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        if self._readers is not None:
            self._readers.close()
        self._asked.dispose()
        self.engine.dispose()


_LASTING = ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", "busy_timeout=15000", "temp_store=MEMORY")
# A journal that is written once costs less than a log that is copied into the file, where nobody reads meanwhile.
_PASSING = (
    "page_size=16384",
    "journal_mode=TRUNCATE", "synchronous=OFF", "cache_size=-65536", "busy_timeout=15000", "temp_store=MEMORY",
)  # fmt: skip


def _file_engine(path: str, beyond: int, pragmas: Sequence[str]) -> sa.Engine:
    """One connection to the file stays open; `beyond`: so many more may be open for a moment."""
    options = {"timeout": 15, "check_same_thread": False}
    engine = sa.create_engine(f"sqlite:///{path}", connect_args=options, pool_size=1, max_overflow=beyond)
    sa.event.listen(engine, "connect", partial(_set_pragmas, pragmas))
    return engine


def _set_pragmas(pragmas: Sequence[str], connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def dump(database: Database, tables: Sequence[sa.Table]) -> bytes:
    """Every row of the tables in key order, in one canonical form: equal states give equal bytes."""
    out: list[bytes] = []
    with database.engine.connect() as connection:
        for table in sorted(tables, key=lambda table: table.name):
            out.append(f"# {table.name}\n".encode())
            for plain in connection.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings():
                out.append(msgspec.json.encode(dict(plain)) + b"\n")
    return b"".join(out)
