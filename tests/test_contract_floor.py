"""The credit floor of one contract, as its coordinator sets it and as two tabs meet it (S0:47)."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import uuid4

import pytest

from grenier.language import season as words
from orders_svc import floor
from tests.jam_season import CLOSES, OPENS, OPTIONS, JamSeason, fixed, lines

HONEY = fixed("honey")
ROUNDS = (fixed("honey-1"), fixed("honey-2"))


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> JamSeason:
    """The jam of the season, and honey that is ordered for two deliveries at the same time."""
    season = JamSeason(tmp_path_factory.mktemp("floor"), scope="group")
    deliveries = [words.PlannedDelivery(delivery_id=f"d{day}", on=date(2026, 12, day)) for day in (3, 17)]
    plans = [words.RoundPlan(round_id=key, delivery_id=each.delivery_id, opens_at=OPENS, closes_at=CLOSES)
             for key, each in zip(ROUNDS, deliveries, strict=True)]  # fmt: skip
    terms = words.Terms(title="Miel", starts_on=date(2026, 11, 1), ends_on=date(2026, 12, 31), basket_kind="ordered",
                        options=OPTIONS, deliveries=deliveries, rounds=plans)  # fmt: skip
    opened = words.ContractOpened(contract_id=HONEY, group_id=season.group, producer_id="bees",
                                  coordinator_id=season.person["coline"], version=1, terms=terms)  # fmt: skip
    season.house.record(f"contract-{HONEY}", opened)
    for name in ("amel", "bruno", "carla"):
        season.subscribe(name, HONEY)
    season.at(OPENS)
    return season


def provide(season: JamSeason, name: str, cents: int) -> None:
    path = f"/contracts/{HONEY}/accounts/{season.home[name]}/prepayments"
    season.api("coline").post(path, {"amount_cents": cents, "number": "7"})


def set_floor(season: JamSeason, floor_cents: int | None) -> None:
    season.api("coline").put(f"/contracts/{HONEY}/credit-floor", {"floor_cents": floor_cents})


@pytest.mark.behaviour("S0:47")
def test_two_tabs_that_order_at_once_share_what_the_contract_still_allows(season: JamSeason) -> None:
    """20 € deposited for the honey and 100 € for the jam, floor at 0: of two orders of 12,40 € one is refused."""
    set_floor(season, 0)
    for name in ("amel", "bruno", "carla"):
        season.deposit(name, 10_000)
        provide(season, name, 2_000)

        def tab(cycle_id: str, name: str = name) -> tuple[int, str]:
            api = season.api(name)
            found = api("put", season.order_path(name, cycle_id), lines(orange=2))
            return api.status, found.get("code", "")

        with ThreadPoolExecutor(2) as tabs:
            answers = sorted(tabs.map(tab, ROUNDS))
        assert answers == [(200, ""), (409, "contract-floor")]
    shop = season.api("amel").get(f"/cycles/{ROUNDS[0]}/shop/{season.home['amel']}")
    assert (shop["credit"]["contract_id"], shop["credit"]["balance_cents"]) == (HONEY, 2_000)
    # The jam has no floor of its own: it is ordered as before.
    season.order("amel", season.first, orange=4)


@pytest.mark.behaviour("S0:47")
def test_the_coordinator_sets_it_on_a_page_and_the_refusal_says_the_figures(season: JamSeason) -> None:
    coline = season.site.client(season.person["coline"])
    here = f"/groupes/{season.group}/contrats/{HONEY}/commandes"

    def page(path: str, **fields: str) -> str:
        data = {"idempotency_key": str(uuid4()), **fields}
        answer = coline.post(path, data=data, follow_redirects=True) if fields else coline.get(path)
        assert answer.status_code in (200, 422), answer.status_code
        return re.sub(r"[\u00a0\u202f]", " ", answer.get_data(as_text=True))

    assert 'name="floor"' in page(here + "/decouvert")
    assert "Un montant en euros" in page(here + "/decouvert", floor="beaucoup")
    assert "sous −5,00 €" in page(here + "/decouvert", floor="5")
    refused = season.api("bruno")("put", season.order_path("bruno", ROUNDS[1]), lines(orange=9))
    assert refused["code"] == "contract-floor"
    assert "le contrat n’accepte pas de descendre sous −5,00" in re.sub(r"[\u00a0\u202f]", " ", refused["detail"])
    set_floor(season, None)
    assert "Pas de limite propre à ce contrat." in page(here)


def test_who_may_set_it_and_what_it_may_be(season: JamSeason) -> None:
    path = f"/contracts/{HONEY}/credit-floor"
    assert season.api("amel").refused("put", path, {"floor_cents": 0}) == "forbidden"
    assert season.api("coline").refused("put", "/contracts/nothing/credit-floor", {"floor_cents": 0}) == "not-found"
    for wrong in ({"floor_cents": 1}, {"floor_cents": "0"}, {}, {"floor_cents": 0, "more": 1}):
        coline = season.api("coline")
        found = coline("put", path, wrong)
        assert (coline.status, list(found["errors"])) == (422, ["more" if "more" in wrong else "floor_cents"])
    season.open_contract(season.following, rounds=False)
    other = f"/contracts/{season.following}/credit-floor"
    assert season.api("coline").refused("put", other, {"floor_cents": 0}) == "contract-without-rounds"
    assert season.house.dump("orders") == season.house.rebuilt_dump("orders")


@pytest.mark.behaviour("S0:47")
def test_the_next_season_begins_with_the_floor_of_the_last(season: JamSeason) -> None:
    set_floor(season, -700)
    key = fixed("honey-next")
    season.open_contract(key, renews=HONEY, rounds=False)
    found = season.api("coline").get(f"/contracts/{key}/rounds")["contract"]
    assert (found["contract_id"], found["floor_cents"]) == (key, -700)


def test_what_was_decided_for_the_new_season_is_not_undone_by_the_old_one() -> None:
    def of(cents: int | None, **more: bool) -> floor.SetFloor:
        return floor.SetFloor(contract_id=HONEY, group_id="g", floor_cents=cents, **more)

    lifted = [*floor.decide(floor.Floor(), of(0)), *floor.decide(floor.Floor(0, decided=True), of(None))]
    assert floor.decide(floor.decider.fold(lifted), of(-700, carried=True)) == []
    assert len(floor.decide(floor.Floor(), of(-700, carried=True))) == 1
