"""Cheques of contracts in which goods are ordered: received once, credited once, given back once (S0:48)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from grenier.language import contracts, season
from grenier.testing import House

JAM, EGGS = "jam", "eggs"


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path, "ledger")
    house.record("group-g", contracts.GroupFounded(group_id="g", host_id="host", kind="csa", name="AMAP"))
    house.record("household-h", contracts.HouseholdFormed(household_id="h", group_id="g", person_ids=["ann"]))
    assigned = {"role": "treasurer", "scope_kind": "group", "scope_id": "g", "valid_from": date(2026, 1, 1)}
    house.record("role-tess", contracts.RoleAssigned(assignment_id="tess", person_id="tess", **assigned))
    kinds: tuple[tuple[str, season.BasketKind], ...] = ((JAM, "ordered"), (EGGS, "fixed_single"))
    for contract, kind in kinds:
        terms = season.Terms(title=contract, starts_on=date(2026, 11, 1), ends_on=date(2026, 12, 31), basket_kind=kind)
        opened = season.ContractOpened(contract_id=contract, group_id="g", producer_id="p", coordinator_id="c",
                                       version=1, terms=terms)  # fmt: skip
        house.record(f"contract-{contract}", opened)
    return house


def agree(house: House, contract: str, *cheques: tuple[str, int]) -> None:
    planned = [
        season.PlannedCheque(cheque_id=key, amount_cents=cents, cash_on=date(2026, 12, 1)) for key, cents in cheques
    ]
    agreed = season.ScheduleAgreed(subscription_id=contract, contract_id=contract, group_id="g", household_id="h",
                                   producer_id="p", cheques=planned)  # fmt: skip
    house.record(f"schedule-{contract}", agreed)


def receive(house: House, contract: str, cheque_id: str, number: str = "4711") -> None:
    house.record(f"schedule-{contract}", season.ChequeReceived(
        subscription_id=contract, cheque_id=cheque_id, group_id="g", person_id="ann", number=number, bank="CM",
        issued_on=date(2026, 11, 1)))  # fmt: skip


def give_back(house: House, contract: str, cheque_id: str) -> None:
    returned = season.ChequeReturned(subscription_id=contract, cheque_id=cheque_id, group_id="g", reason="impayé")
    house.record(f"schedule-{contract}", returned)


def held(house: House) -> tuple[dict[str, int], int]:
    found = house.call("ledger", "contract_balances", {"household_id": "h"}, actor="ann")
    return {row["contract_id"]: row["balance_cents"] for row in found["items"]}, found["balance_cents"]


def received(house: House) -> list[Any]:
    return house.events("ledger.prepayment-received")


@pytest.mark.behaviour("S0:48")
def test_a_cheque_that_comes_is_credited_to_the_contract_it_was_agreed_for(house: House) -> None:
    agree(house, JAM, ("jam.1", 3000), ("jam.2", 2000))
    receive(house, JAM, "jam.1")
    (entry,) = received(house)
    assert (entry.contract_id, entry.household_id, entry.amount_cents) == (JAM, "h", 3000)
    assert (entry.cheque.number, entry.cheque.bank) == ("4711", "CM")
    receive(house, JAM, "jam.2", "4712")
    assert held(house) == ({JAM: 5000}, 5000)
    trial = house.call("ledger", "trial_balance", {"group_id": "g"}, actor="tess")
    assert trial["sum_cents"] == 0


def test_a_cheque_for_baskets_that_were_agreed_beforehand_is_no_deposit(house: House) -> None:
    agree(house, EGGS, ("eggs.1", 3000))
    receive(house, EGGS, "eggs.1")
    give_back(house, EGGS, "eggs.1")
    assert received(house) == []
    assert held(house) == ({}, 0)


def test_the_amount_is_that_of_the_last_agreement_before_it_came(house: House) -> None:
    agree(house, JAM, ("jam.1", 3000), ("jam.2", 3000))
    receive(house, JAM, "jam.1")
    agree(house, JAM, ("jam.2", 1000))
    receive(house, JAM, "jam.2", "2")
    assert held(house)[0] == {JAM: 4000}


@pytest.mark.behaviour("S0:48")
def test_a_cheque_given_back_is_taken_off_once(house: House) -> None:
    agree(house, JAM, ("jam.1", 3000))
    receive(house, JAM, "jam.1")
    give_back(house, JAM, "jam.1")
    give_back(house, JAM, "jam.1")
    (reversal,) = house.events("ledger.entry-reversed")
    assert (reversal.reason, reversal.contract_id) == ("impayé", JAM)
    assert held(house) == ({JAM: 0}, 0)
    # The same fact told twice, under another id: the cheque keeps its one entry.
    receive(house, JAM, "jam.1")
    assert len(received(house)) == 1
    assert house.dump("ledger") == house.rebuilt_dump("ledger")


def test_what_the_treasurer_has_taken_back_is_not_taken_back_again(house: House) -> None:
    agree(house, JAM, ("jam.1", 3000))
    receive(house, JAM, "jam.1")
    wrong = {"household_id": "h", "entry_id": received(house)[0].entry_id, "reason": "erreur"}
    house.call("ledger", "reverse_entry", wrong, actor="tess")
    give_back(house, JAM, "jam.1")
    assert len(house.events("ledger.entry-reversed")) == 1
    assert held(house) == ({JAM: 0}, 0)


@pytest.mark.behaviour("S0:48")
def test_a_deposit_without_a_schedule_is_still_written_down_by_hand(house: House) -> None:
    ask = {"household_id": "h", "amount_cents": 500, "number": "9", "contract_id": JAM}
    house.call("ledger", "receive_prepayment", ask, actor="tess")
    agree(house, JAM, ("jam.1", 3000))
    receive(house, JAM, "jam.1")
    assert held(house) == ({JAM: 3500}, 3500)
