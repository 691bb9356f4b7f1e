"""What may be asked about sharing a basket, and what a subscription remembers of the last proposal. Decisions: sharing.py.

open -> accepted | declined | withdrawn
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Answer = Literal["open", "accepted", "declined", "withdrawn"]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """`to_household_id` "": nobody of the group uses the address that was typed; it is never answered."""

    proposal_id: str
    to_household_id: str
    anchor_delivery_id: str
    answer: Answer = "open"


class SetSharers(msgspec.Struct, frozen=True, kw_only=True):
    """`managed`: agreed on paper, says who looks after the contract. Else only those stay or come who share already, or
    for whom the person who asks may speak (`agreeing`)."""

    subscription_id: str
    household_ids: list[str]
    anchor_delivery_id: str
    managed: bool = False
    agreeing: list[str] = []


class ProposeSharing(msgspec.Struct, frozen=True, kw_only=True):
    """`anchor_delivery_id` "": as the turns are now, or from the first delivery on."""

    subscription_id: str
    proposal_id: str
    person_id: str
    to_household_id: str
    anchor_delivery_id: str = ""


class AnswerSharing(msgspec.Struct, frozen=True, kw_only=True):
    subscription_id: str
    proposal_id: str
    person_id: str
    accept: bool


class WithdrawSharing(msgspec.Struct, frozen=True, kw_only=True):
    subscription_id: str
    proposal_id: str


class LeaveSharing(msgspec.Struct, frozen=True, kw_only=True):
    """A household that shares goes its own way; whoever signed keeps basket and bill."""

    subscription_id: str
    household_id: str


SharingCommand: TypeAlias = SetSharers | ProposeSharing | AnswerSharing | WithdrawSharing | LeaveSharing
