"""Personal access tokens for scripts: `Authorization: Bearer grn_…`, stored as hashes, revocable one by one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Engine, bindparam, delete, insert, select, update

from gateway.auth_db import tokens
from gateway.security.secrets_ import hashed, new_secret
from grenier.statements import Questions

PREFIX = "grn_"  # lets people and secret scanners recognise one
TOUCH_EVERY_S = 3600
MAX_PER_PERSON = 50
# Looked up at every request of a script, so built once.
_BY_HASH = select(tokens.c.id, tokens.c.person_id, tokens.c.last_used_at).where(tokens.c.hash == bindparam("hashed"))


@dataclass(frozen=True)
class Token:
    """What may be shown of a token: never the secret. Instants are Unix seconds."""

    id: str
    person_id: str
    label: str
    created_at: int
    last_used_at: int | None


class Tokens:
    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._questions = Questions(engine)
        self._now = now

    def issue(self, person_id: str, label: str) -> tuple[Token, str]:
        """A new token and its secret, which is shown once. The oldest beyond MAX_PER_PERSON stop working."""
        secret = PREFIX + new_secret()
        token = Token(uuid4().hex, person_id, label[:80], int(self._now()), None)
        with self._engine.begin() as db:
            db.execute(insert(tokens).values(hash=hashed(secret), **vars(token)))
            newest = select(tokens.c.id).where(tokens.c.person_id == person_id)
            # Several may be of the same second: the one that is just being handed out is never the one to go.
            latest = (tokens.c.id == token.id).desc(), tokens.c.created_at.desc(), tokens.c.id
            kept = newest.order_by(*latest).limit(MAX_PER_PERSON)
            ids = list(db.execute(kept).scalars())
            db.execute(delete(tokens).where(tokens.c.person_id == person_id, tokens.c.id.not_in(ids)))
        return token, secret

    def person_of(self, secret: str) -> str | None:
        """Whose token this is; None when it is not one (any more)."""
        now = int(self._now())
        row = self._questions.row(_BY_HASH, hashed=hashed(secret))
        if row is None:
            return None
        if (row["last_used_at"] or 0) < now - TOUCH_EVERY_S:
            with self._engine.begin() as db:
                db.execute(update(tokens).where(tokens.c.id == row["id"]).values(last_used_at=now))
        return str(row["person_id"])

    def of(self, person_id: str) -> Sequence[Token]:
        columns = (tokens.c.id, tokens.c.person_id, tokens.c.label, tokens.c.created_at, tokens.c.last_used_at)
        with self._engine.connect() as db:
            rows = db.execute(select(*columns).where(tokens.c.person_id == person_id).order_by(tokens.c.created_at))
            return [Token(*row) for row in rows]

    def revoke(self, person_id: str, token_id: str) -> bool:
        """True when the person had such a token."""
        with self._engine.begin() as db:
            gone = delete(tokens).where(tokens.c.person_id == person_id, tokens.c.id == token_id)
            return db.execute(gone).rowcount == 1
