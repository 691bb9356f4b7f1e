"""The season that the demonstration shows: loaded on any weekday, with something to do for everybody."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.demo import federation, season_acts, season_load
from gateway.demo.month import Stage
from gateway.demo.season import Season
from tests.house_app import Site
from tests.in_process import client_of, no_pauses
from tests.story.season_scene import PLACES

HOUSEHOLDS = 15
# A Thursday: the delivery day itself is the edge of the calendar.
NOW = datetime(2026, 11, 19, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stage, Season]:
    no_pauses()
    site = Site(tmp_path_factory.mktemp("demo"), now=NOW)
    api = client_of(site, seed="demonstration")
    stage = Stage(api, federation.Federation("", ""), site.tick)
    stage.move_to(NOW - timedelta(days=39))
    stage.federation = federation.found(api, 7, HOUSEHOLDS, places=PLACES)
    season = season_load.begin(stage, stage.federation.groups[0], NOW.date())
    stage.move_to(NOW - timedelta(days=29))
    season_load.order_round(stage, season, season_load.DELIVERED, 0.8)
    stage.move_to(season_load.delivered_at(season, season_load.DELIVERED))
    season_load.deliver_round(stage, season, season_load.DELIVERED)
    stage.move_to(NOW - timedelta(days=1))
    season_load.middle(stage, season)
    return stage, season


def test_a_round_is_delivered_and_the_next_one_open(loaded: tuple[Stage, Season]) -> None:
    stage, season = loaded
    states = [season_acts.status_of(stage, season.group, season.jam.round_id(number)) for number in range(5)]
    assert states == ["frozen", "open", "scheduled", "scheduled", "scheduled"]
    assert season_acts.accounts(stage, season.group, season.jam)["charged_cents"] > 0


def test_the_coordinator_finds_work(loaded: tuple[Stage, Season]) -> None:
    stage, season = loaded
    coordinator = season_acts.coordinator(stage, season.group)
    odd = coordinator.get(f"/groups/{season.group.group_id}/season-anomalies")
    assert (len(odd["to_confirm"]), len(odd["waiting"])) == (season_load.LATE, 2)
    assert odd["cheques_missing"]
    waiting = coordinator.get(f"/groups/{season.group.group_id}/questions", open="true")["items"]
    assert [row["contract_id"] for row in waiting] == [season.bread.contract_id]


def test_the_login_page_offers_a_member_with_a_basket_on_offer_and_the_referent(loaded: tuple[Stage, Season]) -> None:
    stage, season = loaded
    guest = season.guest
    assert guest is not None
    accounts = {each["role"]: each["person_id"] for each in stage.api.get("/demo")["accounts"]}
    assert accounts["eater"] in guest.person_ids
    assert accounts["referent"] not in guest.person_ids
    assert {"coordinator", "producer"} <= set(accounts)
    mine = stage.at(accounts["eater"]).get("/exchanges")
    (offered,) = mine["offered"]
    assert len(offered["requests"]) == 2
    held = stage.at(accounts["eater"]).get(f"/households/{guest.household_id}/subscriptions")["subscriptions"]
    assert {row["contract_title"] for row in held} == {each.terms["title"] for each in season.contracts.values()}


def test_a_deposit_cheque_that_was_received_is_credited_once(loaded: tuple[Stage, Season]) -> None:
    stage, season = loaded
    rows = season_acts.cheques(stage, season.group, season.jam)["cheques"]
    came = sum(row["amount_cents"] for row in rows if row["state"] in ("received", "handed_over"))
    paid = season_acts.accounts(stage, season.group, season.jam)["paid_cents"]
    assert paid == came > 0
