"""What an activity is by its facts: when and where it is held, who signed up, who comes, who came. Pure."""

from __future__ import annotations

from typing import TypeAlias, assert_never

import msgspec

from grenier.errors import Rejected
from grenier.language.matching import (
    ActivityAnnounced,
    ActivityCancelled,
    ActivityChanged,
    ActivityPlanned,
    AttendanceRecorded,
    Coming,
    HelpSlot,
    InvitationAnswered,
    MinutesPublished,
    VolunteersCalled,
    VolunteerSignedUp,
    VolunteerWithdrew,
)

Event: TypeAlias = (
    ActivityPlanned | ActivityChanged | ActivityCancelled | ActivityAnnounced | InvitationAnswered | MinutesPublished
    | VolunteerSignedUp | VolunteerWithdrew | VolunteersCalled | AttendanceRecorded
)  # fmt: skip


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """`planned` holds what is valid today, changes included; `minutes` the version and text published last."""

    planned: ActivityPlanned | None = None
    slots: dict[str, HelpSlot] = {}
    volunteers: dict[str, tuple[str, ...]] = {}
    present: dict[tuple[str, str], bool] = {}
    answers: dict[str, Coming] = {}
    reminded: bool = False
    announced: bool = False
    invited: tuple[str, ...] = ()
    cancelled: bool = False
    minutes: tuple[int, str] = (0, "")

    def missing(self) -> int:
        """Hands still needed, over all slots."""
        return sum(slot.needed - len(self.volunteers.get(slot_id, ())) for slot_id, slot in self.slots.items())

    def helping(self) -> list[str]:
        return sorted({person for there in self.volunteers.values() for person in there})

    def concerned(self) -> list[str]:
        """Who has signed up, means to come or was invited by name: told of every change."""
        coming = {person for person, answer in self.answers.items() if answer != "no"}
        return sorted(coming.union(self.helping(), self.invited))

    def told_to_everybody(self) -> bool:
        return self.announced and not self.invited

    def busy(self, person_id: str, slot: HelpSlot) -> str:
        """Another slot of this activity at an overlapping time; "" when the person is free."""
        for other_id, persons in self.volunteers.items():
            other = self.slots[other_id]
            overlaps = other.starts_at < slot.ends_at and slot.starts_at < other.ends_at
            if person_id in persons and overlaps and other_id != slot.slot_id:
                return other_id
        return ""

    def known(self, activity_id: str) -> ActivityPlanned:
        if self.planned is None:
            raise Rejected("activity-missing", activity_id=activity_id)
        return self.planned

    def held(self, activity_id: str) -> ActivityPlanned:
        """The same, of an activity that was not cancelled."""
        if self.cancelled:
            raise Rejected("activity-cancelled", activity_id=activity_id)
        return self.known(activity_id)

    def slot(self, activity_id: str, slot_id: str) -> HelpSlot:
        found = self.slots.get(slot_id)
        if found is None:
            raise Rejected("slot-missing", slot_id=slot_id, activity_id=activity_id)
        return found


def evolve(activity: Activity, event: Event) -> Activity:
    match event:
        case ActivityPlanned():
            return Activity(planned=event, slots={slot.slot_id: slot for slot in event.slots})
        case ActivityChanged():
            return _changed(activity, event)
        case ActivityCancelled():
            return msgspec.structs.replace(activity, cancelled=True)
        case ActivityAnnounced():
            return msgspec.structs.replace(activity, announced=True, invited=tuple(event.person_ids))
        case InvitationAnswered():
            return msgspec.structs.replace(activity, answers={**activity.answers, event.person_id: event.coming})
        case MinutesPublished():
            return msgspec.structs.replace(activity, minutes=(event.version, event.text))
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


def _changed(activity: Activity, event: ActivityChanged) -> Activity:
    if activity.planned is None:
        return activity
    planned = msgspec.structs.replace(
        activity.planned, title=event.title, starts_at=event.starts_at, ends_at=event.ends_at, place=event.place,
        slots=event.slots, agenda=event.agenda, material=event.material,
    )  # fmt: skip
    return msgspec.structs.replace(activity, planned=planned, slots={slot.slot_id: slot for slot in event.slots})


def _with(activity: Activity, slot_id: str, there: tuple[str, ...]) -> Activity:
    return msgspec.structs.replace(activity, volunteers={**activity.volunteers, slot_id: there})
