"""What follows for the accounts of a contract: statements after a delivery, a settlement that something came behind."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from grenier.language import logistics
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime
from ledger_svc import account, accounts, contract_account, settlement
from ledger_svc.views import committed, contracts


def statement_of(cycle_id: str, group_id: str, contract_id: str, household_id: str) -> contract_account.IssueStatement:
    """A household gets one statement per round: its id follows from the two."""
    return contract_account.IssueStatement(
        statement_id=str(uuid5(NAMESPACE_URL, f"statement/{cycle_id}/{household_id}")),
        group_id=group_id,
        household_id=household_id,
        contract_id=contract_id,
        cycle_id=cycle_id,
    )


def households_to_tell(runtime: Runtime, cycle_id: str, contract_id: str) -> list[str]:
    """Whoever ordered in the round or has entries in the contract."""
    held = {row["household_id"] for row in contracts.households_of(runtime.db, contract_id) if row["at"]}
    return sorted(held | set(committed.households_in_cycle(runtime.db, cycle_id)))


def issue_statements(runtime: Runtime, fact: Fact) -> None:
    """S0:42: the delivery is over, everything is charged."""
    assert isinstance(fact.event, logistics.DistributionClosed)
    event = fact.event
    if not event.contract_id:
        return
    for household_id in households_to_tell(runtime, event.cycle_id, event.contract_id):
        command = statement_of(event.cycle_id, event.group_id, event.contract_id, household_id)
        runtime.react(account.decider, household_id, command, fact, "issue-statements", group_id=event.group_id)


def reopen_settlement(runtime: Runtime, fact: Fact) -> None:
    for contract_id in accounts.contract_effects(fact.event):
        known = contracts.contract(runtime.db, contract_id)
        if known is not None and known["settled_at"]:
            command = settlement.ReopenSettlement(reason=fact.name)
            runtime.react(
                settlement.decider, contract_id, command, fact, "reopen-settlement", group_id=known["group_id"]
            )


SEASON_POLICIES = (
    # Who has entries in the contract is asked of the views, and the entries of the round are our own consequences.
    Policy("issue-statements", ("logistics.distribution-closed",), issue_statements, sees_own=True),
    Policy(
        "reopen-settlement",
        (
            "ledger.goods-charged",
            "ledger.prepayment-received",
            "ledger.adjustment-posted",
            "ledger.entry-reversed",
            "ledger.refund-issued",
            "ledger.balance-transferred",
        ),
        reopen_settlement,
    ),
)
