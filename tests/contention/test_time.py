"""T28: no clock, no change of hour and no zone puts anything on the wrong side of a deadline."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from gateway import formats
from gateway.access_view import GroupRef
from gateway.pages import my_balance, windows
from grenier.clock import local_instant
from grenier.language import contracts as c
from grenier.language import orders as o
from grenier.testing import House
from orders_svc import timers
from orders_svc.closing import regulation_deadline
from tests.contention import clocks
from tests.contention.streams import CLOSES, Shops
from tests.lived_month import Lived

PARIS, REUNION, GUADELOUPE = "Europe/Paris", "Indian/Reunion", "America/Guadeloupe"
# The last evening of winter time, of summer time, and a day like others.
SPRING, AUTUMN, PLAIN = date(2027, 3, 27), date(2026, 10, 24), date(2026, 11, 12)


@pytest.mark.proof("T28")
def test_clocks_apart_and_jumping() -> None:
    outcome = clocks.rounds(30)
    assert outcome.problems == []


def test_the_check_sees_an_order_behind_the_close() -> None:
    from grenier.log.memory import MemoryLog
    from grenier.readmodel import fact_of

    log = MemoryLog()
    told = clocks._evening(log, Shops([log]).open(), clocks.random.Random(1))
    facts = [fact_of(recorded) for recorded in log.read_all()]
    assert clocks.wrong_sides(facts, told) == []
    closed = next(fact for fact in facts if isinstance(fact.event, o.CycleClosed))
    early = [fact for fact in facts if fact is not closed] + [SimpleNamespace(event=closed.event, position=0)]
    assert clocks.wrong_sides(early, told) != []  # type: ignore[arg-type]
    assert clocks.wrong_sides(facts, [(home, CLOSES, answer) for home, _, answer in told]) != []


# -- nights of 23 and 25 hours -----------------------------------------------------------------------------------


@pytest.mark.proof("T28")
@pytest.mark.parametrize("zone", [PARIS, REUNION, GUADELOUPE])
@pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])
def test_regulation_is_due_at_noon_where_the_group_lives(zone: str, day: date) -> None:
    closes = local_instant(day, 23, 59, zone)
    due = regulation_deadline(closes, zone)
    assert due.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == datetime.combine(
        day + timedelta(days=1), datetime.min.time()
    ) + timedelta(hours=12)
    hours = {(PARIS, SPRING): 11, (PARIS, AUTUMN): 13}.get((zone, day), 12)
    assert due - closes == timedelta(hours=hours, minutes=1)
    assert due - closes >= timers.SOONEST_FREEZE, "the timer looks early enough"


@pytest.mark.proof("T28")
@pytest.mark.parametrize("zone", [PARIS, REUNION])
def test_a_cycle_that_closes_before_the_short_night_is_frozen_at_noon(tmp_path: Path, zone: str) -> None:
    """Not a quarter of an hour later: the timer must look at cycles that closed eleven hours ago."""
    closes = local_instant(SPRING, 23, 59, zone)
    noon = regulation_deadline(closes, zone)
    house = House(tmp_path, "orders", now=closes - timedelta(days=5))
    house.record("group-g", c.GroupFounded(group_id="g", host_id="h", kind="buying_group", name="G", time_zone=zone))
    day = closes + timedelta(days=9)
    group = o.WindowGroup(
        group_id="g", cycle_id="c", distribution_starts_at=day, distribution_ends_at=day + timedelta(hours=2)
    )
    house.record("window-w", o.WindowScheduled(
        window_id="w", host_id="h", catalogue_id="k", month="2027-03", opens_at=closes - timedelta(days=5),
        closes_at=closes, groups=[group]))  # fmt: skip
    states = {}
    for moment in (closes - timedelta(seconds=1), closes, noon - timedelta(seconds=1), noon):
        house.clock.set(moment)
        house.tick()
        house.tick()
        states[moment] = type(house.events("orders.c")[-1]).__name__
        frozen = len(house.events("orders.aggregation-frozen"))
        assert frozen == (moment == noon), moment
    assert list(states.values())[:3] == ["ClosingAnnounced", "CycleClosed", "CycleClosed"]


@pytest.mark.parametrize("zone", [PARIS, REUNION, GUADELOUPE])
@pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])
def test_a_membership_holds_until_the_end_of_its_last_day_there(zone: str, day: date) -> None:
    from orders_svc.members import Buyer

    midnight = local_instant(day + timedelta(days=1), 0, 0, zone)
    buyer = Buyer(actor="a", household_id="h", group_id="g", host_id="x", tier="", valid_until=day.isoformat(),
                  time_zone=zone, floor_cents=None, own=True)  # fmt: skip
    assert buyer.is_active(midnight - timedelta(seconds=1))
    assert not buyer.is_active(midnight)


# -- what people type and read -----------------------------------------------------------------------------------


def form() -> SimpleNamespace:
    return SimpleNamespace(errors={})


@pytest.mark.proof("T28")
@pytest.mark.parametrize("zone", [PARIS, REUNION, GUADELOUPE])
@pytest.mark.parametrize("day", [SPRING, SPRING + timedelta(days=1), AUTUMN, AUTUMN + timedelta(days=1)])
def test_a_window_is_shown_as_it_was_typed(lived: Lived, monkeypatch: pytest.MonkeyPatch, zone: str, day: date) -> None:
    monkeypatch.setattr("gateway.i18n.current_group", lambda: GroupRef("g", "G", time_zone=zone))
    with lived.site.app.test_request_context("/", headers={"Accept-Language": "fr"}):
        for hour in (0, 1, 4, 12, 20, 23):
            instant = windows._instant(form(), "closes_at", f"{day.isoformat()}T{hour:02d}:30", zone)  # type: ignore[arg-type]
            assert formats.time_of(instant) == f"{hour}\u00a0h\u00a030"
            assert formats.day(instant) == formats.day(day)


@pytest.mark.proof("T28")
def test_an_hour_that_does_not_exist_is_not_guessed(lived: Lived) -> None:
    """The night when summer time begins has no half past two; the night when it ends has two, and the first is meant."""
    with lived.site.app.test_request_context("/"):
        asked = form()
        assert windows._instant(asked, "closes_at", "2027-03-28T02:30", PARIS) == ""  # type: ignore[arg-type]
        assert "closes_at" in asked.errors
        assert windows._instant(form(), "closes_at", "2027-03-28T02:30", REUNION) != ""  # type: ignore[arg-type]
        twice = windows._instant(form(), "closes_at", "2026-10-25T02:30", PARIS)  # type: ignore[arg-type]
        assert datetime.fromisoformat(twice) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.proof("T28")
@pytest.mark.parametrize("zone", [PARIS, REUNION, GUADELOUPE])
@pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])
def test_a_statement_begins_at_midnight_of_the_group(
    lived: Lived, monkeypatch: pytest.MonkeyPatch, zone: str, day: date
) -> None:
    monkeypatch.setattr("gateway.i18n.current_group", lambda: GroupRef("g", "G", time_zone=zone))
    with lived.site.app.test_request_context("/"):
        assert datetime.fromisoformat(my_balance._instant(day)) == local_instant(day, 0, 0, zone)


@pytest.mark.proof("T28")
def test_a_leap_second_is_a_wrong_instant_and_no_fault(lived: Lived) -> None:
    home = lived.groups[0].households[0]
    client = lived.site.client(home.person_id)
    path = f"/api/v1/households/{home.household_id}/balance"
    assert client.get(f"{path}?as_of=2016-12-31T23:59:59%2B00:00").status_code == 200
    assert client.get(f"{path}?as_of=2016-12-31T23:59:60%2B00:00").status_code == 422
