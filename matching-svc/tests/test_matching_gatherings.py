"""Help desks, events and meetings from the plan to the minutes (S0:26, S0:51-56)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from grenier.errors import Forbidden, NotFound, Rejected
from grenier.language import contracts, orders
from grenier.testing import NOON, House
from matching_svc.gathering_doors import repeated
from matching_svc.policies import distribution_activity

EVENING = datetime(2026, 11, 12, 17, 30, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def house(tmp_path):
    """Group g (organiser olga, treasurer theo, members ali and zoe) and group h (member lise)."""
    house = House(tmp_path, "matching")
    for group_id in ("g", "h"):
        founded = contracts.GroupFounded(group_id=group_id, host_id="host", kind="csa", name=group_id)
        house.record(f"group-{group_id}", founded)
    for person, group_id in (("ali", "g"), ("zoe", "g"), ("lise", "h")):
        formed = contracts.HouseholdFormed(household_id=f"home-{person}", group_id=group_id, person_ids=[person])
        house.record(f"household-{person}", formed)
    for person, role in (("olga", "organiser"), ("theo", "treasurer")):
        assigned = contracts.RoleAssigned(
            assignment_id=f"role-{person}", person_id=person, role=role, scope_kind="group", scope_id="g",
            valid_from=date(2026, 1, 1),
        )  # fmt: skip
        house.record(f"roles-{person}", assigned)
    return house


def call(house: House, method: str, actor: str, **payload):
    return house.call("matching", method, payload, actor=actor)


def plan(house: House, **more):
    asked = {"group_id": "g", "kind": "meeting", "title": "Collectif", "starts_at": EVENING.isoformat(),
             "ends_at": (EVENING + timedelta(hours=2)).isoformat(), "place": "Salle des fêtes"} | more  # fmt: skip
    return call(house, "plan_activity", "olga", **asked)


def slot(task: str, hour: int, needed: int = 1):
    starts = EVENING + timedelta(hours=hour)
    return {"task": task, "starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat(),
            "needed": needed}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "every", "days"),
    [
        (datetime(2027, 3, 18, 17, 30, tzinfo=UTC), "week", ["2027-03-18 18:30", "2027-03-25 18:30", "2027-04-01 18:30"]),
        (datetime(2027, 3, 18, 17, 30, tzinfo=UTC), "fortnight", ["2027-03-18 18:30", "2027-04-01 18:30", "2027-04-15 18:30"]),
        (datetime(2026, 11, 12, 17, 30, tzinfo=UTC), "month", ["2026-11-12 18:30", "2026-12-10 18:30", "2027-01-14 18:30"]),
        (datetime(2027, 1, 29, 17, 30, tzinfo=UTC), "month", ["2027-01-29 18:30", "2027-02-26 18:30", "2027-03-26 18:30"]),
    ],
)  # fmt: skip
def test_a_repetition_keeps_the_hour_on_the_wall(first, every, days):
    found = [(first + by).astimezone(PARIS).strftime("%Y-%m-%d %H:%M") for by in repeated(first, every, 3, PARIS)]
    assert found == days


def test_a_help_desk_is_planned_for_weeks_with_its_material(house):
    desk = {"kind": "help_desk", "title": "Permanence chèques", "material": ["carnet de reçus", "stylos"]}
    ids = plan(house, **desk, slots=[slot("accueil", 0, 2)], every="week", times=3)["ids"]
    assert len(set(ids)) == 3
    shown = call(house, "activities", "ali", group_id="g")["activities"]
    assert [row["starts_at"][:10] for row in shown] == ["2026-11-12", "2026-11-19", "2026-11-26"]
    assert {row["series_id"] for row in shown} == {ids[0]}
    last = call(house, "activity", "ali", activity_id=ids[2])
    assert last["material"] == ["carnet de reçus", "stylos"]
    assert last["slots"][0]["starts_at"].startswith("2026-11-26T17:30")
    call(house, "sign_up", "theo", activity_id=ids[1], slot_id="slot-1")
    assert call(house, "activity", "ali", activity_id=ids[0])["missing"] == 2
    assert call(house, "activity", "ali", activity_id=ids[1])["missing"] == 1


def test_a_meeting_lives_from_plan_to_minutes(house):
    id_ = plan(house, invited="collective", agenda="1. Bilan\n2. Contrats")["id"]

    def state():
        return call(house, "activity", "ali", activity_id=id_)["state"]

    assert state() == "planned"
    with pytest.raises(Rejected) as early:
        call(house, "publish_minutes", "olga", activity_id=id_, text="Rien encore")
    assert early.value.code == "activity-not-begun"
    call(house, "announce_activity", "olga", activity_id=id_)
    [announced] = house.events("matching.activity-announced")
    assert announced.person_ids == ["olga", "theo"]
    call(house, "answer_invitation", "theo", activity_id=id_, coming="yes")
    call(house, "answer_invitation", "ali", activity_id=id_, coming="maybe")
    assert state() == "announced"
    house.clock.advance(days=11)
    assert state() == "held"
    call(house, "record_attendance", "olga", activity_id=id_, person_id="zoe", present=True)
    call(house, "publish_minutes", "olga", activity_id=id_, text="Décidé : deux contrats.")
    shown = call(house, "activity", "ali", activity_id=id_)
    assert (shown["state"], shown["minutes"]) == ("minuted", "Décidé : deux contrats.")
    assert shown["guests"] == [
        {"person_id": "ali", "coming": "maybe", "present": None},
        {"person_id": "theo", "coming": "yes", "present": None},
        {"person_id": "zoe", "coming": "", "present": True},
    ]
    call(house, "publish_minutes", "olga", activity_id=id_, text="Décidé : trois contrats.")
    assert call(house, "activity", "ali", activity_id=id_)["minutes_version"] == 2
    assert house.dump("matching") == house.rebuilt_dump("matching")


def test_a_change_takes_the_slots_with_it_and_names_who_is_touched(house):
    id_ = plan(house, kind="event", slots=[slot("buvette", 0), slot("rangement", 1)])["id"]
    call(house, "sign_up", "ali", activity_id=id_, slot_id="slot-2")
    moved = EVENING + timedelta(days=1)
    call(house, "change_activity", "olga", activity_id=id_, starts_at=moved.isoformat(), slots=[slot("musique", 26)],
         reason="la salle est prise")  # fmt: skip
    shown = call(house, "activity", "ali", activity_id=id_)
    assert [row["starts_at"][8:16] for row in shown["slots"]] == ["13T17:30", "13T18:30", "13T19:30"]
    assert shown["slots"][1]["volunteers"][0]["person_id"] == "ali"
    [changed] = house.events("matching.activity-changed")
    assert (changed.person_ids, changed.from_starts_at, changed.reason) == (["ali"], EVENING, "la salle est prise")
    call(house, "change_activity", "olga", activity_id=id_, starts_at=moved.isoformat())
    assert len(house.events("matching.activity-changed")) == 1
    assert house.dump("matching") == house.rebuilt_dump("matching")


def test_a_cancelled_activity_takes_nobody_and_calls_nobody(house):
    id_ = plan(house, kind="event", slots=[slot("buvette", 0)])["id"]
    other = plan(house, kind="event", slots=[slot("jeux", 0)])["id"]
    call(house, "sign_up", "ali", activity_id=id_, slot_id="slot-1")
    call(house, "cancel_activity", "olga", activity_id=id_, reason="orage")
    for method, more in (("sign_up", {"slot_id": "slot-1"}), ("answer_invitation", {"coming": "yes"})):
        with pytest.raises(Rejected) as refused:
            call(house, method, "zoe", activity_id=id_, **more)
        assert refused.value.code == "activity-cancelled"
    with pytest.raises(Rejected):
        call(house, "call_volunteers", "olga", activity_id=id_)
    assert call(house, "my_slots", "ali")["slots"] == []
    call(house, "sign_up", "ali", activity_id=other, slot_id="slot-1")
    states = {row["activity_id"]: row["state"] for row in call(house, "activities", "ali", group_id="g")["activities"]}
    assert states == {id_: "cancelled", other: "planned"}
    house.clock.advance(days=9)
    house.tick()
    assert {event.activity_id for event in house.events("matching.volunteers-called")} <= {other}


def test_slots_are_shown_for_the_time_somebody_has(house):
    id_ = plan(
        house, kind="festive_distribution", slots=[slot("montage", -2), slot("service", 0), slot("vaisselle", 1)]
    )["id"]
    free = {"free_from": EVENING.isoformat(), "free_until": (EVENING + timedelta(hours=1)).isoformat()}
    shown = call(house, "activity", "ali", activity_id=id_, **free)["slots"]
    assert [row["task"] for row in shown] == ["service"]


def test_members_do_not_plan_and_strangers_find_nothing(house):
    id_ = plan(house)["id"]
    for method, more in (("cancel_activity", {}), ("announce_activity", {}), ("change_activity", {"title": "x"}),
                         ("publish_minutes", {"text": "x"})):  # fmt: skip
        with pytest.raises(Forbidden):
            call(house, method, "ali", activity_id=id_, **more)
        with pytest.raises(NotFound):
            call(house, method, "lise", activity_id=id_, **more)
    for method, more in (("answer_invitation", {"coming": "yes"}), ("activity", {})):
        with pytest.raises(NotFound):
            call(house, method, "lise", activity_id=id_, **more)
    with pytest.raises(NotFound):
        call(house, "record_attendance", "olga", activity_id=id_, person_id="lise", present=True)


def test_the_hands_of_a_round_follow_its_delivery(house):
    starts = datetime(2026, 11, 26, 17, tzinfo=UTC)
    house.record("cycle-r", orders.CycleScheduled(
        cycle_id="r", window_id="", group_id="g", host_id="host", catalogue_id="", month="2026-11", opens_at=NOON,
        closes_at=NOON + timedelta(days=10), distribution_starts_at=starts,
        distribution_ends_at=starts + timedelta(hours=1), place="Salle", items=[], tier_rates_bp={}, contract_id="k",
    ))  # fmt: skip
    id_ = distribution_activity("r")
    assert "till" not in [row["task"] for row in call(house, "activity", "ali", activity_id=id_)["slots"]]
    later = starts + timedelta(days=7)
    house.record("cycle-r", orders.DistributionMoved(
        cycle_id="r", group_id="g", contract_id="k", distribution_starts_at=later,
        distribution_ends_at=later + timedelta(hours=1), place="Préau"))  # fmt: skip
    shown = call(house, "activity", "ali", activity_id=id_)
    welcome = next(row for row in shown["slots"] if row["task"] == "welcome")
    assert (welcome["starts_at"][:16], shown["place"]) == ("2026-12-03T17:00", "Préau")
    house.record("cycle-r", orders.CycleCancelled(cycle_id="r", group_id="g", contract_id="k", reason="gel"))
    assert call(house, "activity", "ali", activity_id=id_)["state"] == "cancelled"
