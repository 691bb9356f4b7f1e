"""Which products did not come in full, and who gets how much of them (S1:53)."""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language import logistics as facts
from grenier.readmodel import Database, Fact, Json, Row, Rows, View
from logistics_svc.plain import plain

_meta = sa.MetaData()
shortages = sa.Table(
    "shortages_shortages",
    _meta,
    sa.Column("distribution_id", sa.Text, primary_key=True),
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("expected", sa.Integer, nullable=False),
    sa.Column("available", sa.Integer, nullable=False),
    sa.Column("shares", Json, nullable=False),
    sa.Column("declared_at", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case facts.ShortageDeclared() as e if e.available >= e.expected:
            rows.delete(shortages, e.distribution_id, e.product_id)
        case facts.ShortageDeclared() as e:
            rows.put(shortages, distribution_id=e.distribution_id, product_id=e.product_id, group_id=e.group_id,
                     name=e.product_name, expected=e.expected, available=e.available,
                     shares=plain(e.shares), declared_at=fact.at)  # fmt: skip


view = View(name="shortages", tables=(shortages,), reads=("logistics.shortage-declared",), apply=apply)


def shortages_where(db: Database, **equals: str) -> list[Row]:
    """By distribution_id or group_id."""
    where = [shortages.c[name] == value for name, value in equals.items()]
    return db.rows(sa.select(shortages).where(*where).order_by(shortages.c.distribution_id, shortages.c.name))
