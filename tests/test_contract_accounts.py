"""What each household has in a contract, through the API: provisions, statements, debts, the settlement (S0:42-49)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from grenier.language import ledger
from tests.jam_season import OPENS, JamSeason, lines


@pytest.fixture
def season(tmp_path: Path) -> JamSeason:
    return JamSeason(tmp_path)


def close_delivery(season: JamSeason) -> None:
    """The delivery is over: the distribution of the round is closed by the treasurer's helper."""
    from grenier.runtime import derived_id

    payload = {"distribution_id": derived_id(season.first, "distribution")}
    season.house.call("logistics", "close_distribution", payload, actor=_organiser(season))


def _organiser(season: JamSeason) -> str:
    from datetime import date

    from grenier.language import contracts as c

    assigned = c.RoleAssigned(assignment_id="orga", person_id=season.person["dora"], role="organiser",
                              scope_kind="group", scope_id=season.group, valid_from=date(2026, 1, 1))  # fmt: skip
    if not season.house.rooms["logistics"].runtime.access.roles_of(season.person["dora"]):
        season.house.record("role-orga", assigned)
    return season.person["dora"]


def settlement(season: JamSeason) -> str:
    return f"/contracts/{season.contract}/settlement"


@pytest.mark.behaviour("S0:48")
def test_a_provision_cheque_is_credited_to_the_contract(season: JamSeason) -> None:
    done = season.deposit("amel", 3000, "4711")
    found = season.api("amel").get(f"/contracts/{season.contract}/accounts/{season.home['amel']}")
    (line,) = found["lines"]
    assert (line["cheque_number"], line["cheque_bank"], line["effect_cents"]) == ("4711", "Crédit Mutuel", 3000)
    assert (line["entry_id"], found["closing_cents"]) == (done["entry_id"], 3000)
    balances = season.api("amel").get(f"/households/{season.home['amel']}/contract-balances")
    assert [(row["contract_id"], row["balance_cents"]) for row in balances["items"]] == [(season.contract, 3000)]
    assert (balances["balance_cents"], balances["other_cents"]) == (3000, 0)


@pytest.mark.behaviour("S0:48")
def test_a_cheque_of_somebody_else_names_its_holder_by_id(season: JamSeason) -> None:
    path = f"/contracts/{season.contract}/accounts/{season.home['amel']}/prepayments"
    body = {"amount_cents": 500, "number": "1", "holder_id": season.person["bruno"]}
    season.api("coline").post(path, body)
    (received,) = season.house.events("ledger.prepayment-received")
    assert (received.holder_id, received.contract_id) == (season.person["bruno"], season.contract)


@pytest.mark.behaviour("S0:42")
@pytest.mark.behaviour("S0:43")
def test_after_the_round_every_household_is_told_how_it_stands(season: JamSeason) -> None:
    season.deposit("amel", 3000)
    season.delivered()
    close_delivery(season)
    told = {event.household_id: event for event in season.house.events("ledger.statement-issued")}
    assert set(told) == {season.home["amel"], season.home["bruno"]}
    amel = told[season.home["amel"]]
    assert (amel.opening_cents, amel.paid_cents, amel.charged_cents, amel.closing_cents) == (0, 3000, 1580, 1420)
    for event in told.values():
        figures = (event.opening_cents, event.paid_cents, -event.charged_cents, event.other_cents)
        assert sum(figures) == event.closing_cents
    # Told again by hand nothing is new; after a correction those whom it touches are told anew.
    season.api("coline").post(f"/cycles/{season.first}/statements")
    assert len(season.house.events("ledger.statement-issued")) == 2
    season.deposit("bruno", 2000)
    season.api("coline").post(f"/cycles/{season.first}/statements")
    last = season.house.events("ledger.statement-issued")[2:]
    assert [(event.household_id, event.opening_cents, event.closing_cents) for event in last] == [
        (season.home["bruno"], -1240, 760)
    ]


