"""T27: views are rebuilt while they are written and read, and put in place between two batches, at once.

A month's facts flow into the ledger's views as from the log; the rows of two tables are wrong (as a mistake in a view
would leave them) until the rebuild replaces both. A reader looks at both in one transaction all the time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from grenier.changeover import Changeover
from grenier.config import Settings
from grenier.handover import Rebuilds, Successor, rebuilds, switch
from grenier.log.protocol import Recorded
from grenier.mirror import Mirror, mirror_path
from grenier.projector import Projector, positions
from grenier.readmodel import Database, Fact, Rows, View, dump
from grenier.rebuild import Done, RebuildFailed, rebuild_from, renew
from grenier.runtime import Service, load_service
from grenier.shadow import Shadow, shadow_path
from grenier.testing_postgres import AVAILABLE, running_postgres
from grenier.verify import verify_from
from grenier.worker import ViewConsumer, leases
from tests.lived_month import Lived
from tests.replaying import GrowingLog, fresh, scratch

pytestmark = pytest.mark.proof("T27")
WRONG = 1_000_000_000
MARKED = {"entries_postings": "amount_cents", "trial_accounts": "balance_cents"}
BATCH = 2


@pytest.fixture(scope="module")
def events(lived: Lived) -> list[Recorded]:
    return [event for event in lived.site.house.log.read_all() if event.type.startswith(reads(load_service("ledger")))]


def reads(service: Service) -> tuple[str, ...]:
    return tuple(sorted({prefix for view in service.all_views for prefix in view.reads}))


class Room:
    """The ledger's worker over a log that grows: views, mirror, and the look at what is to be taken over."""

    def __init__(self, folder: Path, events: Sequence[Recorded], url: str = "") -> None:
        self.settings = Settings(data_dir=folder, kek=bytes(range(32)), demo=True, database_url=url)
        self.service = load_service("ledger")
        self.log = GrowingLog(events)
        self.database = Database(self.settings.view_database("ledger"), "ledger")
        self.projector = Projector(self.database, self.service.all_views)
        self.mirror = Mirror(mirror_path(folder, "ledger"), self.projector.reads())
        self.views = ViewConsumer(self.projector, self.mirror, "ledger")
        self.successor = Successor(
            self.service, self.settings, self.log, self.database, self.projector, self.views.lock
        )
        self.database.create([leases])
        Rebuilds(self.database)

    def take(self, count: int) -> None:
        batch = self.log.grow(count)
        if batch:
            self.views.take(batch, batch[-1].position)

    def spoil(self) -> None:
        with self.database.transaction() as connection:
            for table, column in MARKED.items():
                connection.execute(sa.text(f"UPDATE {table} SET {column} = {column} + {WRONG}"))

    def spoilt(self) -> set[bool]:
        """Of each of the two tables, seen at one moment."""
        return {mark is not None and mark > WRONG / 2 for mark in self.marks()}

    def marks(self) -> list[int | None]:
        with self.database.engine.connect() as connection:
            if not self.database.is_postgresql:
                connection.exec_driver_sql("BEGIN")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            asked = [sa.text(f"SELECT max({column}) FROM {table}") for table, column in MARKED.items()]
            return [connection.execute(statement).scalar() for statement in asked]

    @contextmanager
    def working(self) -> Iterator[None]:
        """Somebody else holds the lease: the command has to ask. Facts come in and the worker looks, all the time."""
        with self.database.transaction() as connection:
            held = {"name": "ledger", "owner": "elsewhere:1", "until": time.time() + 1_000}
            connection.execute(sa.insert(leases).values(**held))
        ended, failures = threading.Event(), list[BaseException]()

        def work() -> None:
            try:
                while not ended.wait(0.002):
                    self.take(BATCH)
                    self.mirror.keep(self.log)
                    self.successor.look()
            except BaseException as failure:  # told to the test
                failures.append(failure)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        assert not failures

    def rebuild(self) -> Done:
        return rebuild_from(self.log, self.service, self.settings, self.service.all_views)

    def dump(self) -> bytes:
        return dump(self.database, [table for view in self.service.all_views for table in view.tables])

    def rest(self) -> None:
        self.take(len(self.log.events))

    def close(self) -> None:
        self.mirror.close()
        self.database.close()


