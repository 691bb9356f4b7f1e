"""Passwords: argon2id, a floor of length, and no way to learn from the time it takes whether an account exists."""

import threading
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, delete, insert, select

from gateway.auth_db import credentials

MIN_LENGTH = 10
MAX_LENGTH = 200  # longer input only costs time


class Passwords:
    """At most two hashes at a time: each takes 64 MiB and a fifth of a second, and other pages must not wait."""

    def __init__(self, engine: Engine, now: Callable[[], float], hasher: PasswordHasher | None = None) -> None:
        self._engine = engine
        self._now = now
        self._hasher = hasher or PasswordHasher()
        self._decoy = self._hasher.hash("no account has this password")
        self._places = threading.BoundedSemaphore(2)

    def set(self, person_id: str, password: str) -> None:
        """Store a new password; the caller has checked its length."""
        with self._places:
            password_hash = self._hasher.hash(password)
        with self._engine.begin() as db:
            db.execute(delete(credentials).where(credentials.c.person_id == person_id))
            row = {"person_id": person_id, "password_hash": password_hash, "changed_at": int(self._now())}
            db.execute(insert(credentials).values(**row))

    def exists(self, person_id: str) -> bool:
        with self._engine.connect() as db:
            return (
                db.execute(select(credentials.c.person_id).where(credentials.c.person_id == person_id)).first()
                is not None
            )

    def check(self, person_id: str | None, password: str) -> bool:
        """True for the right password. Unknown people cost the same time as known ones."""
        stored = self._stored(person_id) if person_id else None
        try:
            with self._places:
                self._hasher.verify(stored or self._decoy, password[:MAX_LENGTH])
        except (VerificationError, InvalidHashError):
            return False
        if stored is None:
            return False
        if self._hasher.check_needs_rehash(stored):
            self.set(str(person_id), password)
        return True

    def _stored(self, person_id: str) -> str | None:
        with self._engine.connect() as db:
            query = select(credentials.c.password_hash).where(credentials.c.person_id == person_id)
            return db.execute(query).scalar_one_or_none()
