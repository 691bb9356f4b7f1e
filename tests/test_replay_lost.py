"""T14: views that a disk has lost come back whole: nobody is shown a part of them, and nobody is told that there is nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from grenier import runtime as runtimes
from grenier.clock import FixedClock
from grenier.config import Settings
from grenier.doors import Context
from grenier.errors import Unavailable
from grenier.projector import positions
from grenier.readmodel import Database
from grenier.rebuild import renew
from grenier.runtime import Runtime, load_service
from grenier.testing import NOON
from tests.lived_month import Lived
from tests.replaying import GrowingLog

pytestmark = pytest.mark.proof("T14")


class Lost:
    """The gateway's views on an empty disk, over a log in which a month was lived."""

    def __init__(self, lived: Lived, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(runtimes, "LONGEST_WAIT_S", 0.1)
        self.site = lived.site
        self.service = load_service("gateway")
        self.settings = Settings(data_dir=folder, kek=bytes(range(32)), demo=True)
        self.log = GrowingLog(list(self.site.house.log.read_all()))
        self.log.grow(10**9)
        self.database = Database(self.settings.view_database("gateway"), "gateway")
        self.database.create([positions, *(table for view in self.service.all_views for table in view.tables)])
        clock = FixedClock(self.site.house.clock.now())
        self.runtime = Runtime(self.settings, self.service, self.log, clock, self.database)

    def balances(self) -> list[tuple[str, int]]:
        rows = self.database.rows(sa.text("SELECT household_id, balance_cents FROM balances_households ORDER BY 1"))
        return [(row["household_id"], row["balance_cents"]) for row in rows]


@pytest.fixture
def lost(lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lost:
    return Lost(lived, tmp_path, monkeypatch)


def test_who_asks_before_the_views_are_back_is_told_to_wait(lost: Lost) -> None:
    with pytest.raises(Unavailable) as told:
        lost.runtime.wait(Context())
    assert told.value.code == "view-behind"


def test_who_has_written_something_older_waits_as_well(lost: Lost) -> None:
    first = lost.log.next_position(types=lost.service.view_reads)
    assert first is not None
    with pytest.raises(Unavailable):
        lost.runtime.wait(Context(after=first - 1))


def test_they_come_back_in_one_piece(lost: Lost, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    spy = Database.transaction

    def watched(database: Database) -> object:
        if database is lost.database:
            seen.append(len(lost.balances()))
        return spy(database)

    monkeypatch.setattr(Database, "transaction", watched)
    assert set(renew(lost.service, lost.settings, lost.log, lost.database)) >= {"balances"}
    lost.runtime.wait(Context())
    truth = lost.site.house.rooms["gateway"].runtime.db
    rows = truth.rows(sa.text("SELECT household_id, balance_cents FROM balances_households ORDER BY 1"))
    assert lost.balances() == [(row["household_id"], row["balance_cents"]) for row in rows]
    assert len(lost.balances()) > 3
    assert set(seen) <= {0}, "somebody could read a part"


def test_a_service_without_a_past_waits_for_nothing(tmp_path: Path) -> None:
    service = load_service("gateway")
    settings = Settings(data_dir=tmp_path, kek=bytes(range(32)), demo=True)
    database = Database(settings.view_database("gateway"), "gateway")
    database.create([positions, *(table for view in service.all_views for table in view.tables)])
    empty = GrowingLog([])
    assert renew(service, settings, empty, database) == []
    Runtime(settings, service, empty, FixedClock(NOON), database).wait(Context())
