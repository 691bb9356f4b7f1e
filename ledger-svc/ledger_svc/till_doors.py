"""Doors of the till: open, take, reverse, count, explain, close (S1:74-78, S1:90-92)."""

from __future__ import annotations

from typing import Any, get_args
from uuid import NAMESPACE_URL, uuid5

import msgspec

from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound, Rejected
from grenier.language.contracts import GroupKind
from grenier.readmodel import Row
from grenier.runtime import read
from ledger_svc import asks, till
from ledger_svc.common import Doors, cheque_facts
from ledger_svc.till import DENOMINATIONS, OpenTill, Till
from ledger_svc.views import committed, tills


class TillDoors(Doors):
    @door
    def open_till(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OpenTill = read(asks.OpenTill, payload)
        role = self.runtime.access.require(context, "ledger.till", group_id=ask.group_id)
        if ask.distribution_id and not committed.is_distribution_of(self.db, ask.distribution_id, ask.group_id):
            raise NotFound
        command = OpenTill(
            till_id=self._where_to_ask(ask.group_id, context),
            group_id=ask.group_id,
            group_kind=self._kind_of(ask.group_id),
            distribution_id=ask.distribution_id,
            float_cents=ask.float_cents,
        )
        return self._open(command, context, role)

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

    def _where_to_ask(self, group_id: str, context: Context) -> str:
        """The till that this very command opened long ago, or the group's latest one as far as the view knows."""
        if not context.command_id:
            raise Invalid("context-invalid", reason="command_id is needed")
        told = tills.opened_with(self.db, group_id, context.command_id)
        return told or tills.latest(self.db, group_id) or _first_of(group_id)

    def _open(self, command: OpenTill, context: Context, role: str) -> dict[str, Any]:
        """Open the till that comes after those that are closed.

        Its id follows from the one before it: two volunteers who open one at the same moment mean the same till, and
        the second hears that it is open.
        """
        while True:
            try:
                return self.runtime.tell(
                    till.decider, command.till_id, command, context, role=role, group_id=command.group_id
                )
            except Rejected as refused:
                if refused.code != "till-closed":
                    raise
                command = msgspec.structs.replace(command, till_id=_after(command.till_id))

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


def _first_of(group_id: str) -> str:
    """The id of a group's first till."""
    return str(uuid5(NAMESPACE_URL, f"till/{group_id}"))


def _after(till_id: str) -> str:
    """The id of the till that a group opens once this one is closed."""
    return str(uuid5(NAMESPACE_URL, f"till/{till_id}/next"))
