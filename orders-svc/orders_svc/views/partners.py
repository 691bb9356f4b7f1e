"""Which price tiers does the host organisation have, and what are its producers called? (facts of contracts-svc)"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from grenier.language import contracts
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
tiers = sa.Table(
    "partners_tiers",
    _meta,
    sa.Column("host_id", sa.Text, primary_key=True),
    sa.Column("tiers", Json, nullable=False),
)
producers = sa.Table(
    "partners_producers",
    _meta,
    sa.Column("producer_id", sa.Text, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.TiersDefined() as e:
            found = [{"code": tier.code, "name": tier.name, "rate_bp": tier.rate_bp} for tier in e.tiers]
            rows.put(tiers, host_id=e.host_id, tiers=found)
        case contracts.ProducerRegistered() as e:
            rows.put(producers, producer_id=e.producer_id, host_id=e.host_id, name=e.name, place=e.place)


view = View(
    name="partners",
    tables=(tiers, producers),
    reads=("contracts.tiers-defined", "contracts.producer-registered"),
    apply=apply,
)


def tiers_of(db: Database, host_id: str) -> list[dict[str, Any]]:
    """[{code, name, rate_bp}] as the host organisation listed them."""
    return db.value(sa.select(tiers.c.tiers).where(tiers.c.host_id == host_id)) or []


def rates_of(db: Database, host_id: str) -> dict[str, int]:
    return {tier["code"]: tier["rate_bp"] for tier in tiers_of(db, host_id)}


def producer_names(db: Database, host_id: str) -> dict[str, str]:
    query = sa.select(producers.c.producer_id, producers.c.name).where(producers.c.host_id == host_id)
    return {row["producer_id"]: row["name"] for row in db.rows(query)}


def producers_of(db: Database, host_id: str) -> list[Row]:
    query = sa.select(producers).where(producers.c.host_id == host_id)
    return db.rows(query.order_by(producers.c.name, producers.c.producer_id))


def producer(db: Database, producer_id: str) -> Row | None:
    return db.row(sa.select(producers).where(producers.c.producer_id == producer_id))
