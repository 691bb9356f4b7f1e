"""The doors of matching-svc."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import msgspec

from grenier.clock import iso
from grenier.doors import Context, door
from grenier.errors import NotFound, Rejected
from grenier.language.matching import ActivityKind, ActivityPlanned, HelpSlot
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id, read
from matching_svc import activity
from matching_svc.views import activities

MANAGE = "matching.manage"
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class NewSlot(msgspec.Struct, forbid_unknown_fields=True):
    task: str
    starts_at: Instant
    ends_at: Instant
    needed: int


class PlanActivity(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    kind: ActivityKind
    title: str
    starts_at: Instant
    ends_at: Instant
    place: str = ""
    slots: list[NewSlot] = []
    subject_id: str = ""
    activity_id: str = ""


class OfSlot(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str
    slot_id: str
    person_id: str = ""


class OfActivity(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str


class Attendance(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str
    slot_id: str
    person_id: str
    present: bool


class OfGroup(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    past: bool = False


class MySlots(msgspec.Struct, forbid_unknown_fields=True):
    past: bool = False


class Understaffed(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str = ""


class OfSubject(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    subject_id: str


class Matching:
    name = "matching"

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    # -- commands ------------------------------------------------------------------------------------------------

    @door
    def plan_activity(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(PlanActivity, payload)
        self.runtime.wait(context)
        role = self.runtime.access.require(context, MANAGE, group_id=ask.group_id)
        activity_id = ask.activity_id or derived_id(context.command_id or str(uuid4()), "activity")
        command = activity.PlanActivity(
            activity_id=activity_id, group_id=ask.group_id, kind=ask.kind, title=ask.title.strip(),
            starts_at=ask.starts_at, ends_at=ask.ends_at, place=ask.place, subject_id=ask.subject_id,
            slots=tuple(HelpSlot(slot_id=f"slot-{n}", **msgspec.structs.asdict(new)) for n, new in enumerate(ask.slots, 1)),
        )  # fmt: skip
        return self.runtime.tell(activity.decider, activity_id, command, context, role=role, group_id=ask.group_id)

    @door
    def sign_up(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfSlot, payload)
        self.runtime.wait(context)
        planned, person_id = self._planned(ask.activity_id), ask.person_id or context.actor
        role = self._may_act_for(context, person_id, planned.group_id)
        self._free_elsewhere(planned, ask.slot_id, person_id)
        command = activity.SignUp(
            activity_id=ask.activity_id, slot_id=ask.slot_id, person_id=person_id, now=self.runtime.clock.now()
        )
        return self._tell(ask.activity_id, command, context, role, planned, person_id)

    @door
    def withdraw(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfSlot, payload)
        self.runtime.wait(context)
        planned, person_id = self._planned(ask.activity_id), ask.person_id or context.actor
        role = self._may_act_for(context, person_id, planned.group_id)
        command = activity.Withdraw(
            activity_id=ask.activity_id, slot_id=ask.slot_id, person_id=person_id, now=self.runtime.clock.now()
        )
        return self._tell(ask.activity_id, command, context, role, planned, person_id)

    @door
    def call_volunteers(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfActivity, payload)
        self.runtime.wait(context)
        planned = self._planned(ask.activity_id)
        role = self.runtime.access.require(context, MANAGE, group_id=planned.group_id)
        command = activity.CallVolunteers(activity_id=ask.activity_id, by_hand=True, now=self.runtime.clock.now())
        return self._tell(ask.activity_id, command, context, role, planned)

    @door
    def record_attendance(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Attendance, payload)
        self.runtime.wait(context)
        planned = self._planned(ask.activity_id)
        role = self.runtime.access.require(context, MANAGE, group_id=planned.group_id)
        command = activity.RecordAttendance(**msgspec.structs.asdict(ask))
        return self._tell(ask.activity_id, command, context, role, planned, ask.person_id)

    def _tell(
        self, activity_id: str, command: Any, context: Context, role: str, planned: ActivityPlanned, person_id: str = ""
    ) -> dict[str, Any]:
        other = person_id if person_id != context.actor else ""
        return self.runtime.tell(
            activity.decider, activity_id, command, context, role=role, group_id=planned.group_id, on_behalf_of=other
        )

    def _planned(self, activity_id: str) -> ActivityPlanned:
        found = self.runtime.handler.state(activity.decider, activity_id).planned
        if found is None:
            raise NotFound
        return found

    def _may_act_for(self, context: Context, person_id: str, group_id: str) -> str:
        """Members act for themselves; whoever manages the volunteers acts for members of the group."""
        if person_id == context.actor:
            return self.runtime.access.require_member(context, group_id)
        role = self.runtime.access.require(context, MANAGE, group_id=group_id)
        self.runtime.access.require_member(msgspec.structs.replace(context, actor=person_id), group_id)
        return role

    def _free_elsewhere(self, planned: ActivityPlanned, slot_id: str, person_id: str) -> None:
        """Two activities are two streams: this looks into the view, and the slots of one activity into its stream."""
        slot = next((slot for slot in planned.slots if slot.slot_id == slot_id), None)
        if slot is None:
            raise NotFound
        other = activities.overlapping(
            self.runtime.db, person_id, iso(slot.starts_at), iso(slot.ends_at), planned.activity_id
        )
        if other is not None:
            raise Rejected("already-busy", **other)

    # -- queries -------------------------------------------------------------------------------------------------

    @door
    def activities(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfGroup, payload)
        self.runtime.wait(context)
        self.runtime.access.require_member(context, ask.group_id)
        found = activities.of_groups(self.runtime.db, [ask.group_id], self._now(), past=ask.past)
        return {"activities": found, "may_manage": self._manages(context, ask.group_id)}

    @door
    def activity(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfActivity, payload)
        self.runtime.wait(context)
        found = activities.activity(self.runtime.db, ask.activity_id)
        if found is None:
            raise NotFound
        self.runtime.access.require_member(context, found["group_id"])
        slots = activities.slots_of(self.runtime.db, ask.activity_id)
        return {**found, "slots": slots, "may_manage": self._manages(context, found["group_id"])}

    @door
    def my_slots(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(MySlots, payload)
        self.runtime.wait(context)
        found = activities.slots_of_person(self.runtime.db, context.actor, self._now(), past=ask.past)
        return {"slots": found}

    @door
    def understaffed(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Understaffed, payload)
        self.runtime.wait(context)
        groups = self.runtime.access.groups_where(context.actor, MANAGE)
        wanted = [group_id for group_id in groups if ask.group_id in ("", group_id)]
        return {"activities": _lacking(activities.of_groups(self.runtime.db, wanted, self._now()))}

    @door
    def help_wanted(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Activities that lack hands in the groups where the actor has a household."""
        self.runtime.wait(context)
        mine = list(dict.fromkeys(row["group_id"] for row in self.runtime.access.households_of(context.actor)))
        return {"activities": _lacking(activities.of_groups(self.runtime.db, mine, self._now()))}

    @door
    def attendance(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfSubject, payload)
        self.runtime.wait(context)
        self.runtime.access.require_member(context, ask.group_id)
        return activities.attendance(self.runtime.db, ask.group_id, ask.subject_id)

    def _now(self) -> str:
        return iso(self.runtime.clock.now())

    def _manages(self, context: Context, group_id: str) -> bool:
        return self.runtime.access.may(context.actor, MANAGE, group_id=group_id)


def _lacking(found: list[Row]) -> list[Row]:
    return [row for row in found if row["missing"]]
