"""How orders come into a cycle and change while it is open. Pure; called by cycle.decide."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from grenier.decider import Rejected
from grenier.language.orders import HoldsVoided, OrderAmended, OrderCancelled, OrderConfirmed, OrderLine
from orders_svc.pricing import line, rate_of
from orders_svc.refusals import Unknown

if TYPE_CHECKING:
    from orders_svc.cycle import CancelOrder, ConfirmOrder, Cycle, Event, VoidHolds

MAX_LINES = 200
MAX_QUANTITY = 999


class HoldNeeded(Rejected):
    """The order cannot be accepted before `total_cents` of credit is held for it; nobody outside is told this."""

    default_code = "hold-needed"


def order_id_of(cycle_id: str, household_id: str) -> str:
    """A household has one order in a cycle: its id follows from the two."""
    return str(uuid5(NAMESPACE_URL, f"{cycle_id}/{household_id}"))


def confirm_order(cycle: Cycle, command: ConfirmOrder) -> list[Event]:
    """The whole order as it shall stand: a first confirmation, an amendment, or nothing when it stands already."""
    _check_group(cycle, command.group_id)
    _check_open(cycle, command.now)
    lines = _lines(cycle, command)
    before = cycle.orders.get(command.household_id)
    if before is not None and (before.lines, before.tier) == (lines, command.tier):
        return []
    stands: dict[str, Any] = {
        "cycle_id": cycle.known.cycle_id,
        "group_id": cycle.known.group_id,
        "order_id": command.order_id,
        "household_id": command.household_id,
        "tier": command.tier,
    }
    total = sum(each.amount_cents for each in lines)
    if before is not None and command.by_other and not command.reason:
        raise Rejected("reason-required", order_id=before.order_id)
    if command.hold is not None:
        _check_held(cycle, command, total)
    stands |= {"lines": lines, "total_cents": total, "channel": command.channel, "hold": command.hold or 0}
    if before is None:
        return [OrderConfirmed(**stands)]
    return [OrderAmended(**stands, reason=command.reason)]


def _check_held(cycle: Cycle, command: ConfirmOrder, total_cents: int) -> None:
    """Less than what stands needs no credit; more needs a hold that no later one has passed (T18)."""
    if not command.hold:
        before = cycle.orders.get(command.household_id)
        if before is None or total_cents > before.total_cents:
            raise HoldNeeded(total_cents=total_cents)
    elif command.hold <= (cycle.passed.get(command.household_id) or 0) or total_cents > command.held_cents:
        raise HoldNeeded(total_cents=total_cents)


def void_holds(cycle: Cycle, command: VoidHolds) -> list[Event]:
    terms = cycle.known
    if command.hold <= (cycle.passed.get(command.household_id) or 0):
        return []
    return [
        HoldsVoided(
            cycle_id=terms.cycle_id, group_id=terms.group_id, household_id=command.household_id, hold=command.hold
        )
    ]


def cancel_order(cycle: Cycle, command: CancelOrder) -> list[Event]:
    _check_group(cycle, command.group_id)
    _check_open(cycle, command.now)
    before = cycle.orders.get(command.household_id)
    if before is None:
        return []
    if command.by_other and not command.reason:
        raise Rejected("reason-required", order_id=before.order_id)
    cancelled = OrderCancelled(
        cycle_id=cycle.known.cycle_id,
        group_id=cycle.known.group_id,
        order_id=before.order_id,
        household_id=before.household_id,
        reason=command.reason,
    )
    return [cancelled]


def _check_group(cycle: Cycle, group_id: str) -> None:
    """Before anything is told about it: the cycle of another group does not exist for its households."""
    if group_id != cycle.known.group_id:
        raise Unknown


def _check_open(cycle: Cycle, now: datetime) -> None:
    terms = cycle.known
    if cycle.status == "cancelled":
        raise Rejected("cycle-cancelled", cycle_id=terms.cycle_id)
    if cycle.status == "open" and now < terms.closes_at:
        return
    if cycle.status in ("closed", "frozen") or now >= terms.closes_at:
        raise Rejected("cycle-closed", cycle_id=terms.cycle_id, closes_at=terms.closes_at.isoformat())
    raise Rejected("cycle-not-open", cycle_id=terms.cycle_id, opens_at=terms.opens_at.isoformat())


def _lines(cycle: Cycle, command: ConfirmOrder) -> list[OrderLine]:
    """Priced lines in the order of product ids, so that equal orders are equal."""
    if not command.quantities:
        raise Rejected("order-empty", cycle_id=cycle.known.cycle_id)
    if len(command.quantities) > MAX_LINES:
        raise Rejected("too-many-lines", maximum=MAX_LINES)
    rate_bp = rate_of(cycle.known.tier_rates_bp, command.tier)
    lines = []
    for product_id in sorted(command.quantities):
        quantity = command.quantities[product_id]
        _check_line(cycle, command.household_id, product_id, quantity)
        lines.append(line(cycle.items[product_id], quantity, rate_bp))
    return lines


def _check_line(cycle: Cycle, household_id: str, product_id: str, quantity: int) -> None:
    item = cycle.items.get(product_id)
    if item is None:
        raise Rejected("product-unknown", product_id=product_id)
    if product_id in cycle.unavailable:
        raise Rejected("product-unavailable", product_id=product_id, name=item.facts.name)
    if not 1 <= quantity <= MAX_QUANTITY:
        raise Rejected("quantity-out-of-range", product_id=product_id, name=item.facts.name, maximum=MAX_QUANTITY)
    if item.max_per_household and quantity > item.max_per_household:
        raise Rejected(
            "over-household-maximum", product_id=product_id, name=item.facts.name, maximum=item.max_per_household
        )
    if item.quantities and quantity not in item.quantities:
        allowed = ", ".join(str(one) for one in item.quantities)
        raise Rejected("quantity-not-offered", product_id=product_id, name=item.facts.name, quantities=allowed)
    if item.stock_limit:
        own = cycle.orders.get(household_id)
        left = item.stock_limit - cycle.taken.get(product_id, 0) + (own.quantity_of(product_id) if own else 0)
        if quantity > left:
            raise Rejected("sold-out", product_id=product_id, name=item.facts.name, left=max(0, left))
