"""T17, T19, T20 in short, on the log in memory; `make chaos` plays them on the real node, with 200 rounds and 16,000 commands."""

from __future__ import annotations

import pytest

from grenier.language import orders as o
from grenier.log.memory import MemoryLog
from tests.contention import streams
from tests.contention.streams import Shops


@pytest.fixture
def shops() -> Shops:
    return Shops([MemoryLog()] * 4)


@pytest.mark.proof("T17")
def test_the_last_unit_has_one_buyer(shops: Shops) -> None:
    outcome = streams.last_unit(shops, 20)
    assert outcome.problems == []
    assert outcome.figures["sold"] == 20


@pytest.mark.proof("T19")
def test_sixteen_writers_leave_no_gap(shops: Shops) -> None:
    outcome = streams.many_writers(shops, 16, 20)
    assert outcome.problems == []
    assert outcome.figures["versions"] == 322


@pytest.mark.proof("T20")
def test_a_close_among_orders(shops: Shops) -> None:
    assert streams.closing(shops, 20).problems == []


def test_the_checks_see_what_they_are_for(shops: Shops) -> None:
    cycle_id = shops.open()
    for place in range(3):
        shops.tell(cycle_id, streams.order(place, 2))
    facts = shops.facts(cycle_id)
    assert streams.stock(facts, 3) == [3, 3, 1, -1, -3]
    shops.tell(cycle_id, streams.CloseCycle(now=streams.CLOSES))
    shops.tell(cycle_id, streams.FreezeAggregation())
    facts = shops.facts(cycle_id)
    assert streams.after_close(facts) == 0
    assert streams.after_close([*facts[:2], facts[5], *facts[2:5], facts[6]]) == 0, "positions decide, not places"
    told = [(streams.order(place, 2), "ok") for place in range(3)]
    assert streams.wholly_in(facts, told) == []
    assert streams.wholly_in(facts, [*told[:2], (told[2][0], "cycle-closed")]) != []
    fewer = [fact for fact in facts if getattr(fact.event, "household_id", "") != "h0"]
    assert streams.wholly_in(fewer, told) != []
    assert isinstance(facts[-1].event, o.AggregationFrozen)
