"""A household belongs to a group for a period, in a tier. Stream `membership-<id>`."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Invalid, Rejected
from grenier.language.contracts import MembershipEnded, MembershipGranted, MembershipTierChanged


class GrantMembership(msgspec.Struct, frozen=True, kw_only=True):
    """`valid_until` is the last day; `dues_cents` what is paid for it (any amount, S2:20)."""

    membership_id: str
    household_id: str
    group_id: str
    number: int
    tier: str
    valid_from: date
    valid_until: date
    dues_cents: int = 0


class ChangeTier(msgspec.Struct, frozen=True, kw_only=True):
    membership_id: str
    tier: str


class EndMembership(msgspec.Struct, frozen=True, kw_only=True):
    """`on` is the first day on which the membership no longer holds."""

    membership_id: str
    on: date


Command: TypeAlias = GrantMembership | ChangeTier | EndMembership
Event: TypeAlias = MembershipGranted | MembershipTierChanged | MembershipEnded


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    granted: MembershipGranted | None = None
    tier: str = ""
    ended_on: date | None = None


def decide(membership: Membership, command: Command) -> list[Event]:
    match command:
        case GrantMembership():
            return grant(membership, command)
        case ChangeTier():
            return change_tier(membership, command)
        case EndMembership():
            return end(membership, command)
        case _:
            assert_never(command)


def grant(membership: Membership, command: GrantMembership) -> list[Event]:
    granted = MembershipGranted(**msgspec.structs.asdict(command))
    if membership.granted is not None:
        if membership.granted == granted:
            return []
        raise Rejected("membership-exists", membership_id=command.membership_id)
    if command.valid_until < command.valid_from:
        raise Invalid(fields={"valid_until": ["Not before valid_from."]})
    if command.dues_cents < 0:
        raise Invalid(fields={"dues_cents": ["Not negative."]})
    return [granted]


def change_tier(membership: Membership, command: ChangeTier) -> list[Event]:
    granted = _held(membership, command.membership_id)
    if membership.tier == command.tier:
        return []
    if membership.ended_on is not None:
        raise Rejected("membership-ended", membership_id=command.membership_id)
    return [
        MembershipTierChanged(
            membership_id=command.membership_id,
            household_id=granted.household_id,
            group_id=granted.group_id,
            tier=command.tier,
        )
    ]


def end(membership: Membership, command: EndMembership) -> list[Event]:
    granted = _held(membership, command.membership_id)
    if membership.ended_on is not None:
        return []
    if command.on < granted.valid_from:
        raise Invalid(fields={"on": ["Not before the membership began."]})
    return [
        MembershipEnded(
            membership_id=command.membership_id,
            household_id=granted.household_id,
            group_id=granted.group_id,
            on=command.on,
        )
    ]


def _held(membership: Membership, membership_id: str) -> MembershipGranted:
    if membership.granted is None:
        raise Rejected("membership-missing", membership_id=membership_id)
    return membership.granted


def evolve(membership: Membership, event: Event) -> Membership:
    match event:
        case MembershipGranted():
            return Membership(granted=event, tier=event.tier)
        case MembershipTierChanged():
            return msgspec.structs.replace(membership, tier=event.tier)
        case MembershipEnded():
            return msgspec.structs.replace(membership, ended_on=event.on)
        case _:
            assert_never(event)


decider: Decider[Membership, Command, Event] = Decider("membership", Membership(), decide, evolve)
