"""Login links by mail: a random secret stored as its hash, good for ten minutes, once, and only the newest.

Opening the link shows a page with a button; only the button's POST uses the link up, so that programs that look into
mails cannot. Asking for a link answers the same page at the same speed for every address: the work is done afterwards.
"""

from collections.abc import Callable

from sqlalchemy import Engine, delete, insert, select, update

from gateway.auth_db import magic_links
from gateway.security.secrets_ import hashed, new_secret

VALID_S = 600


class MagicLinks:
    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def issue(self, person_id: str, next_path: str = "") -> str:
        """A new link secret for a person; older links of the person stop working."""
        secret, now = new_secret(), int(self._now())
        with self._engine.begin() as db:
            db.execute(delete(magic_links).where(magic_links.c.person_id == person_id))
            db.execute(delete(magic_links).where(magic_links.c.expires_at < now))
            row = {"hash": hashed(secret), "person_id": person_id, "next": next_path, "expires_at": now + VALID_S}
            db.execute(insert(magic_links).values(**row))
        return secret

    def redeem(self, secret: str) -> tuple[str, str] | None:
        """(person id, next path) for the first valid use; None ever after. One UPDATE decides between rivals."""
        now, digest = int(self._now()), hashed(secret)
        usable = (magic_links.c.hash == digest, magic_links.c.used_at.is_(None), magic_links.c.expires_at > now)
        with self._engine.begin() as db:
            if db.execute(update(magic_links).where(*usable).values(used_at=now)).rowcount != 1:
                return None
            row = db.execute(select(magic_links).where(magic_links.c.hash == digest)).one()
        return row.person_id, row.next
