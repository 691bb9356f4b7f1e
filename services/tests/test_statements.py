"""The short way to SQLite answers and writes what SQLAlchemy would: values of every type we keep, parameters, no plan where none can be."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from grenier.readmodel import Json
from grenier.statements import DIALECT, Plan, Questions, Readers, plan_of

meta = sa.MetaData()
things = sa.Table(
    "things",
    meta,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("count", sa.Integer),
    sa.Column("position", sa.BigInteger),
    sa.Column("share", sa.Float),
    sa.Column("well", sa.Boolean),
    sa.Column("facts", Json),
)
ROWS: list[dict[str, Any]] = [
    {"name": "a", "count": 1, "position": 2**53, "share": 0.5, "well": True, "facts": {"é": [1, None, "x"]}},
    {"name": "b", "count": None, "position": 0, "share": None, "well": False, "facts": []},
    {"name": "c'; --", "count": -3, "position": -1, "share": 1e-9, "well": None, "facts": "text"},
]
INSERT = sa.insert(things)
UPDATE = sa.update(things).where(things.c.name == sa.bindparam("which")).values(count=sa.bindparam("count"), facts=sa.bindparam("facts"))  # fmt: skip
QUESTIONS: list[tuple[Any, dict[str, Any]]] = [
    (sa.select(things).order_by(things.c.name), {}),
    (sa.select(things).where(things.c.name == sa.bindparam("which")), {"which": "c'; --"}),
    (sa.select(things.c.facts, things.c.well.label("fine")).where(things.c.well.is_(True)), {}),
    (sa.select(sa.func.count().label("all"), sa.func.max(things.c.position).label("most")), {}),
    (sa.select(things.c.name).where(things.c.count > sa.bindparam("least", 0)).order_by(things.c.name).limit(2), {}),
    (sa.select(things.c.name).where(things.c.count > sa.bindparam("least", 0)).order_by(things.c.name), {"least": -9}),
]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = sa.create_engine(f"sqlite:///{tmp_path / 'things.sqlite'}")
    meta.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        connection.execute(INSERT, ROWS)
    return engine


def planned(statement: Any) -> Plan:
    plan = plan_of(statement)
    assert plan is not None
    return plan


def through_sqlalchemy(engine: sa.Engine, statement: sa.Select[Any], **parameters: Any) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(statement, parameters).mappings()]


@pytest.mark.parametrize(("statement", "parameters"), QUESTIONS)
def test_both_ways_answer_alike(filled: sa.Engine, statement: sa.Select[Any], parameters: dict[str, Any]) -> None:
    assert planned(statement)
    answer = Questions(filled).rows(statement, **parameters)
    assert answer == through_sqlalchemy(filled, statement, **parameters)
    assert answer, "an empty answer compares nothing"


def test_both_ways_write_alike(engine: sa.Engine) -> None:
    changed = [{"which": "b", "count": 7, "facts": {"k": True}}]
    assert engine.url.database is not None
    with closing(sqlite3.connect(engine.url.database, isolation_level=None)) as connection:
        for statement, every in ((INSERT, ROWS), (UPDATE, changed)):
            planned(statement).run_many(connection.cursor(), every)
    told = through_sqlalchemy(engine, sa.select(things).order_by(things.c.name))
    assert told == [ROWS[0], {**ROWS[1], "count": 7, "facts": {"k": True}}, ROWS[2]]


def test_a_statement_whose_text_depends_on_its_values_has_no_plan(filled: sa.Engine) -> None:
    some = sa.select(things.c.name).where(things.c.name.in_(sa.bindparam("names", expanding=True))).order_by(things.c.name)  # fmt: skip
    assert plan_of(some) is None
    assert Questions(filled).rows(some, names=["b", "a"]) == [{"name": "a"}, {"name": "b"}]


def test_who_only_asks_cannot_write(engine: sa.Engine) -> None:
    assert engine.url.database is not None
    readers = Readers(engine.url.database)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        readers.rows(planned(INSERT), ROWS[0])
    readers.close()


@pytest.fixture
def opened(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Readers, list[sqlite3.Connection]]]:
    """Readers of the file, and every connection they open."""
    every: list[sqlite3.Connection] = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: every.append(connect(*given, **named)) or every[-1])
    assert engine.url.database is not None
    readers = Readers(engine.url.database)
    yield readers, every
    readers.close()


def test_threads_share_a_few_connections_that_are_opened_together(
    opened: tuple[Readers, list[sqlite3.Connection]],
) -> None:
    readers, every = opened
    plan = planned(QUESTIONS[0][0])
    for _ in range(20):
        thread = threading.Thread(target=readers.rows, args=(plan, {}))
        thread.start()
        thread.join()
        assert len(every) == Readers.MANY


class _Together(Plan):
    """Is carried out only when as many ask at once as there are connections; tells how many were at it together."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        super().__init__(statement.compile(dialect=DIALECT))
        self._all = threading.Barrier(Readers.MANY)
        self._lock = threading.Lock()
        self._now = self.most = 0

    def rows(self, cursor: sqlite3.Cursor, parameters: Any) -> list[dict[str, Any]]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._all.wait(30)
        with self._lock:
            self._now -= 1
        return super().rows(cursor, parameters)


