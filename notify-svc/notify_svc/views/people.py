"""View `people`: how each person is reached. Fields stay sealed here; they are opened at the moment of sending."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from grenier.language import contracts, notify
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
people = sa.Table(
    "people_persons",
    _meta,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("sealed", Json, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("digital", sa.Integer, nullable=False),
    sa.Column("announcements", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.PersonRegistered() as e:
            rows.put(people, person_id=e.person_id, sealed=e.sealed, language=e.language, digital=int(e.digital),
                     announcements=1)  # fmt: skip
        case contracts.PersonDetailsChanged() as e:
            if known := rows.get(people, e.person_id):
                rows.put(
                    people,
                    **{**known, "sealed": {**known["sealed"], **e.sealed}}
                    | ({"language": e.language} if e.language is not None else {})
                    | ({"digital": int(e.digital)} if e.digital is not None else {}),
                )
        case contracts.PersonErased() as e:
            rows.delete(people, e.person_id)
        case notify.AnnouncementsChosen() as e:
            rows.change(people, e.person_id, announcements=int(e.wanted))


view = View(
    "people",
    (people,),
    ("contracts.person-registered", "contracts.person-details-changed", "contracts.person-erased",
     "notify.announcements-chosen"),
    apply,
    scrub_on=("contracts.person-erased",),
)  # fmt: skip


def person(db: Database, person_id: str) -> Row | None:
    return db.row(sa.select(people).where(people.c.person_id == person_id))


def persons(db: Database, person_ids: Sequence[str]) -> dict[str, Row]:
    """By id; unknown and erased persons are left out."""
    found = db.rows(sa.select(people).where(people.c.person_id.in_(list(person_ids))))
    return {row["person_id"]: row for row in found}


def uses_mail(row: Row) -> bool:
    """False: the person is called instead (S1:14)."""
    return bool(row["digital"]) and "email" in row["sealed"]
