"""What people ask of an offered basket; instants arrive with the command."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, TypeAlias
from uuid import UUID, uuid5

import msgspec

from grenier.language.exchange import Audience, BasketPart, Settlement

BASKETS = UUID("5b8f5a0e-2d5c-5f1e-9a67-2f3f2c0f4b22")
Reason: TypeAlias = Literal["", "delivery-cancelled", "delivery-moved", "subscription-changed", "person-erased"]


def basket_id(subscription_id: str, delivery_id: str) -> str:
    """The one basket of a subscription at a delivery, however often it is offered."""
    return str(uuid5(BASKETS, f"{subscription_id}|{delivery_id}"))


class BasketFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a household takes at a delivery, as its contract says it: the door fills this in."""

    group_id: str
    contract_id: str
    subscription_id: str
    delivery_id: str
    household_id: str
    on: date
    starts_at: datetime
    ends_at: datetime
    place: str
    parts: tuple[BasketPart, ...]
    value_cents: int
    cancelled: bool = False

    @property
    def basket_id(self) -> str:
        return basket_id(self.subscription_id, self.delivery_id)


class OfferBasket(msgspec.Struct, frozen=True, kw_only=True):
    facts: BasketFacts
    person_id: str
    audience: Audience
    cutoff_hours: int
    now: datetime
    named_person_id: str = ""
    # A friend who gave no e-mail address cannot answer a link: the holder has arranged it with them in person.
    arranged: bool = False


class RequestBasket(msgspec.Struct, frozen=True, kw_only=True):
    """`of_household`: the person belongs to the household whose basket it is."""

    person_id: str
    of_household: bool
    now: datetime


class AcceptTaker(msgspec.Struct, frozen=True, kw_only=True):
    person_id: str
    now: datetime


class DeclineTaker(msgspec.Struct, frozen=True, kw_only=True):
    person_id: str


class WithdrawRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`erased`: the person is no more here, so nothing is too late."""

    person_id: str
    now: datetime
    erased: bool = False


class CancelOffer(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` when it is not the holder who cancels; `sealed`: the holder's words, sealed under the holder's key."""

    now: datetime
    reason: Reason = ""
    sealed: dict[str, str] = {}


class ExpireOffer(msgspec.Struct, frozen=True, kw_only=True):
    now: datetime


class CollectBasket(msgspec.Struct, frozen=True, kw_only=True):
    """`signed`: it was signed for at the table, so nobody asks whether it is too early."""

    now: datetime
    signed: bool = False


class UndoCollection(msgspec.Struct, frozen=True, kw_only=True):
    """The sign-off it followed from was taken back."""

    reason: str


class SettleExchange(msgspec.Struct, frozen=True, kw_only=True):
    means: Settlement
    amount_cents: int


Command: TypeAlias = (
    OfferBasket | RequestBasket | AcceptTaker | DeclineTaker | WithdrawRequest | CancelOffer | ExpireOffer
    | CollectBasket | UndoCollection | SettleExchange
)  # fmt: skip
