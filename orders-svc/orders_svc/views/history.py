"""What happened to an order: each fact with who, when, in which role, for whom."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from grenier.language import orders
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
history = sa.Table(
    "history_facts",
    _meta,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("on_behalf_of", sa.Text, nullable=False),
    # channel, reason, lines, total_cents; or product_id, rule, automatic, from/to quantities and amounts
    sa.Column("facts", Json, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.OrderConfirmed() as e:
            facts = {"channel": e.channel, "lines": msgspec.to_builtins(e.lines), "total_cents": e.total_cents}
            _note(rows, fact, e.order_id, facts)
        case orders.OrderAmended() as e:
            facts = {"channel": e.channel, "reason": e.reason, "lines": msgspec.to_builtins(e.lines),
                     "total_cents": e.total_cents}  # fmt: skip
            _note(rows, fact, e.order_id, facts)
        case orders.OrderCancelled() as e:
            _note(rows, fact, e.order_id, {"reason": e.reason})
        case orders.OrdersRegulated() as e:
            for change in e.changes:
                facts = {**msgspec.to_builtins(change), "rule": e.rule, "limit": e.limit, "automatic": e.automatic}
                _note(rows, fact, change.order_id, facts)


def _note(rows: Rows, fact: Fact, order_id: str, facts: dict[str, Any]) -> None:
    rows.put(history, order_id=order_id, position=fact.position, event_id=fact.id, event=fact.name, at=fact.at,
             actor=fact.meta.actor, role=fact.meta.role, on_behalf_of=fact.meta.on_behalf_of, facts=facts)  # fmt: skip


view = View(
    name="history",
    tables=(history,),
    reads=("orders.order-", "orders.orders-regulated"),
    apply=apply,
)


def history_of(db: Database, order_id: str) -> list[Row]:
    return db.rows(sa.select(history).where(history.c.order_id == order_id).order_by(history.c.position))
