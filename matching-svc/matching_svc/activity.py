"""Something that needs hands: its slots, who signed up, who came. Stream `activity-<id>`."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Invalid, Rejected
from grenier.language.matching import (
    ActivityKind,
    ActivityPlanned,
    AttendanceRecorded,
    HelpSlot,
    VolunteersCalled,
    VolunteerSignedUp,
    VolunteerWithdrew,
)

MOST_SLOTS = 50
MOST_NEEDED = 100


class PlanActivity(msgspec.Struct, frozen=True, kw_only=True):
    activity_id: str
    group_id: str
    kind: ActivityKind
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str
    slots: tuple[HelpSlot, ...]
    subject_id: str = ""


class SignUp(msgspec.Struct, frozen=True, kw_only=True):
    activity_id: str
    slot_id: str
    person_id: str
    now: datetime


class Withdraw(msgspec.Struct, frozen=True, kw_only=True):
    activity_id: str
    slot_id: str
    person_id: str
    now: datetime


class CallVolunteers(msgspec.Struct, frozen=True, kw_only=True):
    """`by_hand` False: the reminder by itself, which happens once."""

    activity_id: str
    by_hand: bool
    now: datetime


class RecordAttendance(msgspec.Struct, frozen=True, kw_only=True):
    activity_id: str
    slot_id: str
    person_id: str
    present: bool


Command: TypeAlias = PlanActivity | SignUp | Withdraw | CallVolunteers | RecordAttendance
Event: TypeAlias = ActivityPlanned | VolunteerSignedUp | VolunteerWithdrew | VolunteersCalled | AttendanceRecorded


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    planned: ActivityPlanned | None = None
    slots: dict[str, HelpSlot] = {}
    volunteers: dict[str, tuple[str, ...]] = {}
    present: dict[tuple[str, str], bool] = {}
    reminded: bool = False

    def missing(self) -> int:
        """Hands still needed, over all slots."""
        return sum(slot.needed - len(self.volunteers.get(slot_id, ())) for slot_id, slot in self.slots.items())

    def busy(self, person_id: str, slot: HelpSlot) -> str:
        """Another slot of this activity at an overlapping time; "" when the person is free."""
        for other_id, persons in self.volunteers.items():
            other = self.slots[other_id]
            overlaps = other.starts_at < slot.ends_at and slot.starts_at < other.ends_at
            if person_id in persons and overlaps and other_id != slot.slot_id:
                return other_id
        return ""


def decide(activity: Activity, command: Command) -> list[Event]:
    match command:
        case PlanActivity():
            return plan(activity, command)
        case SignUp():
            return sign_up(activity, command)
        case Withdraw():
            return withdraw(activity, command)
        case CallVolunteers():
            return call_volunteers(activity, command)
        case RecordAttendance():
            return record_attendance(activity, command)
        case _:
            assert_never(command)


def plan(activity: Activity, command: PlanActivity) -> list[Event]:
    planned = ActivityPlanned(**msgspec.structs.asdict(command) | {"slots": list(command.slots)})
    if activity.planned is not None:
        if activity.planned == planned:
            return []
        raise Rejected("activity-exists", activity_id=command.activity_id)
    check_plan(command)
    return [planned]


def check_plan(command: PlanActivity) -> None:
    """Raises Invalid: times in order, slots with ids of their own and at least one hand each."""
    if command.ends_at <= command.starts_at:
        raise Invalid(fields={"ends_at": ["After starts_at."]})
    ids = [slot.slot_id for slot in command.slots]
    if len(ids) > MOST_SLOTS or len(set(ids)) != len(ids):
        raise Invalid(fields={"slots": [f"At most {MOST_SLOTS} slots, each with an id of its own."]})
    for slot in command.slots:
        if slot.ends_at <= slot.starts_at or not 1 <= slot.needed <= MOST_NEEDED or not slot.task.strip():
            raise Invalid(
                fields={"slots": [f"A slot has a task, ends after it began and needs 1 to {MOST_NEEDED} hands."]}
            )


def sign_up(activity: Activity, command: SignUp) -> list[Event]:
    planned, slot = _slot(activity, command.activity_id, command.slot_id)
    there = activity.volunteers.get(command.slot_id, ())
    if command.person_id in there:
        return []
    if command.now >= slot.ends_at:
        raise Rejected("activity-over", activity_id=command.activity_id)
    if len(there) >= slot.needed:
        raise Rejected("slot-full", slot_id=command.slot_id, needed=slot.needed)
    if other := activity.busy(command.person_id, slot):
        raise Rejected("already-busy", slot_id=other, activity_id=command.activity_id)
    return [
        VolunteerSignedUp(
            activity_id=command.activity_id, group_id=planned.group_id, slot_id=command.slot_id,
            person_id=command.person_id,
        )
    ]  # fmt: skip


def withdraw(activity: Activity, command: Withdraw) -> list[Event]:
    planned, slot = _slot(activity, command.activity_id, command.slot_id)
    if command.person_id not in activity.volunteers.get(command.slot_id, ()):
        return []
    if command.now >= slot.starts_at:
        # What has begun is a matter of attendance.
        raise Rejected("activity-begun", activity_id=command.activity_id)
    return [
        VolunteerWithdrew(
            activity_id=command.activity_id, group_id=planned.group_id, slot_id=command.slot_id,
            person_id=command.person_id,
        )
    ]  # fmt: skip


def call_volunteers(activity: Activity, command: CallVolunteers) -> list[Event]:
    planned, missing = _planned(activity, command.activity_id), activity.missing()
    over = command.now >= planned.ends_at
    if not command.by_hand and (activity.reminded or not missing or over):
        return []
    if over:
        raise Rejected("activity-over", activity_id=command.activity_id)
    if not missing:
        raise Rejected("nobody-missing", activity_id=command.activity_id)
    return [
        VolunteersCalled(
            activity_id=command.activity_id,
            group_id=planned.group_id,
            missing=missing,
            by_hand=command.by_hand,
            helping_person_ids=sorted({person for there in activity.volunteers.values() for person in there}),
        )
    ]


def record_attendance(activity: Activity, command: RecordAttendance) -> list[Event]:
    planned, _ = _slot(activity, command.activity_id, command.slot_id)
    if command.person_id not in activity.volunteers.get(command.slot_id, ()):
        raise Rejected("not-signed-up", slot_id=command.slot_id)
    if activity.present.get((command.slot_id, command.person_id)) == command.present:
        return []
    return [
        AttendanceRecorded(
            activity_id=command.activity_id, group_id=planned.group_id, slot_id=command.slot_id,
            person_id=command.person_id, present=command.present,
        )
    ]  # fmt: skip


def _planned(activity: Activity, activity_id: str) -> ActivityPlanned:
    if activity.planned is None:
        raise Rejected("activity-missing", activity_id=activity_id)
    return activity.planned


def _slot(activity: Activity, activity_id: str, slot_id: str) -> tuple[ActivityPlanned, HelpSlot]:
    planned, slot = _planned(activity, activity_id), activity.slots.get(slot_id)
    if slot is None:
        raise Rejected("slot-missing", slot_id=slot_id)
    return planned, slot


def evolve(activity: Activity, event: Event) -> Activity:
    match event:
        case ActivityPlanned():
            return Activity(planned=event, slots={slot.slot_id: slot for slot in event.slots})
        case VolunteerSignedUp():
            there = (*activity.volunteers.get(event.slot_id, ()), event.person_id)
            return _with(activity, event.slot_id, there)
        case VolunteerWithdrew():
            there = tuple(person for person in activity.volunteers.get(event.slot_id, ()) if person != event.person_id)
            return _with(activity, event.slot_id, there)
        case VolunteersCalled():
            return msgspec.structs.replace(activity, reminded=activity.reminded or not event.by_hand)
        case AttendanceRecorded():
            present = {**activity.present, (event.slot_id, event.person_id): event.present}
            return msgspec.structs.replace(activity, present=present)
        case _:
            assert_never(event)


def _with(activity: Activity, slot_id: str, there: tuple[str, ...]) -> Activity:
    return msgspec.structs.replace(activity, volunteers={**activity.volunteers, slot_id: there})


decider: Decider[Activity, Command, Event] = Decider("activity", Activity(), decide, evolve)
