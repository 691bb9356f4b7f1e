"""Facts of contracts-svc about sharing a basket: a household proposes it to another one, which says yes or no (S0:28, domain 1.3).

These types are the stored format. Change them only through versions and upcasts (see registry.py).
They stand in the contract's stream; who shares at last is told by `contracts.sharers-set`. Not published: who asked whom, and
who said no, concerns these two households.
"""

from __future__ import annotations

from grenier.language.registry import Event, event


@event("contracts.sharing-proposed")
class SharingProposed(Event, frozen=True, kw_only=True):
    """`household_id` signed and pays; `person_id` asks. Its turns would begin with `anchor_delivery_id`.

    `to_household_id` "": no household of the group uses the address that was typed. Who asks is told the same in both cases.
    """

    proposal_id: str
    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    person_id: str
    to_household_id: str
    anchor_delivery_id: str


@event("contracts.sharing-accepted")
class SharingAccepted(Event, frozen=True, kw_only=True):
    """`person_id` of the household that was asked says yes for it; `contracts.sharers-set` follows."""

    proposal_id: str
    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    to_household_id: str
    person_id: str


@event("contracts.sharing-declined")
class SharingDeclined(Event, frozen=True, kw_only=True):
    proposal_id: str
    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    to_household_id: str
    person_id: str


@event("contracts.sharing-withdrawn")
class SharingWithdrawn(Event, frozen=True, kw_only=True):
    """By who proposed it, before there was an answer."""

    proposal_id: str
    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    to_household_id: str


@event("contracts.sharing-lapsed")
class SharingLapsed(Event, frozen=True, kw_only=True):
    """Without an answer the proposal came to its end: the subscription or its contract did, or no delivery is left to share."""

    proposal_id: str
    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    to_household_id: str
