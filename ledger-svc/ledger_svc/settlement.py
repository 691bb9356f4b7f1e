"""`settlement-<contract_id>`: the books of a contract are closed once every household's balance in it is zero (S0:49)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider, Rejected
from grenier.language.ledger import SettlementClosed, SettlementReopened

# -- commands ------------------------------------------------------------------------------------------------------


class CloseSettlement(msgspec.Struct, frozen=True, kw_only=True):
    """`balances`: of every household that has an account in the contract, in cents."""

    contract_id: str
    group_id: str
    balances: Mapping[str, int]


class ReopenSettlement(msgspec.Struct, frozen=True, kw_only=True):
    """Something was entered behind the closing."""

    reason: str


Command: TypeAlias = CloseSettlement | ReopenSettlement
Event: TypeAlias = SettlementClosed | SettlementReopened


# -- state ---------------------------------------------------------------------------------------------------------


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    contract_id: str = ""
    group_id: str = ""
    closed: bool = False


# -- decide --------------------------------------------------------------------------------------------------------


def decide(settlement: Settlement, command: Command) -> Sequence[Event]:
    match command:
        case CloseSettlement():
            return close(settlement, command)
        case ReopenSettlement():
            return reopen(settlement, command)
        case _:
            assert_never(command)


def close(settlement: Settlement, command: CloseSettlement) -> list[Event]:
    if settlement.closed:
        return []
    unsettled = {household_id: cents for household_id, cents in command.balances.items() if cents}
    if unsettled:
        raise Rejected(
            "settlement-open",
            contract_id=command.contract_id,
            households=len(unsettled),
            sum_cents=sum(unsettled.values()),
        )
    closed = SettlementClosed(
        contract_id=command.contract_id, group_id=command.group_id, households=len(command.balances)
    )
    return [closed]


def reopen(settlement: Settlement, command: ReopenSettlement) -> list[Event]:
    if not settlement.closed:
        return []
    return [SettlementReopened(contract_id=settlement.contract_id, group_id=settlement.group_id, reason=command.reason)]


# -- evolve --------------------------------------------------------------------------------------------------------


def evolve(settlement: Settlement, event: Event) -> Settlement:
    match event:
        case SettlementClosed():
            return Settlement(contract_id=event.contract_id, group_id=event.group_id, closed=True)
        case SettlementReopened():
            return msgspec.structs.replace(settlement, closed=False)
        case _:
            assert_never(event)


decider: Decider[Settlement, Command, Event] = Decider("settlement", Settlement(), decide, evolve)