@pytest.mark.behaviour("S0:46")
def test_a_balance_is_explained_line_by_line_down_to_the_event_and_as_of_any_day(season: JamSeason) -> None:
    season.deposit("amel", 3000)
    season.delivered()
    path = f"/contracts/{season.contract}/accounts/{season.home['amel']}"
    found = season.api("amel").get(path)
    assert [(line["kind"], line["running_cents"]) for line in found["lines"]] == [
        ("prepayment-received", 3000), ("goods-charged", 1420)]  # fmt: skip
    before = season.api("amel").get(path + "?as_of=2026-11-20T00:00:00Z")
    assert (before["closing_cents"], len(before["lines"])) == (3000, 1)
    why = season.api("amel").get(f"/entries/{found['lines'][1]['entry_id']}")
    names = [fact["name"] for fact in why["facts"]]
    assert "orders.order-confirmed" in names
    assert "logistics.signed-off" in names
    assert "ledger.goods-charged" in names
    assert sum(line["amount_cents"] for line in why["lines"]) == 1580


@pytest.mark.behaviour("S0:47")
def test_negative_balances_are_listed_and_told_as_often_as_needed(season: JamSeason) -> None:
    season.delivered()
    coline = season.api("coline")
    listed = coline.get(f"/contracts/{season.contract}/accounts?negative=true")
    assert [(row["household_id"], row["balance_cents"]) for row in listed["items"]] == [
        (season.home["amel"], -1580), (season.home["bruno"], -1240)]  # fmt: skip
    for _ in range(2):
        coline.post(f"/contracts/{season.contract}/negative-reminders", {"household_ids": [season.home["bruno"]]})
    told = season.house.events("ledger.balance-went-negative")
    assert [(event.household_id, event.contract_id, event.balance_cents) for event in told] == [
        (season.home["bruno"], season.contract, -1240)] * 2  # fmt: skip


@pytest.mark.behaviour("S0:44")
def test_the_supervisor_sees_what_is_odd(season: JamSeason) -> None:
    season.frozen()
    coline = season.api("coline")
    gap = {"missing": [{"product_id": "fig", "missing": 1}]}
    coline.put(f"/cycles/{season.first}/parcels/{season.home['amel']}", gap)
    coline.post(f"/cycles/{season.first}/parcels/{season.home['amel']}/hand-over")
    close_delivery(season)
    found = coline.get(f"/contracts/{season.contract}/anomalies")["items"]
    kinds = {(row["kind"], row["household_id"], row["amount_cents"]) for row in found}
    amel, bruno, carla = (season.home[name] for name in ("amel", "bruno", "carla"))
    assert kinds == {
        ("negative", amel, -1580), ("differs", amel, -550), ("not-collected", bruno, 1240),
        ("no-prepayment", amel, -3000), ("no-prepayment", bruno, -3000), ("no-prepayment", carla, -3000)}  # fmt: skip


@pytest.mark.behaviour("S0:44")
def test_who_made_a_mistake_takes_it_back_after_a_preview_and_nobody_else_but_the_treasurer(tmp_path: Path) -> None:
    season = JamSeason(tmp_path, scope="group")
    entry_id = season.deposit("amel", 30_000)["entry_id"]
    path = f"/groups/{season.group}/households/{season.home['amel']}/entries/{entry_id}/reversal"
    shown = season.house.call(
        "ledger", "preview_reversal", {"household_id": season.home["amel"], "entry_id": entry_id},
        actor=season.person["coline"])  # fmt: skip
    assert (shown["balance_after_cents"], shown["contracts"][0]["balance_after_cents"]) == (0, 0)
    season.api("coline").post(path, {"reason": "un zéro de trop"})
    assert season.balance("amel") == 0
    # A charge came from the delivery, not from her hand.
    season.delivered()
    (charge, _) = season.house.events("ledger.goods-charged")
    other = f"/groups/{season.group}/households/{charge.household_id}/entries/{charge.entry_id}/reversal"
    assert season.api("coline").refused("post", other, {"reason": "non"}) == "forbidden"
    season.api("tom").post(other, {"reason": "livré deux fois"})


