"""Doors of the accounts: prepayments, dues, corrections, reversals, reminders of debts (S0:46-53)."""

from __future__ import annotations

from typing import Any

from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.language.ledger import ChequeFacts
from grenier.readmodel import Row
from grenier.runtime import read
from ledger_svc import account, asks, contract_account
from ledger_svc.accounts import turned
from ledger_svc.common import cheque_facts
from ledger_svc.season_doors import SeasonDoors
from ledger_svc.views import balances, contracts, entries


class AccountDoors(SeasonDoors):
    @door
    def receive_prepayment(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ReceivePrepayment = read(asks.ReceivePrepayment, payload)
        household, role = self._household_for(context, ask.household_id, "ledger.prepay", ask.contract_id)
        command = account.ReceivePrepayment(
            entry_id=ask.entry_id or self.new_id(context, "prepayment"),
            group_id=household["group_id"],
            household_id=ask.household_id,
            amount_cents=ask.amount_cents,
            cheque=ChequeFacts(number=ask.number, bank=ask.bank),
            contract_id=ask.contract_id,
            holder_id=ask.holder_id,
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
        household, role = self._household_for(context, ask.household_id, "ledger.correct", ask.contract_id)
        command = account.PostAdjustment(
            entry_id=ask.entry_id or self.new_id(context, "adjustment"),
            group_id=household["group_id"],
            household_id=ask.household_id,
            amount_cents=ask.amount_cents,
            reason=ask.reason,
            contract_id=ask.contract_id,
        )
        return self._tell_account(command, context, household, role)

    @door
    def reverse_entry(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ReverseEntry = read(asks.ReverseEntry, payload)
        household, role, _ = self._correctable(context, ask.household_id, ask.entry_id)
        entry_id = self.new_id(context, "reversal")
        command = account.ReverseEntry(entry_id=entry_id, reverses=ask.entry_id, reason=ask.reason)
        return self._tell_account(command, context, household, role)

    @door
    def preview_reversal(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What a reversal would post and where the balance would stand; nothing is written."""
        ask: asks.PreviewReversal = read(asks.PreviewReversal, payload)
        self.runtime.wait(context)
        _, _, entry = self._correctable(context, ask.household_id, ask.entry_id)
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
        effects = contracts.effects_of_entry(self.db, ask.entry_id)
        return {
            "entry": entry,
            "postings": postings,
            "balance_cents": balance_cents,
            "balance_after_cents": balance_cents - entry["effect_cents"],
            "contracts": [
                {**row, "balance_after_cents": row["balance_cents"] - row["effect_cents"]} for row in effects
            ],
        }

    @door
    def announce_negative(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S0:47, repeatable: households in the red are told again, all of them or those chosen."""
        ask: asks.AnnounceNegative = read(asks.AnnounceNegative, payload)
        self.runtime.wait(context)
        group_id = ask.group_id
        if ask.contract_id:
            contract, role = self._contract(context, ask.contract_id, "ledger.read")
            group_id = contract["group_id"]
        else:
            role = self.runtime.access.require(context, "ledger.read", group_id=group_id)
        told, position = [], 0
        for row in self._in_the_red(ask):
            household_id = row["household_id"]
            if ask.household_ids is not None and household_id not in ask.household_ids:
                continue
            command = contract_account.NoteNegative(
                group_id=group_id,
                household_id=household_id,
                balance_cents=row["balance_cents"],
                contract_id=ask.contract_id,
            )
            done = self.runtime.tell(account.decider, household_id, command, context, role=role,
                                     group_id=group_id, step=household_id)  # fmt: skip
            told.append(household_id)
            position = max(position, done["position"])
        return {"id": group_id, "version": 0, "household_ids": told, "position": position}

    def _in_the_red(self, ask: asks.AnnounceNegative) -> list[Row]:
        if not ask.contract_id:
            return balances.negative_in(self.db, ask.group_id)
        return [row for row in contracts.households_of(self.db, ask.contract_id) if row["balance_cents"] < 0]

    def _household_for(
        self, context: Context, household_id: str, permission: str, contract_id: str = ""
    ) -> tuple[Row, str]:
        """A household and the role that allows the act in its group; never one's own account by mere membership."""
        household = self.runtime.access.household(household_id)
        if household is None:
            raise NotFound
        return household, self.contract_scope(context, household["group_id"], contract_id, permission)

    def _correctable(self, context: Context, household_id: str, entry_id: str) -> tuple[Row, str, Row | None]:
        """The household, the role and the entry: any of them for the treasurer, one's own for who enters payments."""
        entry = entries.entry(self.db, entry_id)
        entry = entry if entry and entry["household_id"] == household_id else None
        permission = "ledger.prepay" if self.own_entry(context, entry) else "ledger.correct"
        contract_id = entry["contract_id"] if entry else ""
        household, role = self._household_for(context, household_id, permission, contract_id)
        return household, role, entry

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
