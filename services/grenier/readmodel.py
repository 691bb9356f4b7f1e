"""Read models: rows that answer questions, replayed from the log, never the truth themselves.

A view is one file: its tables, its `apply(rows, fact)`, its queries. `apply` sees rows through `Rows`, a unit of work
that reads by key, keeps what it touched in memory and writes in bulk; rows and the view's position are committed in one
transaction. The same code serves one event at a time (live) and hundreds of thousands (rebuild).
Columns are text, integers or `Json`; instants and dates are ISO text, so that dumps are equal byte for byte.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator

from grenier.handling import Meta, read_meta
from grenier.language.registry import Event, decode
from grenier.log.protocol import Recorded
from grenier.statements import Readers, Row, plan_of

if TYPE_CHECKING:
    from grenier.privacy import KeyStore

Key = tuple[Any, ...]
MOST_AHEAD = 30
"""Rows read together; there is one statement for each number of them."""


class Json(TypeDecorator[Any]):
    """A JSON value kept as text in a stable form (keys in the order they were given)."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else msgspec.json.decode(value)


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


class Rows:
    """Unit of work over a view's tables: an identity map in front of one connection.

    Rows are plain dicts; `get` answers a copy-free reference, so change rows through `put`/`change` only.
    `keys` opens sealed fields for the views of a service that `needs_keys`; None for all others.
    """

    def __init__(self, connection: sa.Connection, keys: KeyStore | None = None, *, bare: bool = False) -> None:
        """`bare`: the tables were made without their indexes; `where` makes those that it needs."""
        self.keys = keys
        self._bare = bare
        self._searched: set[tuple[sa.Table, tuple[str, ...]]] = set()
        self._connection = connection
        self._dialect = connection.dialect.name
        # The same transaction, without SQLAlchemy in between: see `statements`.
        driver = connection.connection.dbapi_connection
        self._cursor = driver.cursor() if isinstance(driver, sqlite3.Connection) else None
        self._touched = _Touched()

    def get(self, table: sa.Table, *key: Any) -> Row | None:
        """The row with this primary key, or None."""
        seen = self._touched[table].seen
        if key in seen:
            return seen[key]
        parameters = {f"key_{place}": value for place, value in enumerate(key)}
        seen[key] = next(iter(self._ask(_row_by_key(table), parameters)), None)
        return seen[key]

    def ahead(self, table: sa.Table, keys: Iterable[Key]) -> None:
        """Read the rows with these keys together: `get` and `add` of each then ask the database nothing."""
        touched = self._touched[table]
        seen, key_of = touched.seen, touched.form.key_of
        wanted = [key for key in dict.fromkeys(keys) if key not in seen]
        for start in range(0, len(wanted), MOST_AHEAD):
            page = wanted[start : start + MOST_AHEAD]
            parameters = {f"key_{n}_{place}": value for n, key in enumerate(page) for place, value in enumerate(key)}
            found = self._ask(_rows_by_keys(table, len(page)), parameters)
            seen.update(dict.fromkeys(page))
            seen.update({key_of(row): row for row in found})

    def put(self, table: sa.Table, **values: Any) -> None:
        """Insert or replace the whole row; columns not named become their default (None)."""
        touched = self._touched[table]
        form = touched.form
        row: Row = {**form.blank, **values}
        if len(row) != form.width:
            raise KeyError(f"{table.name} has no column {sorted(set(row) - set(form.blank))}")
        touched.set(form.key_of(row), row)

    def change(self, table: sa.Table, *key: Any, **values: Any) -> bool:
        """Change some columns of an existing row; False when there is none."""
        row = self.get(table, *key)
        if row is None:
            return False
        self._touched[table].set(key, {**row, **values})
        return True

    def add(self, table: sa.Table, *key: Any, **amounts: int) -> None:
        """Add to integer columns, making the row (zeros) when it is not there yet."""
        row = self.get(table, *key)
        if row is None:
            self.put(table, **dict(zip(_form(table).keys, key, strict=True)), **amounts)
            return
        row = row.copy()
        for name, amount in amounts.items():
            row[name] = (row[name] or 0) + amount
        self._touched[table].set(key, row)

    def delete(self, table: sa.Table, *key: Any) -> None:
        if self.get(table, *key) is not None:
            self._touched[table].set(key, None)

    def where(self, table: sa.Table, **equals: Any) -> list[Row]:
        """Rows by equality on (indexed) columns, in key order; sees what this unit of work has written."""
        self._flush_table(table)
        if self._bare:
            self._make_index(table, tuple(equals))
        touched = self._touched[table]
        found = self._ask(_rows_where(table, tuple(equals)), equals)
        # What is found may be changed next: it need not be read again for that.
        touched.seen.update(zip(map(touched.form.key_of, found), found, strict=True))
        return found

    def _make_index(self, table: sa.Table, names: tuple[str, ...]) -> None:
        if (table, names) not in self._searched:
            self._searched.add((table, names))
            for index in table.indexes:
                if index.columns.keys()[0] in names:
                    self._connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))

    def flush(self) -> None:
        for table in list(self._touched):
            self._flush_table(table)

    def _flush_table(self, table: sa.Table) -> None:
        touched = self._touched[table]
        if not touched.dirty:
            return
        seen, dirty, touched.dirty = touched.seen, touched.dirty, {}
        rows = [row for key in dirty if (row := seen[key]) is not None]
        if rows:
            self._tell(_upsert(table, self._dialect), rows)
        if len(rows) < len(dirty):
            gone = [key for key in dirty if seen[key] is None]
            keys = [{f"key_{place}": value for place, value in enumerate(key)} for key in gone]
            self._tell(_delete_by_key(table), keys)

    def _ask(self, statement: Any, parameters: Mapping[str, Any]) -> list[Row]:
        if self._cursor is not None and (plan := plan_of(statement)) is not None:
            return plan.rows(self._cursor, parameters)
        return [dict(row) for row in self._connection.execute(statement, parameters).mappings()]

    def _tell(self, statement: Any, every: Sequence[Mapping[str, Any]]) -> None:
        if self._cursor is not None and (plan := plan_of(statement)) is not None:
            plan.run_many(self._cursor, every)
        else:
            self._connection.execute(statement, every)


