"""Facts of matching-svc: activities and the people who help with them.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from grenier.language.registry import Event, Part, event

ActivityKind = Literal[
    "distribution", "delivery", "help_desk", "event", "meeting", "training", "visit", "festive_distribution",
    "general_meeting",
]  # fmt: skip
# Whom an activity is meant for: every household of the group, or its collective, those who hold a role in it (S0:56).
Invited = Literal["everybody", "collective"]
Coming = Literal["yes", "no", "maybe"]


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
    # What it is about, in its order; what is to be brought or got ready (S1:24-28).
    agenda: str = ""
    material: list[str] = msgspec.field(default_factory=list)
    invited: Invited = "everybody"
    # Shown in the group's public calendar.
    open_to_public: bool = False
    # The activities that were planned together: a help desk every week.
    series_id: str = ""


@event(
    "matching.activity-changed",
    public=("activity_id", "group_id", "title", "starts_at", "ends_at", "place", "slots", "reason"),
)
class ActivityChanged(Event, frozen=True, kw_only=True):
    """All that holds from now on; slots have moved with the beginning. Everybody it touches is told."""

    activity_id: str
    group_id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str
    slots: list[HelpSlot]
    agenda: str
    material: list[str]
    # What it was before, to be told beside what it is.
    from_starts_at: datetime
    from_place: str
    reason: str = ""
    # Who has signed up, said that they come, or was invited by name.
    person_ids: list[str] = msgspec.field(default_factory=list)
    # It was announced to everybody, so everybody is told.
    everybody: bool = False


@event("matching.activity-cancelled", public=("activity_id", "group_id", "reason"))
class ActivityCancelled(Event, frozen=True, kw_only=True):
    activity_id: str
    group_id: str
    reason: str = ""
    person_ids: list[str] = msgspec.field(default_factory=list)
    everybody: bool = False


@event("matching.activity-announced", public=("activity_id", "group_id", "invited"))
class ActivityAnnounced(Event, frozen=True, kw_only=True):
    """S0:26, S0:54, S0:56: those it is meant for are invited. `person_ids`: the collective as it was; empty: everybody."""

    activity_id: str
    group_id: str
    invited: Invited
    person_ids: list[str] = msgspec.field(default_factory=list)


@event("matching.invitation-answered", public=("activity_id", "group_id", "coming"))
class InvitationAnswered(Event, frozen=True, kw_only=True):
    activity_id: str
    group_id: str
    person_id: str
    coming: Coming


@event("matching.minutes-published", public=("activity_id", "group_id", "version"))
class MinutesPublished(Event, frozen=True, kw_only=True):
    """What was said and decided, written for everybody; a correction is the next version."""

    activity_id: str
    group_id: str
    version: int
    text: str
    invited: Invited = "everybody"
    person_ids: list[str] = msgspec.field(default_factory=list)


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
    """`slot_id` "": present at the activity as such, without a task."""

    activity_id: str
    group_id: str
    slot_id: str
    person_id: str
    present: bool
