"""Who asks to join a group, and what was answered (S1:111). Names come from the directory."""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language import contracts
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
applications = sa.Table(
    "applications",
    _meta,
    sa.Column("application_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
    sa.Column("requested_at", sa.Text, nullable=False),
    sa.Column("charter_accepted_at", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("decided_at", sa.Text),
    sa.Column("decided_by", sa.Text),
)
STATES = {"accept": "accepted", "wait": "waiting", "decline": "declined"}


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.MembershipRequested() as e:
            rows.put(applications, application_id=e.application_id, group_id=e.group_id, person_id=e.person_id,
                     requested_at=fact.at, charter_accepted_at=e.charter_accepted_at, state="open")  # fmt: skip
        case contracts.MembershipRequestDecided() as e:
            rows.change(applications, e.application_id, state=STATES[e.decision], decided_at=fact.at,
                        decided_by=fact.meta.actor)  # fmt: skip


view = View(name="applications", tables=(applications,), reads=("contracts.membership-request",), apply=apply)


def undecided(db: Database, group_id: str) -> list[Row]:
    """Open requests and the waiting list, the longest waiting first."""
    a = applications.c
    query = sa.select(applications).where(a.group_id == group_id, a.state.in_(("open", "waiting")))
    return db.rows(query.order_by(a.state, a.requested_at, a.application_id))


def get(db: Database, application_id: str) -> Row | None:
    return db.row(sa.select(applications).where(applications.c.application_id == application_id))