def facts_come_while_rows_are_compared(room: Room, patch: pytest.MonkeyPatch) -> None:
    """Between the look at what differs and the transaction: some change rows that were found wrong, some make new ones."""
    look = Changeover.look

    def looked(changeover: Changeover) -> None:
        look(changeover)
        room.take(100)

    patch.setattr(Changeover, "look", looked)


def rebuilt_while_live(
    room: Room, lived: Lived, events: list[Recorded], folder: Path, patch: pytest.MonkeyPatch
) -> None:
    while None in room.marks():
        room.take(10)
    room.spoil()
    seen, ended = list[set[bool]](), threading.Event()

    def look() -> None:
        while not ended.is_set():
            seen.append(room.spoilt())

    reader = threading.Thread(target=look, daemon=True)
    reader.start()
    facts_come_while_rows_are_compared(room, patch)
    with room.working():
        done = room.rebuild()
    ended.set()
    reader.join()
    assert done.changed >= 2, "the wrong rows of both tables were replaced"
    assert all(len(both) == 1 for both in seen), "a reader saw one table of before and one of after"
    assert {True} in seen
    assert seen[-1] == {False}
    room.rest()
    assert room.dump() == fresh("ledger", lived.site.house.settings, events, scratch(folder))
    assert verify_from(room.log, room.service, room.settings).problems == []
    room.close()


