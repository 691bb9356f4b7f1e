"""What a line costs: list price × the tier's rate, then × pieces or × weight. Integer cents, halves away from zero.

unit_price(100, 11_500)  -> 115        (1,00 € at +15 %)
line_amount(cheese at 15,90 €/kg, five portions of 250 g) -> 1988
"""

from __future__ import annotations

from collections.abc import Mapping

from grenier.apportion import round_half_up
from grenier.language.orders import CatalogueItem, OrderLine, ProductFacts

LIST_RATE_BP = 10_000


def unit_price(price_cents: int, rate_bp: int) -> int:
    """A tier's price per unit (piece) or per kilogram (weighed), in cents."""
    return round_half_up(price_cents * rate_bp, LIST_RATE_BP)


def rate_of(rates_bp: Mapping[str, int], tier: str) -> int:
    """The tier's rate in basis points; the list price where the host organisation has set none."""
    return rates_bp.get(tier, LIST_RATE_BP)


def line_amount(facts: ProductFacts, unit_price_cents: int, quantity: int) -> int:
    """`quantity` units, or portions of `portion_g` at a price per kilogram, in cents."""
    if facts.sale == "weighed":
        return round_half_up(unit_price_cents * quantity * facts.portion_g, 1000)
    return unit_price_cents * quantity


def ordered_weight(facts: ProductFacts, quantity: int) -> int:
    """Grams that `quantity` units weigh, as far as is known before the scale."""
    return quantity * (facts.portion_g if facts.sale == "weighed" else facts.net_weight_g)


def line(item: CatalogueItem, quantity: int, rate_bp: int) -> OrderLine:
    price = unit_price(item.price_cents, rate_bp)
    amount = line_amount(item.facts, price, quantity)
    return OrderLine(product_id=item.product_id, quantity=quantity, unit_price_cents=price, amount_cents=amount)
