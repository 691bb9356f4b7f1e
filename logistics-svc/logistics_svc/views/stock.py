"""What lies where, now and at any moment before: the sum of the movements (S1:82, S1:136)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from grenier.language import logistics as facts
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
levels = sa.Table(
    "stock_levels",
    _meta,
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
)
# Two rows a movement, one at each place, so that a place is one indexed question.
moves = sa.Table(
    "stock_moves",
    _meta,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("other", sa.Text, nullable=False),
    sa.Column("product_id", sa.Text, nullable=False),
    sa.Column("delta", sa.Integer, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Index("stock_moves_place", "place", "product_id", "position"),
)
products = sa.Table(
    "stock_products",
    _meta,
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("unit_label", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case facts.DistributionPlanned() as e:
            for item in e.items:
                label = item.facts.unit_label
                rows.put(products, product_id=item.product_id, name=item.facts.name, unit_label=label)
        case (
            facts.PalletPrepared(movements=movements)
            | facts.DeliveryReceived(movements=movements)
            | facts.SignedOff(movements=movements)
            | facts.SignOffUndone(movements=movements)
            | facts.StockCounted(movements=movements)
        ):
            _move(rows, fact, movements)


def _move(rows: Rows, fact: Fact, movements: Sequence[facts.Movement]) -> None:
    for number, movement in enumerate(movements):
        ends = ((movement.source, movement.target, -movement.quantity),
                (movement.target, movement.source, movement.quantity))  # fmt: skip
        for side, (place, other, delta) in enumerate(ends):
            rows.put(moves, position=fact.position, line=2 * number + side, place=place, other=other,
                     product_id=movement.product_id, delta=delta, at=fact.at, event=fact.name, event_id=fact.id,
                     actor=fact.meta.actor, role=fact.meta.role)  # fmt: skip
            rows.add(levels, place, movement.product_id, quantity=delta)


view = View(
    name="stock",
    tables=(levels, moves, products),
    reads=(
        "logistics.distribution-planned",
        "logistics.pallet-prepared",
        "logistics.delivery-received",
        "logistics.signed-off",
        "logistics.sign-off-undone",
        "logistics.stock-counted",
    ),
    apply=apply,
)

_NAMED = (products.c.name, products.c.unit_label)


def stock(db: Database, place: str) -> list[Row]:
    """product_id, name, unit_label, quantity of everything that ever was at the place."""
    query = sa.select(levels.c.product_id, levels.c.quantity, *_NAMED).outerjoin(
        products, products.c.product_id == levels.c.product_id
    )
    return db.rows(query.where(levels.c.place == place).order_by(products.c.name, levels.c.product_id))


def stock_as_of(db: Database, place: str, *, at: str = "", position: int | None = None) -> list[Row]:
    """The same, from the movements up to an instant (ISO text) or a position of the log, both included."""
    until: Any = moves.c.position <= position if position is not None else moves.c.at <= at
    quantity = sa.func.sum(moves.c.delta).label("quantity")
    query = (
        sa.select(moves.c.product_id, quantity, *_NAMED)
        .outerjoin(products, products.c.product_id == moves.c.product_id)
        .where(moves.c.place == place, until)
        .group_by(moves.c.product_id, *_NAMED)
    )
    return db.rows(query.order_by(products.c.name, moves.c.product_id))


def movements_at(db: Database, place: str, product_id: str = "", limit: int = 500) -> list[Row]:
    """What came to a place and left it, the latest first; `delta` is positive for what came."""
    query = sa.select(moves, *_NAMED).outerjoin(products, products.c.product_id == moves.c.product_id)
    query = query.where(moves.c.place == place)
    if product_id:
        query = query.where(moves.c.product_id == product_id)
    return db.rows(query.order_by(moves.c.position.desc(), moves.c.line).limit(limit))
