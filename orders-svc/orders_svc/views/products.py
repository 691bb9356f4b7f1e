"""Which products are there, and what does each cost from when on? (S1:129, S1:131)"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa

from grenier.language import orders
from grenier.readmodel import Database, Fact, Json, Row, Rows, View
from orders_svc.sorting import by_category

_meta = sa.MetaData()
products = sa.Table(
    "products_products",
    _meta,
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("facts", Json, nullable=False),
    sa.Column("withdrawn", sa.Integer, nullable=False),
    sa.Column("listed_at", sa.Text, nullable=False),
)
prices = sa.Table(
    "products_prices",
    _meta,
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("effective_from", sa.Text, nullable=False),
    sa.Column("price_cents", sa.Integer, nullable=False),
    sa.Column("cost_cents", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("revised_at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.ProductListed() as e:
            rows.put(products, product_id=e.product_id, host_id=e.host_id, facts=_facts(e.facts), withdrawn=0,
                     listed_at=fact.at)  # fmt: skip
        case orders.ProductChanged() as e:
            rows.change(products, e.product_id, facts=_facts(e.facts))
        case orders.ProductWithdrawn() as e:
            rows.change(products, e.product_id, withdrawn=1)
        case orders.PriceRevised() as e:
            rows.put(prices, product_id=e.product_id, revision=fact.revision, host_id=e.host_id,
                     effective_from=e.effective_from.isoformat(), price_cents=e.price_cents, cost_cents=e.cost_cents,
                     reason=e.reason, revised_at=fact.at, actor=fact.meta.actor, role=fact.meta.role)  # fmt: skip


def _facts(facts: orders.ProductFacts) -> dict[str, Any]:
    """Every field, defaults included, so that readers need not know them."""
    return {name: getattr(facts, name) for name in facts.__struct_fields__}


view = View(
    name="products",
    tables=(products, prices),
    reads=("orders.product-listed", "orders.product-changed", "orders.product-withdrawn", "orders.price-"),
    apply=apply,
)


def product(db: Database, product_id: str) -> Row | None:
    return db.row(sa.select(products).where(products.c.product_id == product_id))


def price_history(db: Database, product_id: str) -> list[Row]:
    """Every revision, the latest date first; within a date the one decided last."""
    query = sa.select(prices).where(prices.c.product_id == product_id)
    return db.rows(query.order_by(prices.c.effective_from.desc(), prices.c.revision.desc()))


def listed(db: Database, host_id: str, on: date, *, withdrawn: bool = False) -> list[dict[str, Any]]:
    """Products with the price in force on a day and the next one known; two reads whatever their number."""
    query = sa.select(products).where(products.c.host_id == host_id)
    if not withdrawn:
        query = query.where(products.c.withdrawn == 0)
    revisions = db.rows(sa.select(prices).where(prices.c.host_id == host_id).order_by(prices.c.revision))
    by_product: dict[str, list[Row]] = {}
    for revision in revisions:
        by_product.setdefault(revision["product_id"], []).append(revision)
    found = [
        {
            "product_id": row["product_id"],
            "host_id": row["host_id"],
            "withdrawn": bool(row["withdrawn"]),
            **row["facts"],
            **_priced(by_product.get(row["product_id"], []), on.isoformat()),
        }
        for row in db.rows(query)
    ]
    return sorted(found, key=by_category)


def _priced(revisions: list[Row], on: str) -> dict[str, Any]:
    """The price in force: the latest date not after `on`; of one date, the revision decided last."""
    now = max(
        (row for row in revisions if row["effective_from"] <= on),
        key=lambda row: (row["effective_from"], row["revision"]),
        default=None,
    )
    later = min(
        (row for row in revisions if row["effective_from"] > on),
        key=lambda row: (row["effective_from"], -row["revision"]),
        default=None,
    )
    return {
        "price_cents": now["price_cents"] if now else None,
        "cost_cents": now["cost_cents"] if now else None,
        "price_since": now["effective_from"] if now else None,
        "next_price_cents": later["price_cents"] if later else None,
        "next_price_from": later["effective_from"] if later else None,
    }


def facts_of(row: dict[str, Any]) -> orders.ProductFacts:
    """The typed facts of a flat row."""
    names = orders.ProductFacts.__struct_fields__
    return msgspec.convert({name: row[name] for name in names if name in row}, orders.ProductFacts)
