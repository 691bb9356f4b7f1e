"""Read models on SQLite and PostgreSQL: one behaviour, equal dumps, parked poison, erased bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from grenier.language import matching
from grenier.log.memory import MemoryLog
from grenier.log.protocol import Recorded
from grenier.mirror import Mirror, MirrorDamaged
from grenier.projector import Projector, parked
from grenier.readmodel import Database, Fact, Json, Rows, View, dump
from grenier.testing_postgres import AVAILABLE, running_postgres

meta = sa.MetaData()
hands = sa.Table(
    "hands",
    meta,
    sa.Column("slot_id", sa.Text, primary_key=True),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("names", Json, nullable=False),
)
places = sa.Table(
    "places", meta, sa.Column("slot_id", sa.Text, primary_key=True), sa.Column("place", sa.Text, index=True)
)
POISON = "poison"


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case matching.VolunteerSignedUp(person_id=person_id) if person_id == POISON and apply.poisoned:  # type: ignore[attr-defined]
            raise RuntimeError("cannot take this in")
        case matching.VolunteerSignedUp(slot_id=slot_id, person_id=person_id):
            row = rows.get(hands, slot_id) or {"people": 0, "names": []}
            rows.put(hands, slot_id=slot_id, people=row["people"] + 1, names=[*row["names"], person_id])
        case matching.VolunteerWithdrew(slot_id=slot_id):
            rows.delete(hands, slot_id)


apply.poisoned = True  # type: ignore[attr-defined]
view = View("hands", (hands,), ("matching.",), apply)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    if not AVAILABLE:
        pytest.fail("PostgreSQL's server programs are missing: make test installs them")
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'v.sqlite'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = Database(url, f"s{uuid4().hex[:8]}")
    yield made
    made.close()


def signed(person: str, slot: str = "s") -> matching.VolunteerSignedUp:
    return matching.VolunteerSignedUp(activity_id="a", group_id="g", slot_id=slot, person_id=person)


def record(log: MemoryLog, stream: str, *events: object) -> None:
    from grenier.handling import Trace, _new_event

    trace = Trace(command_id=str(uuid4()), actor="t")
    new = [_new_event(event, i, trace, "2026-11-02T12:00:00.000000Z") for i, event in enumerate(events)]  # type: ignore[arg-type]
    log.append(stream, new, expected=len(log.read(stream)) - 1)


def bring_up(projector: Projector, log: MemoryLog) -> None:
    start = projector.position()
    batch = list(log.read_all(after=None if start < 0 else start))
    if batch:
        projector.apply(batch, batch[-1].position)


def test_rows_follow_the_log_and_positions_with_them(database: Database) -> None:
    log = MemoryLog()
    projector = Projector(database, [view])
    record(log, "activity-1", signed("ana"), signed("bob"), signed("eve", "other"))
    bring_up(projector, log)
    record(
        log, "activity-1", matching.VolunteerWithdrew(activity_id="a", group_id="g", slot_id="other", person_id="eve")
    )
    bring_up(projector, log)
    assert database.rows(sa.select(hands)) == [{"slot_id": "s", "people": 2, "names": ["ana", "bob"]}]
    assert projector.position() == log.head()


def test_what_was_taken_in_is_not_taken_in_again(database: Database) -> None:
    log = MemoryLog()
    projector = Projector(database, [view])
    record(log, "activity-1", signed("ana"))
    batch = list(log.read_all())
    projector.apply(batch, batch[-1].position)
    projector.apply(batch, batch[-1].position)
    Projector(database, [view]).apply(batch, batch[-1].position)
    assert database.rows(sa.select(hands.c.people)) == [{"people": 1}]


@pytest.mark.proof("T4")
def test_a_commit_whose_answer_was_lost_is_not_done_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """First a commit that fails, then one that was made although the program was told that it failed (seed 128)."""
    log, whole, asked = MemoryLog(), Database.transaction, []
    projector = Projector(database, [view])
    record(log, "activity-1", signed("ana"))

    @contextmanager
    def lossy(self: Database) -> Iterator[sa.Connection]:
        with whole(self) as connection:
            yield connection
            asked.append(len(asked))
            if len(asked) == 1:
                raise sa.exc.OperationalError("COMMIT", {}, OSError("disk I/O error"))
        if len(asked) == 2:
            raise sa.exc.OperationalError("COMMIT", {}, OSError("connection lost"))

    monkeypatch.setattr(Database, "transaction", lossy)
    with pytest.raises(sa.exc.OperationalError):
        bring_up(projector, log)
    bring_up(projector, log)
    assert database.rows(sa.select(hands.c.people)) == [{"people": 1}]


def test_a_poison_event_parks_its_stream_and_nothing_else(database: Database) -> None:
    log = MemoryLog()
    projector = Projector(database, [view])
    record(log, "activity-1", signed("ana", "one"), signed(POISON, "one"), signed("bob", "one"))
    record(log, "activity-2", signed("eve", "two"))
    bring_up(projector, log)
    assert [(row["slot_id"], row["people"]) for row in database.rows(sa.select(hands).order_by(hands.c.slot_id))] == [
        ("one", 1),
        ("two", 1),
    ]
    assert [row["reason"] for row in database.rows(sa.select(parked).order_by(parked.c.position))] == [
        "RuntimeError: cannot take this in",
        "behind a parked event",
    ]
    assert projector.position() == log.head()

    apply.poisoned = False  # type: ignore[attr-defined]
    try:
        by_position = {recorded.position: recorded for recorded in log.read_all()}
        assert projector.retry_parked(lambda position, _stream: by_position.get(position)) == 2
    finally:
        apply.poisoned = True  # type: ignore[attr-defined]
    row = database.row(sa.select(hands).where(hands.c.slot_id == "one"))
    assert row is not None
    assert row["names"] == ["ana", POISON, "bob"]
    assert database.rows(sa.select(parked)) == []


def test_a_changed_view_starts_again_by_itself(database: Database) -> None:
    log = MemoryLog()
    bring_up(Projector(database, [view]), log)
    record(log, "activity-1", signed("ana"))
    bring_up(Projector(database, [view]), log)
    second = View("hands", (hands,), ("matching.",), apply, version=2)
    projector = Projector(database, [second])
    assert projector.position() == -1
    bring_up(projector, log)
    assert database.rows(sa.select(hands.c.people)) == [{"people": 1}]


def test_one_by_one_and_all_at_once_give_equal_bytes(tmp_path: Path) -> None:
    log = MemoryLog()
    for number in range(60):
        record(log, f"activity-{number % 7}", signed(f"p{number}", f"slot{number % 5}"))
    events = list(log.read_all())
    dumps = []
    for size in (1, 7, len(events)):
        database = Database(f"sqlite:///{tmp_path / f'{size}.sqlite'}", "s")
        projector = Projector(database, [view])
        for start in range(0, len(events), size):
            batch = events[start : start + size]
            projector.apply(batch, batch[-1].position)
        dumps.append(dump(database, [hands]))
    assert dumps[0] == dumps[1] == dumps[2]
    assert dumps[0].count(b"\n") == 6


def test_a_damaged_mirror_is_found_and_never_served(tmp_path: Path) -> None:
    log = MemoryLog()
    record(log, "activity-1", *(signed(f"p{number}") for number in range(50)))
    path = tmp_path / "mirror.sqlite"
    mirror = Mirror(path, ["matching."])
    noted(mirror, log)
    assert [event for page, _upto in mirror.pages() for event in page] == list(log.read_all())
    mirror._connection.execute("UPDATE page SET events = CAST(replace(events, 'p30', 'p31') AS BLOB)")
    with pytest.raises(MirrorDamaged):
        list(Mirror(path, ["matching."]).pages())


def noted(mirror: Mirror, log: MemoryLog, first: int = 0, last: int | None = None) -> None:
    """As the worker lets it take note: the events between two places of the log."""
    events = list(log.read_all())
    after = events[first - 1].position if first else -1
    batch = events[first:last]
    mirror.extend(batch, after, batch[-1].position)
    mirror.keep(log)


def read_back(mirror: Mirror) -> list[Recorded]:
    return [event for page, _upto in mirror.pages() for event in page]


def test_a_mirror_that_missed_something_gets_it_from_the_log_and_has_no_hole(tmp_path: Path) -> None:
    log = MemoryLog()
    record(log, "activity-1", *(signed(f"p{number}") for number in range(50)))
    path = tmp_path / "mirror.sqlite"
    mirror = Mirror(path, ["matching."])
    noted(mirror, log, 0, 10)
    events = list(log.read_all())
    mirror.extend(events[10:20], events[9].position, events[19].position)
    # The process dies here: ten events were noted and never written; the views go on from where they stood.
    again = Mirror(path, ["matching."])
    assert read_back(again) == events[:10]
    again.extend(events[20:30], events[19].position, events[29].position)
    again.flush()
    assert read_back(again) == events[:10], "a page behind a gap is not written"
    again.keep(log)
    assert read_back(again) == events
    noted(again, log, 30)
    assert read_back(again) == events


def test_a_mirror_that_cannot_be_opened_is_put_away_and_filled_anew(tmp_path: Path) -> None:
    log = MemoryLog()
    record(log, "activity-1", *(signed(f"p{number}") for number in range(50)))
    path = tmp_path / "mirror.sqlite"
    path.write_bytes(b"something else" * 100)
    mirror = Mirror(path, ["matching."])
    noted(mirror, log)
    assert read_back(mirror) == list(log.read_all())


def test_a_mirror_filled_for_other_facts_starts_afresh(tmp_path: Path) -> None:
    log = MemoryLog()
    record(log, "activity-1", signed("ana"))
    noted(Mirror(tmp_path / "m.sqlite", ["matching."]), log)
    assert Mirror(tmp_path / "m.sqlite", ["matching.", "orders."]).position == -1


def test_rows_read_ahead_are_those_read_one_by_one_and_cost_no_further_statement(database: Database) -> None:
    database.create([hands])
    wanted = [(f"slot-{number}",) for number in range(70)]
    with database.transaction() as connection:
        rows = Rows(connection)
        for (slot_id,) in wanted[::2]:
            rows.put(hands, slot_id=slot_id, people=1, names=["a"])
        rows.flush()
    statements: list[str] = []
    with database.transaction() as connection:
        rows = Rows(connection)
        rows.put(hands, slot_id="slot-1", people=9, names=[])
        rows.ahead(hands, wanted)
        sa.event.listen(connection, "before_cursor_execute", lambda *said: statements.append(said[2]))
        found = {key: rows.get(hands, *key) for key in wanted}
        assert statements == []
        assert found[("slot-1",)] == {"slot_id": "slot-1", "people": 9, "names": []}  # what was written stays
        assert found[("slot-0",)] == {"slot_id": "slot-0", "people": 1, "names": ["a"]}
        assert found[("slot-3",)] is None
        assert sum(row is not None for row in found.values()) == 36


def test_what_where_has_found_is_changed_without_reading_it_again(database: Database) -> None:
    database.create([places])
    with database.transaction() as connection:
        rows = Rows(connection)
        rows.put(places, slot_id="a", place="hall")
        rows.flush()
    statements: list[str] = []
    with database.transaction() as connection:
        rows = Rows(connection)
        found = rows.where(places, place="hall")
        sa.event.listen(connection, "before_cursor_execute", lambda *said: statements.append(said[2]))
        assert [rows.change(places, row["slot_id"], place="yard") for row in found] == [True]
        assert statements == []
        assert rows.where(places, place="hall") == []
        assert rows.where(places, place="yard") == [{"slot_id": "a", "place": "yard"}]


def test_tables_that_are_thrown_away_soon_get_an_index_when_they_are_searched(database: Database) -> None:
    passing = Database(database.url, database.schema, passing=True)
    passing.create([places])
    passing.create([places])  # a worker that takes a shadow over makes them again

    def indexes() -> list[str | None]:
        return [index["name"] for index in sa.inspect(passing.engine).get_indexes("places")]

    assert indexes() == []
    with passing.transaction() as connection:
        rows = Rows(connection, bare=True)
        rows.put(places, slot_id="a", place="hall")
        rows.put(places, slot_id="b", place="yard")
        assert [row["slot_id"] for row in rows.where(places, place="hall")] == ["a"]
    assert indexes() == ["ix_places_place"]
    passing.close()
