"""Products, prices and releases as the central team looks at them."""

from __future__ import annotations

from datetime import date
from typing import Any

from grenier.errors import Invalid
from grenier.language.orders import CatalogueItem
from grenier.readmodel import Database, Row
from orders_svc import asks
from orders_svc.pricing import unit_price
from orders_svc.views import partners, products


def product_list(db: Database, host_id: str, on: date) -> dict[str, Any]:
    """Every product on offer with its price on a day, per tier too."""
    names, tiers = partners.producer_names(db, host_id), partners.tiers_of(db, host_id)
    items = [
        {
            **row,
            "producer_name": names.get(row["producer_id"], ""),
            "tier_prices": tier_prices(tiers, row["price_cents"]),
        }
        for row in products.listed(db, host_id, on)
    ]
    producers = partners.producers_of(db, host_id)
    return {"items": items, "tiers": tiers, "producers": producers, "on": on.isoformat()}


def product_page(db: Database, row: Row, today: date) -> dict[str, Any]:
    tiers = partners.tiers_of(db, row["host_id"])
    history = [
        {**revision, "tier_prices": tier_prices(tiers, revision["price_cents"])}
        for revision in products.price_history(db, row["product_id"])
    ]
    in_force = next((revision for revision in history if revision["effective_from"] <= today.isoformat()), None)
    return {
        "product_id": row["product_id"],
        "host_id": row["host_id"],
        "withdrawn": bool(row["withdrawn"]),
        "facts": row["facts"],
        "producer_name": partners.producer_names(db, row["host_id"]).get(row["facts"]["producer_id"], ""),
        "producers": partners.producers_of(db, row["host_id"]),
        "price": in_force,
        "history": history,
        "tiers": tiers,
    }


def tier_prices(tiers: list[dict[str, Any]], price_cents: int | None) -> dict[str, int]:
    if price_cents is None:
        return {}
    return {tier["code"]: unit_price(price_cents, tier["rate_bp"]) for tier in tiers}


def items_to_release(db: Database, ask: asks.ReleaseCatalogue) -> list[CatalogueItem]:
    """The chosen products (all of them when none are named) at the prices of the month's first day."""
    first_day = date.fromisoformat(f"{ask.month}-01")
    offered = {row["product_id"]: row for row in products.listed(db, ask.host_id, first_day)}
    if ask.items is None:
        priced = [row for row in offered.values() if row["price_cents"] is not None]
        chosen = [asks.ReleaseItem(product_id=row["product_id"]) for row in priced]
    else:
        chosen = ask.items
    faults = {
        f"items.{place}.product_id": ["has no price on the first day of the month or is not on offer"]
        for place, item in enumerate(chosen)
        if offered.get(item.product_id, {}).get("price_cents") is None
    }
    if faults:
        raise Invalid(fields=faults)
    if len({item.product_id for item in chosen}) < len(chosen):
        raise Invalid(fields={"items": ["a product is named twice"]})
    return [_item(offered[item.product_id], item) for item in chosen]


def _item(row: dict[str, Any], chosen: asks.ReleaseItem) -> CatalogueItem:
    return CatalogueItem(
        product_id=row["product_id"],
        facts=products.facts_of(row),
        price_cents=row["price_cents"],
        cost_cents=row["cost_cents"],
        max_per_household=chosen.max_per_household,
        max_per_group=chosen.max_per_group,
        stock_limit=chosen.stock_limit,
    )
