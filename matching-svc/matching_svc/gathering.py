"""What happens to an activity besides its hands: changed, cancelled, announced, answered, minuted (S0:26, S0:51-56). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from grenier.errors import Invalid, Rejected
from grenier.language.matching import (
    ActivityAnnounced,
    ActivityCancelled,
    ActivityChanged,
    Coming,
    HelpSlot,
    InvitationAnswered,
    MinutesPublished,
)
from matching_svc.activity_state import Activity

MOST_SLOTS = 50
MOST_NEEDED = 100


class ChangeActivity(msgspec.Struct, frozen=True, kw_only=True):
    """What is given replaces what was; slots move with the beginning. `more_slots` are added to them, numbered there."""

    activity_id: str
    now: datetime
    title: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    place: str | None = None
    agenda: str | None = None
    material: tuple[str, ...] | None = None
    more_slots: tuple[HelpSlot, ...] = ()
    reason: str = ""


class CancelActivity(msgspec.Struct, frozen=True, kw_only=True):
    activity_id: str
    now: datetime
    reason: str = ""


class AnnounceActivity(msgspec.Struct, frozen=True, kw_only=True):
    """`collective`: who belongs to it today; used when the activity is meant for the collective alone."""

    activity_id: str
    now: datetime
    collective: tuple[str, ...] = ()


class AnswerInvitation(msgspec.Struct, frozen=True, kw_only=True):
    activity_id: str
    person_id: str
    coming: Coming
    now: datetime


class PublishMinutes(msgspec.Struct, frozen=True, kw_only=True):
    activity_id: str
    text: str
    now: datetime
    collective: tuple[str, ...] = ()


def change(activity: Activity, command: ChangeActivity) -> list[ActivityChanged]:
    planned = activity.held(command.activity_id)
    if command.now >= planned.ends_at:
        raise Rejected("activity-over", activity_id=command.activity_id)
    starts_at = command.starts_at or planned.starts_at
    by = starts_at - planned.starts_at
    ends_at = command.ends_at or planned.ends_at + by
    slots = [msgspec.structs.replace(each, starts_at=each.starts_at + by, ends_at=each.ends_at + by)
             for each in planned.slots] + _numbered(command.more_slots, len(planned.slots) + 1)  # fmt: skip
    changed = ActivityChanged(
        activity_id=command.activity_id, group_id=planned.group_id, starts_at=starts_at, ends_at=ends_at, slots=slots,
        title=planned.title if command.title is None else command.title,
        place=planned.place if command.place is None else command.place,
        agenda=planned.agenda if command.agenda is None else command.agenda,
        material=planned.material if command.material is None else list(command.material),
        from_starts_at=planned.starts_at, from_place=planned.place, reason=command.reason,
        person_ids=activity.concerned(), everybody=activity.told_to_everybody(),
    )  # fmt: skip
    check_times(changed.starts_at, changed.ends_at)
    if command.more_slots:
        check_slots(slots)
    same = all(getattr(changed, name) == getattr(planned, name)
               for name in ("title", "starts_at", "ends_at", "place", "agenda", "material", "slots"))  # fmt: skip
    return [] if same else [changed]


def _numbered(more: Sequence[HelpSlot], first: int) -> list[HelpSlot]:
    """Numbered where they are added: two who add slots at the same time take no slot from each other."""
    return [msgspec.structs.replace(slot, slot_id=f"slot-{n}") for n, slot in enumerate(more, first)]


def check_times(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise Invalid(fields={"ends_at": ["After starts_at."]})


def check_slots(slots: Sequence[HelpSlot]) -> None:
    """Raises Invalid: slots with ids of their own, times in order and at least one hand each."""
    ids = [slot.slot_id for slot in slots]
    if len(ids) > MOST_SLOTS or len(set(ids)) != len(ids):
        raise Invalid(fields={"slots": [f"At most {MOST_SLOTS} slots, each with an id of its own."]})
    for slot in slots:
        if slot.ends_at <= slot.starts_at or not 1 <= slot.needed <= MOST_NEEDED or not slot.task.strip():
            raise Invalid(
                fields={"slots": [f"A slot has a task, ends after it began and needs 1 to {MOST_NEEDED} hands."]}
            )


def cancel(activity: Activity, command: CancelActivity) -> list[ActivityCancelled]:
    planned = activity.known(command.activity_id)
    if activity.cancelled:
        return []
    if command.now >= planned.ends_at:
        raise Rejected("activity-over", activity_id=command.activity_id)
    return [
        ActivityCancelled(
            activity_id=command.activity_id, group_id=planned.group_id, reason=command.reason,
            person_ids=activity.concerned(), everybody=activity.told_to_everybody(),
        )
    ]  # fmt: skip


def announce(activity: Activity, command: AnnounceActivity) -> list[ActivityAnnounced]:
    planned = activity.held(command.activity_id)
    if activity.announced:
        return []
    if command.now >= planned.ends_at:
        raise Rejected("activity-over", activity_id=command.activity_id)
    persons = sorted(command.collective) if planned.invited == "collective" else []
    return [
        ActivityAnnounced(
            activity_id=command.activity_id, group_id=planned.group_id, invited=planned.invited, person_ids=persons
        )
    ]


def answer(activity: Activity, command: AnswerInvitation) -> list[InvitationAnswered]:
    planned = activity.held(command.activity_id)
    if command.now >= planned.ends_at:
        raise Rejected("activity-over", activity_id=command.activity_id)
    if activity.answers.get(command.person_id) == command.coming:
        return []
    return [
        InvitationAnswered(
            activity_id=command.activity_id, group_id=planned.group_id, person_id=command.person_id,
            coming=command.coming,
        )
    ]  # fmt: skip


def publish_minutes(activity: Activity, command: PublishMinutes) -> list[MinutesPublished]:
    planned = activity.held(command.activity_id)
    version, text = activity.minutes
    if text == command.text and version:
        return []
    if command.now < planned.starts_at:
        raise Rejected("activity-not-begun", activity_id=command.activity_id)
    persons = sorted(command.collective) if planned.invited == "collective" else []
    return [
        MinutesPublished(
            activity_id=command.activity_id, group_id=planned.group_id, version=version + 1, text=command.text,
            invited=planned.invited, person_ids=persons,
        )
    ]  # fmt: skip
