"""One more order round in mid-season: its window and its cycle, through the API and on the page (S0:22, S0:32)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from grenier.language import orders
from grenier.language import season as words
from grenier.testing import refused
from orders_svc import cycle, rounds
from tests.jam_season import CLOSES, DELIVERY, NOW, JamSeason, lines

DAY = DELIVERY + timedelta(days=30)
OPENS = CLOSES + timedelta(days=10)
ENDS = OPENS + timedelta(days=5)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> JamSeason:
    return JamSeason(tmp_path_factory.mktemp("round"))


def body(**more: Any) -> dict[str, Any]:
    window = {"opens_at": OPENS.isoformat(), "closes_at": ENDS.isoformat()}
    return {"on": DAY.isoformat(), "reason": "Les oranges amères sont arrivées.", **window, **more}


def confirm(cycle_id: str, quantity: int) -> cycle.ConfirmOrder:
    return cycle.ConfirmOrder(
        order_id="o", household_id="h", group_id="g", tier="neighbourhood", quantities={"fig": quantity}, now=OPENS
    )


def test_what_an_added_round_may_not_be(season: JamSeason) -> None:
    coline, path = season.api("coline"), f"/contracts/{season.contract}/deliveries"
    assert season.api("amel").refused("post", path, body()) == "forbidden"
    assert coline.refused("post", path, body(closes_at=(NOW - timedelta(days=1)).isoformat(),
                                              opens_at=(NOW - timedelta(days=3)).isoformat())) == "invalid"  # fmt: skip
    assert coline.refused("post", path, body(on=(NOW - timedelta(days=1)).date().isoformat())) == "invalid"
    assert coline.refused("post", path, body(closes_at=(OPENS + timedelta(days=90)).isoformat())) == "invalid"
    without = {name: value for name, value in body().items() if name not in ("opens_at", "closes_at")}
    assert coline.refused("post", path, without) == "delivery-needs-round"


@pytest.mark.behaviour("S0:22", "S0:32")
def test_an_added_round_is_scheduled_opened_and_ordered_in(season: JamSeason) -> None:
    added = season.api("coline").post(f"/contracts/{season.contract}/deliveries", body())["delivery_id"]
    found = season.api("amel").get(f"/contracts/{season.contract}/rounds")["items"]
    [row] = [row for row in found if row["cycle_id"] not in (season.first, season.second)]
    assert (row["status"], row["title"]) == ("scheduled", found[0]["title"])
    shown = season.api("coline").get(f"/contracts/{season.contract}")["terms"]["rounds"]
    assert [plan["round_id"] for plan in shown if plan["delivery_id"] == added] == [row["cycle_id"]]
    season.at(OPENS + timedelta(hours=1))
    season.api("amel").put(season.order_path("amel", row["cycle_id"]), lines(fig=2))
    season.at(ENDS + timedelta(minutes=1))
    refused = season.api("bruno").refused("put", season.order_path("bruno", row["cycle_id"]), lines(fig=1))
    assert refused == "cycle-closed"


@pytest.mark.behaviour("S0:22", "S0:32")
def test_the_page_shows_first_who_is_told_and_when_one_orders(season: JamSeason) -> None:
    coline = season.site.client(season.person["coline"])
    path = f"/groupes/{season.group}/contrats/{season.contract}/livraisons/ajouter"
    assert "Ajouter une commande et sa livraison" in coline.get(path.removesuffix("/livraisons/ajouter")).text
    day = (DAY + timedelta(days=7)).isoformat()
    form = {"on": day, "starts": "18:30", "ends": "19:30", "place": "Halle", "reason": "Encore des figues.",
            "opens_at": "2026-12-10T08:00", "closes_at": "2026-12-20T20:00"}  # fmt: skip
    empty = coline.post(path, data={**form, "closes_at": "", "act": "preview"})
    assert (empty.status_code, "À remplir." in empty.text) == (422, True)
    late = coline.post(path, data={**form, "closes_at": f"{day}T20:00", "act": "confirm"})
    assert (late.status_code, "avant la livraison" in late.text) == (422, True)
    preview = coline.post(path, data={**form, "act": "preview"}).text
    assert "3 foyers seront prévenus" in preview
    assert "On commande du" in preview
    assert coline.post(path, data={**form, "act": "confirm"}).status_code == 302
    found = season.api("amel").get(f"/contracts/{season.contract}/rounds")["items"]
    # Eight in the morning and in the evening in Paris.
    assert [(row["opens_at"][:16], row["closes_at"][:16]) for row in found][-1:] == [
        ("2026-12-10T07:00", "2026-12-20T19:00")
    ]


@pytest.mark.behaviour("S0:32", "S0:37")
def test_a_product_sold_by_twos_is_ordered_by_twos() -> None:
    jars = words.BasketOption(option_id="fig", title="Figues", price_cents=550, quantities=[4, 2])
    event = words.DeliveryAdded(
        contract_id="k", group_id="g", delivery=words.PlannedDelivery(delivery_id="d", on=DAY), reason="x",
        round=words.AddedRound(round_id=str(uuid4()), opens_at=OPENS, closes_at=ENDS, producer_id="p", title="Confitures",
                               options=[jars]),
    )  # fmt: skip
    scheduled = rounds.added(event, "h", "Europe/Paris", "Halle")
    assert scheduled is not None
    [item] = scheduled.items
    assert (item.quantities, item.max_per_household) == ([2, 4], 4)
    opened = orders.CycleOpened(cycle_id=scheduled.cycle_id, group_id="g", closes_at=ENDS, contract_id="k")
    state = cycle.decider.fold([scheduled, opened])
    assert refused(cycle.decider.decide, state, confirm(scheduled.cycle_id, 3)).code == "quantity-not-offered"
    assert refused(cycle.decider.decide, state, confirm(scheduled.cycle_id, 6)).code == "over-household-maximum"
    assert cycle.decider.decide(state, confirm(scheduled.cycle_id, 2))


def test_the_views_of_orders_say_the_same_after_a_rebuild(season: JamSeason) -> None:
    assert season.house.dump("orders") == season.house.rebuilt_dump("orders")
