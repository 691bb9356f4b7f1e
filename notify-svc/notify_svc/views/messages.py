"""View `messages`: what was asked to be said to whom, whether it went out, who is to be called; and announcements made."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from grenier.language import notify
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
messages = sa.Table(
    "messages_messages",
    _meta,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    # waiting, sent, failed (for good), to-call, told
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("params", Json, nullable=False),
    sa.Column("requested_at", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("failed_at", sa.Text, nullable=False),
    sa.Column("calls", Json, nullable=False),
)
announcements = sa.Table(
    "messages_announcements",
    _meta,
    sa.Column("announcement_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("persons", sa.Integer, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case notify.MessageRequested() as e:
            rows.put(messages, message_id=e.message_id, template=e.template, person_id=e.person_id,
                     household_id=e.household_id, group_id=e.group_id, channel=e.channel,
                     state="waiting" if e.channel == "email" else "to-call", params=e.params, requested_at=fact.at,
                     position=fact.position, cause=fact.meta.cause, sent_at="", attempts=0, reason="", failed_at="",
                     calls=[])  # fmt: skip
        case notify.MessageSent() as e:
            rows.change(messages, e.message_id, state="sent", sent_at=fact.at, attempts=e.attempts, reason="")
        case notify.MessageFailed() as e:
            state = {"state": "failed"} if e.final else {}
            rows.change(messages, e.message_id, attempts=e.attempts, reason=e.reason, failed_at=fact.at, **state)
        case notify.CallLogged() as e:
            known = rows.get(messages, e.message_id)
            if known is not None:
                call = {"at": fact.at, "actor": fact.meta.actor, "role": fact.meta.role, "outcome": e.outcome}
                state = {"state": "told"} if e.outcome == "told" else {}
                rows.change(messages, e.message_id, calls=[*known["calls"], call], **state)
        case notify.AnnouncementMade() as e:
            rows.put(announcements, announcement_id=e.announcement_id, group_id=e.group_id, template=e.template,
                     audience=e.audience, persons=len(e.recipients), at=fact.at, actor=fact.meta.actor)  # fmt: skip


view = View(
    "messages",
    (messages, announcements),
    ("notify.message-", "notify.call-logged", "notify.announcement-made"),
    apply,
)

# Of who was called already the latest are told; the list of messages has them all, page by page.
MOST_DONE = 500


def message(db: Database, message_id: str) -> Row | None:
    return db.row(sa.select(messages).where(messages.c.message_id == message_id))


def of_group(db: Database, group_id: str, *, state: str, page: int, size: int) -> dict[str, Any]:
    wanted = [messages.c.group_id == group_id, *([messages.c.state == state] if state else [])]
    return _page(db, wanted, page, size)


def of_person(db: Database, person_id: str, *, page: int, size: int) -> dict[str, Any]:
    return _page(db, [messages.c.person_id == person_id], page, size)


def to_call(db: Database, group_id: str, *, done: bool) -> list[Row]:
    """All persons to call, who has waited longest first; with `done` the last ones who were told, the latest first."""
    states = ("told",) if done else ("to-call", "failed")
    order = messages.c.position.desc() if done else messages.c.position
    query = sa.select(messages).where(messages.c.group_id == group_id, messages.c.state.in_(states))
    return db.rows(query.order_by(order).limit(MOST_DONE if done else None))


_WAITING = sa.select(sa.func.count().label("mails")).where(messages.c.state == "waiting")


def waiting(db: Database) -> int:
    """How many mails are not sent yet."""
    return int(db.kept(_WAITING)[0]["mails"])


def announcement(db: Database, announcement_id: str) -> Row | None:
    return db.row(sa.select(announcements).where(announcements.c.announcement_id == announcement_id))


def _page(db: Database, wanted: list[Any], page: int, size: int) -> dict[str, Any]:
    query = sa.select(messages).where(*wanted).order_by(messages.c.position.desc())
    total = db.value(sa.select(sa.func.count()).select_from(messages).where(*wanted))
    return {"items": db.rows(query.limit(size).offset((page - 1) * size)), "total": total, "page": page, "size": size}
