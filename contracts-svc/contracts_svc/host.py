"""The host organisation (central team) and the price tiers of its memberships. Stream `host-<id>`."""

from __future__ import annotations

from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Invalid, Rejected
from grenier.language.contracts import HostOrganisationRegistered, Tier, TiersDefined

MOST_TIERS = 12
HIGHEST_RATE_BP = 100_000


class FoundFederation(msgspec.Struct, frozen=True, kw_only=True):
    host_id: str
    name: str
    time_zone: str
    founder_id: str
    tiers: tuple[Tier, ...]


class DefineTiers(msgspec.Struct, frozen=True, kw_only=True):
    host_id: str
    tiers: tuple[Tier, ...]


Command: TypeAlias = FoundFederation | DefineTiers
Event: TypeAlias = HostOrganisationRegistered | TiersDefined


class Host(msgspec.Struct, frozen=True, kw_only=True):
    founder_id: str | None = None
    tiers: tuple[Tier, ...] = ()

    @property
    def registered(self) -> bool:
        return self.founder_id is not None


def decide(host: Host, command: Command) -> list[Event]:
    match command:
        case FoundFederation():
            return found(host, command)
        case DefineTiers():
            return define_tiers(host, command)
        case _:
            assert_never(command)


def found(host: Host, command: FoundFederation) -> list[Event]:
    if host.registered:
        if host.founder_id == command.founder_id:
            return []
        raise Rejected("federation-exists")
    check_tiers(command.tiers)
    registered = HostOrganisationRegistered(
        host_id=command.host_id, name=command.name, time_zone=command.time_zone, founder_id=command.founder_id
    )
    return [registered, TiersDefined(host_id=command.host_id, tiers=list(command.tiers))]


def define_tiers(host: Host, command: DefineTiers) -> list[Event]:
    if not host.registered:
        raise Rejected("federation-missing")
    check_tiers(command.tiers)
    kept = {tier.code for tier in command.tiers}
    missing = [tier.code for tier in host.tiers if tier.code not in kept]
    if missing:
        # Memberships and past orders name their tier for ever.
        raise Rejected("tier-in-use", tiers=missing)
    if command.tiers == host.tiers:
        return []
    return [TiersDefined(host_id=command.host_id, tiers=list(command.tiers))]


def check_tiers(tiers: tuple[Tier, ...]) -> None:
    """Raises Invalid: at least one tier, each code once, rates above zero, dues not negative."""
    codes = [tier.code for tier in tiers]
    if not 1 <= len(tiers) <= MOST_TIERS or len(set(codes)) != len(codes) or "" in codes:
        raise Invalid(fields={"tiers": [f"Between 1 and {MOST_TIERS} tiers, each with a code of its own."]})
    if any(not 0 < tier.rate_bp <= HIGHEST_RATE_BP or tier.dues_cents < 0 or not tier.name.strip() for tier in tiers):
        raise Invalid(fields={"tiers": ["Every tier has a name, a rate above zero and dues that are not negative."]})


def evolve(host: Host, event: Event) -> Host:
    match event:
        case HostOrganisationRegistered():
            return msgspec.structs.replace(host, founder_id=event.founder_id)
        case TiersDefined():
            return msgspec.structs.replace(host, tiers=tuple(event.tiers))
        case _:
            assert_never(event)


decider: Decider[Host, Command, Event] = Decider("host", Host(), decide, evolve)
