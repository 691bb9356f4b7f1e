"""A worker that was away over a whole round: what it does afterwards is what it would have done meanwhile."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from grenier.language import ledger, logistics
from grenier.language.golden import example
from grenier.projector import Projector
from grenier.readmodel import Database
from grenier.runtime import Runtime, load_service
from grenier.testing import House
from grenier.worker import PolicyConsumer, ViewConsumer

HOUSEHOLDS = ("amel", "bruno", "chloe")
ROUND = {"group_id": "g", "contract_id": "jam", "cycle_id": "round-1", "distribution_id": "day-1"}


def fact(kind: type[Any], **values: Any) -> Any:
    """An example of the event, with these values where it has them."""
    return msgspec.structs.replace(example(kind), **{name: each for name, each in values.items() if name in kind.__struct_fields__})  # fmt: skip


def live_a_round(house: House) -> None:
    """Everybody is served, nobody has ordered beforehand, nobody had anything in the contract; then the day is closed."""
    for name in HOUSEHOLDS:
        house.record(f"distribution-{name}", fact(logistics.SignedOff, **ROUND, sign_off_id=f"s-{name}", household_id=name, order_id=f"o-{name}", total_cents=500, lines=[]))  # fmt: skip
    house.record("distribution-day-1", fact(logistics.DistributionClosed, **ROUND))
    house.record("till-1", fact(ledger.TillClosed, group_id="g"))


class Behind(ViewConsumer):
    """Views that take in no more than they are asked for, as those of a busy machine may."""

    def __init__(self, house: House, projector: Projector) -> None:
        mirror: Any = SimpleNamespace(extend=lambda *_: None)
        super().__init__(projector, mirror, "ledger")
        self._house, self._reads = house, projector.reads()

    def wait_until(self, position: int) -> None:
        at = self.position()
        batch = [each for each in self._house.log.read_all(after=None if at < 0 else at, types=self._reads) if each.position <= position]  # fmt: skip
        if batch:
            self.take(batch, position)


def statements(house: House) -> list[str]:
    return sorted(event.household_id for event in house.events("ledger.statement-issued"))


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A log in which a round was lived while no ledger was there."""
    found = House(tmp_path)
    live_a_round(found)
    return found


def come_back(house: House) -> None:
    service = load_service("ledger")
    database = Database(house.settings.view_database("ledger"), "ledger")
    projector = Projector(database, service.all_views)
    runtime = Runtime(house.settings, service, house.log, house.clock, database)
    policies = PolicyConsumer(runtime, Behind(house, projector), service.policies)
    for _ in range(5):
        at = policies.position()
        batch = list(house.log.read_all(after=None if at < 0 else at, types=policies.reads()))
        if not batch:
            return
        policies.take(batch, batch[-1].position)


def test_a_round_that_was_lived_without_the_ledger_is_told_to_everybody(house: House) -> None:
    come_back(house)
    assert len(house.events("ledger.goods-charged")) == len(HOUSEHOLDS)
    assert statements(house) == sorted(HOUSEHOLDS)
    told = house.events("ledger.statement-issued")
    assert {(each.charged_cents, each.closing_cents) for each in told} == {(500, -500)}


def test_who_is_in_the_red_then_is_noted(house: House) -> None:
    come_back(house)
    noted = {event.household_id: event.balance_cents for event in house.events("ledger.balance-went-negative")}
    assert noted == dict.fromkeys(HOUSEHOLDS, -500)


def test_it_tells_what_a_worker_that_was_there_tells(house: House, tmp_path: Path) -> None:
    there = House(tmp_path / "there", "ledger")
    live_a_round(there)
    come_back(house)

    def told(of: House) -> set[tuple[Any, ...]]:
        return {(each.household_id, each.cycle_id, each.charged_cents, each.closing_cents) for each in of.events("ledger.statement-issued")}  # fmt: skip

    assert told(house) == told(there)
    assert len(told(there)) == len(HOUSEHOLDS)


def test_coming_back_twice_tells_nobody_twice(house: House) -> None:
    come_back(house)
    before = house.log.head()
    come_back(house)
    assert house.log.head() == before
