"""Prices, catalogues and windows, through the doors, with policies and timers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from grenier.errors import Invalid
from grenier.testing import refused

if TYPE_CHECKING:
    from conftest import Federation

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 11, 12, 19, tzinfo=UTC)


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
