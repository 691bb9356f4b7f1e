"""Something that needs hands: its slots, who signed up, who came. Stream `activity-<id>`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.matching import (
    ActivityKind,
    ActivityPlanned,
    AttendanceRecorded,
    HelpSlot,
    Invited,
    VolunteersCalled,
    VolunteerSignedUp,
    VolunteerWithdrew,
)
from matching_svc import gathering
from matching_svc.activity_state import Activity, Event, evolve
from matching_svc.gathering import (
    AnnounceActivity,
    AnswerInvitation,
    CancelActivity,
    ChangeActivity,
    PublishMinutes,
)


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
    agenda: str = ""
    material: tuple[str, ...] = ()
    invited: Invited = "everybody"
    open_to_public: bool = False
    series_id: str = ""


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
    """`slot_id` "": somebody who was there without a task of their own."""

    activity_id: str
    slot_id: str
    person_id: str
    present: bool


Command: TypeAlias = (
    PlanActivity | SignUp | Withdraw | CallVolunteers | RecordAttendance | ChangeActivity | CancelActivity
    | AnnounceActivity | AnswerInvitation | PublishMinutes
)  # fmt: skip


def decide(activity: Activity, command: Command) -> Sequence[Event]:
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
        case ChangeActivity():
            return gathering.change(activity, command)
        case CancelActivity():
            return gathering.cancel(activity, command)
        case AnnounceActivity():
            return gathering.announce(activity, command)
        case AnswerInvitation():
            return gathering.answer(activity, command)
        case PublishMinutes():
            return gathering.publish_minutes(activity, command)
        case _:
            assert_never(command)


def plan(activity: Activity, command: PlanActivity) -> list[Event]:
    planned = ActivityPlanned(
        **msgspec.structs.asdict(command) | {"slots": list(command.slots), "material": list(command.material)}
    )
    if activity.planned is not None:
        if activity.planned == planned:
            return []
        raise Rejected("activity-exists", activity_id=command.activity_id)
    gathering.check_times(command.starts_at, command.ends_at)
    gathering.check_slots(command.slots)
    return [planned]


def sign_up(activity: Activity, command: SignUp) -> list[Event]:
    planned = activity.held(command.activity_id)
    slot = activity.slot(command.activity_id, command.slot_id)
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
    planned = activity.known(command.activity_id)
    slot = activity.slot(command.activity_id, command.slot_id)
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
    planned, missing = activity.known(command.activity_id), activity.missing()
    over = command.now >= planned.ends_at
    if not command.by_hand and (activity.reminded or activity.cancelled or not missing or over):
        return []
    activity.held(command.activity_id)
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
            helping_person_ids=activity.helping(),
        )
    ]


def record_attendance(activity: Activity, command: RecordAttendance) -> list[Event]:
    planned = activity.held(command.activity_id)
    if command.slot_id:
        activity.slot(command.activity_id, command.slot_id)
    if command.slot_id and command.person_id not in activity.volunteers.get(command.slot_id, ()):
        raise Rejected("not-signed-up", slot_id=command.slot_id)
    if activity.present.get((command.slot_id, command.person_id)) == command.present:
        return []
    return [
        AttendanceRecorded(
            activity_id=command.activity_id, group_id=planned.group_id, slot_id=command.slot_id,
            person_id=command.person_id, present=command.present,
        )
    ]  # fmt: skip


decider: Decider[Activity, Command, Event] = Decider("activity", Activity(), decide, evolve)
