"""Confirming an order under a credit floor, the group's or the contract's: hold, confirm, settle (T18, docs/decisions/0011).

Two streams, no transaction over both. The hold comes first, so a death in between leaves too much set aside, never too
little; whoever releases a hold first writes into the cycle that it is accepted no more.
Where neither has a floor, nothing here is asked: the order is confirmed as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec

from grenier.decider import Rejected
from grenier.doors import Context
from grenier.errors import Unavailable
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id
from orders_svc import cycle
from orders_svc.credit import HoldCredit, SettleCredit, decider
from orders_svc.cycle import ConfirmOrder, VoidHolds
from orders_svc.members import Buyer
from orders_svc.ordering import HoldNeeded
from orders_svc.views import credit

# Each round in which a hold is passed over, another order of the same household has got through.
MAX_ROUNDS = 12

Confirm = Callable[[ConfirmOrder], dict[str, Any]]


def confirm(
    runtime: Runtime, cycle_id: str, order: ConfirmOrder, context: Context, who: Buyer, tell: Confirm
) -> dict[str, Any]:
    """`tell` carries out the command on the cycle. Raises Rejected "credit-floor" or "contract-floor" with the figures."""
    if who.floor_cents is None and who.contract_floor_cents is None:
        return tell(order)
    if not context.command_id:
        context = msgspec.structs.replace(context, command_id=str(uuid4()))
    needed, number = 0, 0
    for round_ in range(MAX_ROUNDS):
        try:
            # The first time without a hold: a repeated command is answered, and an order of no more than before stands.
            return tell(msgspec.structs.replace(order, hold=number, held_cents=needed))
        except HoldNeeded as refusal:
            needed = refusal.facts["total_cents"]
        except Unavailable as late:
            if late.code == "conflict-retry":
                _give_back(runtime, cycle_id, who, order.order_id, number)
            raise  # nobody knows whether it was accepted: the timer will find out
        except Rejected:
            _give_back(runtime, cycle_id, who, order.order_id, number)
            raise
        number = _hold(runtime, cycle_id, order, context, who, needed, round_)
    raise Unavailable("conflict-retry", retry_after=1, cycle_id=cycle_id)


def _hold(
    runtime: Runtime, cycle_id: str, order: ConfirmOrder, context: Context, who: Buyer, needed: int, round_: int
) -> int:
    """The number of a hold that stands for this round of this command; 0 when it has been released meanwhile."""
    step = f"hold/{round_}"
    hold_id = derived_id(context.command_id, step)
    command = HoldCredit(
        hold_id=hold_id,
        household_id=who.household_id,
        group_id=who.group_id,
        order_id=order.order_id,
        cycle_id=cycle_id,
        amount_cents=needed,
        floor_cents=who.floor_cents,
        means=credit.means_of(runtime.db, who.household_id, who.contract_id or ""),
        contract_id=who.contract_id or "",
        contract_floor_cents=who.contract_floor_cents,
    )
    runtime.tell(decider, who.household_id, command, context, role=who.role, group_id=who.group_id,
                 on_behalf_of=who.for_whom, step=step)  # fmt: skip
    return runtime.handler.state(decider, who.household_id).number_of(order.order_id, hold_id)


# -- giving back -------------------------------------------------------------------------------------------------


def settlement(runtime: Runtime, cycle_id: str, household_id: str, order_id: str) -> SettleCredit:
    """What the order needs, as its cycle says now."""
    state = runtime.handler.state(cycle.decider, cycle_id)
    placed = state.orders.get(household_id)
    return SettleCredit(
        household_id=household_id,
        group_id=state.known.group_id,
        order_id=order_id,
        cycle_id=cycle_id,
        upto=state.passed.get(household_id) or 0,
        hold=placed.hold if placed else 0,
        amount_cents=placed.total_cents if placed else 0,
    )


def release(runtime: Runtime, row: Row) -> None:
    """A hold (row of the view) that nobody is going to use: first it is void in its cycle, then the credit is free."""
    _void_and_settle(runtime, row["cycle_id"], row["group_id"], row["household_id"], row["order_id"], row["hold"])


def _give_back(runtime: Runtime, cycle_id: str, who: Buyer, order_id: str, number: int) -> None:
    """The cycle refused after credit was held. What cannot be given back now is left to the timer."""
    if number:
        try:
            _void_and_settle(runtime, cycle_id, who.group_id, who.household_id, order_id, number)
        except (Rejected, Unavailable):
            return


def _void_and_settle(
    runtime: Runtime, cycle_id: str, group_id: str, household_id: str, order_id: str, number: int
) -> None:
    void = VoidHolds(household_id=household_id, hold=number)
    runtime.due(cycle.decider, cycle_id, void, f"void-hold/{household_id}/{number}", group_id=group_id)
    settle = settlement(runtime, cycle_id, household_id, order_id)
    runtime.due(decider, household_id, settle, f"settle-credit/{number}", group_id=group_id)