class _Form:
    """What `Rows` must know of a table, found out once: `blank` is a row without values, `key_of` finds a row's key."""

    __slots__ = ("blank", "key_of", "keys", "width")

    def __init__(self, table: sa.Table) -> None:
        self.blank: Row = dict.fromkeys(column.name for column in table.columns)
        self.keys = tuple(column.name for column in table.primary_key.columns)
        self.width = len(self.blank)
        first = self.keys[0]
        self.key_of: Callable[[Row], Key] = itemgetter(*self.keys) if len(self.keys) > 1 else lambda row: (row[first],)


class _Table:
    """The rows of one table that a unit of work has met; `dirty`: the keys of those that are not written yet."""

    __slots__ = ("dirty", "form", "seen")

    def __init__(self, form: _Form) -> None:
        self.form = form
        self.seen: dict[Key, Row | None] = {}
        self.dirty: dict[Key, None] = {}

    def set(self, key: Key, row: Row | None) -> None:
        self.seen[key] = row
        self.dirty[key] = None


class _Touched(dict[sa.Table, _Table]):
    def __missing__(self, table: sa.Table) -> _Table:
        found = self[table] = _Table(_form(table))
        return found


# Built once per table: composing a statement costs more than SQLite takes to carry it out.


@cache
def _form(table: sa.Table) -> _Form:
    return _Form(table)


def _key_matches(table: sa.Table, prefix: str = "key") -> list[sa.ColumnElement[bool]]:
    return [column == sa.bindparam(f"{prefix}_{place}") for place, column in enumerate(table.primary_key.columns)]


@cache
def _bare_table(table: sa.Table, dialect: str) -> str:
    made = sa.schema.CreateTable(table, if_not_exists=True)
    return str(made.compile(dialect=postgresql.dialect() if dialect == "postgresql" else sqlite.dialect()))  # type: ignore[no-untyped-call]


@cache
def _row_by_key(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).where(*_key_matches(table))


@cache
def _rows_by_keys(table: sa.Table, count: int) -> sa.Select[Any]:
    return sa.select(table).where(sa.or_(*(sa.and_(*_key_matches(table, f"key_{n}")) for n in range(count))))


@cache
def _delete_by_key(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(*_key_matches(table))


@cache
def _rows_where(table: sa.Table, names: tuple[str, ...]) -> sa.Select[Any]:
    equal = [table.c[name] == sa.bindparam(name) for name in names]
    return sa.select(table).where(*equal).order_by(*table.primary_key.columns)


@cache
def _upsert(table: sa.Table, dialect: str) -> Any:
    form = _form(table)
    insert: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    others = {name: insert.excluded[name] for name in form.blank if name not in form.keys}
    if not others:
        return insert.on_conflict_do_nothing(index_elements=form.keys)
    return insert.on_conflict_do_update(index_elements=form.keys, set_=others)


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
    _readers: Readers | None = field(init=False, default=None)

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
        else:
            path = self.url.removeprefix("sqlite:///")
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.engine = sa.create_engine(
                f"sqlite:///{path}",
                connect_args={"timeout": 15, "check_same_thread": False},
                pool_size=5,
                max_overflow=50,
            )
            sa.event.listen(self.engine, "connect", partial(_set_pragmas, _PASSING if self.passing else _LASTING))
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
        """All rows of a query, as dicts. `parameters` fill the `bindparam`s of a statement that was built once:
        on SQLite these take the short way (see `statements`)."""
        if parameters and self._readers is not None and (plan := plan_of(statement)) is not None:
            return self._readers.rows(plan, parameters)

        def run() -> list[Row]:
            with self.engine.connect() as connection:
                return [dict(row) for row in connection.execute(statement, parameters).mappings()]

        found: list[Row] = self._run(run)
        return found

    def row(self, statement: sa.Select[Any]) -> Row | None:
        found = self.rows(statement.limit(1))
        return found[0] if found else None

    def by_key(self, statement: sa.Select[Any], **parameters: Any) -> Row | None:
        """The row of a statement that was built once and finds one at most."""
        return next(iter(self.rows(statement, **parameters)), None)

    def value(self, statement: sa.Select[Any]) -> Any:
        found = self.row(statement)
        return next(iter(found.values())) if found else None

    def _run(self, function: Callable[[], Any]) -> Any:
        return self.offload(function) if self.is_postgresql else function()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One write transaction. SQLite takes its write lock at once: a reader that turns writer could not wait for it."""
        with self.engine.begin() as connection:
            if not self.is_postgresql:
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
        self.engine.dispose()


_LASTING = ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", "busy_timeout=15000", "temp_store=MEMORY")
# A journal that is written once costs less than a log that is copied into the file, where nobody reads meanwhile.
_PASSING = (
    "journal_mode=TRUNCATE", "synchronous=OFF", "cache_size=-65536", "busy_timeout=15000", "temp_store=MEMORY",
)  # fmt: skip


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
