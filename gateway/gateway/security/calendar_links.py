"""The secret address under which a person's calendar can be fetched without signing in: one per person, stored as its hash.

It opens dates and places of what the person takes part in, and nothing else. A new address ends the old one.
"""

from collections.abc import Callable

from sqlalchemy import Engine, delete, insert, select

from gateway.auth_db import calendar_links
from gateway.security.secrets_ import hashed, new_secret


class CalendarLinks:
    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def issue(self, person_id: str) -> str:
        """A new secret, shown this once."""
        secret = new_secret()
        with self._engine.begin() as db:
            db.execute(delete(calendar_links).where(calendar_links.c.person_id == person_id))
            row = {"person_id": person_id, "hash": hashed(secret), "created_at": int(self._now())}
            db.execute(insert(calendar_links).values(**row))
        return secret

    def revoke(self, person_id: str) -> None:
        with self._engine.begin() as db:
            db.execute(delete(calendar_links).where(calendar_links.c.person_id == person_id))

    def person_of(self, secret: str) -> str | None:
        query = select(calendar_links.c.person_id).where(calendar_links.c.hash == hashed(secret))
        with self._engine.connect() as db:
            found = db.execute(query).scalar()
        return str(found) if found else None

    def exists(self, person_id: str) -> bool:
        query = select(calendar_links.c.person_id).where(calendar_links.c.person_id == person_id)
        with self._engine.connect() as db:
            return db.execute(query).first() is not None
