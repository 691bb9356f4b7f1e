"""What the sending side notes for itself, beside the views: which messages were put on the queue when, and login links.

Neither is replayed from the log: losing these rows means at most that a message is put on the queue again, and that a
person asks for a new login link. A link lies here sealed with its person's key, for ten minutes at most.
Instants here are of the machine's clock, in seconds: they measure waiting, not the month.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from grenier.clock import iso
from grenier.readmodel import Database, Json, Row
from notify_svc.message import MAX_ATTEMPTS
from notify_svc.views.messages import messages as mails

_meta = sa.MetaData()
queued = sa.Table(
    "outbox_put",
    _meta,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("again_at", sa.Float, nullable=False, index=True),
)
logins = sa.Table(
    "outbox_logins",
    _meta,
    sa.Column("login_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, nullable=False),
    sa.Column("sealed", Json, nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("queued_at", sa.Float, nullable=False),
)
_LOGINS = sa.select(logins.c.login_id, logins.c.expires_at, logins.c.queued_at).order_by(logins.c.expires_at)

LOGIN_LIFE_S = 600
# A message that was put on the queue and is still not sent after this long is put there again, the next time after twice
# as long and so on up to an hour: while the mail server is away for days the queue must not grow by what lies there already.
QUEUE_AGAIN_AFTER_S = 60.0
MOST_DOUBLINGS = 6
FORGET_AFTER_S = 86_400.0
MOST_AT_ONCE = 500
# The pause after each refusal for now, as long as there is another try: 5 s, 20 s, 80 s, 320 s.
PAUSES = tuple(timedelta(seconds=5 * 4**refusals) for refusals in range(MAX_ATTEMPTS - 1))

_PAUSED_ENOUGH = sa.or_(
    mails.c.attempts == 0,
    *(
        sa.and_(mails.c.attempts == attempts, mails.c.failed_at <= sa.bindparam(f"refused_{attempts}"))
        for attempts in range(1, MAX_ATTEMPTS)
    ),
)
# The oldest mails that could go now, in the queue or not: no more than these are in the queue at a time.
_WINDOW = (
    sa.select(mails.c.message_id, mails.c.position, sa.func.coalesce(queued.c.again_at, 0.0).label("again_at"))
    .outerjoin(queued, queued.c.message_id == mails.c.message_id)
    .where(mails.c.state == "waiting", _PAUSED_ENOUGH)
    .order_by(mails.c.position)
    .limit(sa.bindparam("most"))
    .subquery()
)
_DUE = sa.select(_WINDOW.c.message_id).where(_WINDOW.c.again_at <= sa.bindparam("now")).order_by(_WINDOW.c.position)


class Outbox:
    def __init__(self, db: Database) -> None:
        self._db = db
        db.create([queued, logins])

    # -- messages ------------------------------------------------------------------------------------------------

    def due(self, now: datetime, most: int = MOST_AT_ONCE) -> list[str]:
        """Ids of messages to put on the queue now, oldest first. Those that pause after a refusal hold up nobody else."""
        refused = {f"refused_{attempts}": iso(now - pause) for attempts, pause in enumerate(PAUSES, 1)}
        return [row["message_id"] for row in self._db.kept(_DUE, now=time.time(), most=most, **refused)]

    def note_queued(self, message_ids: Sequence[str]) -> None:
        now, these = time.time(), queued.c.message_id.in_(message_ids)
        with self._db.transaction() as connection:
            times = {row.message_id: row.times for row in connection.execute(sa.select(queued).where(these))}
            connection.execute(sa.delete(queued).where(these))
            connection.execute(sa.insert(queued), [_put(each, times.get(each, 0), now) for each in message_ids])
            connection.execute(sa.delete(queued).where(queued.c.again_at < now - FORGET_AFTER_S))

    def forget(self, message_id: str) -> None:
        """It came off the queue unsent: its next try is due by its own pause, not by the queue's."""
        with self._db.transaction() as connection:
            connection.execute(sa.delete(queued).where(queued.c.message_id == message_id))

    # -- login links ---------------------------------------------------------------------------------------------

    def put_login(self, person_id: str, sealed: dict[str, str], minutes: int) -> str:
        login_id = str(uuid4())
        expires_at = time.time() + min(minutes * 60, LOGIN_LIFE_S)
        with self._db.transaction() as connection:
            connection.execute(
                sa.insert(logins).values(
                    login_id=login_id,
                    person_id=person_id,
                    sealed=sealed,
                    minutes=minutes,
                    expires_at=expires_at,
                    queued_at=0,
                )
            )
        return login_id

    def logins_to_queue(self) -> list[str]:
        """Login links that wait; those that have run out are removed on the way."""
        now = time.time()
        rows = self._db.kept(_LOGINS)
        if rows and rows[0]["expires_at"] <= now:
            with self._db.transaction() as connection:
                connection.execute(sa.delete(logins).where(logins.c.expires_at <= now))
        again = now - QUEUE_AGAIN_AFTER_S
        return [row["login_id"] for row in rows if row["expires_at"] > now and row["queued_at"] < again]

    def note_login_queued(self, login_id: str) -> None:
        with self._db.transaction() as connection:
            connection.execute(sa.update(logins).where(logins.c.login_id == login_id).values(queued_at=time.time()))

    def login(self, login_id: str) -> Row | None:
        """None when it was sent or has run out."""
        return self._db.row(sa.select(logins).where(logins.c.login_id == login_id, logins.c.expires_at > time.time()))

    def drop_login(self, login_id: str) -> None:
        with self._db.transaction() as connection:
            connection.execute(sa.delete(logins).where(logins.c.login_id == login_id))
        self._db.scrub()


def _put(message_id: str, times: int, now: float) -> dict[str, Any]:
    """The row of a message that is put on the queue now, after `times` times before."""
    again_at = now + QUEUE_AGAIN_AFTER_S * 2 ** min(times, MOST_DOUBLINGS)
    return {"message_id": message_id, "times": times + 1, "again_at": again_at}
