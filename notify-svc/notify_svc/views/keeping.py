"""View `keeping`: whose baskets are kept by whom on a day, and how often that was changed, as calendar entries count it (domain 1.5.1)."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from grenier.language import keeping, season
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
kept = sa.Table(
    "keeping_kept",
    _meta,
    sa.Column("day_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("on", sa.Text, nullable=False),
    # "" once nobody keeps them any more.
    sa.Column("keeper_id", sa.Text, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case keeping.BasketsEntrusted() as e:
            _put(rows, e, e.keeper_id)
        case keeping.BasketsTakenBack() as e:
            _put(rows, e, "")
        case season.DeliveryMoved() | season.DeliveryAdded() as e:
            _count(rows, e.group_id, e.delivery.on)


def _put(rows: Rows, event: keeping.BasketsEntrusted | keeping.BasketsTakenBack, keeper_id: str) -> None:
    known = rows.get(kept, event.day_id, event.household_id)
    rows.put(kept, day_id=event.day_id, household_id=event.household_id, group_id=event.group_id,
             on=event.on.isoformat(), keeper_id=keeper_id, sequence=known["sequence"] + 1 if known else 1)  # fmt: skip


def _count(rows: Rows, group_id: str, on: date) -> None:
    for row in rows.where(kept, group_id=group_id):
        if row["on"] == on.isoformat():
            rows.change(kept, row["day_id"], row["household_id"], sequence=row["sequence"] + 1)


view = View(
    "keeping", (kept,), ("contracts.baskets-", "contracts.delivery-moved", "contracts.delivery-added"), apply
)  # fmt: skip


def sequence(db: Database, day_id: str, household_id: str) -> int:
    query: Any = sa.select(kept.c.sequence).where(kept.c.day_id == day_id, kept.c.household_id == household_id)
    return int(db.value(query) or 0)


def kept_on(db: Database, group_id: str, on: str) -> list[Row]:
    """What is kept by somebody on a day."""
    k = kept.c
    query = sa.select(kept).where(k.group_id == group_id, k.on == on, k.keeper_id != "")
    return db.rows(query.order_by(k.household_id))
