"""View `floors`: how far into the red a household of a group may order, when the group has decided so."""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language import contracts
from grenier.readmodel import Database, Fact, Rows, View

_meta = sa.MetaData()
floors = sa.Table(
    "floors_groups",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("floor_cents", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.GroupSettingsChanged(group_id=group_id, credit_unlimited=True):
            rows.delete(floors, group_id)
        case contracts.GroupSettingsChanged(group_id=group_id, credit_floor_cents=int(floor_cents)):
            rows.put(floors, group_id=group_id, floor_cents=floor_cents)


view = View("floors", (floors,), ("contracts.group-settings-changed",), apply)


def floor(db: Database, group_id: str) -> int | None:
    """The lowest balance in cents (0 or negative) that orders may lead to; None: no limit."""
    found: int | None = db.value(sa.select(floors.c.floor_cents).where(floors.c.group_id == group_id))
    return found
