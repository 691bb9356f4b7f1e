"""What may be asked about sharing a basket, and what a subscription remembers of the last proposal. Decisions: sharing.py.

open -> accepted | declined | withdrawn | lapsed
"""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

import msgspec

Answer = Literal["open", "accepted", "declined", "withdrawn", "lapsed"]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """`to_household_id` "": nobody of the group uses the address that was typed; it is never answered.

    `sharers`, `anchored`: who shared when it was made, and with which delivery their turns began.
    """

    proposal_id: str
    to_household_id: str
    anchor_delivery_id: str
    answer: Answer = "open"
    sharers: list[str] = []
    anchored: str = ""


class SetSharers(msgspec.Struct, frozen=True, kw_only=True):
    """`managed`: agreed on paper, says who looks after the contract. Else only those stay or come who share already, or
    for whom the person who asks may speak (`agreeing`)."""

    subscription_id: str
    household_ids: list[str]
    anchor_delivery_id: str
    managed: bool = False
    agreeing: list[str] = []


class ProposeSharing(msgspec.Struct, frozen=True, kw_only=True):
    """`anchor_delivery_id` "": as the turns are now, or from the next delivery on. `today`: where the group lives."""

    subscription_id: str
    proposal_id: str
    person_id: str
    to_household_id: str
    today: date
    anchor_delivery_id: str = ""


class AnswerSharing(msgspec.Struct, frozen=True, kw_only=True):
    subscription_id: str
    proposal_id: str
    person_id: str
    accept: bool
    today: date


class WithdrawSharing(msgspec.Struct, frozen=True, kw_only=True):
    subscription_id: str
    proposal_id: str


class LapseSharing(msgspec.Struct, frozen=True, kw_only=True):
    """No answer has come, and since `today` there is nothing left to share."""

    subscription_id: str
    proposal_id: str
    today: date


class LeaveSharing(msgspec.Struct, frozen=True, kw_only=True):
    """A household that shares goes its own way; whoever signed keeps basket and bill."""

    subscription_id: str
    household_id: str


SharingCommand: TypeAlias = (
    SetSharers | ProposeSharing | AnswerSharing | WithdrawSharing | LapseSharing | LeaveSharing
)  # fmt: skip