@pytest.mark.behaviour("S0:49")
def test_a_contract_is_settled_by_refund_request_and_transfer_until_every_balance_is_zero(season: JamSeason) -> None:
    season.open_contract(season.following, renews=season.contract, rounds=False)
    season.subscribe("carla", season.following)
    season.deposit("amel", 3000)
    season.deposit("carla", 500)
    season.delivered()
    amel, bruno, carla = (season.home[name] for name in ("amel", "bruno", "carla"))
    coline = season.api("coline")
    preview = coline.get(settlement(season))
    assert {row["household_id"]: (row["balance_cents"], row["act"]) for row in preview["items"]} == {
        amel: (1420, "refund"), bruno: (-1240, "request"), carla: (500, "transfer")}  # fmt: skip
    acts = [
        {"household_id": amel, "act": "refund", "amount_cents": 1420, "means": "cheque", "number": "99"},
        {"household_id": bruno, "act": "request", "amount_cents": -1240},
        {"household_id": carla, "act": "transfer", "amount_cents": 500, "to_contract_id": season.following},
    ]
    assert coline.refused("post", settlement(season) + "/close") == "settlement-open"
    for _ in range(2):  # the same key twice: nothing is paid twice
        coline.post(settlement(season), {"acts": acts}, key="11111111-1111-4111-8111-111111111111")
    assert [season.balance(name) for name in ("amel", "bruno", "carla")] == [0, -1240, 0]
    assert season.balance("carla", season.following) == 500
    (asked,) = season.house.events("ledger.payment-requested")
    assert (asked.household_id, asked.amount_cents) == (bruno, 1240)
    assert coline.refused("post", settlement(season) + "/close") == "settlement-open"
    season.deposit("bruno", 1240, "77")
    coline.post(settlement(season) + "/close")
    (closed,) = season.house.events("ledger.settlement-closed")
    assert (closed.contract_id, closed.households) == (season.contract, 3)


@pytest.mark.behaviour("S0:49")
def test_a_balance_that_moved_since_the_preview_is_not_settled(season: JamSeason) -> None:
    season.deposit("amel", 3000)
    act = {"household_id": season.home["amel"], "act": "refund", "amount_cents": 4000}
    assert season.api("coline").refused("post", settlement(season), {"acts": [act]}) == "balance-changed"
    act = {"household_id": season.home["amel"], "act": "request", "amount_cents": -100}
    assert season.api("coline").refused("post", settlement(season), {"acts": [act]}) == "balance-changed"


@pytest.mark.behaviour("S0:49")
def test_every_act_of_a_settlement_can_be_taken_back(tmp_path: Path) -> None:
    season = JamSeason(tmp_path, scope="group")
    season.open_contract(season.following, renews=season.contract, rounds=False)
    season.deposit("amel", 3000)
    season.deposit("carla", 500)
    season.delivered()
    coline = season.api("coline")
    acts = [
        {"household_id": season.home["amel"], "act": "refund", "amount_cents": 1420},
        {"household_id": season.home["bruno"], "act": "request", "amount_cents": -1240},
        {
            "household_id": season.home["carla"],
            "act": "transfer",
            "amount_cents": 500,
            "to_contract_id": season.following,
        },
    ]
    done = {each["act"]: each for each in coline.post(settlement(season), {"acts": acts})["items"]}
    for act, name in (("refund", "amel"), ("transfer", "carla")):
        path = f"/groups/{season.group}/households/{season.home[name]}/entries/{done[act]['id']}/reversal"
        coline.post(path, {"reason": "trop tôt"})
    coline.delete(f"/payment-requests/{done['request']['id']}?reason=trop+t%C3%B4t")
    assert [season.balance(name) for name in ("amel", "bruno", "carla")] == [1420, -1240, 500]
    assert season.balance("carla", season.following) == 0
    assert not any(row["request"] for row in coline.get(settlement(season))["items"])
    assert season.house.dump("ledger") == season.house.rebuilt_dump("ledger")