def test_those_who_ask_beyond_them_wait_for_one(
    filled: sa.Engine, opened: tuple[Readers, list[sqlite3.Connection]]
) -> None:
    readers, every = opened
    plan = _Together(sa.select(things.c.name).order_by(things.c.name))
    many = 3 * Readers.MANY
    with ThreadPoolExecutor(many) as pool:
        told = list(pool.map(lambda _: readers.rows(plan, {}), range(many)))
    assert told == [[{"name": row["name"]} for row in ROWS]] * many
    assert plan.most == len(every) == Readers.MANY


def test_closing_closes_them_all_and_a_later_question_opens_the_file_again(
    filled: sa.Engine, opened: tuple[Readers, list[sqlite3.Connection]]
) -> None:
    readers, every = opened
    plan = planned(QUESTIONS[0][0])
    before = readers.rows(plan, {})
    readers.close()
    for closed in every:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            closed.execute("SELECT 1")
    assert readers.rows(plan, {}) == before
    assert len(every) == 2 * Readers.MANY


class _Noting(Plan):
    """Tells through which cursors it was asked; breaks off in the middle of its answer when told to."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        super().__init__(statement.compile(dialect=DIALECT))
        self.cursors: list[sqlite3.Cursor] = []
        self.breaks_off = False

    def rows(self, cursor: sqlite3.Cursor, parameters: Any) -> list[dict[str, Any]]:
        self.cursors.append(cursor)
        if self.breaks_off:
            cursor.execute(self.text).fetchone()
            raise InterruptedError
        return super().rows(cursor, parameters)


def test_each_connection_is_asked_through_one_cursor_for_good(
    filled: sa.Engine, opened: tuple[Readers, list[sqlite3.Connection]]
) -> None:
    """A connection remembers those that it has made: in the soak, what waits seldom grew with each question."""
    readers, _ = opened
    plan = _Noting(QUESTIONS[0][0])
    for _ in range(50):
        readers.rows(plan, {})
    assert len(set(map(id, plan.cursors))) == 1


def test_a_question_that_breaks_off_leaves_nothing_open(
    filled: sa.Engine, opened: tuple[Readers, list[sqlite3.Connection]]
) -> None:
    readers, _ = opened
    plan = _Noting(sa.select(things).order_by(things.c.name))
    plan.breaks_off = True
    with pytest.raises(InterruptedError):
        readers.rows(plan, {})
    plan.breaks_off = False
    broken = plan.cursors.pop()
    assert len(readers.rows(plan, {})) == len(ROWS)
    assert plan.cursors[0] is not broken
    assert plan.cursors[0].connection is broken.connection
