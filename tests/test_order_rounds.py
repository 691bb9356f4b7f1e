"""The order rounds of a jam contract, through the API: from the contract's opening to the parcel in the bag (S0:32-40)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grenier.language import orders, parcels
from grenier.language import season as words
from grenier.testing import House
from tests.jam_season import CLOSES, DELIVERY, NOW, OPENS, JamSeason, fixed, lines


@pytest.fixture
def season(tmp_path: Path) -> JamSeason:
    return JamSeason(tmp_path)


@pytest.mark.behaviour("S0:32")
def test_a_contract_has_one_round_per_planned_window_at_the_delivery_s_local_time(season: JamSeason) -> None:
    found = season.api("amel").get(f"/contracts/{season.contract}/rounds")
    assert [row["cycle_id"] for row in found["items"]] == [season.first, season.second]
    first = found["items"][0]
    # 18:30 in Paris in November.
    assert (first["distribution_starts_at"], first["status"]) == ("2026-11-26T17:30:00.000000Z", "scheduled")
    assert (first["title"], first["window_id"]) == ("Confitures de l’Ardèche", "")


@pytest.mark.behaviour("S0:32")
def test_only_subscribers_order_in_a_round(season: JamSeason) -> None:
    season.at(OPENS)
    assert season.api("dora").refused("put", season.order_path("dora"), lines(fig=1)) == "not-subscribed"
    assert season.api("dora").refused(
        "put", f"/cycles/{season.first}/drafts/{season.home['dora']}", lines(fig=1)) == "not-subscribed"  # fmt: skip
    season.order("amel", fig=1)
    assert [row["cycle_id"] for row in season.api("dora").get("/cycles/mine")["items"]] == []
    mine = season.api("amel").get("/cycles/mine")["items"]
    assert [(row["cycle_id"], bool(row["order"])) for row in mine if row["status"] == "open"] == [(season.first, True)]
    shop = season.api("dora").get(f"/cycles/{season.first}/shop/{season.home['dora']}")
    assert shop["subscribed"] is False


@pytest.mark.behaviour("S0:32")
def test_whoever_leaves_the_contract_orders_no_more_from_the_day_it_ends(season: JamSeason) -> None:
    ended = words.SubscriptionEnded(
        subscription_id=_subscription(season, "bruno"), contract_id=season.contract, group_id=season.group,
        household_id=season.home["bruno"], on=date(2026, 12, 1), amount_cents=0)  # fmt: skip
    season.house.record(f"contract-{season.contract}", ended)
    season.at(OPENS)
    season.order("bruno", fig=1)
    season.at(OPENS + timedelta(days=14))
    refused = season.api("bruno").refused("put", season.order_path("bruno", season.second), lines(fig=1))
    assert refused == "not-subscribed"


@pytest.mark.behaviour("S0:36")
def test_what_the_producer_does_not_have_is_taken_out_before_the_round_opens(season: JamSeason) -> None:
    season.api("coline").put(f"/cycles/{season.first}/unavailable/orange")
    season.at(OPENS)
    assert season.api("amel").refused("put", season.order_path("amel"), lines(orange=1)) == "product-unavailable"
    items = season.api("amel").get(f"/cycles/{season.first}")["items"]
    assert {item["product_id"]: item["unavailable"] for item in items} == {"fig": False, "plum": False, "orange": True}
    # The other round still has it.
    second = season.api("amel").get(f"/cycles/{season.second}")["items"]
    assert not any(item["unavailable"] for item in second)


@pytest.mark.behaviour("S0:37")
def test_a_round_opens_and_closes_by_itself(season: JamSeason) -> None:
    assert season.api("amel").refused("put", season.order_path("amel"), lines(fig=1)) == "cycle-not-open"
    season.at(OPENS)
    (opened,) = season.house.events("orders.cycle-opened")
    assert (opened.cycle_id, opened.contract_id) == (season.first, season.contract)
    season.at(CLOSES)
    assert season.api("amel").refused("put", season.order_path("amel"), lines(fig=1)) == "cycle-closed"


@pytest.mark.behaviour("S0:38")
def test_those_who_have_not_ordered_are_called_again_by_the_clock_and_by_hand(season: JamSeason) -> None:
    season.ordered()
    carla = season.home["carla"]
    page = season.api("coline").get(f"/cycles/{season.first}/round")
    assert (page["subscribers"], page["orders"], page["missing_household_ids"]) == (3, 2, [carla])
    for _ in range(2):
        assert season.api("coline").post(f"/cycles/{season.first}/reminders")["household_ids"] == [carla]
    told = season.house.events("orders.orders-reminded")
    assert [(event.household_ids, event.contract_id) for event in told] == [([carla], season.contract)] * 2
    season.at(CLOSES - timedelta(hours=20))
    (announced,) = season.house.events("orders.closing-announced")
    assert (announced.missing_household_ids, announced.contract_id) == ([carla], season.contract)
    season.at(CLOSES)
    assert season.api("coline").refused("post", f"/cycles/{season.first}/reminders") == "cycle-not-open"


@pytest.mark.behaviour("S0:38")
def test_only_the_coordinator_calls(season: JamSeason) -> None:
    season.at(OPENS)
    assert season.api("amel").refused("post", f"/cycles/{season.first}/reminders") == "forbidden"


@pytest.mark.behaviour("S0:40")
def test_the_round_s_orders_become_one_sheet_for_its_producer(season: JamSeason) -> None:
    season.ordered()
    season.at(CLOSES)
    coline = season.api("coline")
    coline.post(f"/cycles/{season.first}/freeze")
    (sheet,) = coline.get(f"/supplier-orders?contract_id={season.contract}")["items"]
    assert (sheet["producer_id"], sheet["cost_cents"], sheet["status"]) == ("farm", 3370, "placed")
    whole = coline.get(f"/supplier-orders/{sheet['supplier_order_id']}")
    assert {line["product_id"]: line["quantity"] for line in whole["lines"]} == {"fig": 3, "plum": 1, "orange": 2}
    coline.post(f"/supplier-orders/{sheet['supplier_order_id']}/send")
    coline.post(f"/supplier-orders/{sheet['supplier_order_id']}/acknowledge")
    page = coline.get(f"/cycles/{season.first}/round")
    assert page["supplier_order"]["status"] == "acknowledged"
    (sent,) = season.house.events("orders.supplier-order-sent")
    assert (sent.cycle_id, sent.contract_id, sent.group_id) == (season.first, season.contract, season.group)
    # Nobody else's business: not the members', and no pallets are stacked for it.
    assert season.api("amel").refused("get", f"/supplier-orders/{sheet['supplier_order_id']}") == "forbidden"
    assert not season.house.events("logistics.pallet-planned")


@pytest.mark.behaviour("S0:39")
def test_parcels_go_from_expected_to_handed_over_and_the_account_follows(season: JamSeason) -> None:
    season.frozen()
    coline, amel, bruno = season.api("coline"), season.home["amel"], season.home["bruno"]
    assert _states(coline.get(f"/cycles/{season.first}/parcels")) == {amel: "expected", bruno: "expected"}
    coline.put(f"/cycles/{season.first}/parcels/{amel}",
               {"missing": [{"product_id": "fig", "missing": 1, "flaw": "damaged"}]})  # fmt: skip
    coline.post(f"/cycles/{season.first}/parcels/received")
    found = coline.get(f"/cycles/{season.first}/parcels")
    assert _states(found) == {amel: "received", bruno: "received"}
    assert found["figures"] == {
        "expected": 0, "received": 2, "handed_over": 0, "incomplete": 1, "total": 2, "closed": 0}  # fmt: skip
    # Ordered is not owed: nothing is charged before the parcel is in the bag.
    assert season.balance("amel") == 0
    coline.post(f"/cycles/{season.first}/parcels/{amel}/hand-over")
    # 2 figs and 1 plum, not the 3 ordered ones.
    assert season.balance("amel") == -(2 * 550 + 480)
    assert season.balance("bruno") == 0
    assert coline.refused("put", f"/cycles/{season.first}/parcels/{amel}") == "parcel-handed-over"


@pytest.mark.behaviour("S0:39")
def test_a_hand_over_can_be_taken_back_and_the_charge_with_it(season: JamSeason) -> None:
    season.delivered()
    path = f"/cycles/{season.first}/parcels/{season.home['bruno']}/hand-over"
    assert season.balance("bruno") == -1240
    season.api("coline").delete(path + "?reason=mauvais+foyer")
    assert season.balance("bruno") == 0
    season.api("coline").post(path)
    assert season.balance("bruno") == -1240
    assert len(season.house.events("orders.parcel-handed-over")) == 3


def test_a_sign_off_at_the_table_hands_the_parcel_over(season: JamSeason) -> None:
    season.frozen()
    coline, bruno = season.api("coline"), season.home["bruno"]
    coline.post(f"/cycles/{season.first}/parcels/received")
    (planned,) = season.house.events("logistics.distribution-planned")
    payload = {"distribution_id": planned.distribution_id, "household_id": bruno}
    season.house.call("logistics", "sign_off", payload, actor=_organiser(season))
    assert _states(coline.get(f"/cycles/{season.first}/parcels"))[bruno] == "handed_over"
    assert season.balance("bruno") == -1240


def test_a_round_moves_with_its_delivery_and_warns_when_it_closes_too_late(season: JamSeason) -> None:
    moved = words.PlannedDelivery(delivery_id="d1", on=date(2026, 11, 13), starts="10:00", ends="12:00", place="Parvis")
    event = words.DeliveryMoved(contract_id=season.contract, group_id=season.group, delivery_id="d1", from_on=DELIVERY,
                                delivery=moved)  # fmt: skip
    season.house.record(f"contract-{season.contract}", event)
    row = season.api("coline").get(f"/cycles/{season.first}/round")
    assert (row["distribution_starts_at"], row["place"], row["closes_too_late"]) == (
        "2026-11-13T09:00:00.000000Z",
        "Parvis",
        1,
    )
    todo = season.house.call("orders", "todo", {}, actor=season.person["coline"])["rounds"]
    assert [(each["cycle_id"], each["step"]) for each in todo] == [(season.first, "closes-too-late")]


def test_a_delivery_moved_after_freezing_moves_the_distribution(season: JamSeason) -> None:
    season.frozen()
    moved = words.PlannedDelivery(delivery_id="d1", on=date(2026, 11, 27), starts="10:00", ends="12:00", place="Parvis")
    event = words.DeliveryMoved(contract_id=season.contract, group_id=season.group, delivery_id="d1", from_on=DELIVERY,
                                delivery=moved)  # fmt: skip
    season.house.record(f"contract-{season.contract}", event)
    (shifted,) = season.house.events("logistics.distribution-moved")
    assert (shifted.starts_at, shifted.place) == (datetime(2026, 11, 27, 9, tzinfo=UTC), "Parvis")


def test_a_delivery_says_of_which_contract_it_is(season: JamSeason) -> None:
    season.frozen()
    (day,) = season.api("amel").get(f"/households/{season.home['amel']}/distributions")["items"]
    assert (day["contract_id"], day["title"], day["cycle_id"]) == (season.contract, season.terms().title, season.first)


def test_a_cancelled_delivery_frees_everybody_of_their_orders(season: JamSeason) -> None:
    season.ordered()
    event = words.DeliveryCancelled(contract_id=season.contract, group_id=season.group, delivery_id="d1", on=DELIVERY,
                                    reason="gel")  # fmt: skip
    season.house.record(f"contract-{season.contract}", event)
    assert {gone.household_id for gone in season.house.events("orders.order-cancelled")} == {
        season.home["amel"], season.home["bruno"]}  # fmt: skip
    assert season.api("amel").refused("put", season.order_path("amel"), lines(fig=1)) == "cycle-cancelled"
    statement = season.api("amel").get(f"/contracts/{season.contract}/accounts/{season.home['amel']}")
    assert statement["committed_cents"] == 0


def test_a_delivery_cancelled_afterwards_takes_back_nothing_from_who_has_their_parcel(season: JamSeason) -> None:
    """A slip, or a van that came to some of them only: who was served keeps the order and owes it, the others are freed."""
    season.frozen()
    coline, bruno = season.api("coline"), season.home["bruno"]
    coline.post(f"/cycles/{season.first}/parcels/received")
    coline.post(f"/cycles/{season.first}/parcels/{bruno}/hand-over")
    event = words.DeliveryCancelled(contract_id=season.contract, group_id=season.group, delivery_id="d1", on=DELIVERY,
                                    reason="panne")  # fmt: skip
    season.house.record(f"contract-{season.contract}", event)
    assert [gone.household_id for gone in season.house.events("orders.order-cancelled")] == [season.home["amel"]]
    assert season.house.events("orders.cycle-cancelled") == []
    assert (season.balance("amel"), season.balance("bruno")) == (0, -1240)
    statement = season.api("amel").get(f"/contracts/{season.contract}/accounts/{season.home['amel']}")
    assert statement["committed_cents"] == 0


def test_rounds_of_another_group_do_not_exist(season: JamSeason, tmp_path: Path) -> None:
    group = season._tell("found_group", season.central, kind="csa", name="Ailleurs", place="Halle")["id"]
    one = {"first_name": "Zoé", "last_name": "Loin", "email": "zoe@example.org"}
    done = season._tell("enrol_household", season.central, group_id=group, persons=[one], tier="neighbourhood")
    season.person["zoe"], season.home["zoe"] = done["person_ids"][0], done["household_id"]
    season.at(OPENS)
    zoe = season.api("zoe")
    assert zoe.refused("get", f"/contracts/{season.contract}/rounds") == "not-found"
    assert zoe.refused("get", f"/cycles/{season.first}/round") == "not-found"
    assert zoe.refused("put", season.order_path("zoe"), lines(fig=1)) == "not-found"
    assert zoe.refused("get", f"/contracts/{season.contract}/accounts") == "not-found"


def test_a_coordinator_of_one_contract_enters_an_order_for_a_subscriber(season: JamSeason) -> None:
    season.at(OPENS)
    body = {**lines(plum=2), "channel": "paper"}
    season.api("coline").put(season.order_path("carla"), body)
    (confirmed,) = season.house.events("orders.order-confirmed")
    assert (confirmed.household_id, confirmed.channel) == (season.home["carla"], "paper")


def test_views_replay_to_the_same_rows(season: JamSeason) -> None:
    season.delivered()
    for service in ("orders", "logistics", "ledger"):
        assert season.house.dump(service) == season.house.rebuilt_dump(service)


def test_vrac_windows_go_on_as_before(season: JamSeason) -> None:
    """A round takes nothing from the window of a host organisation: no window hears of it."""
    season.frozen()
    assert not season.house.events("orders.cycle-frozen-in-window")
    assert [type(event) for event in season.house.events("orders.parcels-expected")] == [parcels.ParcelsExpected]
    assert [type(event) for event in season.house.events("orders.supplier-order-placed")] == [
        orders.SupplierOrderPlaced
    ]
    assert NOW < OPENS


def _states(found: dict[str, Any]) -> dict[str, str]:
    return {row["household_id"]: row["state"] for row in found["items"]}


def _subscription(season: JamSeason, name: str) -> str:
    from tests.jam_season import fixed

    return fixed(f"{season.contract}/{name}")


def _organiser(season: JamSeason) -> str:
    from grenier.language import contracts as c

    assigned = c.RoleAssigned(assignment_id="orga", person_id=season.person["dora"], role="organiser",
                              scope_kind="group", scope_id=season.group, valid_from=date(2026, 1, 1))  # fmt: skip
    season.house.record("role-orga", assigned)
    return season.person["dora"]


def test_a_delivery_moved_before_its_round_was_scheduled_takes_the_round_along(
    season: JamSeason, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker was away for both: its own fact, the scheduled round, has not reached its views when it comes to the second."""
    plan = words.RoundPlan(round_id=fixed("late"), delivery_id="d1", opens_at=OPENS, closes_at=CLOSES)
    ids = {"contract_id": season.following, "group_id": season.group}
    opened = words.ContractOpened(**ids, producer_id="farm", coordinator_id=season.person["coline"], version=1,
                                  terms=msgspec.structs.replace(season.terms(), rounds=[plan]))  # fmt: skip
    to = words.PlannedDelivery(delivery_id="d1", on=date(2026, 11, 27), starts="10:00", ends="12:00", place="Parvis")
    moved = words.DeliveryMoved(**ids, delivery_id="d1", from_on=DELIVERY, delivery=to)
    room, project = season.house.rooms["orders"], House._project
    with monkeypatch.context() as away:
        away.setattr(House, "settle", lambda _house: None)
        season.house.record(f"contract-{season.following}", opened, moved)
        project(season.house, room)
        away.setattr(House, "_project", lambda _house, _room: None)
        season.house._react(room)
    season.house.settle()
    [followed] = season.house.events("orders.cycle-distribution-moved")
    assert (followed.cycle_id, followed.distribution_starts_at) == (
        fixed("late"),
        datetime(2026, 11, 27, 9, tzinfo=UTC),
    )
