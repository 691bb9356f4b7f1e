"""Facts of matching-svc: activities and the people who help with them.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from grenier.language.registry import Event, Part, event

ActivityKind = Literal["distribution", "delivery", "help_desk", "event", "meeting", "training", "visit"]


class HelpSlot(Part, frozen=True, kw_only=True):
    slot_id: str
    task: str
    starts_at: datetime
    ends_at: datetime
    needed: int


@event(
    "matching.activity-planned",
    public=("activity_id", "group_id", "kind", "title", "starts_at", "ends_at", "place", "slots"),
)
class ActivityPlanned(Event, frozen=True, kw_only=True):
    """S1:18-21: something that needs hands. `subject_id` names what it is for (the order cycle, for a distribution)."""

    activity_id: str
    group_id: str
    kind: ActivityKind
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str
    slots: list[HelpSlot]
    subject_id: str = ""


@event("matching.volunteer-signed-up", public=("activity_id", "group_id", "slot_id"))
class VolunteerSignedUp(Event, frozen=True, kw_only=True):
    activity_id: str
    group_id: str
    slot_id: str
    person_id: str


@event("matching.volunteer-withdrew", public=("activity_id", "group_id", "slot_id"))
class VolunteerWithdrew(Event, frozen=True, kw_only=True):
    activity_id: str
    group_id: str
    slot_id: str
    person_id: str


@event("matching.volunteers-called", public=("activity_id", "group_id", "missing"))
class VolunteersCalled(Event, frozen=True, kw_only=True):
    """S1:38-39: not enough hands yet, so those who could come are asked. `by_hand` False: the reminder by itself.

    `helping_person_ids` have already said yes and need not be asked.
    """

    activity_id: str
    group_id: str
    missing: int
    by_hand: bool = False
    helping_person_ids: list[str] = msgspec.field(default_factory=list)


@event("matching.attendance-recorded", public=("activity_id", "group_id", "slot_id", "present"))
class AttendanceRecorded(Event, frozen=True, kw_only=True):
    activity_id: str
    group_id: str
    slot_id: str
    person_id: str
    present: bool
