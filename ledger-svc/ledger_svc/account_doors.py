"""Doors of the accounts: prepayments, dues, corrections, reversals, reminders of debts (S0:46-53)."""

from __future__ import annotations

from typing import Any

from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.language.ledger import ChequeFacts
from grenier.readmodel import Row
from grenier.runtime import read
from ledger_svc import account, asks
from ledger_svc.accounts import turned
from ledger_svc.common import Doors, cheque_facts
from ledger_svc.views import balances, entries


class AccountDoors(Doors):
    @door
    def receive_prepayment(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ReceivePrepayment = read(asks.ReceivePrepayment, payload)
        household, role = self._household_for(context, ask.household_id, "ledger.prepay")
        command = account.ReceivePrepayment(
            entry_id=ask.entry_id or self.new_id(context, "prepayment"),
            group_id=household["group_id"],
            household_id=ask.household_id,
            amount_cents=ask.amount_cents,
            cheque=ChequeFacts(number=ask.number, bank=ask.bank),
        )
        return self._tell_account(command, context, household, role)

    @door
    def receive_dues(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ReceiveDues = read(asks.ReceiveDues, payload)
        household, role = self._household_for(context, ask.household_id, "ledger.prepay")
        command = account.ReceiveDues(
            entry_id=ask.entry_id or self.new_id(context, "dues"),
            group_id=household["group_id"],
            household_id=ask.household_id,
            membership_id=ask.membership_id,
            amount_cents=ask.amount_cents,
            means=ask.means,
            cheque=cheque_facts(ask.means, ask.cheque),
        )
        return self._tell_account(command, context, household, role)

    @door
    def post_adjustment(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.PostAdjustment = read(asks.PostAdjustment, payload)
        if ask.amount_cents == 0:
            raise Invalid(fields={"amount_cents": ["must not be zero"]})
        household, role = self._household_for(context, ask.household_id, "ledger.correct")
        command = account.PostAdjustment(
            entry_id=ask.entry_id or self.new_id(context, "adjustment"),
            group_id=household["group_id"],
            household_id=ask.household_id,
            amount_cents=ask.amount_cents,
            reason=ask.reason,
        )
        return self._tell_account(command, context, household, role)

    @door
    def reverse_entry(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ReverseEntry = read(asks.ReverseEntry, payload)
        household, role = self._household_for(context, ask.household_id, "ledger.correct")
        entry_id = self.new_id(context, "reversal")
        command = account.ReverseEntry(entry_id=entry_id, reverses=ask.entry_id, reason=ask.reason)
        return self._tell_account(command, context, household, role)

    @door
    def preview_reversal(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What a reversal would post and where the balance would stand; nothing is written."""
        ask: asks.PreviewReversal = read(asks.PreviewReversal, payload)
        self.runtime.wait(context)
        self._household_for(context, ask.household_id, "ledger.correct")
        entry = entries.entry(self.db, ask.entry_id)
        if entry is None or entry["household_id"] != ask.household_id:
            raise NotFound
        state = self.runtime.handler.state(account.decider, ask.household_id)
        if ask.entry_id in state.entries:
            # The stream says no now rather than after the person has confirmed.
            account.decide(state, account.ReverseEntry(entry_id="preview", reverses=ask.entry_id, reason=""))
            postings = turned(state.entries[ask.entry_id].postings)
        else:
            postings = []
        balance_cents = self.balance_cents(ask.household_id)
        return {
            "entry": entry,
            "postings": postings,
            "balance_cents": balance_cents,
            "balance_after_cents": balance_cents - entry["effect_cents"],
        }

    @door
    def announce_negative(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S0:47, repeatable: households in the red are told again, all of them or those chosen."""
        ask: asks.AnnounceNegative = read(asks.AnnounceNegative, payload)
        role = self.runtime.access.require(context, "ledger.read", group_id=ask.group_id)
        self.runtime.wait(context)
        told, position = [], 0
        for row in balances.negative_in(self.db, ask.group_id):
            household_id = row["household_id"]
            if ask.household_ids is not None and household_id not in ask.household_ids:
                continue
            command = account.NoteNegative(
                group_id=ask.group_id, household_id=household_id, balance_cents=row["balance_cents"]
            )
            done = self.runtime.tell(account.decider, household_id, command, context, role=role,
                                     group_id=ask.group_id, step=household_id)  # fmt: skip
            told.append(household_id)
            position = max(position, done["position"])
        return {"id": ask.group_id, "version": 0, "household_ids": told, "position": position}

    def _household_for(self, context: Context, household_id: str, permission: str) -> tuple[Row, str]:
        """A household and the role that allows the act in its group; never one's own account by mere membership."""
        household = self.runtime.access.household(household_id)
        if household is None:
            raise NotFound
        return household, self.runtime.access.require(context, permission, group_id=household["group_id"])

    def _tell_account(self, command: account.Command, context: Context, household: Row, role: str) -> dict[str, Any]:
        done = self.runtime.tell(
            account.decider,
            household["household_id"],
            command,
            context,
            role=role,
            group_id=household["group_id"],
            on_behalf_of=household["household_id"],
        )
        return {**done, "entry_id": getattr(command, "entry_id", "")}
