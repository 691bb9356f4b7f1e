"""A contract: its life and its subscriptions, one decision. Stream: `contract-<id>`."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from contracts_svc.contract.belonging import after_addition, after_move
from contracts_svc.contract.capacity import overfull
from contracts_svc.contract.life import decide_life, evolve_life
from contracts_svc.contract.life_commands import LifeCommand, LifeEvent
from contracts_svc.contract.roster import Roster, RosterCommand, RosterEvent, decide_roster, evolve_roster
from contracts_svc.contract.sharing import lapsed
from contracts_svc.contract.state import Life
from grenier.decider import Decider, Rejected
from grenier.language.season import (
    ContractEnded,
    DeliveryAdded,
    DeliveryMoved,
    PlannedDelivery,
    SubscriptionDeclined,
    SubscriptionEnded,
)

Command: TypeAlias = LifeCommand | RosterCommand
Event: TypeAlias = LifeEvent | RosterEvent


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    life: Life = Life()
    roster: Roster = Roster()


def decide(contract: Contract, command: Command) -> list[Event]:
    events = _decided(contract, command)
    return [*events, *_questions_over(contract, events)]


def _decided(contract: Contract, command: Command) -> list[Event]:
    if isinstance(command, LifeCommand):
        events = decide_life(contract.life, command)
        for event in events:
            if isinstance(event, DeliveryAdded):
                must_have_room(evolve(contract, event), event.delivery)
        return [*events]
    return [*decide_roster(contract.life, contract.roster, command)]


def _questions_over(contract: Contract, events: list[Event]) -> list[Event]:
    """What ends with these facts is shared with nobody any more: proposals without an answer end, too."""
    roster = contract.roster.subscriptions
    found: list[Event] = []
    for event in events:
        if isinstance(event, SubscriptionDeclined | SubscriptionEnded):
            found += lapsed(contract.life, roster[event.subscription_id])
        elif isinstance(event, ContractEnded):
            found += [each for held in roster.values() for each in lapsed(contract.life, held)]
    return found


def evolve(contract: Contract, event: Event) -> Contract:
    if isinstance(event, LifeEvent):
        roster = contract.roster
        if isinstance(event, DeliveryMoved):
            roster = after_move(contract.life, roster, event)
        elif isinstance(event, DeliveryAdded):
            roster = after_addition(contract.life, roster, event)
        return Contract(life=evolve_life(contract.life, event), roster=roster)
    return Contract(life=contract.life, roster=evolve_roster(contract.roster, event))


def must_have_room(contract: Contract, added: PlannedDelivery) -> None:
    """Between two seasons of a place, the one that leaves and the one that comes could both be there on the new date."""
    if (hindrance := overfull(contract.life, contract.roster, added)) is not None:
        raise Rejected("no-place-left", what=hindrance.what, limit=hindrance.limit, delivery_id=hindrance.delivery_id)


decider: Decider[Contract, Command, Event] = Decider("contract", Contract(), decide, evolve)
