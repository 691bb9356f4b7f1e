"""What is due in the ledger: households in the red are told, then reminded as often as their group has decided (S0:47)."""

from __future__ import annotations

from datetime import datetime, timedelta

from grenier.readmodel import Row
from grenier.runtime import Runtime, Timer
from ledger_svc import account, contract_account
from ledger_svc.views import reds

# On the day itself the payment is often on its way: who has been served is in the red until the till has taken it.
GRACE = timedelta(days=1)


def remind_of_debts(runtime: Runtime) -> None:
    now = runtime.clock.now()
    for setting in reds.reminding(runtime.db):
        every = timedelta(days=setting["balance_days"])
        for row in reds.in_the_red(runtime.db, setting["group_id"]):
            if _due_at(row, every) <= now:
                _remind(runtime, row)


def _due_at(row: Row, every: timedelta) -> datetime:
    if row["told_at"]:
        return datetime.fromisoformat(row["told_at"]) + every
    return datetime.fromisoformat(row["since"]) + GRACE


def _remind(runtime: Runtime, row: Row) -> None:
    """One command for one reminder: its name says which, so that it is given once."""
    command = contract_account.NoteNegative(
        group_id=row["group_id"],
        household_id=row["household_id"],
        balance_cents=row["balance_cents"],
        contract_id=row["contract_id"],
    )
    which = f"remind-of-debts/{row['contract_id']}/{row['told_at'] or row['since']}"
    runtime.due(account.decider, row["household_id"], command, which, group_id=row["group_id"])


TIMERS = (Timer("remind-of-debts", remind_of_debts, every_s=5.0),)