def test_facts_go_on_and_readers_see_the_old_or_the_new(
    lived: Lived, events: list[Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuilt_while_live(Room(tmp_path, events), lived, events, tmp_path, monkeypatch)
    assert not shadow_path(f"sqlite:///{tmp_path / 'views' / 'ledger.sqlite'}", "rebuild").exists()


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.skipif(not AVAILABLE, reason="needs the PostgreSQL server programs")
def test_the_same_on_postgresql(
    lived: Lived, events: list[Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_postgres() as url:
        rebuilt_while_live(Room(tmp_path, events, url), lived, events, tmp_path, monkeypatch)


def test_without_a_worker_the_command_does_it_alone(lived: Lived, events: list[Recorded], tmp_path: Path) -> None:
    room = Room(tmp_path, events)
    room.take(len(events) - 20)
    room.spoil()
    room.log.grow(len(events))  # nobody has taken these in
    done = room.rebuild()
    assert set(done.positions.values()) == {events[-1].position}
    assert done.changed >= 2
    assert room.rebuild().changed == 0, "where nothing differs nothing is written"
    assert room.dump() == fresh("ledger", lived.site.house.settings, events, scratch(tmp_path))
    room.close()


def test_what_wrong_rows_bring_about_while_rows_are_compared_is_put_right_too(
    events: list[Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were right, or not there, at the look: what is written meanwhile hangs on rows that are wrong."""
    table = sa.Table(
        "numbered", sa.MetaData(), sa.Column("name", sa.Text, primary_key=True), sa.Column("n", sa.Integer)
    )

    def apply(rows: Rows, fact: Fact) -> None:
        rows.add(table, "all", n=1)
        rows.put(table, name=f"at {(rows.get(table, 'all') or {})['n']}", n=0)

    settings = Settings(data_dir=tmp_path, kek=bytes(32))
    service = Service("toys", (View("numbered", (table,), ("",), apply),), lambda runtime: None)
    log, live = GrowingLog(events), Database(settings.view_database("toys"), "toys")
    projector, lock = Projector(live, service.all_views), threading.Lock()
    look = Changeover.look

    def take(count: int) -> None:
        batch = log.grow(count)
        with lock:
            projector.apply(batch, batch[-1].position)

    def looked(changeover: Changeover) -> None:
        look(changeover)
        take(7)

    monkeypatch.setattr(Changeover, "look", looked)
    take(50)
    with live.transaction() as connection:
        connection.execute(sa.update(table).where(table.c.name == "all").values(n=1_000))
    shadow = Shadow(service, settings, service.all_views)
    assert switch(shadow, log, live, projector, lock)["changed"] == 1 + 2 * 7
    shadow.drop()
    assert {row["name"]: row["n"] for row in live.rows(sa.select(table))} == {"all": 57} | {
        f"at {n}": 0 for n in range(1, 58)
    }
    take(5)
    assert live.value(sa.select(table.c.n).where(table.c.name == "all")) == 62
    live.close()


def test_what_a_killed_command_left_is_cleared_away(events: list[Recorded], tmp_path: Path) -> None:
    room = Room(tmp_path, events)
    room.take(100)
    before = room.dump()
    ident = Rebuilds(room.database).begin(room.service.all_views)
    with room.database.transaction() as connection:
        gone = sa.select(rebuilds.c.owner).where(rebuilds.c.id == ident)
        host = connection.execute(gone).scalar_one().rpartition(":")[0]
        connection.execute(sa.update(rebuilds).values(owner=f"{host}:{2**22 + 1}"))
    left = shadow_path(room.database.url, "rebuild")
    left.write_bytes(b"half a shadow")
    room.successor.look()
    assert not left.exists()
    assert (Rebuilds(room.database).row(ident) or {})["state"] == "failed"
    assert room.dump() == before
    room.close()


def test_a_shadow_of_another_version_is_refused_and_nothing_changes(events: list[Recorded], tmp_path: Path) -> None:
    room = Room(tmp_path, events)
    room.take(100)
    before = room.dump()
    newer = replace(room.service, views=tuple(replace(view, version=view.version + 1) for view in room.service.views))
    with room.working(), pytest.raises(RebuildFailed, match="another version"):
        rebuild_from(room.log, newer, room.settings, newer.all_views)
    assert len(room.dump()) > len(before), "the worker goes on"
    room.close()


def test_a_view_of_a_raised_version_is_replaced_at_once_with_its_new_columns(
    events: list[Recorded], tmp_path: Path
) -> None:
    def count(column: str) -> View:
        table = sa.Table(
            "counted", sa.MetaData(), sa.Column("name", sa.Text, primary_key=True), sa.Column(column, sa.Integer)
        )

        def apply(rows: Rows, fact: Fact) -> None:
            rows.add(table, fact.name, **{column: 1})

        return View("counted", (table,), ("ledger.",), apply, version=len(column))

    settings = Settings(data_dir=tmp_path, kek=bytes(32))
    old, new = (Service("toys", (count(column),), lambda runtime: None) for column in ("times", "occurrences"))
    database = Database(settings.view_database("toys"), "toys")
    log = GrowingLog(events)
    Projector(database, old.all_views).apply(log.grow(len(events)), events[-1].position)
    assert renew(old, settings, log, database) == []
    assert renew(new, settings, log, database) == ["counted"]
    found = database.rows(sa.select(new.views[0].tables[0]))
    ours = [event for event in events if event.type.startswith("ledger.")]
    assert sum(row["occurrences"] for row in found) == len(ours)
    stored = database.rows(sa.select(positions).where(positions.c.name == "counted"))
    last = [event.position for event in events if event.type.startswith(new.reads)][-1]
    assert [(row["version"], row["position"]) for row in stored] == [(len("occurrences"), last)]
    database.close()


def test_verify_names_rows_that_are_wrong_missing_or_too_many(events: list[Recorded], tmp_path: Path) -> None:
    room = Room(tmp_path, events)
    room.take(len(events))
    assert verify_from(room.log, room.service, room.settings).problems == []
    with room.database.transaction() as connection:
        connection.execute(sa.text("UPDATE balances_households SET balance_cents = balance_cents + 1"))
        connection.execute(sa.text("DELETE FROM tills_payments"))
        connection.execute(sa.text("INSERT INTO floors_groups (group_id, floor_cents) VALUES ('nobody', 0)"))
    said = verify_from(room.log, room.service, room.settings).problems
    assert [(text.split()[0], text.split("lignes ")[1].split()[0]) for text in said] == [
        ("balances_households", "différentes"),
        ("tills_payments", "manquent"),
        ("floors_groups", "en"),
    ]
    room.close()
