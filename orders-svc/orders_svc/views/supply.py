"""What was ordered from which producer, and how far has it come? (S1:131)"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from grenier.language import orders
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
supplier_orders = sa.Table(
    "supply_orders",
    _meta,
    sa.Column("supplier_order_id", sa.Text, primary_key=True),
    sa.Column("window_id", sa.Text, nullable=False, index=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("producer_id", sa.Text, nullable=False, index=True),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("cost_cents", sa.Integer, nullable=False),
    sa.Column("weight_g", sa.Integer, nullable=False),
    sa.Column("placed_at", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text),
    sa.Column("sent_by", sa.Text),
    sa.Column("acknowledged_at", sa.Text),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("lines", Json, nullable=False),
    # Of a round of a contract; "" for a window.
    sa.Column("cycle_id", sa.Text, nullable=False, index=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.SupplierOrderPlaced() as e:
            rows.put(supplier_orders, supplier_order_id=e.supplier_order_id, window_id=e.window_id, host_id=e.host_id,
                     producer_id=e.producer_id, month=e.month, status="placed", line_count=len(e.lines),
                     cost_cents=e.cost_cents, weight_g=sum(line.weight_g for line in e.lines), placed_at=fact.at,
                     lines=msgspec.to_builtins(e.lines), cycle_id=e.cycle_id, contract_id=e.contract_id,
                     group_id=e.group_id)  # fmt: skip
        case orders.SupplierOrderSent() as e:
            rows.change(supplier_orders, e.supplier_order_id, status="sent", sent_at=fact.at, sent_by=fact.meta.actor)
        case orders.SupplierOrderAcknowledged() as e:
            rows.change(supplier_orders, e.supplier_order_id, status="acknowledged", acknowledged_at=fact.at,
                        acknowledged_by=fact.meta.actor)  # fmt: skip


view = View(name="supply", tables=(supplier_orders,), reads=("orders.supplier-order-",), apply=apply, version=2)

_WITHOUT_LINES = [column for column in supplier_orders.c if column.name != "lines"]


def supplier_order(db: Database, supplier_order_id: str) -> Row | None:
    return db.row(sa.select(supplier_orders).where(supplier_orders.c.supplier_order_id == supplier_order_id))


def supplier_orders_where(db: Database, *, status: str = "", **equals: str) -> list[Row]:
    """By window_id, host_id, producer_id, cycle_id or contract_id; the latest month first, without lines."""
    query = sa.select(*_WITHOUT_LINES)
    for name, value in equals.items():
        query = query.where(supplier_orders.c[name] == value)
    if status:
        query = query.where(supplier_orders.c.status == status)
    return db.rows(query.order_by(supplier_orders.c.month.desc(), supplier_orders.c.supplier_order_id))


def of_contracts(db: Database, contract_ids: Sequence[str]) -> list[Row]:
    """What the rounds of some contracts asked of their producers; without lines."""
    query = sa.select(*_WITHOUT_LINES).where(supplier_orders.c.contract_id.in_([each for each in contract_ids if each]))
    return db.rows(query.order_by(supplier_orders.c.supplier_order_id))
