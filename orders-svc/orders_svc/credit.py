"""What a household has set aside for its orders, under a credit floor. Stream `credit-<household>` (T18).

Orders of several cycles draw on one account, so they need one place where they happen one after another: this stream.
An order is covered by a hold before its cycle accepts it; hold numbers only rise, and a cycle accepts a number once and
none below it, so a hold that was passed over can be released without asking anybody (docs/decisions/0011).
A floor is the group's, for the whole account, or a contract's, for what the household has in that contract; an order
that both concern has to keep both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from grenier.decider import Decider, Rejected
from grenier.language.orders import CreditHeld, CreditSettled

# -- commands ----------------------------------------------------------------------------------------------------


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What the views know: the balance (cents) at a position, what standing orders come to, which of them are over.

    `over`: charged to the account already, or left at a distribution that has closed; their holds count no more.
    `contract_balance_cents` is the balance of the contract that was asked for, `of_contract` the orders in its rounds.
    """

    balance_cents: int
    position: int
    standing: Mapping[str, int]
    over: frozenset[str]
    contract_balance_cents: int = 0
    of_contract: frozenset[str] = frozenset()


class HoldCredit(msgspec.Struct, frozen=True, kw_only=True):
    """`floor_cents` is the group's, `contract_floor_cents` that of the round's contract; None: no limit."""

    hold_id: str
    household_id: str
    group_id: str
    order_id: str
    cycle_id: str
    amount_cents: int
    floor_cents: int | None
    means: Means
    contract_id: str = ""
    contract_floor_cents: int | None = None


class SettleCredit(msgspec.Struct, frozen=True, kw_only=True):
    """How the order stands in its cycle: holds passed over up to `upto`, the one that covers it, its amount (0: none)."""

    household_id: str
    group_id: str
    order_id: str
    cycle_id: str
    upto: int
    hold: int
    amount_cents: int


Command = HoldCredit | SettleCredit
Event = CreditHeld | CreditSettled

# -- state -------------------------------------------------------------------------------------------------------


class Hold(msgspec.Struct, frozen=True):
    hold_id: str
    amount_cents: int
    contract_id: str = ""


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """`holds`: order -> number -> hold. `last` is the highest number ever given."""

    holds: dict[str, dict[int, Hold]] = {}
    last: int = 0

    def number_of(self, order_id: str, hold_id: str) -> int:
        """The number under which a hold stands; 0 when it was released."""
        held = self.holds.get(order_id, {})
        return next((number for number, hold in held.items() if hold.hold_id == hold_id), 0)


def committed(credit: Credit, means: Means) -> dict[str, int]:
    """Cents set aside per order: what stands, or what it may become while a change is on its way, whichever is more."""
    amounts = {order_id: cents for order_id, cents in means.standing.items() if order_id not in means.over}
    for order_id, holds in credit.holds.items():
        if order_id not in means.over:
            most = max(hold.amount_cents for hold in holds.values())
            amounts[order_id] = max(most, amounts.get(order_id, 0))
    return amounts


# -- decide ------------------------------------------------------------------------------------------------------


def decide(credit: Credit, command: Command) -> Sequence[Event]:
    match command:
        case HoldCredit():
            return hold(credit, command)
        case SettleCredit():
            return settle(credit, command)
        case _:
            assert_never(command)


def hold(credit: Credit, command: HoldCredit) -> list[Event]:
    """Refused below a floor, unless the order asks for no more than it has already: less is always allowed."""
    means, amounts = command.means, committed(credit, command.means)
    own = amounts.pop(command.order_id, 0)
    others, in_contract = sum(amounts.values()), _in_contract(credit, command, amounts)
    _check(command, own, means.balance_cents, others, command.floor_cents)
    _check(command, own, means.contract_balance_cents, in_contract, command.contract_floor_cents, of_contract=True)
    held = CreditHeld(
        household_id=command.household_id,
        group_id=command.group_id,
        order_id=command.order_id,
        cycle_id=command.cycle_id,
        hold=credit.last + 1,
        hold_id=command.hold_id,
        amount_cents=command.amount_cents,
        balance_cents=means.balance_cents,
        balance_position=means.position,
        committed_cents=others,
        floor_cents=command.floor_cents,
        contract_id=command.contract_id,
        contract_balance_cents=means.contract_balance_cents,
        contract_committed_cents=in_contract,
        contract_floor_cents=command.contract_floor_cents,
    )
    return [held]


def _check(
    command: HoldCredit,
    own_cents: int,
    balance_cents: int,
    others_cents: int,
    floor_cents: int | None,
    *,
    of_contract: bool = False,
) -> None:
    """`balance − what other orders hold − this order` keeps the floor, or it is Rejected with the figures."""
    if floor_cents is None:
        return
    left = balance_cents - others_cents - floor_cents
    if command.amount_cents > max(left, own_cents):
        raise Rejected(
            "contract-floor" if of_contract else "credit-floor",
            order_id=command.order_id,
            total_cents=command.amount_cents,
            available_cents=max(0, left),
            balance_cents=balance_cents,
            committed_cents=others_cents,
            floor_cents=floor_cents,
        )


def _in_contract(credit: Credit, command: HoldCredit, amounts: Mapping[str, int]) -> int:
    """What the household's other orders in rounds of this contract set aside, in cents."""
    if not command.contract_id:
        return 0
    held = {
        order_id
        for order_id, holds in credit.holds.items()
        if any(hold.contract_id == command.contract_id for hold in holds.values())
    }
    return sum(cents for order_id, cents in amounts.items() if order_id in held | command.means.of_contract)


def settle(credit: Credit, command: SettleCredit) -> list[Event]:
    holds = credit.holds.get(command.order_id, {})
    amount_cents = _kept(holds, command.hold, command.amount_cents)
    number = command.hold if amount_cents else 0
    if _settled(holds, command.upto, number, amount_cents) == holds:
        return []
    settled = CreditSettled(
        household_id=command.household_id,
        group_id=command.group_id,
        order_id=command.order_id,
        cycle_id=command.cycle_id,
        upto=command.upto,
        hold=number,
        amount_cents=amount_cents,
    )
    return [settled]


def _kept(holds: Mapping[int, Hold], number: int, amount_cents: int) -> int:
    """A settlement only ever releases: one that comes late must not bring back what is gone."""
    return min(amount_cents, holds[number].amount_cents) if number in holds else 0


def _settled(holds: Mapping[int, Hold], upto: int, number: int, amount_cents: int) -> dict[int, Hold]:
    left = {each: hold for each, hold in holds.items() if each > upto or each == number}
    if number in left:
        left[number] = msgspec.structs.replace(left[number], amount_cents=amount_cents)
    return left


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(credit: Credit, event: Event) -> Credit:
    match event:
        case CreditHeld():
            new = Hold(event.hold_id, event.amount_cents, event.contract_id)
            held = {**credit.holds.get(event.order_id, {}), event.hold: new}
            return Credit(holds={**credit.holds, event.order_id: held}, last=event.hold)
        case CreditSettled():
            left = _settled(credit.holds.get(event.order_id, {}), event.upto, event.hold, event.amount_cents)
            others = {order_id: holds for order_id, holds in credit.holds.items() if order_id != event.order_id}
            return Credit(holds={**others, event.order_id: left} if left else others, last=credit.last)
        case _:
            assert_never(event)


decider: Decider[Credit, Command, Event] = Decider("credit", Credit(), decide, evolve)
