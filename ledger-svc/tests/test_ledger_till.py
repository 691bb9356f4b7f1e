"""Sentences about a till."""

import pytest

from grenier.language.ledger import CashCounted, ChequeFacts, DifferenceExplained, PaymentReversed, TillClosed
from grenier.testing import given
from ledger_svc import accounts
from ledger_svc.till import (
    CloseTill,
    CountCash,
    ExplainDifference,
    OpenTill,
    ReversePayment,
    TakePayment,
    decider,
)

OPEN = OpenTill(till_id="t", group_id="g", group_kind="buying_group", distribution_id="d", float_cents=5000)
CASH = TakePayment(
    entry_id="p1", household_id="h1", household_group_id="g", group_kind="buying_group", means="cash", amount_cents=1250
)
CHEQUE = TakePayment(
    entry_id="p2",
    household_id="h2",
    household_group_id="g",
    group_kind="buying_group",
    means="cheque",
    amount_cents=3075,
    cheque=ChequeFacts(number="77", bank="LBP"),
)


def played(*commands):
    """The events of these commands, one after the other."""
    events = []
    for command in commands:
        events += decider.decide(decider.fold(events), command)
    return events


TAKEN = played(OPEN, CASH, CHEQUE)
RIGHT = CountCash(coins={5000: 1, 1000: 1, 200: 1, 50: 1}, cheque_entry_ids=["p2"])
SHORT = CountCash(coins={5000: 1, 1000: 1, 200: 1}, cheque_entry_ids=["p2"])


def test_what_a_till_should_hold_is_float_and_cash():
    state = decider.fold(TAKEN)
    assert state.cash_cents == 6250
    assert state.cheques() == {"p2": 3075}


def test_every_posting_of_a_till_sums_to_zero():
    events = played(OPEN, CASH, CHEQUE, SHORT, ExplainDifference(entry_id="x", explanation="?"))
    for event in events:
        if hasattr(event, "postings"):
            assert sum(posting.amount_cents for posting in event.postings) == 0


def test_paying_twice_is_done_once():
    given(decider, *TAKEN).when(CASH).nothing()


def test_a_till_opens_once():
    assert given(decider, *TAKEN).when(OPEN).rejected("till-already-open").facts == {"till_id": "t"}
    closed = TillClosed(till_id="t", group_id="g", cash_cents=6250, cheques_cents=3075)
    given(decider, *TAKEN, closed).when(OPEN).rejected("till-closed")


def test_no_money_changes_hands_at_an_amap_distribution():
    at_csa = OpenTill(till_id="t", group_id="g", group_kind="csa", distribution_id="d", float_cents=0)
    given(decider).when(at_csa).rejected("no-money-at-csa-distribution")
    payment = TakePayment(
        entry_id="p", household_id="h1", household_group_id="g", group_kind="csa", means="cash", amount_cents=1
    )
    given(decider, *TAKEN).when(payment).rejected("no-money-at-csa-distribution")


def test_a_household_pays_in_its_own_group_only():
    foreign = TakePayment(
        entry_id="p9",
        household_id="h9",
        household_group_id="g2",
        group_kind="buying_group",
        means="cash",
        amount_cents=1,
    )
    given(decider, *TAKEN).when(foreign).rejected("household-of-another-group")


def test_a_payment_is_reversed_once():
    reverse = ReversePayment(entry_id="r", reverses="p1", reason="two clicks")
    (event,) = decider.decide(decider.fold(TAKEN), reverse)
    assert isinstance(event, PaymentReversed)
    assert event.postings == accounts.balanced(("eater:h1", -1250), ("till:t:cash", 1250))
    reversed_once = [*TAKEN, event]
    assert decider.fold(reversed_once).cash_cents == 5000
    given(decider, *reversed_once).when(reverse).nothing()
    given(decider, *reversed_once).when(ReversePayment(entry_id="r2", reverses="p1", reason="x")).rejected(
        "already-reversed"
    )
    given(decider, *reversed_once).when(ReversePayment(entry_id="r2", reverses="no", reason="x")).rejected(
        "entry-unknown"
    )


@pytest.mark.behaviour("S1:90-92")
def test_a_right_count_lets_the_till_close():
    events = played(OPEN, CASH, CHEQUE, RIGHT)
    counted = events[-1]
    assert isinstance(counted, CashCounted)
    assert (counted.counted_cents, counted.difference_cents, counted.cheques_cents) == (6250, 0, 3075)
    given(decider, *events).when(RIGHT).nothing()
    closed = TillClosed(till_id="t", group_id="g", cash_cents=6250, cheques_cents=3075)
    given(decider, *events).when(CloseTill()).then(closed)
    given(decider, *events, closed).when(CloseTill()).nothing()
    given(decider, *events, closed).when(
        TakePayment(entry_id="p3", household_id="h1", household_group_id="g", group_kind="buying_group",
                    means="cash", amount_cents=1)
    ).rejected("till-closed")  # fmt: skip


@pytest.mark.behaviour("S1:90-92")
def test_a_difference_is_explained_before_closing():
    events = played(OPEN, CASH, CHEQUE, SHORT)
    given(decider, *events).when(CloseTill()).rejected("difference-unexplained")
    explain = ExplainDifference(entry_id="x", explanation="change given twice")
    (event,) = decider.decide(decider.fold(events), explain)
    assert event == DifferenceExplained(
        entry_id="x",
        till_id="t",
        group_id="g",
        difference_cents=-50,
        explanation="change given twice",
        postings=accounts.balanced(("difference:g", -50), ("till:t:cash", 50)),
    )
    given(decider, *events, event).when(explain).nothing()
    given(decider, *events, event).when(CloseTill()).then(
        TillClosed(till_id="t", group_id="g", cash_cents=6200, cheques_cents=3075)
    )


def test_nothing_to_explain_when_the_count_is_right():
    given(decider, *played(OPEN, CASH, CHEQUE, RIGHT)).when(ExplainDifference(entry_id="x", explanation="?")).rejected(
        "nothing-to-explain"
    )


def test_a_count_is_needed_and_money_moving_afterwards_voids_it():
    given(decider, *TAKEN).when(CloseTill()).rejected("count-first")
    later = TakePayment(
        entry_id="p3",
        household_id="h1",
        household_group_id="g",
        group_kind="buying_group",
        means="cash",
        amount_cents=1,
    )
    given(decider, *played(OPEN, CASH, CHEQUE, RIGHT, later)).when(CloseTill()).rejected("count-outdated")


def test_a_cheque_that_is_not_there_holds_the_till_open():
    no_cheque = CountCash(coins=RIGHT.coins, cheque_entry_ids=[])
    refusal = given(decider, *played(OPEN, CASH, CHEQUE, no_cheque)).when(CloseTill()).rejected("cheques-missing")
    assert refusal.facts == {"entry_ids": ["p2"]}
    given(decider, *TAKEN).when(CountCash(coins={}, cheque_entry_ids=["p1"])).rejected("entry-unknown")


def test_a_till_that_was_never_opened_takes_nothing():
    for command in (CASH, RIGHT, CloseTill()):
        given(decider).when(command).rejected("till-unknown")
