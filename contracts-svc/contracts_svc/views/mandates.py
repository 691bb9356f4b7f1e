"""Who holds or held which role, from when to when, and who gave it. Ids only; an erased person's mandates go too."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from grenier.language import contracts
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
mandates = sa.Table(
    "mandates",
    _meta,
    sa.Column("assignment_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("scope_kind", sa.Text, nullable=False),
    sa.Column("scope_id", sa.Text, nullable=False, index=True),
    sa.Column("valid_from", sa.Text, nullable=False),
    sa.Column("valid_until", sa.Text),
    sa.Column("assigned_at", sa.Text, nullable=False),
    sa.Column("assigned_by", sa.Text, nullable=False),
    sa.Column("revoked_at", sa.Text),
    sa.Column("revoked_by", sa.Text),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.RoleAssigned() as e:
            until = e.valid_until.isoformat() if e.valid_until else None
            rows.put(mandates, assignment_id=e.assignment_id, person_id=e.person_id, role=e.role,
                     scope_kind=e.scope_kind, scope_id=e.scope_id, valid_from=e.valid_from.isoformat(),
                     valid_until=until, assigned_at=fact.at, assigned_by=fact.meta.actor)  # fmt: skip
        case contracts.RoleRevoked() as e:
            rows.change(mandates, e.assignment_id, revoked_at=fact.at, revoked_by=fact.meta.actor)
        case contracts.PersonErased() as e:
            for row in rows.where(mandates, person_id=e.person_id):
                rows.delete(mandates, row["assignment_id"])


view = View(name="mandates", tables=(mandates,), reads=("contracts.role-", "contracts.person-erased"), apply=apply)


# -- questions ---------------------------------------------------------------------------------------------------


def in_scopes(db: Database, scope_ids: Sequence[str], today: str) -> list[Row]:
    """The mandates in these scopes that hold today or will, by role."""
    m = mandates.c
    query = sa.select(mandates).where(m.scope_id.in_(scope_ids), m.revoked_at.is_(None))
    query = query.where(sa.or_(m.valid_until.is_(None), m.valid_until >= today))
    return db.rows(query.order_by(m.role, m.valid_from, m.assignment_id))


def of_person(db: Database, person_id: str) -> list[Row]:
    """Every mandate of a person, past ones included."""
    query = sa.select(mandates).where(mandates.c.person_id == person_id)
    return db.rows(query.order_by(mandates.c.valid_from, mandates.c.assignment_id))


def get(db: Database, assignment_id: str) -> Row | None:
    return db.row(sa.select(mandates).where(mandates.c.assignment_id == assignment_id))
