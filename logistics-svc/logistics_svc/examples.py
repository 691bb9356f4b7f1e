"""A small month of one group: three households, bread, comté and lentils. For tests and for whoever reads them."""

from __future__ import annotations

from datetime import UTC, datetime

from grenier.language.orders import AggregationFrozen, CatalogueItem, FrozenOrder, OrderLine, ProductFacts, ProductTotal
from logistics_svc import ids
from logistics_svc.goods import amount, tier_price, unit_weight_g

HOST, GROUP, WINDOW = "host-1", "group-1", "window-1"
CYCLE = "00000000-0000-4000-8000-000000000001"
DISTRIBUTION, DELIVERY = ids.distribution_id(CYCLE), ids.delivery_id(CYCLE)
TIERS = {"neighbourhood": 10_000, "solidarity": 11_500}
MARTIN, NGUYEN, ROSSI = "household-martin", "household-nguyen", "household-rossi"

BREAD = CatalogueItem(
    product_id="bread",
    facts=ProductFacts(
        name="Pain",
        category="Boulangerie",
        producer_id="baker",
        net_weight_g=500,
        case_size=4,
        unit_label="pièce 500 g",
    ),
    price_cents=350,
    cost_cents=300,
)
COMTE = CatalogueItem(
    product_id="comte",
    facts=ProductFacts(
        name="Comté",
        category="Fromage",
        producer_id="dairy",
        sale="weighed",
        portion_g=250,
        whole_piece_g=10_000,
        unit_label="portion 250 g",
    ),
    price_cents=1590,
    cost_cents=1400,
)
LENTILS = CatalogueItem(
    product_id="lentils",
    facts=ProductFacts(
        name="Lentilles",
        category="Épicerie",
        producer_id="farm",
        net_weight_g=1000,
        case_size=10,
        unit_label="sac 1 kg",
    ),
    price_cents=420,
    cost_cents=400,
)
ITEMS = [BREAD, COMTE, LENTILS]


def order(household_id: str, tier: str, **quantities: int) -> FrozenOrder:
    """`order("household-martin", "solidarity", bread=2, comte=4)`."""
    items = {item.product_id: item for item in ITEMS}
    lines = []
    for product_id, quantity in quantities.items():
        item = items[product_id]
        price = tier_price(item, TIERS[tier])
        cents = amount(item, price, quantity, quantity * unit_weight_g(item))
        lines.append(OrderLine(product_id=product_id, quantity=quantity, unit_price_cents=price, amount_cents=cents))
    return FrozenOrder(
        order_id=f"order-{household_id}",
        household_id=household_id,
        tier=tier,
        lines=lines,
        total_cents=sum(line.amount_cents for line in lines),
    )


ORDERS = [
    order(MARTIN, "neighbourhood", bread=4, comte=2),
    order(NGUYEN, "neighbourhood", bread=2, lentils=3),
    order(ROSSI, "solidarity", bread=2, comte=4, lentils=1),
]


def frozen(
    *orders: FrozenOrder, cycle_id: str = CYCLE, group_id: str = GROUP, month: str = "2026-11"
) -> AggregationFrozen:
    """The aggregation of a group; ORDERS by default, to be handed out on 26 November, 18:00 to 20:00 in Paris."""
    orders = orders or tuple(ORDERS)
    totals: dict[str, list[int]] = {}
    for one in orders:
        for line in one.lines:
            totals.setdefault(line.product_id, []).append(line.quantity)
    return AggregationFrozen(
        cycle_id=cycle_id,
        window_id=WINDOW,
        group_id=group_id,
        host_id=HOST,
        month=month,
        distribution_starts_at=datetime(2026, 11, 26, 17, 0, tzinfo=UTC),
        distribution_ends_at=datetime(2026, 11, 26, 19, 0, tzinfo=UTC),
        place="Salle des fêtes",
        items=ITEMS,
        totals=[
            ProductTotal(product_id=product_id, quantity=sum(parts), orders=len(parts))
            for product_id, parts in totals.items()
        ],
        orders=list(orders),
        total_cents=sum(one.total_cents for one in orders),
        tier_rates_bp=TIERS,
    )
