"""The checks after a storm find what they look for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grenier.log.protocol import Recorded
from tests.crash import Order, Storm, Tickets
from tests.crash_checks import _acknowledged, _books, _identities, _placed, quantities
from tests.lived_month import Lived


@pytest.fixture
def events(lived: Lived) -> list[Recorded]:
    return list(lived.site.house.log.read_all())


@pytest.fixture
def storm(events: list[Recorded]) -> Storm:
    """As if every order of the month had been acknowledged to a client of ours."""
    nobody: Any = None
    found = Storm(nobody, nobody, [], seed=0)
    for event, fact in _placed(events):
        found.orders.append(Order(fact.cycle_id, fact.household_id, str(event.id), quantities(fact), event.position))
    assert len(found.orders) > 20
    return found


def test_a_quiet_month_has_no_problems(storm: Storm, events: list[Recorded]) -> None:
    assert _identities(events) + _acknowledged(storm, events) + _books(events) == []


def test_a_lost_order_is_found(storm: Storm, events: list[Recorded]) -> None:
    without = [event for event in events if event.position != storm.orders[5].position]
    assert any("acknowledged but not in the log" in problem for problem in _acknowledged(storm, without))
    assert any("with gaps" in problem for problem in _identities(without))


def test_an_order_carried_out_twice_is_found(storm: Storm, events: list[Recorded]) -> None:
    twice = [*events, next(event for event in events if event.position == storm.orders[5].position)]
    assert any("carried out twice" in problem for problem in _acknowledged(storm, twice))
    assert any("event id twice" in problem for problem in _identities(twice))


def test_an_order_with_other_content_is_found(storm: Storm, events: list[Recorded]) -> None:
    storm.orders[5] = replace(storm.orders[5], quantities={"something-else": 1})
    assert any("acknowledged but not in the log" in problem for problem in _acknowledged(storm, events))


def test_an_order_that_never_came_through_is_found(storm: Storm, events: list[Recorded]) -> None:
    storm.orders.append(Order("cycle", "household", "key", {}))
    assert "never acknowledged: key" in _acknowledged(storm, events)


def test_tickets_wait_for_the_next_share() -> None:
    tickets = Tickets(orders=4, kills=2)
    assert [tickets.take(), tickets.take()] == [0, 1]
    tickets.open_next()
    assert [tickets.take(), tickets.take(), tickets.take()] == [2, 3, None]
