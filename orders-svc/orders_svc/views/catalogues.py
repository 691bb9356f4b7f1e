"""What was on offer in which month (S1:144-145), or in which round of a contract? What was told never changes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from grenier.language import orders
from grenier.readmodel import Database, Fact, Json, Row, Rows, View
from orders_svc.sorting import by_category

_meta = sa.MetaData()
catalogues = sa.Table(
    "catalogues_catalogues",
    _meta,
    sa.Column("catalogue_id", sa.Text, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("item_count", sa.Integer, nullable=False),
    sa.Column("released_at", sa.Text, nullable=False),
    sa.Column("released_by", sa.Text, nullable=False),
    sa.Column("items", Json, nullable=False),
)
# A round of a contract carries its own items: they stand under the round's id.
rounds = sa.Table(
    "catalogues_rounds",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("items", Json, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.CycleScheduled() as e if e.contract_id:
            items = sorted((_flat(item) for item in e.items), key=by_category)
            rows.put(rounds, cycle_id=e.cycle_id, items=items)
        case orders.CatalogueReleased() as e:
            items = sorted((_flat(item) for item in e.items), key=by_category)
            rows.put(catalogues, catalogue_id=e.catalogue_id, host_id=e.host_id, month=e.month,
                     item_count=len(items), released_at=fact.at, released_by=fact.meta.actor, items=items)  # fmt: skip


def _flat(item: orders.CatalogueItem) -> dict[str, Any]:
    facts = {name: getattr(item.facts, name) for name in item.facts.__struct_fields__}
    figures = {name: getattr(item, name) for name in item.__struct_fields__ if name != "facts"}
    return {**figures, **facts}


view = View(
    name="catalogues",
    tables=(catalogues, rounds),
    reads=("orders.catalogue-released", "orders.cycle-scheduled"),
    apply=apply,
    version=3,  # 2: rounds of contracts; 3: numbers of units that may be ordered
)

# The items of a released catalogue are for ever: decoding them once per process is enough.
_MAX_KEPT = 8
_kept: dict[tuple[str, str], list[dict[str, Any]]] = {}


def released(db: Database, host_id: str) -> list[Row]:
    """Without items; the latest month first."""
    columns = [column for column in catalogues.c if column.name != "items"]
    query = sa.select(*columns).where(catalogues.c.host_id == host_id)
    return db.rows(query.order_by(catalogues.c.month.desc(), catalogues.c.released_at.desc()))


def catalogue(db: Database, catalogue_id: str) -> Row | None:
    columns = [column for column in catalogues.c if column.name != "items"]
    return db.row(sa.select(*columns).where(catalogues.c.catalogue_id == catalogue_id))


def items_of(db: Database, catalogue_id: str) -> list[dict[str, Any]]:
    """The flat items, by category and name; of a round under its cycle's id. Shared: copy before changing."""
    key = (str(db.url), catalogue_id)
    kept = _kept.get(key)
    if kept is None:
        kept = db.value(sa.select(catalogues.c["items"]).where(catalogues.c.catalogue_id == catalogue_id))
        kept = kept or db.value(sa.select(rounds.c["items"]).where(rounds.c.cycle_id == catalogue_id)) or []
        if kept:
            if len(_kept) >= _MAX_KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[key] = kept
    return kept
