"""Sentences about an eater's account."""

import pytest

from grenier.language.ledger import (
    AdjustmentPosted,
    BalanceWentNegative,
    ChargedLine,
    ChequeFacts,
    DuesReceived,
    EntryReversed,
    GoodsCharged,
    Posting,
    PrepaymentReceived,
)
from grenier.testing import given
from ledger_svc import accounts
from ledger_svc.account import (
    ChargeGoods,
    PostAdjustment,
    ReceiveDues,
    ReceivePrepayment,
    ReverseCharge,
    ReverseEntry,
    decider,
)
from ledger_svc.contract_account import NoteNegative

LINES = [ChargedLine(product_id="comte", quantity=1, weight_g=1250, amount_cents=1988, kind="ordered", name="Comté")]
CHARGE = ChargeGoods(
    entry_id="e1",
    sign_off_id="s1",
    group_id="g",
    household_id="h",
    distribution_id="d",
    order_id="o",
    lines=LINES,
    amount_cents=1988,
)
CHARGED = GoodsCharged(
    entry_id="e1",
    group_id="g",
    household_id="h",
    distribution_id="d",
    order_id="o",
    amount_cents=1988,
    lines=LINES,
    postings=[Posting(account="eater:h", amount_cents=-1988), Posting(account="sales:g", amount_cents=1988)],
    sign_off_id="s1",
)
UNDONE = EntryReversed(
    entry_id="r1",
    reverses="e1",
    group_id="g",
    household_id="h",
    reason="wrong household",
    postings=[Posting(account="eater:h", amount_cents=1988), Posting(account="sales:g", amount_cents=-1988)],
)


@pytest.mark.behaviour("S0:46")
def test_goods_signed_for_are_charged_with_their_lines():
    given(decider).when(CHARGE).then(CHARGED)


def test_the_same_sign_off_is_charged_once():
    given(decider, CHARGED).when(CHARGE).nothing()
    again = ChargeGoods(**{name: getattr(CHARGE, name) for name in CHARGE.__struct_fields__} | {"entry_id": "e2"})
    given(decider, CHARGED).when(again).nothing()


def test_an_undone_sign_off_gives_the_charge_back():
    given(decider, CHARGED).when(ReverseCharge(entry_id="r1", sign_off_id="s1", reason="wrong household")).then(UNDONE)
    given(decider, CHARGED, UNDONE).when(ReverseCharge(entry_id="r2", sign_off_id="s1", reason="x")).nothing()


def test_after_an_undo_the_household_can_be_charged_again():
    again = ChargeGoods(**{name: getattr(CHARGE, name) for name in CHARGE.__struct_fields__} | {"entry_id": "e2"})
    state = given(decider, CHARGED, UNDONE).state()
    (event,) = decider.decide(state, again)
    assert isinstance(event, GoodsCharged)
    assert event.entry_id == "e2"


def test_an_undo_of_what_was_never_charged_is_nothing():
    given(decider).when(ReverseCharge(entry_id="r1", sign_off_id="s1", reason="x")).nothing()


@pytest.mark.behaviour("S0:48")
def test_a_prepayment_cheque_credits_the_household():
    cheque = ChequeFacts(number="0012345", bank="Crédit coopératif")
    command = ReceivePrepayment(entry_id="p", group_id="g", household_id="h", amount_cents=5000, cheque=cheque)
    event = PrepaymentReceived(
        entry_id="p",
        group_id="g",
        household_id="h",
        amount_cents=5000,
        cheque=cheque,
        postings=[Posting(account="eater:h", amount_cents=5000), Posting(account="cheques:g", amount_cents=-5000)],
    )
    given(decider).when(command).then(event)
    given(decider, event).when(command).nothing()


@pytest.mark.behaviour("S0:51-53")
def test_dues_do_not_touch_the_balance():
    command = ReceiveDues(
        entry_id="d", group_id="g", household_id="h", membership_id="m", amount_cents=100, means="cash"
    )
    (event,) = decider.decide(decider.initial, command)
    assert isinstance(event, DuesReceived)
    assert accounts.amount_on(event.postings, "eater:h") == 0
    assert event.postings == accounts.balanced(("dues:g", 100), ("cash:g", -100))


def test_an_entry_is_reversed_once_and_a_reversal_never():
    reverse = ReverseEntry(entry_id="r1", reverses="e1", reason="wrong household")
    given(decider, CHARGED).when(reverse).then(UNDONE)
    given(decider, CHARGED, UNDONE).when(reverse).nothing()
    second = ReverseEntry(entry_id="r2", reverses="e1", reason="again")
    given(decider, CHARGED, UNDONE).when(second).rejected("already-reversed")
    third = ReverseEntry(entry_id="r3", reverses="r1", reason="no")
    given(decider, CHARGED, UNDONE).when(third).rejected("reversal-is-final")
    given(decider).when(reverse).rejected("entry-unknown")


def test_a_correction_says_why():
    command = PostAdjustment(entry_id="a", group_id="g", household_id="h", amount_cents=-120, reason="jar broken")
    (event,) = decider.decide(decider.initial, command)
    assert isinstance(event, AdjustmentPosted)
    assert (event.reason, accounts.amount_on(event.postings, "eater:h")) == ("jar broken", -120)


@pytest.mark.behaviour("S0:47")
def test_only_a_household_in_the_red_is_told():
    owing = NoteNegative(group_id="g", household_id="h", balance_cents=-1)
    given(decider).when(owing).then(BalanceWentNegative(group_id="g", household_id="h", balance_cents=-1))
    given(decider).when(NoteNegative(group_id="g", household_id="h", balance_cents=0)).nothing()


@pytest.mark.parametrize(
    "pairs",
    [
        (("eater:h", 1),),
        (("eater:h", 1), ("sales:g", -2)),
        (("eater:h", 1.0), ("sales:g", -1.0)),
        (("eater:h", True), ("sales:g", -1)),
    ],
)
def test_postings_that_do_not_sum_to_zero_in_integer_cents_cannot_be_made(pairs):
    with pytest.raises(ValueError):
        accounts.balanced(*pairs)
