"""The doors of matching-svc."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec

from grenier.clock import iso
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound, Rejected
from grenier.language.matching import ActivityKind, ActivityPlanned, Invited
from grenier.readmodel import Row
from grenier.runtime import derived_id, read
from matching_svc import activity
from matching_svc.gathering_doors import (
    MANAGE,
    MOST_REPEATS,
    Every,
    GatheringDoors,
    Instant,
    Material,
    NewSlot,
    OfActivity,
    Text,
    repeated,
    slots_from,
)
from matching_svc.views import activities

AT_DISTRIBUTIONS = ("distribution", "delivery", "festive_distribution", "help_desk")
LONGEST = timedelta(days=92)


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
    agenda: Text = ""
    material: Material = []
    invited: Invited = "everybody"
    open_to_public: bool = False
    # A help desk every week: so many activities at once, each with its own slots.
    every: Every = "week"
    times: Annotated[int, msgspec.Meta(ge=1, le=MOST_REPEATS)] = 1


class OfSlot(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str
    slot_id: str
    person_id: str = ""


class ShowActivity(msgspec.Struct, forbid_unknown_fields=True):
    """S0:54: with `free_from` and `free_until` only the slots that lie within the time somebody has."""

    activity_id: str
    free_from: Instant | None = None
    free_until: Instant | None = None

    def fits(self, slot: Row) -> bool:
        late_enough = self.free_from is None or slot["starts_at"] >= iso(self.free_from)
        return late_enough and (self.free_until is None or slot["ends_at"] <= iso(self.free_until))


class Attendance(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str
    person_id: str
    present: bool
    slot_id: str = ""


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


class Hands(msgspec.Struct, forbid_unknown_fields=True):
    """Who holds the distributions that begin between two instants, at most three months."""

    group_id: str
    starts_at: Instant
    ends_at: Instant


class Matching(GatheringDoors):
    name = "matching"

    # -- commands ------------------------------------------------------------------------------------------------

    @door
    def plan_activity(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """One activity, or `times` of them; answers the first one and all ids."""
        ask = read(PlanActivity, payload)
        self.runtime.wait(context)
        role = self.runtime.access.require(context, MANAGE, group_id=ask.group_id)
        activity_id = ask.activity_id or derived_id(context.command_id or str(uuid4()), "activity")
        group = self.runtime.access.group(ask.group_id) or {}
        zone = ZoneInfo(str(group.get("time_zone", "Europe/Paris")))
        done: dict[str, Any] = {}
        ids = []
        for n, by in enumerate(repeated(ask.starts_at, ask.every, ask.times, zone)):
            ids.append(activity_id if n == 0 else derived_id(activity_id, f"repeat-{n}"))
            command = _plan(ask, ids[-1], by, activity_id if ask.times > 1 else "")
            told = self.runtime.tell(activity.decider, ids[-1], command, context, role=role, group_id=ask.group_id,
                                     step=f"repeat-{n}" if n else "")  # fmt: skip
            done = {**told, "id": activity_id}
        return {**done, "ids": ids}

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
        if not ask.slot_id:
            self._belongs(ask.person_id, planned.group_id)
        command = activity.RecordAttendance(**msgspec.structs.asdict(ask))
        return self._tell(ask.activity_id, command, context, role, planned, ask.person_id)

    def _belongs(self, person_id: str, group_id: str) -> None:
        """Only people of the group are noted as present: members, and those who hold a role there."""
        self.runtime.access.require_member(Context(actor=person_id), group_id)

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
        answers = activities.answers_of(self.runtime.db, context.actor)
        shown = [{**self.with_state(row), "my_answer": answers.get(row["activity_id"], "")} for row in found]
        return {"activities": shown, "may_manage": self._manages(context, ask.group_id)}

    @door
    def activity(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(ShowActivity, payload)
        self.runtime.wait(context)
        found = activities.activity(self.runtime.db, ask.activity_id)
        if found is None:
            raise NotFound
        self.runtime.access.require_member(context, found["group_id"])
        slots = [slot for slot in activities.slots_of(self.runtime.db, ask.activity_id) if ask.fits(slot)]
        guests = activities.guests_of(self.runtime.db, ask.activity_id)
        return {
            **self.with_state(found),
            "slots": slots,
            "guests": guests,
            "may_manage": self._manages(context, found["group_id"]),
        }

    @door
    def hands_between(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Duties of a distribution with the people who have signed up for them, for the sheet that hangs there."""
        ask = read(Hands, payload)
        self.runtime.wait(context)
        self.runtime.access.require_member(context, ask.group_id)
        if not ask.starts_at < ask.ends_at <= ask.starts_at + LONGEST:
            raise Invalid(fields={"ends_at": [f"After starts_at, at most {LONGEST.days} days."]})
        found = activities.between(
            self.runtime.db, ask.group_id, AT_DISTRIBUTIONS, iso(ask.starts_at), iso(ask.ends_at)
        )
        return {"activities": found}

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


def _plan(ask: PlanActivity, activity_id: str, by: timedelta, series_id: str) -> activity.PlanActivity:
    """The command for one of the occurrences, `by` later than the first."""
    slots = tuple(
        msgspec.structs.replace(slot, starts_at=slot.starts_at + by, ends_at=slot.ends_at + by)
        for slot in slots_from(ask.slots)
    )
    return activity.PlanActivity(
        activity_id=activity_id, group_id=ask.group_id, kind=ask.kind, title=ask.title.strip(),
        starts_at=ask.starts_at + by, ends_at=ask.ends_at + by, place=ask.place, subject_id=ask.subject_id,
        slots=slots, agenda=ask.agenda.strip(), material=tuple(ask.material), invited=ask.invited,
        open_to_public=ask.open_to_public, series_id=series_id,
    )  # fmt: skip
