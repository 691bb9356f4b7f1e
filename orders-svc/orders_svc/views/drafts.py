"""Who has put an order together and not confirmed it? (S1:33)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from grenier.language import orders
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
drafts = sa.Table(
    "drafts_drafts",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("lines", Json, nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("saved_at", sa.Text, nullable=False),
    sa.Column("saved_by", sa.Text, nullable=False),
)
# Which draft streams hold something: what a confirmation still has to discard there. Most have never been written.
kept = sa.Table(
    "drafts_kept",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.DraftSaved() as e:
            rows.put(kept, cycle_id=e.cycle_id, household_id=e.household_id)
            if e.lines:
                quantities = {line.product_id: line.quantity for line in e.lines}
                rows.put(drafts, cycle_id=e.cycle_id, household_id=e.household_id, group_id=e.group_id,
                         lines=quantities, line_count=len(quantities), saved_at=fact.at,
                         saved_by=fact.meta.actor)  # fmt: skip
            else:
                rows.delete(drafts, e.cycle_id, e.household_id)
        case orders.DraftDiscarded() as e:
            rows.delete(kept, e.cycle_id, e.household_id)
            rows.delete(drafts, e.cycle_id, e.household_id)
        case orders.OrderConfirmed() | orders.OrderAmended() as e:
            # The policy discards it in its stream; people must not see it in between.
            row = rows.get(drafts, e.cycle_id, e.household_id)
            if row is not None and row["saved_at"] <= fact.at:
                rows.delete(drafts, e.cycle_id, e.household_id)


view = View(
    name="drafts",
    tables=(drafts, kept),
    reads=("orders.draft-", "orders.order-confirmed", "orders.order-amended"),
    apply=apply,
    version=2,
)
_KEPT = sa.select(kept).where(
    kept.c.cycle_id == sa.bindparam("cycle_id"), kept.c.household_id == sa.bindparam("household_id")
)


def is_kept(db: Database, cycle_id: str, household_id: str) -> bool:
    """Whether a draft lies in its stream, even one that a confirmation already hides from people."""
    return db.by_key(_KEPT, cycle_id=cycle_id, household_id=household_id) is not None


def draft(db: Database, cycle_id: str, household_id: str) -> Row | None:
    return db.row(sa.select(drafts).where(drafts.c.cycle_id == cycle_id, drafts.c.household_id == household_id))


def drafts_in(db: Database, cycle_ids: Iterable[str]) -> list[Row]:
    query = sa.select(drafts).where(drafts.c.cycle_id.in_(list(cycle_ids)))
    return db.rows(query.order_by(drafts.c.cycle_id, drafts.c.saved_at, drafts.c.household_id))


def drafts_of(db: Database, household_ids: Sequence[str]) -> list[Row]:
    query = sa.select(drafts).where(drafts.c.household_id.in_(household_ids))
    return db.rows(query.order_by(drafts.c.cycle_id, drafts.c.household_id))


def counts(db: Database, cycle_ids: Iterable[str]) -> dict[str, int]:
    query = sa.select(drafts.c.cycle_id, sa.func.count().label("drafts"))
    query = query.where(drafts.c.cycle_id.in_(list(cycle_ids))).group_by(drafts.c.cycle_id)
    return {row["cycle_id"]: row["drafts"] for row in db.rows(query)}
