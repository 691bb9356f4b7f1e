"""A contract: its life and its subscriptions, one decision. Stream: `contract-<id>`."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from contracts_svc.contract.life import LifeCommand, LifeEvent, decide_life, evolve_life
from contracts_svc.contract.roster import Roster, RosterCommand, RosterEvent, decide_roster, evolve_roster
from contracts_svc.contract.state import Life
from grenier.decider import Decider

Command: TypeAlias = LifeCommand | RosterCommand
Event: TypeAlias = LifeEvent | RosterEvent


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    life: Life = Life()
    roster: Roster = Roster()


def decide(contract: Contract, command: Command) -> list[Event]:
    if isinstance(command, LifeCommand):
        return [*decide_life(contract.life, command)]
    return [*decide_roster(contract.life, contract.roster, command)]


def evolve(contract: Contract, event: Event) -> Contract:
    if isinstance(event, LifeEvent):
        return Contract(life=evolve_life(contract.life, event), roster=contract.roster)
    return Contract(life=contract.life, roster=evolve_roster(contract.roster, event))


decider: Decider[Contract, Command, Event] = Decider("contract", Contract(), decide, evolve)
