"""View `ordering`: who has ordered and who has only a draft, per cycle; for audiences and the organisers' summary."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from grenier.language import orders
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
households = sa.Table(
    "ordering_households",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("ordered", sa.Integer, nullable=False),
    sa.Column("draft", sa.Integer, nullable=False),
    sa.Column("total_cents", sa.Integer, nullable=False),
    sa.Column("quantities", Json),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.OrderConfirmed() | orders.OrderAmended() as e:
            rows.put(households, cycle_id=e.cycle_id, household_id=e.household_id, ordered=1, draft=0,
                     total_cents=e.total_cents,
                     quantities={line.product_id: line.quantity for line in e.lines})  # fmt: skip
        case orders.OrderCancelled() as e:
            rows.change(households, e.cycle_id, e.household_id, ordered=0, total_cents=0, quantities={})
        case orders.OrdersRegulated() as e:
            for change in e.changes:
                _reduce(rows, e.cycle_id, change)
        case orders.DraftSaved() as e:
            if not rows.change(households, e.cycle_id, e.household_id, draft=int(bool(e.lines))):
                rows.put(households, cycle_id=e.cycle_id, household_id=e.household_id, ordered=0,
                         draft=int(bool(e.lines)), total_cents=0, quantities={})  # fmt: skip
        case orders.DraftDiscarded() as e:
            rows.change(households, e.cycle_id, e.household_id, draft=0)


def _reduce(rows: Rows, cycle_id: str, change: orders.LineReduced) -> None:
    """A product was taken away, or less of it is left: what the household gets."""
    row = rows.get(households, cycle_id, change.household_id)
    if row is None:
        return
    quantities = {**(row["quantities"] or {}), change.product_id: change.to_quantity}
    left = {product_id: quantity for product_id, quantity in quantities.items() if quantity}
    total_cents = row["total_cents"] + change.to_amount_cents - change.from_amount_cents
    rows.change(households, cycle_id, change.household_id, quantities=left, total_cents=total_cents,
                ordered=int(bool(left)))  # fmt: skip


view = View(
    "ordering", (households,), ("orders.order-", "orders.orders-regulated", "orders.draft-"), apply,
    version=2,  # 2: what a regulation takes away
)  # fmt: skip


def of_cycle(db: Database, cycle_id: str) -> list[Row]:
    return db.rows(sa.select(households).where(households.c.cycle_id == cycle_id).order_by(households.c.household_id))


def summary(rows: list[Row], products: dict[str, list[Any]]) -> dict[str, Any]:
    """orders, total_cents, drafts and over_asked [{product_id, asked, limit}] of one cycle (pure)."""
    asked: dict[str, int] = {}
    for row in rows:
        if row["ordered"]:
            for product_id, quantity in (row["quantities"] or {}).items():
                asked[product_id] = asked.get(product_id, 0) + quantity
    over = [
        {"product_id": product_id, "asked": asked[product_id], "limit": limit}
        for product_id, (_name, limit) in sorted(products.items())
        if limit and asked.get(product_id, 0) > limit
    ]
    return {
        "orders": sum(row["ordered"] for row in rows),
        "total_cents": sum(row["total_cents"] for row in rows if row["ordered"]),
        "drafts": sum(1 for row in rows if row["draft"] and not row["ordered"]),
        "over_asked_count": len(over),
        "over_asked": over,
    }
