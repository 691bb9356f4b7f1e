"""What the doors of the ledger share: their runtime, ids that follow from a command, readings of payloads."""

from __future__ import annotations

from datetime import datetime

from grenier.clock import iso
from grenier.doors import Context
from grenier.errors import Invalid
from grenier.language.ledger import ChequeFacts
from grenier.runtime import Runtime, derived_id
from ledger_svc import asks
from ledger_svc.views import balances


class Doors:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.db = runtime.db

    def new_id(self, context: Context, step: str) -> str:
        if not context.command_id:
            raise Invalid("context-invalid", reason="command_id is needed")
        return derived_id(context.command_id, step)

    def balance_cents(self, household_id: str) -> int:
        row = balances.balance(self.db, household_id)
        return int(row["balance_cents"]) if row else 0


def instant(moment: datetime | None) -> str:
    if moment is None:
        return ""
    if moment.tzinfo is None:
        raise Invalid(fields={"as_of": ["an instant names its offset from UTC"]})
    return iso(moment)


def cheque_facts(means: str, cheque: asks.Cheque | None) -> ChequeFacts | None:
    if means != "cheque":
        return None
    if cheque is None:
        raise Invalid(fields={"cheque.number": ["a cheque has a number"]})
    return ChequeFacts(number=cheque.number, bank=cheque.bank)
