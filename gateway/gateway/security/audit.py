"""Who came in, who was turned away, when and from where: a chain that shows when somebody has touched it (T40, V16.2, V16.3).

Each row carries a seal over itself and the seal before, keyed by a secret of the installation: a changed, added or missing
row breaks the chain from there on, and the head row shows a shortened end. Each seal also stands in the process's log:
whoever ships logs elsewhere can prove that the table was not put back to an older state.

Rows hold ids and codes, never names or addresses; the source of a request is a keyed hash, equal for equal sources. Changes
of roles, contracts and money are facts of the log, with actor and instant: they need no second book.

    python -m gateway.security.audit        the last rows, and whether the chain is whole (exit code 1 when it is not)
"""

import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, current_app, g, request
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from gateway.auth_db import audit, audit_head, auth_url, open_auth_db
from gateway.identity import identity
from gateway.security.secrets_ import keyed
from grenier.config import Settings

log = logging.getLogger(__name__)

FIELDS = ("seq", "at", "what", "person_id", "place", "source")
BEGINNING = ""
SOURCE_LENGTH = 16


class Audit:
    def __init__(self, engine: Engine, secret: bytes, now: Callable[[], float]) -> None:
        self._engine = engine
        self._secret = secret
        self._now = now

    def record(self, what: str, person_id: str, place: str, source: str) -> None:
        """`what`: signed-in, refused…; `place`: the endpoint; `source`: the address a request came from."""
        hidden = keyed(self._secret, "audit-source", source)[:SOURCE_LENGTH]
        while True:
            try:
                row = self._append(what, person_id, place, hidden)
                break
            except IntegrityError:  # another process was first: the next number
                continue
        log.info("audit", extra={name: row[name] for name in (*FIELDS, "seal")})

    def _append(self, what: str, person_id: str, place: str, source: str) -> dict[str, Any]:
        with self._engine.begin() as db:
            head = db.execute(select(audit_head.c.seq, audit_head.c.seal)).first()
            seq, before = (head.seq + 1, head.seal) if head else (1, BEGINNING)
            row = {
                "seq": seq, "at": int(self._now()), "what": what, "person_id": person_id, "place": place, "source": source,
            }  # fmt: skip
            row["seal"] = self._seal(row, before)
            db.execute(insert(audit).values(**row))
            here = {"seq": seq, "seal": row["seal"]}
            if head:
                db.execute(update(audit_head).values(**here))
            else:
                db.execute(insert(audit_head).values(id=1, **here))
        return row

    def problems(self) -> list[str]:
        """Where the chain does not hold: empty when nobody has touched it."""
        with self._engine.connect() as db:
            rows = [dict(row._mapping) for row in db.execute(select(audit).order_by(audit.c.seq))]
            head = db.execute(select(audit_head.c.seq, audit_head.c.seal)).first()
        found, before = [], BEGINNING
        for number, row in enumerate(rows, start=1):
            if row["seq"] != number:
                found.append(f"row {number} is missing")
                break
            if row["seal"] != self._seal(row, before):
                found.append(f"row {number} is not as it was written")
                break
            before = row["seal"]
        last = (rows[-1]["seq"], rows[-1]["seal"]) if rows else None
        if not found and last != (tuple(head) if head else None):
            found.append("the end is not where it was")
        return found

    def last(self, count: int) -> list[dict[str, Any]]:
        with self._engine.connect() as db:
            rows = db.execute(select(audit).order_by(audit.c.seq.desc()).limit(count))
            return [dict(row._mapping) for row in rows][::-1]

    def about(self, person_id: str) -> list[dict[str, Any]]:
        """What the book says of one person, for themselves."""
        shown = [audit.c[name] for name in ("at", "what", "place", "source")]
        with self._engine.connect() as db:
            rows = db.execute(select(*shown).where(audit.c.person_id == person_id).order_by(audit.c.seq))
            return [dict(row._mapping) for row in rows]

    def _seal(self, row: dict[str, Any], before: str) -> str:
        text = "\x1f".join([before, *(str(row[name]) for name in FIELDS)])
        return keyed(self._secret, "audit", text)


def note(what: str, person_id: str) -> None:
    """Within a request: this happened to this person (empty: to somebody unknown)."""
    kept: Audit = current_app.extensions["grenier"].audit
    kept.record(what, person_id, request.endpoint or "", request.remote_addr or "")


def install(app: Flask) -> None:
    app.after_request(_note_refusal)


def _note_refusal(response: Response) -> Response:
    """A signed-in person asked for what is not theirs; strangers have nothing to be refused, they are asked to sign in."""
    if response.status_code == 403 or g.get("hidden"):
        person = identity().person_id
        if person is not None:
            _note_in_any_case(person)
    return response


def _note_in_any_case(person_id: str) -> None:
    """A refusal stays a refusal when the table cannot be written; the log then says it alone."""
    try:
        note("refused", person_id)
    except SQLAlchemyError as error:
        log.error("audit-not-written", extra={"person_id": person_id, "reason": type(error).__name__})


def main() -> int:
    import time

    settings = Settings.from_env()
    kept = Audit(open_auth_db(auth_url(settings), kept=1), settings.kek, time.time)
    _print(" ".join(str(row[name]) for name in FIELDS) for row in kept.last(50))
    problems = kept.problems()
    _print(problems or ["la chaîne est entière"])
    return 1 if problems else 0


def _print(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
