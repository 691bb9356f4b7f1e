"""T18: the credit floor of a group holds however many tabs a household orders in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from grenier.errors import Unavailable
from grenier.language import contracts as c
from grenier.language import logistics as goods
from grenier.language import orders as o
from grenier.readmodel import fact_of
from grenier.testing import House
from orders_svc import crediting, timers
from orders_svc.views.credit import waiting
from orders_svc.window import cycle_id_of
from tests.contention.counter import OPENS, Counter
from tests.contention.credit_floor import credit_means, crossings, left_over, rounds
from tests.lived_month import Lived


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path, floor_cents=-500)


def order(counter: Counter, home: str, window: str, **quantities: int) -> str:
    """One after the other: everything has followed before the next."""
    outcome = counter.order(home, window, **quantities)
    counter.house.settle()
    return outcome


def kinds(counter: Counter) -> list[str]:
    return [type(event).__name__ for event in counter.house.events("orders.") if not isinstance(event, o.CycleOpened)][
        -4:
    ]


@pytest.mark.proof("T18")
def test_many_tabs_never_cross_the_floor(tmp_path: Path) -> None:
    outcome = rounds(tmp_path, 40, seed=18)
    assert outcome.problems == []
    assert min(outcome.answers["ok"], outcome.answers["credit-floor"]) > 40, "both answers were met"


@pytest.mark.proof("T18")
def test_a_group_without_a_floor_asks_nothing(tmp_path: Path) -> None:
    """Not an event more, not a read of the log more: the ordinary order pays nothing for a setting it does not have."""
    counter = Counter(tmp_path, floor_cents=None)
    home, before = counter.household(), counter.house.log.head()
    reads: list[str] = []
    log = counter.doors[0].runtime.handler._log
    counter.doors = counter.doors[:1]
    read = log.read
    log.read = lambda stream, **more: reads.append(stream) or read(stream, **more)
    assert counter.order(home, "w0", rice=50) == "ok"
    assert [recorded.type for recorded in log.read_all(after=before)] == ["orders.order-confirmed"]
    assert [stream.split("-")[0] for stream in reads] == ["cycle"]


def test_the_refusal_says_the_figures(counter: Counter) -> None:
    home = counter.household(balance_cents=1_000)
    assert order(counter, home, "w0", rice=9) == "ok"
    with pytest.raises(Exception, match="credit-floor") as refused:
        counter.house.call("orders", "confirm_order", {"cycle_id": cycle_id_of("w1", "g"), "household_id": home,
                           "lines": [{"product_id": "rice", "quantity": 7}]}, actor=home)  # fmt: skip
    facts = refused.value.facts
    assert {name: facts[name] for name in facts if name.endswith("_cents")} == {
        "total_cents": 700, "available_cents": 600, "balance_cents": 1_000, "committed_cents": 900, "floor_cents": -500,
    }  # fmt: skip
    assert order(counter, home, "w1", rice=6) == "ok", "to the floor itself"


def test_the_shop_says_what_the_account_still_allows(counter: Counter) -> None:
    home = counter.household(balance_cents=1_000)
    order(counter, home, "w0", rice=9)
    shop = {window: _shop(counter, home, window)["credit"] for window in ("w0", "w1")}
    assert shop["w1"] == {
        "contract_id": "",
        "floor_cents": -500,
        "balance_cents": 1_000,
        "committed_cents": 900,
        "available_cents": 600,
    }
    assert shop["w0"]["available_cents"] == 1_500, "its own order may be changed within this"


def _shop(counter: Counter, home: str, window: str) -> dict[str, Any]:
    payload = {"cycle_id": cycle_id_of(window, "g"), "household_id": home}
    return counter.house.call("orders", "shop", payload, actor=home)


def test_less_is_always_allowed_and_frees_the_rest(counter: Counter) -> None:
    home = counter.household(balance_cents=1_000)
    assert order(counter, home, "w0", rice=15) == "ok"
    counter.credit(home, -900)  # a correction: the account is under its floor now
    assert order(counter, home, "w0", rice=16) == "credit-floor"
    assert order(counter, home, "w0", rice=14) == "ok"
    counter.credit(home, 900)
    assert order(counter, home, "w1", rice=1) == "ok"
    assert order(counter, home, "w1", rice=2) == "credit-floor"
    assert order(counter, home, "w0") == "ok", "cancelled"
    assert order(counter, home, "w1", rice=15) == "ok"
    assert left_over(counter, [home]) == []


def test_a_floor_that_is_lifted_is_asked_no_more(counter: Counter) -> None:
    home = counter.household()
    assert order(counter, home, "w0", rice=6) == "credit-floor"
    counter.house.record("group-g", c.GroupSettingsChanged(group_id="g", credit_unlimited=True))
    assert order(counter, home, "w0", rice=60) == "ok"
    counter.house.record("group-g", c.GroupSettingsChanged(group_id="g", credit_floor_cents=0))
    assert order(counter, home, "w1", rice=1) == "credit-floor", "what was ordered freely counts as well"


def test_what_was_charged_counts_once(counter: Counter) -> None:
    """Signed for: the account is debited, the order stands beside it no more; undone, it does again."""
    from grenier.language import ledger as money

    home = counter.household(balance_cents=1_000)
    order(counter, home, "w0", rice=10)
    order_id = next(iter(credit_means(counter, home).standing))
    postings = [money.Posting(account=f"eater:{home}", amount_cents=-1_000), money.Posting(account="sales:g", amount_cents=1_000)]  # fmt: skip
    counter.house.record(f"account-{home}", money.GoodsCharged(
        entry_id="e", group_id="g", household_id=home, distribution_id="d", order_id=order_id, amount_cents=1_000,
        lines=[], postings=postings))  # fmt: skip
    assert order(counter, home, "w1", rice=6) == "credit-floor"
    assert order(counter, home, "w1", rice=5) == "ok"
    turned = [money.Posting(account=each.account, amount_cents=-each.amount_cents) for each in postings]
    counter.house.record(f"account-{home}", money.EntryReversed(
        entry_id="r", reverses="e", group_id="g", household_id=home, reason="x", postings=turned))  # fmt: skip
    assert order(counter, home, "w2", rice=1) == "credit-floor"


def test_an_order_left_at_a_closed_distribution_is_free_again(counter: Counter) -> None:
    home = counter.household(balance_cents=500)
    order(counter, home, "w0", rice=10)
    assert order(counter, home, "w1", rice=1) == "credit-floor"
    planned = goods.DistributionPlanned(
        distribution_id="d", cycle_id=cycle_id_of("w0", "g"), window_id="w0", group_id="g", host_id="h", month="2026-11",
        starts_at=OPENS, ends_at=OPENS, place="", slots=[], assignments=[], items=[], orders=[])  # fmt: skip
    counter.house.record("distribution-d", planned, goods.DistributionClosed(distribution_id="d", group_id="g", served=0, absent=1))  # fmt: skip
    assert order(counter, home, "w1", rice=10) == "ok"


class Died(BaseException):
    """The process is gone: nothing below it is carried out."""


def test_credit_held_by_a_process_that_died_is_released(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    home = counter.household(balance_cents=500)
    with monkeypatch.context() as patch:
        patch.setattr(crediting, "_hold", _dying(crediting._hold))
        with pytest.raises(Died):
            counter.order(home, "w0", rice=10)
    counter.house.settle()
    assert order(counter, home, "w1", rice=1) == "credit-floor", "nobody knows yet whether the order will come"
    counter.house.clock.advance(seconds=timers.HOLD_LASTS.total_seconds() + 1)
    counter.house.tick()
    assert kinds(counter)[-2:] == ["HoldsVoided", "CreditSettled"]
    assert order(counter, home, "w1", rice=10) == "ok"


def _dying(hold: Any) -> Any:
    def held_and_gone(*asked: Any) -> int:
        hold(*asked)
        raise Died

    return held_and_gone


def test_a_hold_that_was_released_carries_no_order_any_more(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow tab comes back after its credit was given to another order: it has to ask again, and is refused."""
    home = counter.household(balance_cents=500)
    hold = crediting._hold

    def slow(*asked: Any) -> int:
        monkeypatch.setattr(crediting, "_hold", hold)
        number = hold(*asked)
        counter.house.settle()
        for row in waiting(counter.room.runtime.db, "9"):
            crediting.release(counter.room.runtime, row)
        assert order(counter, home, "w1", rice=10) == "ok"
        return number

    monkeypatch.setattr(crediting, "_hold", slow)
    assert counter.order(home, "w0", rice=10) == "credit-floor"
    counter.house.settle()
    assert crossings([fact_of(each) for each in counter.house.log.read_all()], -500) == []


