"""The doors of matching-svc in a house of one: planning, signing up, calling, isolation."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language import contracts, orders
from grenier.testing import NOON, House
from matching_svc.policies import distribution_activity

DAY = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)


@pytest.fixture
def house(tmp_path):
    """Groups g (organiser olga, members ali and zoe) and h (member lise, organiser hugo)."""
    house = House(tmp_path, "matching")
    for group_id in ("g", "h"):
        founded = contracts.GroupFounded(group_id=group_id, host_id="host", kind="buying_group", name=group_id)
        house.record(f"group-{group_id}", founded)
    for person, group_id in (("ali", "g"), ("zoe", "g"), ("lise", "h")):
        formed = contracts.HouseholdFormed(household_id=f"home-{person}", group_id=group_id, person_ids=[person])
        house.record(f"household-{person}", formed)
    for person, group_id in (("olga", "g"), ("hugo", "h")):
        assigned = contracts.RoleAssigned(
            assignment_id=f"role-{person}", person_id=person, role="organiser", scope_kind="group", scope_id=group_id,
            valid_from=date(2026, 1, 1),
        )  # fmt: skip
        house.record(f"roles-{person}", assigned)
    return house


def schedule(house: House, cycle_id: str = "cycle", group_id: str = "g", starts_at: datetime = DAY) -> str:
    """What orders-svc says when a month is planned; answers the id of the activity that follows."""
    scheduled = orders.CycleScheduled(
        cycle_id=cycle_id, window_id="w", group_id=group_id, host_id="host", catalogue_id="c", month="2026-11",
        opens_at=NOON, closes_at=NOON + timedelta(days=10), distribution_starts_at=starts_at,
        distribution_ends_at=starts_at + timedelta(hours=2), place="Maison des familles", items=[], tier_rates_bp={},
    )  # fmt: skip
    house.record(f"cycle-{cycle_id}", scheduled)
    return distribution_activity(cycle_id)


def call(house: House, method: str, actor: str, **payload):
    return house.call("matching", method, payload, actor=actor)


@pytest.mark.behaviour("S1:18")
def test_a_scheduled_cycle_plans_the_hands_of_its_distribution(house):
    activity_id = schedule(house)
    [shown] = call(house, "activities", "ali", group_id="g")["activities"]
    assert (shown["activity_id"], shown["subject_id"]) == (activity_id, "cycle")
    assert (shown["needed"], shown["missing"], shown["place"]) == (14, 14, "Maison des familles")
    slots = call(house, "activity", "ali", activity_id=activity_id)["slots"]
    assert [slot["task"] for slot in slots] == ["set_up", "welcome", "stands", "till", "tidy_up"]


@pytest.mark.parametrize("moved", [True, False])
def test_hands_that_have_been_there_are_neither_moved_nor_sent_home(house, moved):
    """The round is moved or cancelled when its distribution is over: nothing follows, and nothing is refused."""
    activity_id = schedule(house)
    house.clock.set(DAY + timedelta(days=1))
    ids = {"cycle_id": "cycle", "group_id": "g", "contract_id": "c"}
    later = orders.DistributionMoved(**ids, distribution_starts_at=DAY + timedelta(days=7), distribution_ends_at=DAY + timedelta(days=7, hours=2),
                                     place="Parvis", closes_too_late=False)  # fmt: skip
    house.record("cycle-cycle", later if moved else orders.CycleCancelled(**ids, reason="panne"))
    shown = call(house, "activity", "ali", activity_id=activity_id)
    assert (shown["place"], shown["cancelled_at"]) == ("Maison des familles", None)


@pytest.mark.behaviour("S1:19", "S1:20")
def test_members_sign_up_and_see_who_comes(house):
    activity_id = schedule(house)
    call(house, "sign_up", "ali", activity_id=activity_id, slot_id="till")
    call(house, "sign_up", "zoe", activity_id=activity_id, slot_id="till")
    till = next(
        slot for slot in call(house, "activity", "zoe", activity_id=activity_id)["slots"] if slot["task"] == "till"
    )
    assert [volunteer["person_id"] for volunteer in till["volunteers"]] == ["ali", "zoe"]
    assert till["missing"] == 0
    with pytest.raises(Rejected) as refused:
        call(house, "sign_up", "olga", activity_id=activity_id, slot_id="till")
    assert refused.value.code == "slot-full"
    [mine] = call(house, "my_slots", "ali")["slots"]
    assert (mine["task"], mine["place"], mine["group_id"]) == ("till", "Maison des familles", "g")
    call(house, "withdraw", "ali", activity_id=activity_id, slot_id="till")
    assert call(house, "my_slots", "ali")["slots"] == []
    assert call(house, "help_wanted", "ali")["activities"][0]["missing"] == 13


def test_two_activities_at_the_same_time_do_not_share_a_person(house):
    one, other = schedule(house), schedule(house, "second", starts_at=DAY + timedelta(hours=1))
    call(house, "sign_up", "ali", activity_id=one, slot_id="till")
    with pytest.raises(Rejected) as refused:
        call(house, "sign_up", "ali", activity_id=other, slot_id="welcome")
    assert refused.value.facts == {"activity_id": one, "slot_id": "till"}
    call(house, "sign_up", "ali", activity_id=other, slot_id="tidy_up")


def test_an_organiser_signs_up_somebody_of_the_group_only(house):
    activity_id = schedule(house)
    call(house, "sign_up", "olga", activity_id=activity_id, slot_id="till", person_id="zoe")
    assert call(house, "my_slots", "zoe")["slots"][0]["slot_id"] == "till"
    with pytest.raises(NotFound):
        call(house, "sign_up", "olga", activity_id=activity_id, slot_id="till", person_id="lise")
    with pytest.raises(Forbidden):
        call(house, "withdraw", "ali", activity_id=activity_id, slot_id="till", person_id="zoe")


def test_another_group_is_as_good_as_no_group(house):
    activity_id = schedule(house)
    for method, payload in {
        "activities": {"group_id": "g"},
        "activity": {"activity_id": activity_id},
        "sign_up": {"activity_id": activity_id, "slot_id": "till"},
        "withdraw": {"activity_id": activity_id, "slot_id": "till"},
        "call_volunteers": {"activity_id": activity_id},
        "record_attendance": {"activity_id": activity_id, "slot_id": "till", "person_id": "ali", "present": True},
        "attendance": {"group_id": "g", "subject_id": "cycle"},
    }.items():
        with pytest.raises(NotFound) as foreign:
            call(house, method, "hugo", **payload)
        missing_id = {key: str(uuid4()) if key in ("group_id", "activity_id") else v for key, v in payload.items()}
        with pytest.raises(NotFound) as missing:
            call(house, method, "hugo", **missing_id)
        assert (foreign.value.code, foreign.value.facts) == (missing.value.code, missing.value.facts), method
    assert call(house, "understaffed", "hugo")["activities"] == []
    assert call(house, "help_wanted", "lise")["activities"] == []


@pytest.mark.behaviour("S1:38", "S1:39")
def test_two_days_before_those_who_could_come_are_called_once(house):
    activity_id = schedule(house)
    house.tick()
    assert house.events("matching.volunteers-called") == []
    house.clock.set(DAY - timedelta(days=2))
    house.tick()
    house.tick()
    [called] = house.events("matching.volunteers-called")
    assert (called.activity_id, called.missing, called.by_hand) == (activity_id, 14, False)
    call(house, "call_volunteers", "olga", activity_id=activity_id)
    assert [event.by_hand for event in house.events("matching.volunteers-called")] == [False, True]


def test_nobody_is_called_when_everybody_is_there(house):
    slots = [
        {
            "task": "accueil",
            "starts_at": DAY.isoformat(),
            "ends_at": (DAY + timedelta(hours=1)).isoformat(),
            "needed": 1,
        }
    ]
    planned = call(house, "plan_activity", "olga", group_id="g", kind="help_desk", title="Permanence",
                   starts_at=DAY.isoformat(), ends_at=(DAY + timedelta(hours=1)).isoformat(), slots=slots)  # fmt: skip
    call(house, "sign_up", "ali", activity_id=planned["id"], slot_id="slot-1")
    house.clock.set(DAY - timedelta(days=1))
    house.tick()
    assert house.events("matching.volunteers-called") == []
    # Somebody falls ill the evening before: then it is time to ask.
    call(house, "withdraw", "ali", activity_id=planned["id"], slot_id="slot-1")
    house.tick()
    assert [event.missing for event in house.events("matching.volunteers-called")] == [1]


def test_planning_is_for_those_who_manage(house):
    plan = {"group_id": "g", "kind": "event", "title": "Fête", "starts_at": DAY.isoformat(), "ends_at": (DAY + timedelta(hours=1)).isoformat()}  # fmt: skip
    with pytest.raises(Forbidden):
        call(house, "plan_activity", "ali", **plan)
    with pytest.raises(Invalid) as refused:
        call(house, "plan_activity", "olga", **plan | {"starts_at": "2026-11-26T17:00:00"})
    assert list(refused.value.facts["fields"]) == ["starts_at"]


def test_attendance_counts_each_person_once(house):
    activity_id = schedule(house)
    for person, slot in (("ali", "set_up"), ("ali", "till"), ("zoe", "till")):
        call(house, "sign_up", person, activity_id=activity_id, slot_id=slot)
    assert call(house, "attendance", "olga", group_id="g", subject_id="cycle") == {"signed_up": 2, "present": 0}
    for slot in ("set_up", "till"):
        call(house, "record_attendance", "olga", activity_id=activity_id, slot_id=slot, person_id="ali", present=True)
    call(house, "record_attendance", "olga", activity_id=activity_id, slot_id="till", person_id="zoe", present=False)
    assert call(house, "attendance", "olga", group_id="g", subject_id="cycle") == {"signed_up": 2, "present": 1}


def test_an_erased_person_frees_the_places_to_come(house):
    activity_id = schedule(house)
    call(house, "sign_up", "ali", activity_id=activity_id, slot_id="till")
    house.record("person-ali", contracts.PersonErased(person_id="ali"))
    assert call(house, "activity", "olga", activity_id=activity_id)["signed_up"] == 0


def test_a_replay_gives_the_same_rows(house):
    activity_id = schedule(house)
    for person, slot in (("ali", "set_up"), ("zoe", "till")):
        call(house, "sign_up", person, activity_id=activity_id, slot_id=slot)
    call(house, "withdraw", "ali", activity_id=activity_id, slot_id="set_up")
    call(house, "call_volunteers", "olga", activity_id=activity_id)
    call(house, "record_attendance", "olga", activity_id=activity_id, slot_id="till", person_id="zoe", present=True)
    assert house.dump("matching") == house.rebuilt_dump("matching")
