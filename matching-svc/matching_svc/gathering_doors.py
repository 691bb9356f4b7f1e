"""Doors of gatherings: series, changes, invitations and answers, who was there, minutes, the group's agenda (S0:26, S0:51-56)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from grenier.clock import iso
from grenier.doors import Context, door
from grenier.errors import NotFound
from grenier.language.matching import ActivityPlanned, Coming, HelpSlot
from grenier.readmodel import Row
from grenier.runtime import Runtime, read
from matching_svc import activity

MANAGE = "matching.manage"
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Title = Annotated[str, msgspec.Meta(max_length=200)]
Material = Annotated[list[Title], msgspec.Meta(max_length=50)]
Every = Literal["week", "fortnight", "month"]
MOST_REPEATS = 52


class NewSlot(msgspec.Struct, forbid_unknown_fields=True):
    task: str
    starts_at: Instant
    ends_at: Instant
    needed: int


class Change(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str
    title: Title | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    place: Title | None = None
    agenda: Text | None = None
    material: Material | None = None
    slots: list[NewSlot] = []
    reason: Title = ""


class Cancel(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str
    reason: Title = ""


class OfActivity(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str
    coming: Coming
    person_id: str = ""


class Minutes(msgspec.Struct, forbid_unknown_fields=True):
    activity_id: str
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=50_000)]


def slots_from(new: list[NewSlot]) -> tuple[HelpSlot, ...]:
    return tuple(HelpSlot(slot_id=f"slot-{n}", **msgspec.structs.asdict(slot)) for n, slot in enumerate(new, 1))


def repeated(starts_at: datetime, every: Every, times: int, zone: ZoneInfo) -> list[timedelta]:
    """How far each occurrence lies from the first: the same hour on the wall, whatever the season. Pure.

    A month keeps the weekday and its place in the month: the second Thursday stays the second Thursday.
    """
    local = starts_at.astimezone(zone)
    return [
        local.replace(**_of(_on(local.date(), every, n))).astimezone(ZoneInfo("UTC")) - starts_at for n in range(times)
    ]


def _of(day: date) -> dict[str, Any]:
    return {"year": day.year, "month": day.month, "day": day.day}


def _on(first: date, every: Every, n: int) -> date:
    if every != "month":
        return first + timedelta(weeks=n * (2 if every == "fortnight" else 1))
    place, months = (first.day - 1) // 7, first.month - 1 + n
    opening = date(first.year + months // 12, months % 12 + 1, 1)
    found = opening + timedelta(days=(first.weekday() - opening.weekday()) % 7, weeks=place)
    # A fifth Thursday that a month does not have is its fourth.
    return found if found.month == opening.month else found - timedelta(weeks=1)


class GatheringDoors:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    @door
    def change_activity(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Change, payload)
        planned, role = self._managed(context, ask.activity_id)
        given = {name: getattr(ask, name) for name in ("title", "starts_at", "ends_at", "place", "agenda", "reason")}
        command = activity.ChangeActivity(
            activity_id=ask.activity_id, now=self.runtime.clock.now(),
            material=None if ask.material is None else tuple(ask.material),
            more_slots=slots_from(ask.slots), **given,
        )  # fmt: skip
        return self._tell(ask.activity_id, command, context, role, planned)

    @door
    def cancel_activity(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Cancel, payload)
        planned, role = self._managed(context, ask.activity_id)
        command = activity.CancelActivity(activity_id=ask.activity_id, now=self.runtime.clock.now(), reason=ask.reason)
        return self._tell(ask.activity_id, command, context, role, planned)

    @door
    def announce_activity(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfActivity, payload)
        planned, role = self._managed(context, ask.activity_id)
        command = activity.AnnounceActivity(
            activity_id=ask.activity_id, now=self.runtime.clock.now(), collective=self.collective(planned.group_id)
        )
        return self._tell(ask.activity_id, command, context, role, planned)

    @door
    def answer_invitation(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Answer, payload)
        self.runtime.wait(context)
        planned, person_id = self._planned(ask.activity_id), ask.person_id or context.actor
        role = self._may_act_for(context, person_id, planned.group_id)
        command = activity.AnswerInvitation(
            activity_id=ask.activity_id, person_id=person_id, coming=ask.coming, now=self.runtime.clock.now()
        )
        return self._tell(ask.activity_id, command, context, role, planned, person_id)

    @door
    def publish_minutes(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Minutes, payload)
        planned, role = self._managed(context, ask.activity_id)
        command = activity.PublishMinutes(
            activity_id=ask.activity_id, text=ask.text.strip(), now=self.runtime.clock.now(),
            collective=self.collective(planned.group_id),
        )  # fmt: skip
        return self._tell(ask.activity_id, command, context, role, planned)

    def collective(self, group_id: str) -> tuple[str, ...]:
        """S0:56: the "collectif" of a group are those who hold a role in it today."""
        return tuple(self.runtime.access.holders_of_any(group_id))

    def with_state(self, row: Row) -> Row:
        """The activity with the word for where it stands: planned → announced → held → minuted, or cancelled."""
        now = iso(self.runtime.clock.now())
        if row["cancelled_at"]:
            state = "cancelled"
        elif row["minutes_version"]:
            state = "minuted"
        elif row["ends_at"] <= now:
            state = "held"
        else:
            state = "announced" if row["announced_at"] else "planned"
        return {**row, "state": state}

    # -- shared with the doors of volunteers -----------------------------------------------------------------------

    def _managed(self, context: Context, activity_id: str) -> tuple[ActivityPlanned, str]:
        self.runtime.wait(context)
        planned = self._planned(activity_id)
        return planned, self.runtime.access.require(context, MANAGE, group_id=planned.group_id)

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
