"""The unit of work through which views write: rows read by key, kept in memory, written in bulk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from grenier.statements import Row, plan_of

if TYPE_CHECKING:
    from grenier.privacy import KeyStore

Key = tuple[Any, ...]
Written = dict[sa.Table, set[Key]]
"""Rows that were written or removed."""
MOST_AHEAD = 30
"""Rows read together; there is one statement for each number of them."""


class Rows:
    """Unit of work over a view's tables: an identity map in front of one connection.

    Rows are plain dicts; `get` answers a copy-free reference, so change rows through `put`/`change` only.
    `keys` opens sealed fields for the views of a service that `needs_keys`; None for all others.
    """

    def __init__(
        self,
        connection: sa.Connection,
        keys: KeyStore | None = None,
        *,
        bare: bool = False,
        written: Written | None = None,
    ) -> None:
        """`bare`: the tables were made without their indexes; `where` makes those that it needs.
        `written`: where to note what is written, for those who want to know."""
        self.keys = keys
        self._bare = bare
        self._written = written
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
        row = seen[key] = next(iter(self._ask_for(table, key)), None)
        return row

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
        key = form.key_of(row)
        touched.seen[key] = row
        touched.dirty[key] = None

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
        if self._written is not None:
            self._written.setdefault(table, set()).update(dirty)
        rows = [row for key in dirty if (row := seen[key]) is not None]
        if rows:
            self._tell(_upsert(table, self._dialect), rows)
        if len(rows) < len(dirty):
            gone = [key for key in dirty if seen[key] is None]
            keys = [{f"key_{place}": value for place, value in enumerate(key)} for key in gone]
            self._tell(_delete_by_key(table), keys)

    def _ask_for(self, table: sa.Table, key: Key) -> list[Row]:
        statement = _row_by_key(table)
        if self._cursor is not None and (plan := plan_of(statement)) is not None:
            return plan.found(self._cursor, key)  # keys are text and integers: nothing is to be made of them
        return self._ask(statement, {f"key_{place}": value for place, value in enumerate(key)})

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
