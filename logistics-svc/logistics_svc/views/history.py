"""What happened on a distribution day, event by event: when, by whom, in which role, for which household."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
history = sa.Table(
    "history_entries",
    _meta,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("distribution_id", sa.Text, nullable=False),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("for_whom", sa.Text, nullable=False),
    sa.Column("facts", Json, nullable=False),
    sa.Index("history_entries_day", "distribution_id", "household_id", "position"),
)

# Kept short: lists of lines, orders and movements have views of their own.
_FIGURES = (
    "product_id", "product_name", "weight_g", "amount_cents", "missing", "quantity", "substitute_id",
    "substitute_quantity", "total_cents", "reason", "outcome", "slot_id", "expected", "available", "served", "absent",
    "sign_off_id", "delivery_id",
)  # fmt: skip


def apply(rows: Rows, fact: Fact) -> None:
    body: dict[str, Any] = msgspec.structs.asdict(fact.event)
    distribution_id = body.get("distribution_id", "")
    if not distribution_id or fact.name == "logistics.pallet-planned":
        return
    rows.put(history, position=fact.position, distribution_id=distribution_id,
             household_id=body.get("household_id", ""), name=fact.name, event_id=fact.id, at=fact.at,
             actor=fact.meta.actor, role=fact.meta.role, for_whom=fact.meta.on_behalf_of,
             facts={name: body[name] for name in _FIGURES if name in body})  # fmt: skip


view = View(name="history", tables=(history,), reads=("logistics.",), apply=apply)


def history_of(db: Database, distribution_id: str, household_id: str = "", limit: int = 500) -> list[Row]:
    """The latest first."""
    query = sa.select(history).where(history.c.distribution_id == distribution_id)
    if household_id:
        query = query.where(history.c.household_id == household_id)
    return db.rows(query.order_by(history.c.position.desc()).limit(limit))
