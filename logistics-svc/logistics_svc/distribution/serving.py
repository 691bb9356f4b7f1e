"""What a household takes home and what it comes to, as things stand (S1:44, S1:66-67, S1:75). Pure.

The same figures are shown on the board, printed on paper and recorded when the household signs off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grenier.errors import Rejected
from grenier.language.logistics import ServedLine
from grenier.language.orders import CatalogueItem
from logistics_svc.distribution.state import Day
from logistics_svc.goods import LISTED_BP, amount, tier_price, unit_weight_g


@dataclass(frozen=True)
class OrderedLine:
    """One line of an order on the day. `quantity` is what the household takes, `weighed` whether the scale said so."""

    item: CatalogueItem
    ordered: int
    allotted: int
    missing: int
    replaced: int
    quantity: int
    weight_g: int
    weighed: bool
    unit_price_cents: int
    amount_cents: int


def ordered_lines(day: Day, household_id: str) -> list[OrderedLine]:
    return [_ordered_line(day, household_id, product_id) for product_id in day.guest(household_id).lines]


def _ordered_line(day: Day, household_id: str, product_id: str) -> OrderedLine:
    guest, item = day.guest(household_id), day.items[product_id]
    line, quantity = guest.lines[product_id], day.quantity(household_id, product_id)
    scale = guest.weights.get(product_id)
    # A weight holds for the portions that lay on the scale; after a shortage or an exchange it is weighed again.
    weighed = scale is not None and scale.units == quantity and quantity > 0
    weight_g = scale.weight_g if scale and weighed else quantity * unit_weight_g(item)
    swapped = guest.substitutions.get(product_id)
    return OrderedLine(
        item=item,
        ordered=line.quantity,
        allotted=day.allotted(household_id, product_id),
        missing=guest.missing.get(product_id, 0),
        replaced=swapped.quantity if swapped else 0,
        quantity=quantity,
        weight_g=weight_g,
        weighed=weighed,
        unit_price_cents=line.unit_price_cents,
        amount_cents=amount(item, line.unit_price_cents, quantity, weight_g),
    )


def served_lines(day: Day, household_id: str) -> list[ServedLine]:
    """Everything the household takes: the order, exchanges, surplus; lines of nothing are left out."""
    guest = day.guest(household_id)
    lines = [
        _served(line.item, line.quantity, line.weight_g, line.unit_price_cents, line.amount_cents, "ordered")
        for line in ordered_lines(day, household_id)
    ]
    lines += [
        _served(day.items[s.substitute_id], s.substitute_quantity, s.substitute_weight_g, s.unit_price_cents,
                s.amount_cents, "substitute")
        for s in guest.substitutions.values()
    ]  # fmt: skip
    lines += [
        _served(day.items[s.product_id], s.quantity, s.weight_g, s.unit_price_cents, s.amount_cents, "surplus")
        for s in guest.surplus.values()
    ]
    return [line for line in lines if line.quantity]


def _served(item: CatalogueItem, quantity: int, weight_g: int, price: int, cents: int, kind: str) -> ServedLine:
    return ServedLine(
        product_id=item.product_id,
        name=item.facts.name,
        quantity=quantity,
        weight_g=weight_g,
        unit_price_cents=price,
        amount_cents=cents,
        kind=kind,  # type: ignore[arg-type]
    )


def total_cents(lines: Iterable[ServedLine]) -> int:
    return sum(line.amount_cents for line in lines)


def price_for(day: Day, household_id: str, item: CatalogueItem, tier: str = "") -> int:
    """Cents per unit or kilogram at the household's tier; for what was not ordered."""
    assert day.plan is not None
    tier = day.guest(household_id).tier or tier
    return tier_price(item, day.plan.tier_rates_bp.get(tier, LISTED_BP))


def known_item(day: Day, product_id: str) -> CatalogueItem:
    item = day.items.get(product_id)
    if item is None:
        raise Rejected("unknown-product", product_id=product_id)
    return item
