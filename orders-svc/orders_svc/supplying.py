"""From the table product × group to what each producer is asked for: full cases, loose units, weight, cost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

from grenier.language.orders import AggregatedCell, CatalogueItem, SupplierLine
from orders_svc.pricing import line_amount, ordered_weight


def supplier_lines(
    cells: Iterable[AggregatedCell], items: Mapping[str, CatalogueItem]
) -> dict[str, list[SupplierLine]]:
    """Lines per producer id, both in alphabetical order of ids; the quantities sum to the cells exactly."""
    per_product: dict[str, dict[str, int]] = {}
    for cell in cells:
        groups = per_product.setdefault(cell.product_id, {})
        groups[cell.group_id] = groups.get(cell.group_id, 0) + cell.quantity
    per_producer: dict[str, list[SupplierLine]] = {}
    for product_id in sorted(per_product):
        line = _line(items[product_id], per_product[product_id])
        if line.quantity:
            per_producer.setdefault(items[product_id].facts.producer_id, []).append(line)
    return dict(sorted(per_producer.items()))


def _line(item: CatalogueItem, per_group: dict[str, int]) -> SupplierLine:
    quantity = sum(per_group.values())
    cases, loose = divmod(quantity, max(1, item.facts.case_size))
    return SupplierLine(
        product_id=item.product_id,
        name=item.facts.name,
        unit_label=item.facts.unit_label,
        quantity=quantity,
        cases=cases,
        loose=loose,
        weight_g=ordered_weight(item.facts, quantity),
        cost_cents=line_amount(item.facts, item.cost_cents, quantity),
        per_group=per_group,
    )


def by_id(items: Sequence[CatalogueItem]) -> dict[str, CatalogueItem]:
    return {item.product_id: item for item in items}


def supplier_order_id(window_id: str, producer_id: str) -> str:
    """A producer gets one order per window: its id follows from the two."""
    return str(uuid5(NAMESPACE_URL, f"{window_id}/{producer_id}"))