@pytest.mark.behaviour("S0:49")
def test_what_comes_behind_the_closing_opens_the_books_again(season: JamSeason) -> None:
    coline = season.api("coline")
    coline.post(settlement(season) + "/close")
    season.deposit("amel", 100)
    assert coline.get(settlement(season))["contract"]["settled_at"] is None
    assert [type(event) for event in season.house.events("ledger.settlement-")] == [
        ledger.SettlementClosed, ledger.SettlementReopened]  # fmt: skip


def test_the_books_of_an_amap_sum_to_zero(season: JamSeason) -> None:
    season.deposit("amel", 3000)
    season.delivered()
    trial = season.api("tom").get(f"/groups/{season.group}/trial-balance")
    assert trial["sum_cents"] == 0
    assert len(trial["accounts"]) == 4


def test_members_see_their_own_account_of_a_contract_and_no_other(season: JamSeason) -> None:
    season.deposit("amel", 3000)
    path = f"/contracts/{season.contract}/accounts"
    assert season.api("bruno").refused("get", f"{path}/{season.home['amel']}") == "forbidden"
    assert season.api("bruno").refused("get", path) == "forbidden"
    assert season.api("bruno").refused("get", settlement(season)) == "forbidden"
    body = {"amount_cents": 100, "number": "1"}
    assert season.api("bruno").refused("post", f"{path}/{season.home['bruno']}/prepayments", body) == "forbidden"


def test_no_money_at_an_amap_s_distribution(season: JamSeason) -> None:
    body = {"float_cents": 0}
    assert season.api("tom").refused("post", f"/groups/{season.group}/tills", body) == "no-money-at-csa-distribution"


@pytest.mark.behaviour("S0:47")
def test_the_floor_holds_for_rounds_when_two_tabs_order_at_once(tmp_path: Path) -> None:
    """20 € deposited, floor at 0: two rounds are ordered in two tabs, 12,40 € each; one of them is refused."""
    season = JamSeason(tmp_path, floor_cents=0)
    season.deposit("amel", 2000)
    season.at(OPENS + timedelta(days=14))
    both = JamSeasonRounds(season)
    with ThreadPoolExecutor(2) as tabs:
        answers = list(tabs.map(both.order, (season.second, both.third)))
    assert sorted(answers) == [200, 409]
    shop = season.api("amel").get(f"/cycles/{season.second}/shop/{season.home['amel']}")
    assert shop["credit"]["floor_cents"] == 0


class JamSeasonRounds:
    """A second round that is open at the same time, of another contract of the household."""

    def __init__(self, season: JamSeason) -> None:
        from datetime import date

        from grenier.language import season as words
        from tests.jam_season import CLOSES, OPTIONS, fixed

        self.season, self.third = season, fixed("round-3")
        contract = fixed("honey")
        later = timedelta(days=14)
        delivery = words.PlannedDelivery(delivery_id="d1", on=date(2026, 12, 17))
        plan = words.RoundPlan(round_id=self.third, delivery_id="d1", opens_at=OPENS + later, closes_at=CLOSES + later)
        terms = words.Terms(title="Miel", starts_on=date(2026, 11, 1), ends_on=date(2026, 12, 31),
                            basket_kind="ordered", options=OPTIONS, deliveries=[delivery], rounds=[plan])  # fmt: skip
        opened = words.ContractOpened(contract_id=contract, group_id=season.group, producer_id="bees",
                                      coordinator_id=season.person["coline"], version=1, terms=terms)  # fmt: skip
        season.house.record(f"contract-{contract}", opened)
        season.subscribe("amel", contract)
        season.site.tick()

    def order(self, cycle_id: str) -> int:
        api = self.season.api("amel")
        api("put", self.season.order_path("amel", cycle_id), lines(orange=2))
        return api.status
