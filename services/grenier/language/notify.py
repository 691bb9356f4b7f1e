"""Facts of notify-svc: what was asked to be said to whom, and whether it went out.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
A message names its template, its person and figures; names and addresses are put in when it is sent, never stored.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

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

    `audience`: one of Audience, "contract:<id>" (its subscribers), "takers", "collective".
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


# -- questions of the eaters (S0:13) -------------------------------------------------------------------------------


@event("notify.question-asked", public=("question_id", "group_id", "contract_id"))
class QuestionAsked(Event, frozen=True, kw_only=True):
    """`sealed` {"text"} under the asker's key. `contact_ids`: the producer's contacts, to whom it is relayed."""

    question_id: str
    group_id: str
    contract_id: str
    producer_id: str
    person_id: str
    sealed: dict[str, str]
    contact_ids: list[str] = msgspec.field(default_factory=list)


@event("notify.question-relayed", public=("question_id", "group_id", "contract_id"))
class QuestionRelayed(Event, frozen=True, kw_only=True):
    """Again, or to a contact who was found later."""

    question_id: str
    group_id: str
    contract_id: str
    contact_ids: list[str]


@event("notify.question-answered", public=("question_id", "group_id", "contract_id", "by"))
class QuestionAnswered(Event, frozen=True, kw_only=True):
    """`sealed` {"text"} under the key of `person_id`, who answered; it goes back to the asker."""

    question_id: str
    group_id: str
    contract_id: str
    asker_id: str
    person_id: str
    by: Literal["producer", "coordinator"]
    means: Literal["link", "account"]
    sealed: dict[str, str]


@event("notify.question-published", public=("question_id", "group_id", "contract_id"))
class QuestionPublished(Event, frozen=True, kw_only=True):
    """Question and answer are shown and told to all subscribers, without the asker's name; the texts stay sealed."""

    question_id: str
    group_id: str
    contract_id: str


@event("notify.reminders-set", public=("group_id", "delivery_hours", "balance_days"))
class RemindersSet(Event, frozen=True, kw_only=True):
    """S0:15: how long before a delivery people are reminded; S0:47: every how many days of a debt. 0: not by themselves."""

    group_id: str
    delivery_hours: int
    balance_days: int = 0
