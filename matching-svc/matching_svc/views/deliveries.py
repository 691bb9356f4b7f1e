"""On which days do contracts deliver in a group, and from when on? So that hands are there when goods come (S0:22)."""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language import season
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
deliveries = sa.Table(
    "deliveries_planned",
    _meta,
    sa.Column("delivery_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False),
    # As the group says them; `before`: from when on it was, before it was moved for the last time.
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("starts", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("cancelled", sa.Integer, nullable=False),
    sa.Index("deliveries_planned_by_day", "group_id", "day"),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ContractOpened() as e:
            for delivery in e.terms.deliveries:
                _put(rows, e.group_id, delivery)
        case season.DeliveryAdded() | season.DeliveryMoved() as e:
            _put(rows, e.group_id, e.delivery)
        case season.DeliveryCancelled() as e:
            rows.change(deliveries, e.delivery_id, cancelled=1)


def _put(rows: Rows, group_id: str, delivery: season.PlannedDelivery) -> None:
    known = rows.get(deliveries, delivery.delivery_id)
    rows.put(deliveries, delivery_id=delivery.delivery_id, group_id=group_id, day=delivery.on.isoformat(),
             starts=delivery.starts, before=known["starts"] if known else delivery.starts,
             cancelled=int(delivery.cancelled))  # fmt: skip


view = View(
    name="deliveries",
    tables=(deliveries,),
    reads=("contracts.contract-opened", "contracts.delivery-"),
    apply=apply,
)


def delivery(db: Database, delivery_id: str) -> Row | None:
    return db.row(sa.select(deliveries).where(deliveries.c.delivery_id == delivery_id))


def others_on(db: Database, group_id: str, day: str, delivery_id: str) -> bool:
    """Whether something else is delivered in the group on a day."""
    d = deliveries.c
    query = sa.select(d.delivery_id).where(d.group_id == group_id, d.day == day, d.cancelled == 0)
    return db.row(query.where(d.delivery_id != delivery_id)) is not None