def test_a_refusal_by_the_cycle_gives_the_credit_back_at_once(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other = counter.household(500), counter.household(500)
    hold = crediting._hold

    def overtaken(*asked: Any) -> int:
        monkeypatch.setattr(crediting, "_hold", hold)
        number = hold(*asked)
        assert counter.order(other, "w0", flour=1) == "ok"
        return number

    monkeypatch.setattr(crediting, "_hold", overtaken)
    assert order(counter, home, "w0", flour=1) == "sold-out"
    assert waiting(counter.room.runtime.db, "9") == []
    assert order(counter, home, "w1", rice=10) == "ok"


def test_a_repeated_command_is_answered_and_holds_nothing(counter: Counter) -> None:
    home, command = counter.household(500), str(uuid4())
    assert counter.order(home, "w0", command, rice=10) == "ok"
    counter.house.settle()
    assert order(counter, home, "w0", rice=2) == "ok"
    assert order(counter, home, "w1", rice=8) == "ok"
    before = counter.house.log.head()
    assert counter.order(home, "w0", command, rice=10) == "ok", "as the first time"
    assert counter.house.log.head() == before


def test_an_answer_that_was_lost_is_found_by_the_retry(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    home, command = counter.household(500), str(uuid4())
    with monkeypatch.context() as patch:
        patch.setattr(crediting, "_hold", _unavailable(crediting._hold))
        assert counter.order(home, "w0", command, rice=10) == "log-unavailable"
    assert counter.order(home, "w0", command, rice=10) == "ok"
    counter.house.settle()
    assert len(counter.house.events("orders.credit-held")) == 1, "the same hold, not another one"


def _unavailable(hold: Any) -> Any:
    def held_and_away(*asked: Any) -> int:
        hold(*asked)
        raise Unavailable("log-unavailable")

    return held_and_away


def test_regulated_orders_need_less(counter: Counter) -> None:
    home = counter.household(500)
    order(counter, home, "w0", rice=10)
    cycle = cycle_id_of("w0", "g")
    placed = o.LineReduced(household_id=home, order_id=next(iter(credit_means(counter, home).standing)), product_id="rice",
                           from_quantity=10, to_quantity=4, from_amount_cents=1_000, to_amount_cents=400)  # fmt: skip
    counter.house.record(f"cycle-{cycle}", o.OrdersRegulated(
        cycle_id=cycle, group_id="g", product_id="rice", rule="prorata", limit=4, changes=[placed]))  # fmt: skip
    assert order(counter, home, "w1", rice=7) == "credit-floor"
    assert order(counter, home, "w1", rice=6) == "ok"


def test_views_of_credit_are_replayed_the_same(counter: Counter) -> None:
    house: House = counter.house
    home = counter.household(1_000)
    for window, quantity in (("w0", 5), ("w1", 9), ("w0", 2), ("w1", 0)):
        order(counter, home, window, **({"rice": quantity} if quantity else {}))
    house.clock.advance(seconds=timedelta(minutes=1).total_seconds())
    house.tick()
    assert house.dump("orders") == house.rebuilt_dump("orders")


@pytest.mark.proof("T18")
def test_the_pages_say_it_in_words(lived: Lived) -> None:
    """Through the gateway: the setting, the refusal with its figures, what the account still allows."""
    cycle = lived.current_cycles[1]
    home, group = cycle.group.households[-3], cycle.group
    organiser, eater = lived.site.client(group.organiser), lived.site.client(home.person_id)
    order = f"/api/v1/cycles/{cycle.cycle_id}/orders/{home.household_id}"
    lines = [{"product_id": sorted(lived.federation.products.values())[0], "quantity": 40}]
    settings = f"/api/v1/groups/{group.group_id}"
    try:
        assert organiser.patch(settings, json={"credit_floor_cents": -100}).status_code == 200
        assert organiser.get(settings).get_json()["credit_floor_cents"] == -100
        refused = eater.put(order, json={"lines": lines})
        problem = refused.get_json()
        assert (refused.status_code, problem["code"]) == (409, "credit-floor")
        assert "descendre sous −1,00" in problem["detail"]
        page = eater.get(f"/groupes/{group.group_id}/commandes/{cycle.cycle_id}/foyers/{home.household_id}")
        assert "Le compte permet encore" in page.text
    finally:
        assert organiser.patch(settings, json={"credit_floor_cents": None}).status_code == 200
    assert organiser.get(settings).get_json()["credit_floor_cents"] is None
    assert eater.put(order, json={"lines": lines}).status_code == 200
    assert eater.delete(order).status_code == 200
