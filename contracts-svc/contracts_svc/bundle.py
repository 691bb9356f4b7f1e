"""Signed contracts and cheques handed to the producer together, and the producer's receipt (S0:27). Stream `bundle-<id>`."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.season import BundledCheque, BundleHandedOver, BundleReceived, SignatureMeans

# -- commands ----------------------------------------------------------------------------------------------------


class HandOverBundle(msgspec.Struct, frozen=True, kw_only=True):
    """The cheques named here have left the group's custody already: their own streams say so."""

    bundle_id: str
    contract_id: str
    group_id: str
    producer_id: str
    on: date
    cheques: list[BundledCheque]
    subscription_ids: list[str]


class AcknowledgeBundle(msgspec.Struct, frozen=True, kw_only=True):
    """The producer's receipt; `means` paper: recorded by somebody of the group."""

    person_id: str
    means: SignatureMeans


Command: TypeAlias = HandOverBundle | AcknowledgeBundle
Event: TypeAlias = BundleHandedOver | BundleReceived


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    handed: BundleHandedOver | None = None
    received: BundleReceived | None = None


# -- decide ------------------------------------------------------------------------------------------------------


def decide(bundle: Bundle, command: Command) -> list[Event]:
    match command:
        case HandOverBundle():
            return hand_over(bundle, command)
        case AcknowledgeBundle():
            return acknowledge(bundle, command)
        case _:
            assert_never(command)


def hand_over(bundle: Bundle, command: HandOverBundle) -> list[Event]:
    if not command.cheques and not command.subscription_ids:
        raise Rejected("nothing-to-hand-over", contract_id=command.contract_id)
    total = sum(cheque.amount_cents for cheque in command.cheques)
    handed = BundleHandedOver(**msgspec.structs.asdict(command), total_cents=total)
    if bundle.handed is None:
        return [handed]
    if bundle.handed == handed:
        return []
    raise Rejected("bundle-exists", bundle_id=command.bundle_id)


def acknowledge(bundle: Bundle, command: AcknowledgeBundle) -> list[Event]:
    """Once: a second click, or the paper that follows the link, changes nothing."""
    if bundle.handed is None:
        raise Rejected("bundle-missing")
    if bundle.received is not None:
        return []
    handed = bundle.handed
    return [
        BundleReceived(
            bundle_id=handed.bundle_id,
            contract_id=handed.contract_id,
            group_id=handed.group_id,
            person_id=command.person_id,
            means=command.means,
        )
    ]


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(bundle: Bundle, event: Event) -> Bundle:
    match event:
        case BundleHandedOver():
            return Bundle(handed=event)
        case BundleReceived():
            return msgspec.structs.replace(bundle, received=event)
        case _:
            assert_never(event)


decider: Decider[Bundle, Command, Event] = Decider("bundle", Bundle(), decide, evolve)
