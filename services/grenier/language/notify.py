"""Facts of notify-svc: what was asked to be said to whom, and whether it went out.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
A message names its template, its person and figures; names and addresses are put in when it is sent, never stored.
"""

from __future__ import annotations

from typing import Any, Literal

from grenier.language.registry import Event, Part, event

Channel = Literal["email", "phone"]
Audience = Literal["all", "ordered", "not-ordered", "drafts"]


@event("notify.template-changed", public=("owner_id", "code", "language"))
class TemplateChanged(Event, frozen=True, kw_only=True):
    """A template of the centre or a group's own version of it (S1:13, S1:143)."""

    owner_id: str
    code: str
    language: str
    subject: str
    body: str


@event("notify.message-requested", public=("message_id", "template", "channel", "group_id"))
class MessageRequested(Event, frozen=True, kw_only=True):
    """`params` hold ids, amounts and instants only. Channel phone: goes to the call list (S1:14)."""

    message_id: str
    template: str
    person_id: str
    group_id: str
    channel: Channel
    params: dict[str, Any]
    household_id: str = ""


@event("notify.message-sent", public=("message_id", "group_id"))
class MessageSent(Event, frozen=True, kw_only=True):
    message_id: str
    group_id: str
    attempts: int


@event("notify.message-failed", public=("message_id", "group_id", "final"))
class MessageFailed(Event, frozen=True, kw_only=True):
    message_id: str
    group_id: str
    attempts: int
    reason: str
    final: bool


@event("notify.call-logged", public=("message_id", "group_id", "outcome"))
class CallLogged(Event, frozen=True, kw_only=True):
    message_id: str
    group_id: str
    outcome: Literal["told", "no-answer", "wrong-number"]


class Recipient(Part, frozen=True, kw_only=True):
    person_id: str
    household_id: str = ""


@event("notify.announcement-made", public=("announcement_id", "group_id", "template", "audience"))
class AnnouncementMade(Event, frozen=True, kw_only=True):
    """Something is told to many at once: the recipients as they were chosen, and what all of them are told.

    `params` of a free announcement hold its subject and body, as written by an organiser for everybody.
    """

    announcement_id: str
    group_id: str
    template: str
    audience: str
    recipients: list[Recipient]
    params: dict[str, Any]


@event("notify.announcements-chosen")
class AnnouncementsChosen(Event, frozen=True, kw_only=True):
    """Whether a person wants announcements; what concerns their own orders and account is always told."""

    person_id: str
    wanted: bool
