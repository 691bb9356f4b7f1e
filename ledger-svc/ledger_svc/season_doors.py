"""Doors of the accounts of a contract: balances, statements, anomalies, the settlement at its end (S0:42-49)."""

from __future__ import annotations

from typing import Any

from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.language.ledger import ChequeFacts
from grenier.readmodel import Row
from grenier.runtime import read
from ledger_svc import account, asks, contract_account, season, settlement
from ledger_svc.common import Doors, instant
from ledger_svc.season_policies import households_to_tell, statement_of
from ledger_svc.views import committed, contracts


class SeasonDoors(Doors):
    @door
    def issue_statements(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S0:42: told by hand, before the delivery is closed or again after a correction."""
        ask: asks.OfRound = read(asks.OfRound, payload)
        self.runtime.wait(context)
        cycle = committed.cycle(self.db, ask.cycle_id)
        contract, role = self._contract(context, cycle["contract_id"] if cycle else "", "ledger.prepay")
        told, position = [], 0
        for household_id in households_to_tell(self.runtime, ask.cycle_id, contract["contract_id"]):
            command = statement_of(ask.cycle_id, contract["group_id"], contract["contract_id"], household_id)
            done = self.runtime.tell(account.decider, household_id, command, context, role=role,
                                     group_id=contract["group_id"], step=household_id)  # fmt: skip
            told.append(household_id)
            position = max(position, done["position"])
        return {"id": ask.cycle_id, "version": 0, "position": position, "household_ids": told}

    @door
    def settle(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Refunds, requests for payment, transfers: each household's own decision, refused when its balance has moved."""
        ask: asks.Settle = read(asks.Settle, payload)
        contract, role = self._contract(context, ask.contract_id, "ledger.prepay")
        self._check_acts(contract, ask.acts)
        done: list[dict[str, Any]] = []
        for act in ask.acts:
            command = self._command(context, contract, act)
            answer = self.runtime.tell(account.decider, act.household_id, command, context, role=role,
                                       group_id=contract["group_id"], on_behalf_of=act.household_id,
                                       step=f"settle/{act.household_id}")  # fmt: skip
            entry_id = getattr(command, "entry_id", "") or getattr(command, "request_id", "")
            done.append({"household_id": act.household_id, "act": act.act, "id": entry_id, **_place(answer)})
        position = max(each["position"] for each in done)
        return {"id": ask.contract_id, "version": 0, "position": position, "items": done}

    @door
    def withdraw_request(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.WithdrawRequest = read(asks.WithdrawRequest, payload)
        self.runtime.wait(context)
        request = contracts.request(self.db, ask.request_id)
        contract, role = self._contract(context, request["contract_id"] if request else "", "ledger.prepay")
        assert request is not None
        command = contract_account.WithdrawRequest(request_id=ask.request_id, reason=ask.reason)
        return self.runtime.tell(account.decider, request["household_id"], command, context, role=role,
                                 group_id=contract["group_id"], on_behalf_of=request["household_id"])  # fmt: skip

    @door
    def close_settlement(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfContract = read(asks.OfContract, payload)
        self.runtime.wait(context)
        contract, role = self._contract(context, ask.contract_id, "ledger.prepay")
        balances = {
            row["household_id"]: row["balance_cents"] for row in contracts.households_of(self.db, ask.contract_id)
        }
        command = settlement.CloseSettlement(
            contract_id=ask.contract_id, group_id=contract["group_id"], balances=balances
        )
        return self.runtime.tell(settlement.decider, ask.contract_id, command, context, role=role,
                                 group_id=contract["group_id"])  # fmt: skip

    # -- queries -----------------------------------------------------------------------------------------------------

    @door
    def contract_accounts(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ContractAccounts = read(asks.ContractAccounts, payload)
        self.runtime.wait(context)
        contract, _ = self._contract(context, ask.contract_id, "ledger.read")
        return season.accounts(self.db, contract, negative=ask.negative, page=ask.page, size=ask.size)

    @door
    def contract_statement(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ContractStatement = read(asks.ContractStatement, payload)
        self.runtime.wait(context)
        contract = contracts.contract(self.db, ask.contract_id)
        household = self.runtime.access.household(ask.household_id)
        if contract is None or household is None or household["group_id"] != contract["group_id"]:
            raise NotFound
        if context.actor not in self.runtime.access.persons_of(ask.household_id):
            self._contract(context, ask.contract_id, "ledger.read")
        since, as_of = instant(ask.since), instant(ask.as_of)
        found = season.statement(self.db, ask.contract_id, ask.household_id, since=since, as_of=as_of)
        return {**found, "contract": contract, "group_id": contract["group_id"]}

    @door
    def contract_balances(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Of one household: what it has in each contract; the rest of its balance belongs to none."""
        ask: asks.OfHousehold = read(asks.OfHousehold, payload)
        self.runtime.wait(context)
        self.runtime.access.require_household(context, ask.household_id, "ledger.read")
        rows = contracts.balances_of(self.db, ask.household_id)
        total = self.balance_cents(ask.household_id)
        rest = total - sum(row["balance_cents"] for row in rows)
        return {"household_id": ask.household_id, "items": rows, "balance_cents": total, "other_cents": rest}

    @door
    def contract_anomalies(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfContract = read(asks.OfContract, payload)
        self.runtime.wait(context)
        contract, _ = self._contract(context, ask.contract_id, "ledger.read")
        return season.anomalies(self.db, contract)

    @door
    def preview_settlement(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfContract = read(asks.OfContract, payload)
        self.runtime.wait(context)
        contract, _ = self._contract(context, ask.contract_id, "ledger.read")
        return season.settlement(self.db, contract)

    # -- shared ------------------------------------------------------------------------------------------------------

    def _contract(self, context: Context, contract_id: str, permission: str) -> tuple[Row, str]:
        """The contract and the role that allows the act in its group or for this contract alone."""
        contract = contracts.contract(self.db, contract_id)
        if contract is None:
            raise NotFound
        scope = {"group_id": contract["group_id"], "scope_id": contract_id}
        return contract, self.runtime.access.require(context, permission, **scope)

    def _check_acts(self, contract: Row, acts: list[asks.Act]) -> None:
        """All of it is looked over before anything is written."""
        faults: dict[str, list[str]] = {}
        if len({act.household_id for act in acts}) < len(acts):
            faults["acts"] = ["a household is named twice"]
        targets = {row["contract_id"] for row in contracts.contracts_of_group(self.db, contract["group_id"])}
        for place, act in enumerate(acts):
            household = self.runtime.access.household(act.household_id)
            if household is None or household["group_id"] != contract["group_id"]:
                raise NotFound
            if act.act == "transfer" and act.to_contract_id not in targets - {contract["contract_id"]}:
                faults[f"acts.{place}.to_contract_id"] = ["is not another contract of this group"]
            if act.act == "refund" and act.means == "cheque" and not act.number:
                faults[f"acts.{place}.number"] = ["a cheque has a number"]
        if faults:
            raise Invalid(fields=faults)

    def _command(self, context: Context, contract: Row, act: asks.Act) -> account.Command:
        key = self.new_id(context, f"settle/{act.household_id}")
        ids = {
            "group_id": contract["group_id"],
            "household_id": act.household_id,
            "contract_id": contract["contract_id"],
        }
        match act.act:
            case "refund":
                cheque = ChequeFacts(number=act.number, bank=act.bank) if act.means == "cheque" else None
                return contract_account.IssueRefund(
                    entry_id=key, amount_cents=act.amount_cents, means=act.means, cheque=cheque, **ids
                )
            case "request":
                return contract_account.RequestPayment(request_id=key, amount_cents=-act.amount_cents, **ids)
            case "transfer":
                return contract_account.TransferBalance(
                    entry_id=key, to_contract_id=act.to_contract_id, amount_cents=act.amount_cents, **ids
                )

    def contract_scope(self, context: Context, group_id: str, contract_id: str, permission: str) -> str:
        """The role for an entry in a household's account, which may be held for the entry's contract alone."""
        if contract_id:
            contract = contracts.contract(self.db, contract_id)
            if contract is None or contract["group_id"] != group_id:
                raise Invalid(fields={"contract_id": ["is not a contract of this group"]})
        return self.runtime.access.require(context, permission, group_id=group_id, scope_id=contract_id)

    def own_entry(self, context: Context, entry: Row | None) -> bool:
        """S0:44: whoever made a mistake may take it back; everybody else's entries are the treasurer's."""
        return entry is not None and bool(context.actor) and entry["actor"] == context.actor


def _place(answer: dict[str, Any]) -> dict[str, Any]:
    return {"version": answer["version"], "position": answer["position"]}
