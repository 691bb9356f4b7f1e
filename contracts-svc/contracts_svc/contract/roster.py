"""The subscriptions of a contract: who takes what, who waits, who has signed. Part of the stream `contract-<id>`."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from contracts_svc.contract.state import Life
from grenier.language.season import (
    AbsencesSet,
    BasketComposed,
    SharersSet,
    SubscriptionConfirmed,
    SubscriptionDeclined,
    SubscriptionEnded,
    SubscriptionPlaceGiven,
    SubscriptionRegistered,
    SubscriptionSigned,
)

# -- commands ----------------------------------------------------------------------------------------------------


class ConfirmSubscription(msgspec.Struct, frozen=True, kw_only=True):
    contract_id: str
    subscription_id: str


RosterCommand: TypeAlias = ConfirmSubscription
RosterEvent: TypeAlias = (
    SubscriptionRegistered
    | SubscriptionPlaceGiven
    | SubscriptionConfirmed
    | SubscriptionDeclined
    | SubscriptionSigned
    | AbsencesSet
    | BasketComposed
    | SharersSet
    | SubscriptionEnded
)

# -- state -------------------------------------------------------------------------------------------------------


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    subscriptions: dict[str, SubscriptionRegistered] = {}


# -- decide ------------------------------------------------------------------------------------------------------


def decide_roster(life: Life, roster: Roster, command: RosterCommand) -> list[RosterEvent]:
    return []


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve_roster(roster: Roster, event: RosterEvent) -> Roster:
    return roster
