"""The order cycle as sentences: who may order what until when, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from grenier.language import orders as o
from grenier.testing import given
from orders_svc.cycle import (
    AnnounceClosing,
    CancelOrder,
    CloseCycle,
    ConfirmOrder,
    FreezeAggregation,
    MakeUnavailable,
    OpenCycle,
    Regulate,
    decider,
)

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 11, 12, 19, tzinfo=UTC)
NOW = OPENS + timedelta(days=2)

COMTE = o.CatalogueItem(
    product_id="comte",
    facts=o.ProductFacts(name="Comté", category="Crèmerie", producer_id="p1", sale="weighed", portion_g=250),
    price_cents=1590,
    cost_cents=1300,
    max_per_group=6,
)
RICE = o.CatalogueItem(
    product_id="rice",
    facts=o.ProductFacts(name="Riz", category="Épicerie", producer_id="p2", net_weight_g=1000),
    price_cents=100,
    cost_cents=100,
    max_per_household=3,
)
HONEY = o.CatalogueItem(
    product_id="honey",
    facts=o.ProductFacts(name="Miel", category="Épicerie", producer_id="p2"),
    price_cents=750,
    cost_cents=600,
    stock_limit=1,
)
SCHEDULED = o.CycleScheduled(
    cycle_id="c1",
    window_id="w1",
    group_id="g1",
    host_id="vrac",
    catalogue_id="cat",
    month="2026-11",
    opens_at=OPENS,
    closes_at=CLOSES,
    distribution_starts_at=CLOSES + timedelta(days=14),
    distribution_ends_at=CLOSES + timedelta(days=14, hours=3),
    place="Salle des fêtes",
    items=[COMTE, RICE, HONEY],
    tier_rates_bp={"neighbourhood": 10_000, "solidarity": 11_500},
)
OPENED = o.CycleOpened(cycle_id="c1", group_id="g1", closes_at=CLOSES)
CLOSED = o.CycleClosed(cycle_id="c1", group_id="g1", closed_at=CLOSES)
IDS: dict[str, Any] = {"cycle_id": "c1", "group_id": "g1"}


def order(household: str, **quantities: int) -> ConfirmOrder:
    return ConfirmOrder(
        order_id=f"o-{household}",
        household_id=household,
        group_id="g1",
        tier="neighbourhood",
        quantities=quantities,
        now=NOW,
    )


def with_(command: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(command, **changes)


def line(product_id: str, quantity: int, unit: int, amount: int) -> o.OrderLine:
    return o.OrderLine(product_id=product_id, quantity=quantity, unit_price_cents=unit, amount_cents=amount)


def confirmed(household: str, *lines: o.OrderLine, tier: str = "neighbourhood") -> o.OrderConfirmed:
    return o.OrderConfirmed(
        **IDS,
        order_id=f"o-{household}",
        household_id=household,
        tier=tier,
        lines=list(lines),
        total_cents=sum(each.amount_cents for each in lines),
    )


def comte(quantity: int) -> o.OrderLine:
    return line("comte", quantity, 1590, (1590 * quantity * 250 + 500) // 1000)


def test_an_order_is_priced_for_the_households_tier() -> None:
    expected = confirmed("amal", line("comte", 5, 1590, 1988), line("rice", 2, 100, 200))
    given(decider, SCHEDULED, OPENED).when(order("amal", rice=2, comte=5)).then(expected)


def test_solidarity_pays_fifteen_percent_more() -> None:
    expected = confirmed("amal", line("rice", 1, 115, 115), tier="solidarity")
    given(decider, SCHEDULED, OPENED).when(with_(order("amal", rice=1), tier="solidarity")).then(expected)


def test_confirming_the_same_again_changes_nothing() -> None:
    given(decider, SCHEDULED, OPENED, confirmed("amal", comte(2))).when(order("amal", comte=2)).nothing()


def test_confirming_something_else_amends_the_order() -> None:
    amended = o.OrderAmended(
        **IDS,
        order_id="o-amal",
        household_id="amal",
        tier="neighbourhood",
        lines=[comte(3)],
        total_cents=comte(3).amount_cents,
    )
    given(decider, SCHEDULED, OPENED, confirmed("amal", comte(2))).when(order("amal", comte=3)).then(amended)


@pytest.mark.behaviour("S1:32")
def test_somebody_else_changes_an_order_only_with_a_reason() -> None:
    story = given(decider, SCHEDULED, OPENED, confirmed("amal", comte(2)))
    story.when(with_(order("amal", comte=1), by_other=True)).rejected("reason-required")
    (event,) = decider.decide(story.state(), with_(order("amal", comte=1), by_other=True, reason="asked by phone"))
    assert isinstance(event, o.OrderAmended)
    assert event.reason == "asked by phone"


REFUSALS = [
    (order("amal"), "order-empty"),
    (order("amal", tea=1), "product-unknown"),
    (order("amal", rice=4), "over-household-maximum"),
    (order("amal", rice=0), "quantity-out-of-range"),
    (order("amal", comte=1000), "quantity-out-of-range"),
    (order("amal", honey=2), "sold-out"),
    (order("amal", **{f"p{n}": 1 for n in range(201)}), "too-many-lines"),
    (with_(order("amal", rice=1), now=CLOSES), "cycle-closed"),
    (with_(order("amal", rice=1), group_id="g2"), "not-found"),
]


@pytest.mark.parametrize(("command", "code"), REFUSALS)
def test_what_cannot_be_ordered_is_refused_by_name(command: ConfirmOrder, code: str) -> None:
    given(decider, SCHEDULED, OPENED).when(command).rejected(code)


def test_nobody_orders_in_a_cycle_that_does_not_exist_is_not_open_or_is_closed() -> None:
    given(decider).when(order("amal", rice=1)).rejected("not-found")
    given(decider, SCHEDULED).when(order("amal", rice=1)).rejected("cycle-not-open")
    given(decider, SCHEDULED, OPENED, CLOSED).when(order("amal", rice=1)).rejected("cycle-closed")


def test_the_last_unit_goes_to_the_first_and_comes_back_when_given_up() -> None:
    taken = confirmed("amal", line("honey", 1, 750, 750))
    story = given(decider, SCHEDULED, OPENED, taken)
    assert story.when(order("brune", honey=1)).rejected("sold-out").facts["left"] == 0
    story.when(order("amal", honey=1)).nothing()
    cancelled = o.OrderCancelled(**IDS, order_id="o-amal", household_id="amal")
    story.when(CancelOrder(household_id="amal", group_id="g1", now=NOW)).then(cancelled)
    again = confirmed("brune", line("honey", 1, 750, 750))
    given(decider, SCHEDULED, OPENED, taken, cancelled).when(order("brune", honey=1)).then(again)


def test_more_than_the_group_may_take_is_accepted_while_open() -> None:
    given(decider, SCHEDULED, OPENED).when(order("amal", comte=9)).then(confirmed("amal", comte(9)))


@pytest.mark.behaviour("S0:36")
def test_a_product_that_falls_away_leaves_the_orders_that_held_it() -> None:
    story = given(decider, SCHEDULED, OPENED, confirmed("amal", comte(2), line("rice", 1, 100, 100)))
    events = decider.decide(story.state(), MakeUnavailable(product_id="comte"))
    away, told = events
    assert away == o.ProductMadeUnavailable(**IDS, product_id="comte")
    assert isinstance(told, o.OrdersRegulated)
    assert [(change.from_quantity, change.to_quantity) for change in told.changes] == [(2, 0)]
    after = given(decider, SCHEDULED, OPENED, confirmed("amal", comte(2), line("rice", 1, 100, 100)), *events)
    after.when(order("amal", comte=1)).rejected("product-unavailable")
    after.when(MakeUnavailable(product_id="comte")).nothing()
    placed = after.state().orders.get("amal")
    assert placed is not None
    assert placed.total_cents == 100


def test_cycles_open_and_close_by_the_clock_once() -> None:
    given(decider, SCHEDULED).when(OpenCycle(now=OPENS)).then(OPENED)
    given(decider, SCHEDULED).when(OpenCycle(now=OPENS - timedelta(seconds=1))).rejected("cycle-not-due")
    given(decider, SCHEDULED, OPENED).when(OpenCycle(now=OPENS)).nothing()
    given(decider, SCHEDULED, OPENED).when(CloseCycle(now=CLOSES)).then(CLOSED)
    given(decider, SCHEDULED, OPENED).when(CloseCycle(now=NOW)).rejected("cycle-not-due")
    given(decider, SCHEDULED, OPENED, CLOSED).when(CloseCycle(now=CLOSES)).nothing()


@pytest.mark.behaviour("S1:33")
def test_closing_is_announced_once_the_day_before() -> None:
    day_before = CLOSES - timedelta(hours=23)
    announced = o.ClosingAnnounced(**IDS, closes_at=CLOSES, draft_household_ids=["amal"])
    story = given(decider, SCHEDULED, OPENED)
    story.when(AnnounceClosing(draft_household_ids=["amal"], now=day_before)).then(announced)
    story.when(AnnounceClosing(draft_household_ids=[], now=NOW)).nothing()
    told = given(decider, SCHEDULED, OPENED, announced)
    told.when(AnnounceClosing(draft_household_ids=["brune"], now=day_before)).nothing()


OVER = (SCHEDULED, OPENED, confirmed("amal", comte(5)), confirmed("brune", comte(4)), CLOSED)


@pytest.mark.behaviour("S1:34")
def test_regulation_brings_a_product_to_its_limit_and_recomputes_amounts() -> None:
    (event,) = decider.decide(given(decider, *OVER).state(), Regulate(product_id="comte", rule="first_come"))
    assert isinstance(event, o.OrdersRegulated)
    assert (event.limit, event.rule, event.automatic) == (6, "first_come", False)
    (change,) = event.changes
    assert (change.household_id, change.from_quantity, change.to_quantity) == ("brune", 4, 1)
    assert (change.from_amount_cents, change.to_amount_cents) == (1590, 398)
    given(decider, *OVER, event).when(Regulate(product_id="comte", rule="lottery")).nothing()


def test_regulation_waits_for_closing_and_needs_a_known_rule() -> None:
    given(decider, *OVER[:-1]).when(Regulate(product_id="comte", rule="prorata")).rejected("cycle-not-closed")
    given(decider, *OVER).when(Regulate(product_id="comte", rule="by-name")).rejected("rule-unknown")
    given(decider, *OVER).when(Regulate(product_id="tea", rule="prorata")).rejected("product-unknown")


def test_an_order_that_loses_its_last_line_is_gone() -> None:
    big = confirmed("amal", comte(6))
    story = (SCHEDULED, OPENED, big, confirmed("brune", comte(1)), CLOSED)
    (event,) = decider.decide(given(decider, *story).state(), Regulate(product_id="comte", rule="first_come"))
    state = given(decider, *story, event).state()
    assert [placed.household_id for placed in state.orders_by_rank()] == ["amal"]


def test_over_asked_products_hold_up_freezing_until_the_deadline_regulates_them() -> None:
    given(decider, *OVER).when(FreezeAggregation()).rejected("still-over-asked")
    regulation, frozen = decider.decide(given(decider, *OVER).state(), FreezeAggregation(automatic=True))
    assert isinstance(regulation, o.OrdersRegulated)
    assert (regulation.rule, regulation.automatic) == ("prorata", True)
    assert isinstance(frozen, o.AggregationFrozen)
    assert frozen.totals == [o.ProductTotal(product_id="comte", quantity=6, orders=2)]
    assert frozen.total_cents == sum(each.total_cents for each in frozen.orders)
    given(decider, *OVER, regulation, frozen).when(FreezeAggregation()).nothing()


def test_a_frozen_aggregation_is_the_sum_of_its_orders() -> None:
    story = (SCHEDULED, OPENED, confirmed("amal", comte(2), line("rice", 1, 100, 100)), CLOSED)
    (frozen,) = decider.decide(given(decider, *story).state(), FreezeAggregation())
    assert isinstance(frozen, o.AggregationFrozen)
    assert [(total.product_id, total.quantity) for total in frozen.totals] == [("comte", 2), ("rice", 1)]
    assert [(each.household_id, each.total_cents) for each in frozen.orders] == [("amal", 895)]
    given(decider, *story[:-1]).when(FreezeAggregation()).rejected("cycle-not-closed")
    given(decider, *story, frozen).when(order("amal", rice=1)).rejected("cycle-closed")


def test_an_amended_order_keeps_its_place_in_the_queue() -> None:
    amended = o.OrderAmended(
        **IDS, order_id="o-amal", household_id="amal", tier="neighbourhood", lines=[comte(5)], total_cents=1988
    )
    story = given(decider, SCHEDULED, OPENED, confirmed("amal", comte(1)), confirmed("brune", comte(4)), amended)
    assert [placed.household_id for placed in story.state().orders_by_rank()] == ["amal", "brune"]
