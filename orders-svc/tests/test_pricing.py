"""What lines cost: the figures that people can check with a pencil."""

from __future__ import annotations

import pytest

from grenier.language.orders import AggregatedCell, CatalogueItem, ProductFacts
from orders_svc.paged import Paged
from orders_svc.pricing import line, line_amount, ordered_weight, rate_of, unit_price
from orders_svc.supplying import supplier_lines

CHEESE = ProductFacts(name="Comté", category="Crèmerie", producer_id="p1", sale="weighed", portion_g=250)


@pytest.mark.parametrize(
    ("price", "rate_bp", "expected"),
    [(100, 10_000, 100), (100, 11_500, 115), (97, 11_500, 112), (119, 5_000, 60), (1, 4_999, 0), (0, 11_500, 0)],
)
def test_a_tier_pays_its_rate_of_the_list_price(price: int, rate_bp: int, expected: int) -> None:
    assert unit_price(price, rate_bp) == expected


@pytest.mark.parametrize(("quantity", "expected"), [(5, 1988), (1, 398), (2, 795), (4, 1590)])
def test_weighed_products_cost_their_weight(quantity: int, expected: int) -> None:
    assert line_amount(CHEESE, 1590, quantity) == expected


def test_pieces_cost_their_number() -> None:
    bread = ProductFacts(name="Pain", category="Pain", producer_id="p1", net_weight_g=700)
    item = CatalogueItem(product_id="bread", facts=bread, price_cents=420, cost_cents=350)
    assert line(item, 3, 11_500).amount_cents == 1449
    assert ordered_weight(bread, 3) == 2100
    assert ordered_weight(CHEESE, 3) == 750


def test_a_tier_without_a_rate_pays_the_list_price() -> None:
    assert rate_of({"solidarity": 11_500}, "boost") == 10_000


def test_suppliers_get_cases_and_loose_units_that_make_the_sum_of_the_groups() -> None:
    items = {
        "comte": CatalogueItem(product_id="comte", facts=CHEESE, price_cents=1590, cost_cents=1300),
        "jam": CatalogueItem(
            product_id="jam",
            facts=ProductFacts(name="Confiture", category="É", producer_id="p2", case_size=6, net_weight_g=350),
            price_cents=500,
            cost_cents=400,
        ),
    }
    cells = [
        AggregatedCell(product_id="jam", group_id="g1", quantity=9),
        AggregatedCell(product_id="comte", group_id="g1", quantity=5),
        AggregatedCell(product_id="jam", group_id="g2", quantity=6),
    ]
    placed = supplier_lines(cells, items)
    assert list(placed) == ["p1", "p2"]
    (jam,) = placed["p2"]
    assert (jam.quantity, jam.cases, jam.loose, jam.cost_cents, jam.weight_g) == (15, 2, 3, 6000, 5250)
    assert jam.per_group == {"g1": 9, "g2": 6}
    assert placed["p1"][0].cost_cents == 1625


def test_a_paged_map_leaves_the_old_one_as_it_was() -> None:
    empty: Paged[int] = Paged()
    one = empty.with_("a", 1)
    two = one.with_("b", 2).with_("a", 3)
    assert (len(empty), len(one), len(two)) == (0, 1, 2)
    assert (one.get("a"), two.get("a"), two.get("b"), empty.get("a")) == (1, 3, 2, None)
    assert sorted(two.without("a").values()) == [2]
    assert two.without("z") is two
    assert one == Paged[int]().with_("a", 1)
