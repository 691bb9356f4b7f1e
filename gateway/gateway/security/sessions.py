"""Sessions of people in a browser: a random secret in a cookie, its hash and a few facts in a row.

Sessions end after IDLE_S without a request, after LIFETIME_S in any case, and at once when the person signs out
or is disabled. The secret changes at every login (nothing that was known before is worth anything afterwards).
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, bindparam, case, delete, insert, select, update

from gateway.auth_db import sessions
from gateway.security.secrets_ import hashed, new_secret
from grenier.statements import Questions

IDLE_S = 14 * 24 * 3600
LIFETIME_S = 60 * 24 * 3600
TOUCH_EVERY_S = 300  # a row is not written at every page
_BY_HASH = select(sessions).where(sessions.c.hash == bindparam("hashed"))  # built once: looked up for every page


@dataclass
class Session:
    """One signed-in browser. `position`: last log position this person wrote here (read your writes)."""

    hash: str
    person_id: str
    position: int
    language: str
    group_id: str
    created_at: int


class SessionStore:
    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._questions = Questions(engine)
        self._now = now

    def open(self, person_id: str, language: str = "") -> str:
        """A new session; answers the secret for the cookie."""
        secret, now = new_secret(), int(self._now())
        row = {"hash": hashed(secret), "person_id": person_id, "created_at": now, "last_seen_at": now}
        with self._engine.begin() as db:
            db.execute(delete(sessions).where(sessions.c.last_seen_at < now - IDLE_S))
            db.execute(insert(sessions).values(**row, position=0, language=language, group_id=""))
        return secret

    def find(self, secret: str) -> Session | None:
        """The living session of a cookie, or None."""
        now = int(self._now())
        row = self._questions.row(_BY_HASH, hashed=hashed(secret))
        if row is None or row["last_seen_at"] < now - IDLE_S or row["created_at"] < now - LIFETIME_S:
            return None
        if row["last_seen_at"] < now - TOUCH_EVERY_S:
            with self._engine.begin() as db:
                db.execute(update(sessions).where(sessions.c.hash == row["hash"]).values(last_seen_at=now))
        kept = ("hash", "person_id", "position", "language", "group_id", "created_at")
        return Session(**{name: row[name] for name in kept})

    def wrote(self, session: Session, position: int) -> None:
        """Remember the position of an own write; it never goes back, whatever order answers arrive in."""
        if position <= session.position:
            return
        session.position = position
        later = case((sessions.c.position < position, position), else_=sessions.c.position)
        self._set(session, position=later)

    def choose_language(self, session: Session, language: str) -> None:
        session.language = language
        self._set(session, language=language)

    def choose_group(self, session: Session, group_id: str) -> None:
        session.group_id = group_id
        self._set(session, group_id=group_id)

    def close(self, session: Session) -> None:
        with self._engine.begin() as db:
            db.execute(delete(sessions).where(sessions.c.hash == session.hash))

    def close_all(self, person_id: str, except_hash: str = "") -> None:
        """Sign a person out everywhere (password changed, person disabled), but for the session in use."""
        with self._engine.begin() as db:
            db.execute(delete(sessions).where(sessions.c.person_id == person_id, sessions.c.hash != except_hash))

    def count(self, person_id: str) -> int:
        with self._engine.connect() as db:
            return len(db.execute(select(sessions.c.hash).where(sessions.c.person_id == person_id)).all())

    def _set(self, session: Session, **values: object) -> None:
        with self._engine.begin() as db:
            db.execute(update(sessions).where(sessions.c.hash == session.hash).values(**values))
