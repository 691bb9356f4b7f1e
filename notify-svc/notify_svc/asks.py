"""The payloads of the doors, typed. A wrong shape is Invalid with the field."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Body = Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
Language = Literal["fr", "en"]
# "contract:<id>": who has subscribed to it; takers: occasional takers; collective: who holds a role in the group.
Audience = Annotated[
    str, msgspec.Meta(pattern=r"^(all|ordered|not-ordered|drafts|takers|collective|contract:[A-Za-z0-9_-]{1,90})$")
]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=5_000)]
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class _Ask(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    pass


Page = Annotated[int, msgspec.Meta(ge=1)]
Size = Annotated[int, msgspec.Meta(ge=1, le=200)]


class Announce(_Ask):
    group_id: Id
    audience: Audience
    subject: Subject
    body: Body
    announcement_id: str = ""
    cycle_id: str = ""
    # S0:14: passed on for the producer of the contract that the audience names, and marked so.
    from_producer: bool = False


class AnnouncePreview(_Ask):
    group_id: Id
    audience: Audience
    subject: Annotated[str, msgspec.Meta(max_length=200)] = ""
    body: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    cycle_id: str = ""
    from_producer: bool = False


class ChangeTemplate(_Ask):
    owner_id: Id
    code: Id
    language: Language
    subject: Annotated[str, msgspec.Meta(max_length=200)]
    body: Annotated[str, msgspec.Meta(max_length=20_000)]


class PreviewTemplate(_Ask):
    owner_id: Id
    code: Id
    language: Language
    subject: str | None = None
    body: str | None = None


class Templates(_Ask):
    owner_id: Id


class LogCall(_Ask):
    message_id: Id
    outcome: Literal["told", "no-answer", "wrong-number"]


class SendLoginLink(_Ask):
    person_id: Id
    link: Annotated[str, msgspec.Meta(min_length=8, max_length=2_000, pattern="^https?://")]
    expires_minutes: Annotated[int, msgspec.Meta(ge=1, le=10)] = 10


class SetAnnouncements(_Ask):
    wanted: bool
    person_id: str = ""
    token: str = ""


class Messages(_Ask):
    group_id: Id
    page: Page = 1
    size: Size = 50
    state: Literal["", "waiting", "sent", "failed", "to-call", "told"] = ""


class MyMessages(_Ask):
    page: Page = 1
    size: Size = 50


class CallList(_Ask):
    group_id: Id
    done: bool = False


class Nothing(_Ask):
    pass


class OfGroup(_Ask):
    group_id: Id


class AskQuestion(_Ask):
    contract_id: Id
    text: Words
    question_id: str = ""


class AnswerQuestion(_Ask):
    question_id: Id
    text: Words
    publish: bool = False


class AnswerByLink(_Ask):
    token: Token
    text: Words


class OfQuestion(_Ask):
    question_id: Id


class OfLink(_Ask):
    token: Token


class Questions(_Ask):
    group_id: Id
    open: bool = False
    contract_id: str = ""


class SetReminders(_Ask):
    group_id: Id
    delivery_hours: Annotated[int, msgspec.Meta(ge=0, le=336)] | None = None
    balance_days: Annotated[int, msgspec.Meta(ge=0, le=366)] | None = None
