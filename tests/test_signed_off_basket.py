"""Signed for at the table, a parcel counts as handed over and an exchanged basket as collected, once each (S0:39, S4:61)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from grenier.language import exchange
from tests.jam_season import DELIVERY, JamSeason, fixed

BASKET = fixed("basket")


@pytest.fixture
def season(tmp_path: Path) -> JamSeason:
    """Bruno's jars of the first round are promised to Dora, who takes them in his name."""
    season = JamSeason(tmp_path, scope="group")
    ids = {"basket_id": BASKET, "group_id": season.group, "contract_id": season.contract, "delivery_id": "d1",
           "household_id": season.home["bruno"]}  # fmt: skip
    starts, ends = (datetime(2026, 11, 26, 17 + hour, 30, tzinfo=UTC) for hour in (0, 1))
    offered = exchange.BasketOffered(
        **ids, subscription_id=fixed(f"{season.contract}/bruno"), person_id=season.person["bruno"], on=DELIVERY,
        starts_at=starts, ends_at=ends, closes_at=starts, place="Halle", parts=[], value_cents=1240, audience="takers",
        named_person_id="",
    )  # fmt: skip
    accepted = exchange.TakerAccepted(
        **ids, holder_id=season.person["bruno"], person_id=season.person["dora"], declined_person_ids=[]
    )
    asked = exchange.BasketRequested(basket_id=BASKET, group_id=season.group, person_id=season.person["dora"])
    season.house.record(f"basket-{BASKET}", offered, asked, accepted)
    season.frozen()
    season.api("coline").post(f"/cycles/{season.first}/parcels/received")
    return season


def collected(season: JamSeason) -> list[str]:
    events = season.house.events("contracts.basket-collect")
    return [type(event).__name__ for event in events]


def phase(season: JamSeason) -> str:
    return str(season.api("dora").get(f"/baskets/{BASKET}")["phase"])


@pytest.mark.behaviour("S0:39")
@pytest.mark.behaviour("S4:61")
def test_a_sign_off_collects_the_basket_and_hands_the_parcel_over_once(season: JamSeason) -> None:
    parcel = f"/cycles/{season.first}/parcels/{season.home['bruno']}/hand-over"
    coline = season.api("coline")
    coline.post(parcel)
    coline.post(parcel)
    season.api("dora").post(f"/baskets/{BASKET}/collect")
    assert (phase(season), collected(season)) == ("collected", ["BasketCollected"])
    assert len(season.house.events("logistics.signed-off")) == 1
    assert season.balance("bruno") == -1240
    coline.delete(parcel + "?reason=mauvais+colis")
    assert (phase(season), season.balance("bruno")) == ("accepted", 0)
    coline.post(parcel)
    assert collected(season) == ["BasketCollected", "BasketCollectionUndone", "BasketCollected"]
    assert len(season.house.events("ledger.goods-charged")) == 2
    assert season.balance("bruno") == -1240
    assert season.house.dump("contracts") == season.house.rebuilt_dump("contracts")


def test_a_basket_said_to_be_fetched_is_charged_only_once_it_is_signed_for(season: JamSeason) -> None:
    season.api("dora").post(f"/baskets/{BASKET}/collect")
    assert (phase(season), season.house.events("logistics.signed-off"), season.balance("bruno")) == ("collected", [], 0)
    season.api("coline").post(f"/cycles/{season.first}/parcels/{season.home['bruno']}/hand-over")
    assert (collected(season), season.balance("bruno")) == (["BasketCollected"], -1240)


def test_whoever_fetches_the_own_parcel_touches_no_basket(season: JamSeason) -> None:
    season.api("coline").post(f"/cycles/{season.first}/parcels/{season.home['amel']}/hand-over")
    assert (phase(season), collected(season)) == ("accepted", [])
