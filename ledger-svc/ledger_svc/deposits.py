"""A cheque received for a contract in which goods are ordered is a deposit: it is written down once (S0:48).

Custody (where a cheque is) belongs to contracts-svc; the credit in the household's account of the contract follows from it.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from grenier.language import ledger, season
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime
from ledger_svc import account
from ledger_svc.accounts import deposit_entry
from ledger_svc.views import deposits


def follow_cheque(runtime: Runtime, fact: Fact) -> None:
    """One policy for both ways, so that a cheque's return is never looked at before its coming."""
    event = fact.event
    assert isinstance(event, season.ChequeReceived | season.ChequeReturned)
    known = deposits.cheque(runtime.db, event.cheque_id)
    if known is None:
        return
    command: account.Command
    match event:
        case season.ChequeReceived():
            command = account.ReceivePrepayment(
                entry_id=deposit_entry(event.cheque_id),
                group_id=known["group_id"],
                household_id=known["household_id"],
                amount_cents=known["amount_cents"],
                cheque=ledger.ChequeFacts(number=event.number, bank=event.bank),
                contract_id=known["contract_id"],
            )
        case season.ChequeReturned():
            reverses = deposit_entry(event.cheque_id)
            command = account.TakeBack(
                entry_id=str(uuid5(NAMESPACE_URL, f"{reverses}/returned")), reverses=reverses, reason=event.reason
            )
    runtime.react(account.decider, known["household_id"], command, fact, "follow-cheque", group_id=known["group_id"])


POLICY = Policy("follow-cheque", ("contracts.cheque-received", "contracts.cheque-returned"), follow_cheque)
