"""What a unit of a product weighs and costs (S1:44, S1:129). Pure; grams and cents."""

from __future__ import annotations

from grenier.apportion import round_half_up
from grenier.language.orders import CatalogueItem

LISTED_BP = 10_000


def unit_weight_g(item: CatalogueItem) -> int:
    """Grams of one order unit: the portion of weighed goods, the net weight of a piece."""
    return item.facts.portion_g if item.facts.sale == "weighed" else item.facts.net_weight_g


def tier_price(item: CatalogueItem, rate_bp: int) -> int:
    """Cents per piece or per kilogram for a tier whose rate is `rate_bp` basis points of the list price."""
    return round_half_up(item.price_cents * rate_bp, LISTED_BP)


def amount(item: CatalogueItem, unit_price_cents: int, quantity: int, weight_g: int) -> int:
    """Cents: by the kilogram for weighed goods, by the unit for the rest. 1,250 kg at 15,90 €/kg is 19,88 €."""
    if item.facts.sale == "weighed":
        return round_half_up(unit_price_cents * weight_g, 1000)
    return unit_price_cents * quantity
