"""Rate limits of what could be guessed or abused, in the gateway's tables so that all its processes count together.

Fixed windows on the real clock. Keys are keyed hashes: the table tells nobody's address.
"""

from collections.abc import Callable

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.auth_db import attempts
from gateway.security.secrets_ import keyed


class Limits:
    def __init__(self, engine: Engine, secret: bytes, now: Callable[[], float]) -> None:
        self._engine = engine
        self._secret = secret
        self._now = now

    def hit(self, purpose: str, who: str, *, at_most: int, per_s: int) -> int:
        """Count one attempt. 0 when it is allowed, else the seconds until the window ends."""
        now = int(self._now())
        window = now - now % per_s
        key = keyed(self._secret, f"limit:{purpose}:{per_s}", who.strip().lower())
        count = self._count(key, window)
        return 0 if count <= at_most else window + per_s - now

    def _count(self, key: str, window: int) -> int:
        here = (attempts.c.key == key, attempts.c.window_start == window)
        with self._engine.begin() as db:
            if db.execute(update(attempts).where(*here).values(count=attempts.c.count + 1)).rowcount:
                return int(db.execute(select(attempts.c.count).where(*here)).scalar_one())
        try:
            with self._engine.begin() as db:
                db.execute(delete(attempts).where(attempts.c.window_start < window - 24 * 3600))
                db.execute(insert(attempts).values(key=key, window_start=window, count=1))
        except IntegrityError:  # another process opened the window between the two statements
            return self._count(key, window)
        return 1
