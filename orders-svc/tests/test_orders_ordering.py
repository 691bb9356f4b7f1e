"""Orders and drafts, through the doors, with policies and timers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from grenier.errors import Forbidden, Invalid, NotFound
from grenier.testing import refused

if TYPE_CHECKING:
    from conftest import Federation

CLOSES = datetime(2026, 11, 12, 19, tzinfo=UTC)


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


def test_confirming_takes_one_read_of_the_access_view(month: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    from grenier.doors import dispatch

    statements: list[object] = []
    db = month.house.rooms["orders"].runtime.db
    kept, composed = db.kept, db._composed
    monkeypatch.setattr(db, "kept", lambda statement, **keys: statements.append(statement) or kept(statement, **keys))
    monkeypatch.setattr(
        db, "_composed", lambda statement, keys: statements.append(statement) or composed(statement, keys)
    )
    context = {"actor": "amal", "command_id": str(uuid4())}
    assert "ok" in dispatch(month.house.rooms["orders"].doors, "confirm_order", _payload(month, {"rice": 1}), context)
    assert len(statements) == 1
