"""Doors of the till: open, take, reverse, count, explain, close (S1:74-78, S1:90-92)."""

from __future__ import annotations

from typing import Any, get_args

from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound, Rejected
from grenier.language.contracts import GroupKind
from grenier.readmodel import Row
from grenier.runtime import read
from ledger_svc import asks, till
from ledger_svc.common import Doors, cheque_facts
from ledger_svc.till import DENOMINATIONS, Till
from ledger_svc.views import committed, tills


class TillDoors(Doors):
    @door
    def open_till(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OpenTill = read(asks.OpenTill, payload)
        role = self.runtime.access.require(context, "ledger.till", group_id=ask.group_id)
        if ask.distribution_id and not committed.is_distribution_of(self.db, ask.distribution_id, ask.group_id):
            raise NotFound
        till_id = self.new_id(context, "till")
        self._refuse_a_second(ask.group_id, till_id)
        command = till.OpenTill(
            till_id=till_id,
            group_id=ask.group_id,
            group_kind=self._kind_of(ask.group_id),
            distribution_id=ask.distribution_id,
            float_cents=ask.float_cents,
        )
        return self.runtime.tell(till.decider, till_id, command, context, role=role, group_id=ask.group_id)

    @door
    def take_payment(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.TakePayment = read(asks.TakePayment, payload)
        state, role = self._till_for(context, ask.till_id, "ledger.till")
        household = self.runtime.access.household(ask.household_id)
        if household is None or household["group_id"] != state.group_id:
            raise NotFound  # whether another group has it is nobody's business here
        command = till.TakePayment(
            entry_id=ask.entry_id or self.new_id(context, "payment"),
            household_id=ask.household_id,
            household_group_id=household["group_id"],
            group_kind=self._kind_of(state.group_id),
            means=ask.means,
            amount_cents=ask.amount_cents,
            cheque=cheque_facts(ask.means, ask.cheque),
        )
        done = self.runtime.tell(
            till.decider,
            ask.till_id,
            command,
            context,
            role=role,
            group_id=state.group_id,
            on_behalf_of=ask.household_id,
        )
        return {**done, "entry_id": command.entry_id}

    @door
    def reverse_payment(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ReversePayment = read(asks.ReversePayment, payload)
        state, role = self._till_for(context, ask.till_id, "ledger.till")
        entry_id = self.new_id(context, "reversal")
        command = till.ReversePayment(entry_id=entry_id, reverses=ask.entry_id, reason=ask.reason)
        done = self.runtime.tell(till.decider, ask.till_id, command, context, role=role, group_id=state.group_id)
        return {**done, "entry_id": entry_id}

    @door
    def count_cash(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.CountCash = read(asks.CountCash, payload)
        state, role = self._till_for(context, ask.till_id, "ledger.count")
        unknown = sorted(set(ask.coins) - set(DENOMINATIONS))
        if unknown:
            raise Invalid(fields={"coins": [f"{unknown[0]} is not a denomination in cents"]})
        command = till.CountCash(coins=ask.coins, cheque_entry_ids=ask.cheque_entry_ids)
        return self.runtime.tell(till.decider, ask.till_id, command, context, role=role, group_id=state.group_id)

    @door
    def explain_difference(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ExplainDifference = read(asks.ExplainDifference, payload)
        state, role = self._till_for(context, ask.till_id, "ledger.count")
        entry_id = self.new_id(context, "difference")
        command = till.ExplainDifference(entry_id=entry_id, explanation=ask.explanation)
        return self.runtime.tell(till.decider, ask.till_id, command, context, role=role, group_id=state.group_id)

    @door
    def close_till(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfTill = read(asks.OfTill, payload)
        state, role = self._till_for(context, ask.till_id, "ledger.count")
        return self.runtime.tell(
            till.decider, ask.till_id, till.CloseTill(), context, role=role, group_id=state.group_id
        )

    @door
    def till(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfTill = read(asks.OfTill, payload)
        return self._till_row(context, ask.till_id)

    @door
    def payments(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfTill = read(asks.OfTill, payload)
        self._till_row(context, ask.till_id)
        return {"items": tills.payments_of(self.db, ask.till_id)}

    @door
    def tills(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfGroup = read(asks.OfGroup, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, "ledger.read", group_id=ask.group_id)
        return {"items": tills.of_group(self.db, ask.group_id)}

    @door
    def current_till(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfGroup = read(asks.OfGroup, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, "ledger.read", group_id=ask.group_id)
        return {"till": tills.current(self.db, ask.group_id)}

    def _refuse_a_second(self, group_id: str, till_id: str) -> None:
        """Two volunteers at one desk with a phone each: the second comes to the till that is open, and opens none."""
        current = tills.current(self.db, group_id)
        if current is None or self._status(till_id):
            return  # told again: the till's own stream answers
        if self._status(current["till_id"]) == "open":  # the view may not know yet that it was closed a moment ago
            raise Rejected("till-already-open", till_id=current["till_id"])

    def _status(self, till_id: str) -> str:
        return self.runtime.handler.state(till.decider, till_id).status

    def _kind_of(self, group_id: str) -> GroupKind:
        group = self.runtime.access.group(group_id)
        if group is None or group["kind"] not in get_args(GroupKind):
            raise NotFound
        kind: GroupKind = group["kind"]
        return kind

    def _till_for(self, context: Context, till_id: str, permission: str) -> tuple[Till, str]:
        """The till as its stream has it, and the role that allows the act; a foreign till does not exist."""
        state = self.runtime.handler.state(till.decider, till_id)
        if not state.status:
            raise NotFound
        return state, self.runtime.access.require(context, permission, group_id=state.group_id)

    def _till_row(self, context: Context, till_id: str) -> Row:
        self.runtime.wait(context)
        row = tills.till(self.db, till_id)
        if row is None:
            raise NotFound
        self.runtime.access.require(context, "ledger.read", group_id=row["group_id"])
        return row
