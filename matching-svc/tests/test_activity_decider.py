"""Decisions about activities, as sentences over data."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from grenier.errors import Invalid, Rejected
from grenier.language.matching import (
    ActivityPlanned,
    AttendanceRecorded,
    HelpSlot,
    VolunteersCalled,
    VolunteerSignedUp,
    VolunteerWithdrew,
)
from grenier.testing import given
from matching_svc import activity, gathering
from matching_svc.defaults import DISTRIBUTION_SLOTS, distribution_slots

OPENING = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)
CLOSING = OPENING + timedelta(hours=2)
BEFORE = OPENING - timedelta(days=5)
TILL = HelpSlot(slot_id="till", task="till", starts_at=OPENING, ends_at=CLOSING, needed=1)
STANDS = HelpSlot(slot_id="stands", task="stands", starts_at=OPENING, ends_at=CLOSING, needed=2)
TIDY = HelpSlot(slot_id="tidy", task="tidy_up", starts_at=CLOSING, ends_at=CLOSING + timedelta(hours=1), needed=1)
PLANNED = ActivityPlanned(
    activity_id="a", group_id="g", kind="distribution", title="Distribution", starts_at=OPENING, ends_at=CLOSING,
    place="Mermoz", slots=[TILL, STANDS, TIDY],
)  # fmt: skip


def signed_up(person: str, slot: str) -> VolunteerSignedUp:
    return VolunteerSignedUp(activity_id="a", group_id="g", slot_id=slot, person_id=person)


def sign_up(person: str, slot: str, now: datetime = BEFORE) -> activity.SignUp:
    return activity.SignUp(activity_id="a", slot_id=slot, person_id=person, now=now)


def withdraw(person: str, slot: str, now: datetime = BEFORE) -> activity.Withdraw:
    return activity.Withdraw(activity_id="a", slot_id=slot, person_id=person, now=now)


def call(by_hand: bool, now: datetime = BEFORE) -> activity.CallVolunteers:
    return activity.CallVolunteers(activity_id="a", by_hand=by_hand, now=now)


def test_somebody_signs_up():
    given(activity.decider, PLANNED).when(sign_up("ali", "till")).then(signed_up("ali", "till"))


def test_signing_up_twice_says_nothing():
    given(activity.decider, PLANNED, signed_up("ali", "till")).when(sign_up("ali", "till")).nothing()


def test_a_full_slot_takes_nobody_more():
    full = given(activity.decider, PLANNED, signed_up("ali", "till")).when(sign_up("zoe", "till"))
    assert full.rejected("slot-full").facts == {"slot_id": "till", "needed": 1}


def test_nobody_is_at_two_places_at_once():
    busy = given(activity.decider, PLANNED, signed_up("ali", "till")).when(sign_up("ali", "stands"))
    assert busy.rejected("already-busy").facts["slot_id"] == "till"


def test_one_slot_after_the_other_is_fine():
    given(activity.decider, PLANNED, signed_up("ali", "till")).when(sign_up("ali", "tidy")).then(
        signed_up("ali", "tidy")
    )


def test_nobody_signs_up_for_what_is_over():
    given(activity.decider, PLANNED).when(sign_up("ali", "till", CLOSING)).rejected("activity-over")
    given(activity.decider, PLANNED).when(sign_up("ali", "cellar")).rejected("slot-missing")
    given(activity.decider).when(sign_up("ali", "till")).rejected("activity-missing")


def test_who_withdraws_frees_the_place():
    withdrew = VolunteerWithdrew(activity_id="a", group_id="g", slot_id="till", person_id="ali")
    given(activity.decider, PLANNED, signed_up("ali", "till")).when(withdraw("ali", "till")).then(withdrew)
    given(activity.decider, PLANNED, signed_up("ali", "till"), withdrew).when(sign_up("zoe", "till")).then(
        signed_up("zoe", "till")
    )


def test_withdrawing_without_being_there_says_nothing_and_once_begun_it_is_too_late():
    given(activity.decider, PLANNED).when(withdraw("ali", "till")).nothing()
    begun = given(activity.decider, PLANNED, signed_up("ali", "till")).when(withdraw("ali", "till", OPENING))
    begun.rejected("activity-begun")


@pytest.mark.behaviour("S1:38")
def test_the_reminder_by_itself_happens_once_and_only_when_hands_are_missing():
    called = VolunteersCalled(activity_id="a", group_id="g", missing=4)
    given(activity.decider, PLANNED).when(call(by_hand=False)).then(called)
    given(activity.decider, PLANNED, called).when(call(by_hand=False)).nothing()
    everybody = [signed_up("a", "till"), signed_up("b", "stands"), signed_up("c", "stands"), signed_up("d", "tidy")]
    given(activity.decider, PLANNED, *everybody).when(call(by_hand=False)).nothing()


@pytest.mark.behaviour("S1:39")
def test_an_organiser_may_call_again_while_hands_are_missing():
    called = VolunteersCalled(activity_id="a", group_id="g", missing=4)
    by_hand = VolunteersCalled(activity_id="a", group_id="g", missing=4, by_hand=True)
    given(activity.decider, PLANNED, called).when(call(by_hand=True)).then(by_hand)
    everybody = [signed_up("a", "till"), signed_up("b", "stands"), signed_up("c", "stands"), signed_up("d", "tidy")]
    given(activity.decider, PLANNED, *everybody).when(call(by_hand=True)).rejected("nobody-missing")
    given(activity.decider, PLANNED).when(call(by_hand=True, now=CLOSING)).rejected("activity-over")


def test_attendance_is_recorded_of_those_who_signed_up_and_can_be_put_right():
    def record(present: bool, person: str = "ali") -> activity.RecordAttendance:
        return activity.RecordAttendance(activity_id="a", slot_id="till", person_id=person, present=present)

    came = AttendanceRecorded(activity_id="a", group_id="g", slot_id="till", person_id="ali", present=True)
    there = given(activity.decider, PLANNED, signed_up("ali", "till"))
    there.when(record(True)).then(came)
    given(activity.decider, PLANNED, signed_up("ali", "till"), came).when(record(True)).nothing()
    [put_right] = activity.decide(activity.decider.fold([PLANNED, signed_up("ali", "till"), came]), record(False))
    assert put_right.present is False
    there.when(record(True, "zoe")).rejected("not-signed-up")


@pytest.mark.parametrize(
    "change",
    [
        {"ends_at": OPENING},
        {"slots": (TILL, TILL)},
        {"slots": (HelpSlot(slot_id="x", task="x", starts_at=OPENING, ends_at=OPENING, needed=1),)},
        {"slots": (HelpSlot(slot_id="x", task="x", starts_at=OPENING, ends_at=CLOSING, needed=0),)},
    ],
)
def test_a_plan_is_in_order(change):
    facts = {
        "activity_id": "a", "group_id": "g", "kind": "help_desk", "title": "Permanence", "starts_at": OPENING,
        "ends_at": CLOSING, "place": "", "slots": (TILL,),
    }  # fmt: skip
    given(activity.decider).when(activity.PlanActivity(**facts | change)).rejected("invalid")


@any_of(st.lists(st.tuples(st.booleans(), st.sampled_from("abcd"), st.sampled_from(["till", "stands", "tidy"]))))
def test_no_slot_ever_holds_more_than_it_needs_and_nobody_is_in_two_places(moves):
    state = activity.decider.fold([PLANNED])
    for coming, person, slot in moves:
        command = sign_up(person, slot) if coming else withdraw(person, slot)
        try:
            for event in activity.decide(state, command):
                state = activity.evolve(state, event)
        except Rejected:
            continue
        assert all(len(state.volunteers.get(key, ())) <= slot.needed for key, slot in state.slots.items())
        assert not set(state.volunteers.get("till", ())) & set(state.volunteers.get("stands", ()))
        assert state.missing() == 4 - sum(map(len, state.volunteers.values()))


def test_a_distribution_has_its_usual_slots_around_the_opening_hours():
    slots = distribution_slots(OPENING, CLOSING)
    assert [slot.task for slot in slots] == ["set_up", "welcome", "stands", "till", "tidy_up"]
    assert (slots[0].starts_at, slots[0].ends_at) == (OPENING - timedelta(hours=1), OPENING)
    assert (slots[-1].starts_at, slots[-1].ends_at) == (CLOSING, CLOSING + timedelta(minutes=45))
    assert all(slot.needed == usual.needed for slot, usual in zip(slots, DISTRIBUTION_SLOTS, strict=True))


def test_slots_that_two_people_add_at_the_same_time_are_all_there():
    more = gathering.ChangeActivity(
        activity_id="a", now=BEFORE, more_slots=(msgspec.structs.replace(TILL, slot_id="x"),)
    )
    state = activity.decider.fold([PLANNED])
    for _each in range(2):
        state = activity.decider.fold(activity.decider.decide(state, more), state)
    assert list(state.slots) == ["till", "stands", "tidy", "slot-4", "slot-5"]


@pytest.mark.parametrize("wrong", [{"needed": 0}, {"needed": 101}, {"task": " "}, {"ends_at": OPENING}])
def test_slots_are_added_by_the_rules_they_are_planned_by(wrong):
    slot = msgspec.structs.replace(TILL, **wrong)
    with pytest.raises(Invalid) as refused:
        activity.decider.decide(
            activity.decider.fold([PLANNED]),
            gathering.ChangeActivity(activity_id="a", now=BEFORE, more_slots=(slot,)),
        )
    assert list(refused.value.facts["fields"]) == ["slots"]


def test_an_activity_has_no_more_slots_than_it_may_be_planned_with():
    many = gathering.ChangeActivity(activity_id="a", now=BEFORE, more_slots=(TILL,) * 48)
    with pytest.raises(Invalid):
        activity.decider.decide(activity.decider.fold([PLANNED]), many)
