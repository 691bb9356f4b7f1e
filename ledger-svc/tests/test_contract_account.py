"""A household's books of its contracts: what holds whatever is entered, settled and taken back (S0:42-49)."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from grenier.errors import Rejected
from grenier.language import ledger
from grenier.testing import given
from ledger_svc import account, settlement
from ledger_svc.account import ChargeGoods, ReceivePrepayment, ReverseEntry
from ledger_svc.accounts import contract_effects, eater
from ledger_svc.contract_account import (
    IssueRefund,
    IssueStatement,
    NoteNegative,
    RequestPayment,
    TransferBalance,
    WithdrawRequest,
    note_negative,
)

JAM, HONEY = "jam", "honey"
WHO = {"group_id": "amap", "household_id": "amel"}
CHEQUE = ledger.ChequeFacts(number="1")


def paid(key: str, cents: int, contract: str = JAM) -> ReceivePrepayment:
    return ReceivePrepayment(entry_id=key, amount_cents=cents, cheque=CHEQUE, contract_id=contract, **WHO)


def taken(key: str, cents: int, contract: str = JAM) -> ChargeGoods:
    return ChargeGoods(entry_id=key, sign_off_id=key, distribution_id="d", order_id=key, lines=[], amount_cents=cents,
                       contract_id=contract, **WHO)  # fmt: skip


def statement(number: int) -> IssueStatement:
    key = str(uuid5(NAMESPACE_URL, f"statement/{number}"))
    return IssueStatement(statement_id=key, contract_id=JAM, cycle_id=f"round-{number}", **WHO)


def carry_out(*commands: account.Command) -> tuple[account.Account, list[account.Event]]:
    """The commands one after the other; those that are refused leave nothing behind."""
    state, events = account.decider.initial, []
    for command in commands:
        try:
            found = list(account.decide(state, command))
        except Rejected:
            continue
        state = account.decider.fold(found, state)
        events += found
    return state, events


CENTS = st.integers(min_value=1, max_value=50_000)
CONTRACTS = st.sampled_from([JAM, HONEY])


@st.composite
def seasons(draw: st.DrawFn) -> list[account.Command]:
    commands: list[account.Command] = []
    for number in range(draw(st.integers(1, 25))):
        key, cents, contract = f"e{number}", draw(CENTS), draw(CONTRACTS)
        other = HONEY if contract == JAM else JAM
        signed = draw(st.sampled_from([cents, -cents]))
        commands.append(
            draw(
                st.sampled_from(
                    [
                        paid(key, cents, contract),
                        taken(key, cents, contract),
                        IssueRefund(entry_id=key, contract_id=contract, amount_cents=cents, means="transfer", **WHO),
                        TransferBalance(
                            entry_id=key, contract_id=contract, to_contract_id=other, amount_cents=signed, **WHO
                        ),
                        ReverseEntry(entry_id=key, reverses=f"e{draw(st.integers(0, 24))}", reason="erreur"),
                        statement(number),
                    ]
                )
            )
        )
    return commands


@settings(max_examples=150, deadline=None)
@for_all(seasons())
def test_postings_sum_to_zero_and_the_contracts_make_up_the_whole_account(commands: list[account.Command]) -> None:
    state, events = carry_out(*commands)
    whole = 0
    for event in events:
        postings = getattr(event, "postings", [])
        assert sum(posting.amount_cents for posting in postings) == 0
        own = sum(posting.amount_cents for posting in postings if posting.account == eater("amel"))
        assert sum(contract_effects(event).values()) == own
        whole += own
    assert sum(state.books.balances.values()) == whole


@settings(max_examples=100, deadline=None)
@for_all(seasons())
def test_whatever_happened_a_settlement_leaves_zero_in_every_contract(commands: list[account.Command]) -> None:
    state, _ = carry_out(*commands)
    if jam := state.books.balance(JAM):
        moved = TransferBalance(entry_id="x1", contract_id=JAM, to_contract_id=HONEY, amount_cents=jam, **WHO)
        state = account.decider.fold(account.decide(state, moved), state)
    left = state.books.balance(HONEY)
    last: account.Command = (
        IssueRefund(entry_id="x2", contract_id=HONEY, amount_cents=left, means="transfer", **WHO)
        if left > 0
        else paid("x2", -left, HONEY)
    )
    if left:
        state = account.decider.fold(account.decide(state, last), state)
    assert (state.books.balance(JAM), state.books.balance(HONEY)) == (0, 0)


@settings(max_examples=100, deadline=None)
@for_all(seasons())
def test_each_statement_begins_where_the_one_before_ended(commands: list[account.Command]) -> None:
    _, events = carry_out(*commands, statement(99))
    told = [event for event in events if isinstance(event, ledger.StatementIssued)]
    closing = 0
    for event in told:
        assert event.opening_cents == closing
        closing = event.opening_cents + event.paid_cents - event.charged_cents + event.other_cents
        assert event.closing_cents == closing


def events_of(*commands: account.Command) -> tuple[account.Event, ...]:
    return tuple(carry_out(*commands)[1])


REFUND = IssueRefund(entry_id="r", contract_id=JAM, amount_cents=500, means="transfer", **WHO)
REQUEST = RequestPayment(request_id="q", contract_id=JAM, amount_cents=500, **WHO)
TRANSFER = TransferBalance(entry_id="t", contract_id=JAM, to_contract_id=HONEY, amount_cents=500, **WHO)


@pytest.mark.parametrize(("before", "command", "code"), [
    ((), REFUND, "balance-changed"),
    ((paid("p", 499),), REFUND, "balance-changed"),
    ((paid("p", 500, HONEY),), REFUND, "balance-changed"),
    ((taken("c", 499),), REQUEST, "balance-changed"),
    ((paid("p", 500),), REQUEST, "balance-changed"),
    ((taken("c", 500),), TRANSFER, "balance-changed"),
    ((paid("p", 500),), TransferBalance(entry_id="t", contract_id=JAM, to_contract_id=JAM, amount_cents=500, **WHO),
     "same-contract"),
])  # fmt: skip
def test_nobody_gets_back_or_is_asked_for_what_the_books_do_not_say(
    before: tuple[account.Command, ...], command: account.Command, code: str
) -> None:
    given(account.decider, *events_of(*before)).when(command).rejected(code)


@pytest.mark.parametrize(("before", "command"), [
    ((paid("p", 500), REFUND), REFUND),
    ((taken("c", 500), REQUEST), REQUEST),
    ((paid("p", 500), TRANSFER), TRANSFER),
    ((paid("p", 500), statement(1)), statement(1)),
    ((), WithdrawRequest(request_id="q", reason="non")),
])  # fmt: skip
def test_saying_it_again_changes_nothing(before: tuple[account.Command, ...], command: account.Command) -> None:
    given(account.decider, *events_of(*before)).when(command).nothing()


def test_a_debt_travels_with_its_sign() -> None:
    debt = TransferBalance(entry_id="t", contract_id=JAM, to_contract_id=HONEY, amount_cents=-500, **WHO)
    state, _ = carry_out(taken("c", 500), debt)
    assert (state.books.balance(JAM), state.books.balance(HONEY)) == (0, -500)


# -- the contract's settlement -----------------------------------------------------------------------------------


def close(**balances: int) -> settlement.CloseSettlement:
    return settlement.CloseSettlement(contract_id=JAM, group_id="amap", balances=balances)


CLOSED = ledger.SettlementClosed(contract_id=JAM, group_id="amap", households=2)


def test_a_settlement_closes_at_zero_only_even_when_the_sum_is_zero() -> None:
    given(settlement.decider).when(close(amel=0, bruno=0)).then(CLOSED)
    refused = given(settlement.decider).when(close(amel=500, bruno=-500)).rejected("settlement-open")
    assert refused.facts["households"] == 2
    given(settlement.decider, CLOSED).when(close(amel=0, bruno=0)).nothing()


def test_a_closed_settlement_is_opened_once_by_what_comes_behind() -> None:
    reopen = settlement.ReopenSettlement(reason="ledger.prepayment-received")
    again = ledger.SettlementReopened(contract_id=JAM, group_id="amap", reason="ledger.prepayment-received")
    given(settlement.decider, CLOSED).when(reopen).then(again)
    given(settlement.decider, CLOSED, again).when(reopen).nothing()


def refund(cents: int) -> IssueRefund:
    return IssueRefund(entry_id="back", contract_id=JAM, amount_cents=cents, means="transfer", **WHO)


def moved(cents: int) -> TransferBalance:
    return TransferBalance(entry_id="moved", contract_id=JAM, to_contract_id=HONEY, amount_cents=cents, **WHO)


def asked(key: str, cents: int, contract: str = JAM) -> RequestPayment:
    return RequestPayment(request_id=key, contract_id=contract, amount_cents=cents, **WHO)


@pytest.mark.parametrize(
    ("before", "command", "goes"),
    [
        (paid("e", 100), refund(0), False),
        (paid("e", 100), refund(1), True),
        (paid("e", 100), refund(100), True),
        (paid("e", 100), refund(101), False),
        (paid("e", 100), moved(0), False),
        (paid("e", 100), moved(1), True),
        (paid("e", 100), moved(100), True),
        (paid("e", 100), moved(101), False),
        (taken("e", 100), moved(0), False),
        (taken("e", 100), moved(-1), True),
        (taken("e", 100), moved(-100), True),
        (taken("e", 100), moved(-101), False),
        (taken("e", 1), asked("r", 1), True),
        (taken("e", 2), asked("r", 1), False),
    ],
)
def test_no_more_than_there_is_goes_back_or_over(before: account.Command, command: account.Command, goes: bool) -> None:
    _, events = carry_out(before, command)
    assert len(events) == 1 + goes


def test_nothing_is_asked_of_who_owes_nothing() -> None:
    with pytest.raises(Rejected):
        account.decide(account.decider.initial, asked("r", 0))


def test_a_sum_is_asked_for_once_until_it_is_withdrawn_and_of_each_contract() -> None:
    owing = (taken("e", 100), taken("f", 50, HONEY), asked("r1", 100))
    state, _ = carry_out(*owing)
    assert list(account.decide(state, asked("r2", 100))) == []
    assert len(list(account.decide(state, asked("r3", 50, HONEY)))) == 1
    state, events = carry_out(*owing, WithdrawRequest(request_id="r1", reason="payé"))
    assert events[-1] == ledger.PaymentRequestWithdrawn(request_id="r1", contract_id=JAM, reason="payé", **WHO)
    assert len(list(account.decide(state, asked("r2", 100)))) == 1


def test_a_statement_keeps_its_number_until_something_is_corrected() -> None:
    first = statement(1)
    state, events = carry_out(paid("e", 100), first)
    assert events[-1].statement_id == first.statement_id
    assert list(account.decide(state, first)) == []
    _, events = carry_out(paid("e", 100), first, taken("f", 30), first)
    assert events[-1].statement_id != first.statement_id
    assert (events[-1].opening_cents, events[-1].charged_cents, events[-1].closing_cents) == (100, 30, 70)


@pytest.mark.parametrize(("cents", "said"), [(1, 0), (0, 0), (-1, 1)])
def test_who_owes_a_cent_is_below_nothing(cents: int, said: int) -> None:
    told = note_negative(NoteNegative(balance_cents=cents, **WHO))
    assert told == [ledger.BalanceWentNegative(balance_cents=cents, contract_id="", **WHO)] * said
