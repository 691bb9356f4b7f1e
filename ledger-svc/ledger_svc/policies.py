"""What follows in the ledger from facts of others (S1:74-78): goods signed for are charged, undone ones given back."""

from __future__ import annotations

from grenier.language import ledger, logistics, season
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime, derived_id
from ledger_svc import account, contract_account
from ledger_svc.views import balances


def charge_signed_goods(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case logistics.SignedOff() as e:
            command = account.ChargeGoods(
                entry_id=derived_id(fact.id, "charge"),
                sign_off_id=e.sign_off_id,
                group_id=e.group_id,
                household_id=e.household_id,
                distribution_id=e.distribution_id,
                order_id=e.order_id,
                lines=[_charged(line) for line in e.lines],
                amount_cents=e.total_cents,
                contract_id=e.contract_id,
                cycle_id=e.cycle_id,
            )
            runtime.react(account.decider, e.household_id, command, fact, "charge-signed-goods", group_id=e.group_id)


def reverse_undone_charge(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case logistics.SignOffUndone() as e:
            command = account.ReverseCharge(
                entry_id=derived_id(fact.id, "reversal"), sign_off_id=e.sign_off_id, reason=e.reason
            )
            runtime.react(account.decider, e.household_id, command, fact, "reverse-undone-charge", group_id=e.group_id)


def note_households_in_the_red(runtime: Runtime, fact: Fact) -> None:
    """S0:47, once payments are over: before the till closes everybody who has just been served is in the red."""
    match fact.event:
        case ledger.TillClosed() as e:
            for row in balances.negative_in(runtime.db, e.group_id):
                command = contract_account.NoteNegative(
                    group_id=e.group_id, household_id=row["household_id"], balance_cents=row["balance_cents"]
                )
                runtime.react(account.decider, row["household_id"], command, fact, "note-negative", group_id=e.group_id)


def receive_campaign_dues(runtime: Runtime, fact: Fact) -> None:
    """S0:51-53: what was collected in a dues campaign stands in the books, as from any desk."""
    match fact.event:
        case season.DuesPaid(means="cheque" | "cash" as means) as e:
            cents = e.group_dues_cents + e.network_dues_cents + e.gift_cents
            command = account.ReceiveDues(
                entry_id=derived_id(fact.id, "dues"),
                group_id=e.group_id,
                household_id=e.household_id,
                membership_id=e.membership_id,
                amount_cents=cents,
                means=means,
                cheque=ledger.ChequeFacts(number=e.number, bank=e.bank) if means == "cheque" else None,
            )
            if cents:
                runtime.react(account.decider, e.household_id, command, fact, "receive-dues", group_id=e.group_id)


def _charged(line: logistics.ServedLine) -> ledger.ChargedLine:
    return ledger.ChargedLine(
        product_id=line.product_id,
        quantity=line.quantity,
        weight_g=line.weight_g,
        amount_cents=line.amount_cents,
        kind=line.kind,
        name=line.name,
        unit_price_cents=line.unit_price_cents,
    )


POLICIES = (
    Policy("charge-signed-goods", ("logistics.signed-off",), charge_signed_goods),
    Policy("reverse-undone-charge", ("logistics.sign-off-undone",), reverse_undone_charge),
    Policy("receive-dues", ("contracts.dues-paid",), receive_campaign_dues),
    # What was signed for before the till closed counts, also when it is charged long after.
    Policy("note-negative", ("ledger.till-closed",), note_households_in_the_red, sees_own=True),
)
