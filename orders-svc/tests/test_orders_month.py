"""The month of the orders, through the doors, with policies and timers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from grenier.errors import Forbidden, GrenierError, Invalid, NotFound, Rejected
from grenier.language import orders as o

if TYPE_CHECKING:
    from conftest import Federation

from datetime import UTC, date, datetime

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 11, 12, 19, tzinfo=UTC)
DAY_AFTER_NOON = datetime(2026, 11, 13, 11, tzinfo=UTC)  # 12:00 in Paris


def refused(call: Any, *args: Any, **more: Any) -> GrenierError:
    with pytest.raises(GrenierError) as caught:
        call(*args, **more)
    return caught.value


# -- catalogue ---------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:131")
def test_a_price_holds_from_its_date_on(federation: Federation) -> None:
    federation.list_products()
    revision = {"product_id": "rice", "price_cents": 120, "cost_cents": 110, "effective_from": "2026-12-01"}
    federation.call("revise_price", {**revision, "reason": "harvest"})
    november = federation.call("products", {"host_id": "vrac", "on": "2026-11-30"})["items"]
    december = federation.call("products", {"host_id": "vrac", "on": "2026-12-01"})["items"]
    prices = [next(row["price_cents"] for row in rows if row["product_id"] == "rice") for rows in (november, december)]
    assert prices == [100, 120]
    page = federation.call("product", {"product_id": "rice"})
    assert [(row["price_cents"], row["reason"], row["actor"]) for row in page["history"]] == [
        (120, "harvest", "team"),
        (100, "", "team"),
    ]
    assert page["history"][0]["tier_prices"] == {"neighbourhood": 120, "solidarity": 138}


@pytest.mark.behaviour("S1:129", "S1:144", "S1:145")
def test_a_released_catalogue_keeps_the_prices_of_its_first_day(federation: Federation) -> None:
    federation.list_products()
    federation.release()
    revision = {"product_id": "rice", "price_cents": 500, "cost_cents": 400, "effective_from": "2026-11-01"}
    federation.call("revise_price", revision)
    items = federation.call("catalogue", {"catalogue_id": "cat"})["items"]
    assert [(item["name"], item["price_cents"]) for item in items] == [("Comté", 1590), ("Miel", 750), ("Riz", 100)]
    assert refused(federation.release).code == "catalogue-released"


def test_products_are_imported_all_or_none_with_an_error_per_row(federation: Federation) -> None:
    good = {"name": "Lentilles", "category": "Épicerie", "producer_id": "mill", "price_cents": 320, "cost_cents": 280}
    bad = {**good, "name": "Tomme", "producer_id": "nobody", "sale": "weighed"}
    ask = {"host_id": "vrac", "effective_from": "2026-11-01"}
    read_over = federation.call("import_products", {**ask, "rows": [good, bad, good], "dry_run": True})
    assert [sorted(row["errors"]) for row in read_over["rows"]] == [[], ["portion_g", "producer_id"], ["name"]]
    wrong = refused(federation.call, "import_products", {**ask, "rows": [good, bad]})
    assert sorted(wrong.facts["fields"]) == ["rows.2.portion_g", "rows.2.producer_id"]
    assert federation.call("products", {"host_id": "vrac"})["items"] == []
    key = str(uuid4())
    for _ in range(2):
        assert federation.call("import_products", {**ask, "rows": [good]}, command_id=key)["created"] == 1
    assert [row["name"] for row in federation.call("products", {"host_id": "vrac"})["items"]] == ["Lentilles"]


def test_a_product_needs_a_producer_of_the_house(federation: Federation) -> None:
    error = refused(federation.product, "tea", "Thé", "nobody", 100, 90)
    assert isinstance(error, Invalid)
    assert list(error.facts["fields"]) == ["producer_id"]


# -- windows -----------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:146")
def test_one_window_gives_every_group_its_cycle_which_opens_by_itself(month: Federation) -> None:
    rows = month.call("window_overview", {"window_id": "w1"})["groups"]
    assert [(row["group_name"], row["status"], row["place"]) for row in rows] == [
        ("North", "open", "Salle"),
        ("South", "open", "Salle"),
    ]
    scheduled = month.house.events("orders.cycle-scheduled")
    assert [event.tier_rates_bp["solidarity"] for event in scheduled] == [11_500, 11_500]


def test_a_window_is_checked_before_it_is_scheduled(federation: Federation) -> None:
    federation.list_products()
    federation.release()
    error = refused(federation.schedule, ("north", "far"), max_per_group={"tea": 3})
    assert sorted(error.facts["fields"]) == ["groups.0.max_per_group", "groups.1.group_id", "groups.1.max_per_group"]
    federation.house.clock.set(CLOSES)
    assert refused(federation.schedule).code == "window-in-the-past"


def test_a_group_may_have_its_own_maximum(federation: Federation) -> None:
    federation.list_products()
    federation.release()
    federation.schedule(max_per_group={"comte": 2})
    federation.at(OPENS)
    federation.confirm("amal", comte=3)
    over = federation.call("over_asked", {"cycle_id": federation.cycle()})
    assert [(row["name"], row["limit"], row["asked"]) for row in over["items"]] == [("Comté", 2, 3)]


# -- ordering ----------------------------------------------------------------------------------------------------


def test_a_household_orders_at_its_tiers_price(month: Federation) -> None:
    answer = month.confirm("brune", comte=2, rice=3)
    page = month.call("my_order", {"cycle_id": month.cycle(), "household_id": "h-brune"}, "brune")
    assert answer["id"] == page["order_id"]
    assert [
        (line["name"], line["quantity"], line["unit_price_cents"], line["amount_cents"])
        for line in page["order"]["lines"]
    ] == [
        ("Comté", 2, 1829, 915),
        ("Riz", 3, 115, 345),
    ]
    assert page["order"]["total_cents"] == 1260
    assert page["needs_containers"] is True


def test_the_shop_shows_own_prices_own_quantities_and_what_is_short(month: Federation) -> None:
    month.confirm("amal", comte=7, honey=1)
    month.draft("brune", rice=2)
    shop = month.call("shop", {"cycle_id": month.cycle(), "household_id": "h-brune"}, "brune")
    items = {item["product_id"]: item for item in shop["items"]}
    assert shop["household"]["tier_name"] == "Solidaire"
    assert (items["rice"]["unit_price_cents"], items["rice"]["draft_quantity"]) == (115, 2)
    assert (items["comte"]["over_asked"], items["comte"]["one_cents"]) == (True, 457)
    assert (items["honey"]["left"], items["rice"]["left"]) == (0, None)
    assert shop["draft"]["total_cents"] == 230
    assert "cost_cents" not in items["rice"]


def test_membership_must_hold_on_the_day_of_the_order(month: Federation) -> None:
    month.household("late", "north", until=date(2026, 11, 1))
    assert refused(month.confirm, "late", rice=1).code == "membership-inactive"


def test_the_same_request_twice_is_one_order_and_another_under_its_key_is_refused(month: Federation) -> None:
    key = str(uuid4())
    wanted = {"rice": 2}
    answers = [
        month.house.call(
            "orders", "confirm_order", _payload(month, wanted), actor="amal", command_id=key, fingerprint="a"
        )
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len(month.house.events("orders.order-")) == 1
    again = refused(month.house.call, "orders", "confirm_order", _payload(month, {"rice": 3}), actor="amal",
                    command_id=key, fingerprint="b")  # fmt: skip
    assert again.code == "idempotency-key-reused"


def _payload(month: Federation, wanted: dict[str, int]) -> dict[str, Any]:
    lines = [{"product_id": product, "quantity": quantity} for product, quantity in wanted.items()]
    return {"cycle_id": month.cycle(), "household_id": "h-amal", "lines": lines}


def test_wrong_shapes_name_their_field(month: Federation) -> None:
    for lines, field in (
        ([], "lines"),
        ([{"product_id": "rice", "quantity": 0}], "lines[0].quantity"),
        ([{"product_id": "rice", "quantity": 1}] * 2, "lines.1.product_id"),
        ([{"product_id": "rice", "quantity": 1, "price": 1}], "lines[0]"),
    ):
        payload = {**_payload(month, {}), "lines": lines}
        error = refused(month.call, "confirm_order", payload, "amal")
        assert isinstance(error, Invalid)
        assert list(error.facts["fields"]) == [field]


@pytest.mark.behaviour("S1:28", "S1:32")
def test_paper_orders_are_entered_for_others_and_say_so(month: Federation) -> None:
    month.order("confirm_order", "brune", "north", {"rice": 2}, "ines", channel="paper")
    refusal = refused(month.order, "confirm_order", "brune", "north", {"rice": 1}, "ines", channel="paper")
    assert refusal.code == "reason-required"
    month.order("confirm_order", "brune", "north", {"rice": 1}, "ines", channel="paper", reason="by phone")
    page = month.call("my_order", {"cycle_id": month.cycle(), "household_id": "h-brune"}, "brune")
    facts = month.call("order_history", {"order_id": page["order_id"]}, "brune")["facts"]
    assert [(row["event"], row["actor"], row["role"], row["on_behalf_of"]) for row in facts] == [
        ("orders.order-confirmed", "ines", "organiser", "h-brune"),
        ("orders.order-amended", "ines", "organiser", "h-brune"),
    ]
    assert facts[1]["facts"]["reason"] == "by phone"
    own = refused(month.order, "confirm_order", "amal", "north", {"rice": 1}, "amal", channel="paper")
    assert isinstance(own, Invalid)


def test_nobody_orders_for_a_household_that_is_not_theirs(month: Federation) -> None:
    assert isinstance(refused(month.confirm, "brune", actor="amal", rice=1), Forbidden)
    assert isinstance(refused(month.confirm, "brune", actor="omar", rice=1), NotFound)
    assert isinstance(refused(month.confirm, "chloe", group="north", actor="chloe", rice=1), NotFound)
    assert str(refused(month.confirm, "nobody", actor="amal", rice=1)) == str(
        refused(month.confirm, "zoe", actor="amal", rice=1)
    )


def test_other_groups_see_nothing_of_a_cycle(month: Federation) -> None:
    month.confirm("amal", rice=1)
    for door in ("orders_of_cycle", "over_asked", "cycle", "households_with_order"):
        assert isinstance(refused(month.call, door, {"cycle_id": month.cycle()}, "omar"), NotFound), door
        assert isinstance(refused(month.call, door, {"cycle_id": month.cycle()}, "zoe"), NotFound), door
    assert isinstance(refused(month.call, "orders_of_cycle", {"cycle_id": month.cycle()}, "brune"), Forbidden)
    seen = month.call("aggregation", {"window_id": "w1"}, "omar")
    assert [group["name"] for group in seen["groups"]] == ["South"]
    assert seen["lines"] == []


# -- drafts ------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:33")
def test_unconfirmed_drafts_are_announced_the_day_before_closing(month: Federation) -> None:
    month.draft("amal", rice=2)
    month.draft("brune", rice=1)
    month.confirm("brune", rice=1)
    month.at(CLOSES - timedelta(hours=25))
    assert month.house.events("orders.closing-announced") == []
    month.at(CLOSES - timedelta(hours=24))
    month.house.tick()
    (announced,) = [event for event in month.house.events("orders.closing-announced") if event.group_id == "north"]
    assert announced.draft_household_ids == ["h-amal"]
    listed = month.call("orders_of_cycle", {"cycle_id": month.cycle()}, "ines")
    assert [row["household_id"] for row in listed["drafts"]] == ["h-amal"]
    assert [row["household_id"] for row in listed["items"]] == ["h-brune"]
    assert [row["drafts"] for row in month.call("todo", {}, "ines")["drafts"]] == [1]


def test_confirming_discards_the_draft_and_a_later_one_stays(month: Federation) -> None:
    month.draft("amal", rice=2)
    month.house.clock.advance(minutes=1)
    month.confirm("amal", rice=3)
    assert [type(event).__name__ for event in month.house.events("orders.draft-")] == ["DraftSaved", "DraftDiscarded"]
    month.house.clock.advance(minutes=1)
    month.draft("amal", rice=4)
    (mine,) = month.call("my_cycles", {}, "amal")["items"]
    assert (mine["order"]["total_cents"], mine["draft"]["lines"]) == (300, {"rice": 4})
    month.call("discard_draft", {"cycle_id": month.cycle(), "household_id": "h-amal"}, "amal")
    assert month.call("my_cycles", {}, "amal")["items"][0]["draft"] is None


def test_an_emptied_draft_is_none(month: Federation) -> None:
    month.draft("amal", rice=2)
    month.draft("amal")
    assert month.call("households_with_draft", {"cycle_id": month.cycle()}, "ines") == {"household_ids": []}


def test_no_draft_is_saved_when_nothing_can_be_ordered(month: Federation) -> None:
    month.house.clock.set(CLOSES)
    assert refused(month.draft, "amal", rice=2).code == "cycle-closed"


# -- closing -----------------------------------------------------------------------------------------------------


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


def test_confirming_takes_one_read_of_the_access_view(month: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    from grenier.doors import dispatch

    statements: list[object] = []
    db = month.house.rooms["orders"].runtime.db
    rows = db.rows
    monkeypatch.setattr(db, "rows", lambda statement, **keys: statements.append(statement) or rows(statement, **keys))
    context = {"actor": "amal", "command_id": str(uuid4())}
    assert "ok" in dispatch(month.house.rooms["orders"].doors, "confirm_order", _payload(month, {"rice": 1}), context)
    assert len(statements) == 1


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
