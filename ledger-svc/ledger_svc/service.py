"""The doors of the ledger: read the payload, ask whether this person may, tell the stream or ask the view.

Commands are in till_doors.py, account_doors.py and season_doors.py; here are the questions. See the README for payloads and permissions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from grenier.doors import Context, door
from grenier.errors import NotFound
from grenier.readmodel import Row
from grenier.runtime import read
from ledger_svc import asks, explaining
from ledger_svc.account_doors import AccountDoors
from ledger_svc.common import instant
from ledger_svc.journal import JournalEntry, journal
from ledger_svc.till_doors import TillDoors
from ledger_svc.views import balances, committed, entries, floors, trial


class Ledger(TillDoors, AccountDoors):
    """Balances, payments, tills, the accounts of contracts."""

    name = "ledger"

    @door
    def balance(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.Balance = read(asks.Balance, payload)
        self.runtime.wait(context)
        household = self.runtime.access.require_household(context, ask.household_id, "ledger.read")
        row = balances.balance(self.db, ask.household_id) or {}
        pending = committed.of_household(self.db, ask.household_id)
        answer = {
            "household_id": ask.household_id,
            "group_id": household["group_id"],
            "balance_cents": row.get("balance_cents", 0),
            "committed_cents": sum(order["amount_cents"] for order in pending),
            "position": row.get("position", 0),
            "at": row.get("at", ""),
            "last": entries.entry(self.db, row["last_entry_id"]) if row else None,
        }
        if ask.as_of is not None:
            answer["as_of"] = instant(ask.as_of)
            answer["balance_cents"] = entries.balance_as_of(self.db, ask.household_id, instant(ask.as_of))
        return answer

    @door
    def available(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What may still be ordered before the group's credit floor; None where the group has set none."""
        ask: asks.OfHousehold = read(asks.OfHousehold, payload)
        self.runtime.wait(context)
        household = self.runtime.access.require_household(context, ask.household_id, "ledger.read")
        balance_cents = self.balance_cents(ask.household_id)
        committed_cents = sum(order["amount_cents"] for order in committed.of_household(self.db, ask.household_id))
        floor_cents = floors.floor(self.db, household["group_id"])
        left = None if floor_cents is None else balance_cents - committed_cents - floor_cents
        return {
            "household_id": ask.household_id,
            "balance_cents": balance_cents,
            "committed_cents": committed_cents,
            "floor_cents": floor_cents,
            "available_cents": left,
        }

    @door
    def statement(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.Statement = read(asks.Statement, payload)
        self.runtime.wait(context)
        household = self.runtime.access.require_household(context, ask.household_id, "ledger.read")
        since, as_of = instant(ask.since), instant(ask.as_of)
        found = explaining.statement(self.db, ask.household_id, since=since, as_of=as_of)
        return {**found, "group_id": household["group_id"]}

    @door
    def explain(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfEntry = read(asks.OfEntry, payload)
        self.runtime.wait(context)
        entry = entries.entry(self.db, ask.entry_id)
        if entry is None:
            raise NotFound
        if entry["household_id"]:
            self._opens(context, entry)
        else:
            self.runtime.access.require(context, "ledger.read", group_id=entry["group_id"])
        return explaining.explain(self.db, entry)

    @door
    def accounts(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.Accounts = read(asks.Accounts, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, "ledger.read", group_id=ask.group_id)
        return balances.accounts_of(
            self.db,
            ask.group_id,
            negative=ask.negative,
            household_ids=ask.household_ids,
            page=ask.page,
            size=ask.size,
        )

    @door
    def trial_balance(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.TrialBalance = read(asks.TrialBalance, payload)
        self.runtime.wait(context)
        return trial.trial_balance(self.db, self._groups_for(context, ask))

    @door
    def export_journal(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ExportJournal = read(asks.ExportJournal, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, "ledger.read", group_id=ask.group_id)
        group = self.runtime.access.group(ask.group_id)
        zone = ZoneInfo(group["time_zone"] if group else "UTC")
        found = [
            JournalEntry(
                row["entry_id"],
                datetime.fromisoformat(row["at"]).astimezone(zone).date().isoformat(),
                row["kind"],
                row["position"],
                row["cause"],
                [(posting["account"], posting["amount_cents"]) for posting in postings],
            )
            for row, postings in entries.journal_of(self.db, ask.group_id)
        ]
        return {"journal": journal(found, ask.form)}

    def _opens(self, context: Context, entry: Row) -> None:
        """One's own entry, one of the group for who reads its accounts, one of a contract for its coordinator."""
        scope = {"group_id": entry["group_id"], "scope_id": entry["contract_id"]}
        if not entry["contract_id"] or not self.runtime.access.may(context.actor, "ledger.read", **scope):
            self.runtime.access.require_household(context, entry["household_id"], "ledger.read")

    def _groups_for(self, context: Context, ask: asks.TrialBalance) -> list[str]:
        access = self.runtime.access
        if ask.group_id:
            access.require(context, "ledger.read", group_id=ask.group_id)
            return [ask.group_id]
        if ask.host_id:
            access.require(context, "ledger.read", host_id=ask.host_id)
            return [group["group_id"] for group in access.groups_of_host(ask.host_id)]
        return access.groups_where(context.actor, "ledger.read")
