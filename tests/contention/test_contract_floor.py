"""S0:47: the floor of one contract holds however many tabs a household orders in, and only for that contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grenier.language import contracts as c
from grenier.language import ledger as money
from tests.contention.contract_counter import CONTRACT, ContractCounter
from tests.contention.credit_floor import rounds


@pytest.fixture
def counter(tmp_path: Path) -> ContractCounter:
    return ContractCounter(tmp_path, floor_cents=-500)


def order(counter: ContractCounter, home: str, window: str, **quantities: int) -> str:
    outcome = counter.order(home, window, **quantities)
    counter.house.settle()
    return outcome


@pytest.mark.proof("T18")
@pytest.mark.behaviour("S0:47")
def test_many_tabs_never_cross_the_floor_of_a_contract(tmp_path: Path) -> None:
    outcome = rounds(tmp_path, 40, seed=47, make=ContractCounter, contract_id=CONTRACT)
    assert outcome.problems == []
    assert min(outcome.answers["ok"], outcome.answers["contract-floor"]) > 40, "both answers were met"
    assert not outcome.answers["credit-floor"]


@pytest.mark.behaviour("S0:47")
def test_money_of_the_household_elsewhere_covers_nothing_in_the_contract(counter: ContractCounter) -> None:
    home = counter.household(balance_cents=1_000)
    assert order(counter, home, "w0", rice=9) == "ok"
    assert order(counter, home, "w1", rice=7) == "contract-floor"
    assert order(counter, home, "w1", rice=6) == "ok", "to the floor itself"
    (held,) = [each for each in counter.holds() if each.amount_cents == 600]
    assert (held.contract_id, held.contract_floor_cents, held.floor_cents) == (CONTRACT, -500, None)
    assert (held.contract_balance_cents, held.contract_committed_cents) == (1_000, 900)


def test_an_order_has_to_keep_the_group_s_floor_as_well(counter: ContractCounter) -> None:
    home = counter.household(balance_cents=1_000)
    counter.house.record("group-g", c.GroupSettingsChanged(group_id="g", credit_floor_cents=0))
    counter._post(home, -10_500, "")
    assert order(counter, home, "w0", rice=6) == "credit-floor", "500 in all, 1500 in the contract"
    assert order(counter, home, "w0", rice=5) == "ok"


def test_what_is_transferred_to_the_contract_and_taken_back_counts(counter: ContractCounter) -> None:
    home = counter.household()
    account = f"eater:{home}"
    postings = [money.Posting(account=account, amount_cents=cents) for cents in (-1_000, 1_000)]
    moved: dict[str, Any] = {"group_id": "g", "household_id": home, "contract_id": "last", "to_contract_id": CONTRACT}
    counter.house.record(
        f"account-{home}", money.BalanceTransferred(entry_id="t", amount_cents=1_000, postings=postings, **moved)
    )
    assert order(counter, home, "w0", rice=15) == "ok"
    turned = [money.Posting(account=account, amount_cents=-each.amount_cents) for each in postings]
    counter.house.record(f"account-{home}", money.EntryReversed(
        entry_id="r", reverses="t", reason="x", postings=turned, **moved))  # fmt: skip
    assert order(counter, home, "w1", rice=1) == "contract-floor"
    assert order(counter, home, "w0", rice=14) == "ok", "less is always allowed"


def test_a_floor_that_is_taken_away_binds_nobody_any_more(counter: ContractCounter) -> None:
    home = counter.household()
    assert order(counter, home, "w0", rice=6) == "contract-floor"
    for _ in range(2):
        counter._tell("set_contract_floor", contract_id=CONTRACT, floor_cents=None)
    assert order(counter, home, "w0", rice=6) == "ok"
    counter._tell("set_contract_floor", contract_id=CONTRACT, floor_cents=0)
    assert order(counter, home, "w1", rice=1) == "contract-floor", "what was ordered freely counts"
    assert len(counter.house.events("orders.contract-floor-set")) == 3
    assert counter.house.dump("orders") == counter.house.rebuilt_dump("orders")
