"""Statements composed once and run on SQLite's own cursor.

SQLAlchemy composes the SQL, so that SQLite and PostgreSQL share one text; but carrying a statement out through it costs
about 100 µs where SQLite needs 7. What is asked at every call or written for every event therefore takes this way.
PostgreSQL, and statements that are composed anew for each call, keep to SQLAlchemy.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

Row = dict[str, Any]
# What a reader keeps of the file is void as soon as somebody has written: more than a question needs would only fill slowly.
READING = ("query_only=ON", "cache_size=-512")
DIALECT = sqlite.dialect(paramstyle="qmark")


class Plan:
    """One statement: its text, the order of its parameters, the names of its columns."""

    __slots__ = ("_columns", "_given", "_into", "_outof", "_whole", "text")

    def __init__(self, compiled: Any) -> None:
        self.text = str(compiled)
        fixed = dict(compiled.params)
        self._given: tuple[tuple[str, Any], ...] = tuple((name, fixed.get(name)) for name in compiled.positiontup)
        into: Mapping[str, Callable[[Any], Any]] = compiled._bind_processors
        self._into = tuple((place, into[name]) for place, (name, _) in enumerate(self._given) if name in into)
        names = [name for name, _ in self._given]
        self._whole = itemgetter(*names) if len(names) > 1 else None
        found = compiled._result_columns
        self._columns = tuple(entry.keyname for entry in found)
        processors = ((entry.keyname, entry.type._cached_result_processor(DIALECT, None)) for entry in found)
        self._outof = tuple((name, processor) for name, processor in processors if processor is not None)

    def rows(self, cursor: sqlite3.Cursor, parameters: Mapping[str, Any]) -> list[Row]:
        """All rows as dicts."""
        return self.found(cursor, self.values(parameters))

    def found(self, cursor: sqlite3.Cursor, given: Sequence[Any]) -> list[Row]:
        """The same with the values of the parameters as SQLite takes them, in the order of the text."""
        columns, outof = self._columns, self._outof
        found = [dict(zip(columns, row, strict=True)) for row in cursor.execute(self.text, given)]
        for name, processor in outof:
            for row in found:
                row[name] = processor(row[name])
        return found

    def run_many(self, cursor: sqlite3.Cursor, every: Iterable[Mapping[str, Any]]) -> None:
        """Once for each; the parameters are whole: every name of the text is among them."""
        if self._whole is None:
            given: list[Any] = [self.values(parameters) for parameters in every]
        elif self._into:
            given = [self._processed(list(self._whole(parameters))) for parameters in every]
        else:
            given = list(map(self._whole, every))
        cursor.executemany(self.text, given)

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters in the order of the text; those not named keep the value the statement was composed with."""
        return self._processed([parameters.get(name, fixed) for name, fixed in self._given])

    def _processed(self, given: list[Any]) -> list[Any]:
        for place, processor in self._into:
            given[place] = processor(given[place])
        return given


@cache
def plan_of(statement: ClauseElement) -> Plan | None:
    """The plan of a statement that is kept for good (a constant of its module); None when its text depends on its values."""
    compiled: Any = statement.compile(dialect=DIALECT)
    if compiled.post_compile_params or compiled.literal_execute_params:
        return None
    return Plan(compiled)


class Readers:
    """A few SQLite connections that only ever read, each question for itself (no transaction stays open).

    Whoever asks takes the one that was given back last, with its pages and prepared statements, and waits when all are
    asked. One per thread, as it was, gave a worker's dozens of threads a connection and a cache each, and opened them
    late. Greenlets of one thread share one: a question is asked and answered without giving way to another greenlet.
    """

    MANY = 4
    """Opened together at the first question: what a process holds does not depend on who asks at the same moment."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._room = threading.Semaphore(self.MANY)
        self._opening, self._closing = threading.Lock(), threading.Lock()
        self._begun = False
        # One of each connection, for good: a connection remembers up to 200 that it has made, dead ones too.
        self._idle: list[sqlite3.Cursor] = []  # who holds room finds one; `pop` and `append` are one step each

    def rows(self, plan: Plan, parameters: Mapping[str, Any]) -> list[Row]:
        with self._room:
            if not self._begun:
                self._begin()
            reader = self._idle.pop()
            try:
                return plan.rows(reader, parameters)
            except BaseException:
                reader = reader.connection.cursor()  # what the other one had begun ends with it
                raise
            finally:
                self._idle.append(reader)

    def _begin(self) -> None:
        with self._opening:
            while not self._begun:
                self._idle.append(self._opened())
                self._begun = len(self._idle) == self.MANY

    def _opened(self) -> sqlite3.Cursor:
        reader = sqlite3.connect(self._path, timeout=15, isolation_level=None, check_same_thread=False)
        for pragma in READING:
            reader.execute(f"PRAGMA {pragma}")
        reader.execute("PRAGMA schema_version").fetchone()  # opens the write-ahead log's file, too
        return reader.cursor()

    def close(self) -> None:
        """After the questions that are being answered; a later question opens the file again."""
        with self._closing:
            for _ in range(self.MANY):
                self._room.acquire()
            self._begun = False
            while self._idle:
                self._idle.pop().connection.close()
            self._room.release(self.MANY)


class Questions:
    """Questions that are kept for good, to a database that is else reached through SQLAlchemy: the short way on a SQLite file."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        file = engine.url.database if engine.dialect.name == "sqlite" else None
        self._readers = Readers(file) if file and not file.startswith((":", "file:")) else None

    def rows(self, statement: sa.Select[Any], **parameters: Any) -> list[Row]:
        if self._readers is not None and (plan := plan_of(statement)) is not None:
            return self._readers.rows(plan, parameters)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(statement, parameters).mappings()]

    def row(self, statement: sa.Select[Any], **parameters: Any) -> Row | None:
        return next(iter(self.rows(statement, **parameters)), None)
