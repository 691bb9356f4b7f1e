"""Of which days is something known: who keeps baskets, numbers on them? (domain 1.5.1)"""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language import keeping
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
keepers = sa.Table(
    "keeping_keepers",
    _meta,
    sa.Column("day_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, primary_key=True, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("on", sa.Text, nullable=False),
)
days = sa.Table(
    "keeping_days",
    _meta,
    sa.Column("day_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("on", sa.Text, nullable=False),
    sa.Index("keeping_days_by_group", "group_id", "on"),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case keeping.KeepingOffered() as e:
            rows.put(keepers, day_id=e.day_id, person_id=e.person_id, group_id=e.group_id, on=e.on.isoformat())
            rows.put(days, day_id=e.day_id, group_id=e.group_id, on=e.on.isoformat())
        case keeping.BasketsNumbered() as e:
            rows.put(days, day_id=e.day_id, group_id=e.group_id, on=e.on.isoformat())
        case keeping.KeepingWithdrawn() as e:
            rows.delete(keepers, e.day_id, e.person_id)


view = View(
    name="keeping",
    tables=(keepers, days),
    reads=("contracts.keeping-", "contracts.baskets-numbered"),
    apply=apply,
)


def known(db: Database, group_id: str, first: str) -> dict[str, str]:
    """{day: its stream} of a group's days from `first` on of which something is known."""
    query = sa.select(days).where(days.c.group_id == group_id, days.c.on >= first).order_by(days.c.on)
    return {row["on"]: row["day_id"] for row in db.rows(query)}


def days_of(db: Database, person_id: str) -> list[Row]:
    query = sa.select(keepers).where(keepers.c.person_id == person_id)
    return db.rows(query.order_by(keepers.c.on, keepers.c.day_id))
