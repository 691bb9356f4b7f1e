"""The month of the orders from the closing on, through the doors, with policies and timers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language import orders as o
from grenier.testing import refused

if TYPE_CHECKING:
    from conftest import Federation

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 11, 12, 19, tzinfo=UTC)
DAY_AFTER_NOON = datetime(2026, 11, 13, 11, tzinfo=UTC)  # 12:00 in Paris


def over_asked(month: Federation) -> None:
    month.confirm("amal", comte=5, rice=2)
    month.house.clock.advance(minutes=5)
    month.confirm("brune", comte=4)
    month.confirm("chloe", "south", rice=5)
    month.at(CLOSES)


@pytest.mark.behaviour("S1:34")
def test_regulation_is_previewed_applied_and_told(month: Federation) -> None:
    over_asked(month)
    ask = {"cycle_id": month.cycle(), "product_id": "comte"}
    (waiting,) = [row for row in month.call("todo", {}, "ines")["regulate"] if row["over_asked"]]
    assert waiting["regulation_deadline"] == "2026-11-13T11:00:00.000000Z"
    preview = month.call("preview_regulation", ask, "ines")
    assert preview["totals"] == dict.fromkeys(("prorata", "first_come", "per_household_cap", "lottery"), 6)
    assert [(row["household_id"], row["rules"]["per_household_cap"]) for row in preview["households"]] == [
        ("h-amal", 3),
        ("h-brune", 3),
    ]
    assert (preview["over"], preview["told"]["first_come"]) == (3, 1)
    month.call("regulate", {**ask, "rule": "per_household_cap"}, "ines")
    (event,) = month.house.events("orders.orders-regulated")
    assert [(change.household_id, change.to_quantity) for change in event.changes] == [("h-amal", 3), ("h-brune", 3)]
    page = month.call("my_order", {"cycle_id": month.cycle(), "household_id": "h-amal"}, "amal")
    assert [(line["quantity"], line["asked_quantity"]) for line in page["order"]["lines"]] == [(3, 5), (2, 0)]
    assert page["order"]["total_cents"] == sum(line["amount_cents"] for line in page["order"]["lines"])
    assert month.call("over_asked", {"cycle_id": month.cycle()}, "ines")["items"] == []


def test_all_groups_frozen_gives_the_table_and_the_supplier_orders(month: Federation) -> None:
    over_asked(month)
    assert refused(month.call, "freeze_aggregation", {"cycle_id": month.cycle()}, "ines").code == "still-over-asked"
    month.call("regulate", {"cycle_id": month.cycle(), "product_id": "comte", "rule": "prorata"}, "ines")
    month.call("freeze_aggregation", {"cycle_id": month.cycle()}, "ines")
    assert month.house.events("orders.window-aggregated") == []
    month.call("freeze_aggregation", {"cycle_id": month.cycle("south")}, "omar")
    table = month.call("aggregation", {"window_id": "w1"})
    assert table["frozen"] is True
    assert [(line["name"], line["per_group"], line["quantity"]) for line in table["lines"]] == [
        ("Comté", {"north": 6}, 6),
        ("Riz", {"north": 2, "south": 5}, 7),
    ]
    assert (table["lines"][1]["cases"], table["lines"][1]["loose"]) == (1, 1)
    placed = month.house.events("orders.supplier-order-placed")
    assert sorted((order.producer_id, order.cost_cents) for order in placed) == [("dairy", 1950), ("mill", 700)]
    assert table["cost_cents"] == sum(order.cost_cents for order in placed)
    accepted = sum(line.quantity for event in month.house.events("orders.aggregation-frozen") for order in event.orders
                   for line in order.lines)  # fmt: skip
    assert sum(line.quantity for order in placed for line in order.lines) == accepted == 13


def test_the_deadline_regulates_and_freezes_by_itself(month: Federation) -> None:
    over_asked(month)
    month.at(DAY_AFTER_NOON - timedelta(seconds=1))
    assert month.house.events("orders.aggregation-frozen") == []
    month.at(DAY_AFTER_NOON)
    (regulated,) = month.house.events("orders.orders-regulated")
    assert (regulated.rule, regulated.automatic) == ("prorata", True)
    assert len(month.house.events("orders.aggregation-frozen")) == 2
    assert len(month.house.events("orders.window-aggregated")) == 1


@pytest.mark.behaviour("S1:131", "S1:134", "S1:149")
def test_supplier_orders_are_sent_and_acknowledged_by_their_producer(month: Federation) -> None:
    over_asked(month)
    month.at(DAY_AFTER_NOON)
    (dairy,) = [
        row for row in month.call("supplier_orders", {"host_id": "vrac"})["items"] if row["producer_id"] == "dairy"
    ]
    key = {"supplier_order_id": dairy["supplier_order_id"]}
    assert month.call("supplier_orders", {"producer_id": "dairy"}, "cow")["items"] == []
    assert isinstance(refused(month.call, "supplier_order", key, "cow"), NotFound)
    assert refused(month.call, "acknowledge_supplier_order", key, "cow").code == "supplier-order-not-sent"
    month.call("send_supplier_order", key)
    assert len(month.call("todo", {}, "cow")["acknowledge"]) == 1
    month.call("acknowledge_supplier_order", key, "cow")
    page = month.call("supplier_order", key, "cow")
    assert (page["status"], page["acknowledged_by"], page["producer_name"]) == ("acknowledged", "cow", "Dairy")
    assert page["lines"][0]["per_group"] == {"north": 6}
    assert isinstance(refused(month.call, "send_supplier_order", key, "cow"), NotFound | Forbidden)
    assert isinstance(refused(month.call, "supplier_order", key, "amal"), NotFound)


def test_a_product_that_falls_away_is_gone_from_shop_orders_and_table(month: Federation) -> None:
    month.confirm("amal", rice=2, comte=1)
    month.call("make_unavailable", {"cycle_id": month.cycle(), "product_id": "rice"}, "ines")
    shop = month.call("shop", {"cycle_id": month.cycle(), "household_id": "h-amal"}, "amal")
    rice = next(item for item in shop["items"] if item["product_id"] == "rice")
    assert (rice["unavailable"], rice["confirmed_quantity"]) == (True, 0)
    assert [line["name"] for line in month.call("aggregation", {"window_id": "w1"})["lines"]] == ["Comté"]
    assert refused(month.confirm, "amal", rice=1).code == "product-unavailable"


def test_a_cancelled_order_is_no_order(month: Federation) -> None:
    month.confirm("amal", rice=2)
    month.call("cancel_order", {"cycle_id": month.cycle(), "household_id": "h-amal"}, "amal")
    assert month.call("households_with_order", {"cycle_id": month.cycle()}, "ines")["household_ids"] == []
    assert month.call("aggregation", {"window_id": "w1"})["lines"] == []
    month.confirm("amal", rice=1)
    assert month.call("households_with_order", {"cycle_id": month.cycle()}, "ines")["household_ids"] == ["h-amal"]


def test_the_centre_sees_what_is_next(federation: Federation) -> None:
    federation.house.clock.set(OPENS)
    assert federation.call("todo")["release"] == [{"host_id": "vrac", "month": "2026-11"}]
    federation.list_products()
    federation.release()
    todo = federation.call("todo")
    assert (todo["release"], [row["month"] for row in todo["schedule"]]) == ([], ["2026-11"])
    assert federation.call("todo", {}, "amal")["schedule"] == []


# -- promises ----------------------------------------------------------------------------------------------------


def test_views_replayed_from_nothing_are_the_same(month: Federation) -> None:
    month.draft("amal", rice=1)
    over_asked(month)
    month.call("regulate", {"cycle_id": month.cycle(), "product_id": "comte", "rule": "lottery"}, "ines")
    month.at(DAY_AFTER_NOON)
    assert month.house.dump("orders") == month.house.rebuilt_dump("orders")


def test_pages_take_the_same_number_of_reads_for_few_and_for_many(month: Federation) -> None:
    import sqlalchemy as sa

    month.confirm("amal", rice=1)
    calls = {
        "orders_of_cycle": ({"cycle_id": month.cycle()}, "ines"),
        "window_overview": ({"window_id": "w1"}, "team"),
        "aggregation": ({"window_id": "w1"}, "team"),
        "shop": ({"cycle_id": month.cycle(), "household_id": "h-amal"}, "amal"),
        "my_cycles": ({}, "amal"),
    }
    counted = [0]
    engine = month.house.rooms["orders"].runtime.db.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *_: counted.__setitem__(0, counted[0] + 1))

    def reads() -> dict[str, int]:
        found = {}
        for door, (payload, actor) in calls.items():
            counted[0] = 0
            context = {"actor": actor, "command_id": str(uuid4())}
            from grenier.doors import dispatch

            assert "ok" in dispatch(month.house.rooms["orders"].doors, door, payload, context)
            found[door] = counted[0]
        return found

    reads()  # a released catalogue is decoded once per process
    few = reads()
    for place in range(30):
        month.household(f"p{place}", "north")
        month.confirm(f"p{place}", rice=1, comte=1)
    assert reads() == few
    assert max(few.values()) <= 12


def test_events_of_an_order_name_no_person(month: Federation, tmp_path: Path) -> None:
    month.confirm("amal", rice=1)
    (event,) = month.house.events("orders.order-confirmed")
    assert isinstance(event, o.OrderConfirmed)
    assert set(event.__struct_fields__) == {
        "cycle_id", "group_id", "order_id", "household_id", "tier", "lines", "total_cents", "channel", "hold",
    }  # fmt: skip


def test_unknown_things_are_not_found(federation: Federation) -> None:
    for door, payload in (
        ("shop", {"cycle_id": "none", "household_id": "h-amal"}),
        ("cycle", {"cycle_id": "none"}),
        ("aggregation", {"window_id": "none"}),
        ("supplier_order", {"supplier_order_id": "none"}),
        ("regulate", {"cycle_id": "none", "product_id": "rice", "rule": "prorata"}),
        (
            "confirm_order",
            {"cycle_id": "none", "household_id": "h-amal", "lines": [{"product_id": "r", "quantity": 1}]},
        ),
        ("revise_price", {"product_id": "none", "price_cents": 1, "cost_cents": 1, "effective_from": "2026-01-01"}),
    ):
        error = refused(federation.call, door, payload, "amal")
        assert (error.code, error.status, error.facts) == ("not-found", 404, {}), door
    assert isinstance(refused(federation.call, "todo", {"surprise": 1}), Invalid)
    assert not isinstance(refused(federation.call, "cycle", {"cycle_id": "none"}), Rejected)
