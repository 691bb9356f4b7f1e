"""Facts of contracts-svc about the basket exchange: who may take, which baskets are offered, who takes them (S4).

These types are the stored format. Change them only through versions and upcasts (see registry.py).
One stream per dated basket (`basket-<subscription>-<delivery>`): of many who ask, the holder accepts one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from grenier.language.registry import Event, Part, event

EnrolledBy = Literal["self", "referent", "sponsor"]
LeftBy = Literal["site", "link", "referent"]
Settlement = Literal["free", "cash", "other"]
Audience = Literal["takers", "federation", "named"]


@event("contracts.exchange-settings-changed", public=("group_id", "enabled", "cutoff_hours", "federated"))
class ExchangeSettingsChanged(Event, frozen=True, kw_only=True):
    """S4:5. None leaves a setting as it is. `federated`: baskets may be offered to takers of the other groups, too."""

    group_id: str
    enabled: bool | None = None
    cutoff_hours: int | None = None
    federated: bool | None = None
    members_only: bool | None = None
    purge_months: int | None = None
    referent_id: str | None = None
    note: str | None = None
    # The address to which people write who want to be enrolled, a mailbox of the group and of nobody in person (S4:17).
    mailbox: str | None = None
    # Members who are no takers hear of each basket, too.
    tell_members: bool | None = None


@event("contracts.exchanges-purged", public=("group_id", "before"))
class ExchangesPurged(Event, frozen=True, kw_only=True):
    """Who took whose basket before this day is forgotten by every view; the figures per month stay."""

    group_id: str
    before: date


@event("contracts.taker-enrolled", public=("group_id", "by"))
class TakerEnrolled(Event, frozen=True, kw_only=True):
    """S4:10-33. Enrolled by a sponsor, a person is a taker once they have confirmed."""

    taker_id: str
    group_id: str
    person_id: str
    by: EnrolledBy
    confirmed: bool


@event("contracts.taker-confirmed", public=("group_id",))
class TakerConfirmed(Event, frozen=True, kw_only=True):
    taker_id: str
    group_id: str
    person_id: str


@event("contracts.taker-left", public=("group_id", "by"))
class TakerLeft(Event, frozen=True, kw_only=True):
    taker_id: str
    group_id: str
    person_id: str
    by: LeftBy


class BasketPart(Part, frozen=True, kw_only=True):
    """What exactly is in the basket that day."""

    option_id: str
    title: str
    quantity: int


@event("contracts.basket-offered", public=("basket_id", "group_id", "contract_id", "delivery_id", "on", "audience"))
class BasketOffered(Event, frozen=True, kw_only=True):
    """S4:35-42: a holder's own basket of a date to come. `closes_at`: the last instant for asking and accepting."""

    basket_id: str
    group_id: str
    contract_id: str
    subscription_id: str
    delivery_id: str
    household_id: str
    person_id: str
    on: date
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    place: str
    parts: list[BasketPart]
    value_cents: int
    audience: Audience
    named_person_id: str = ""


@event("contracts.basket-requested", public=("basket_id", "group_id"))
class BasketRequested(Event, frozen=True, kw_only=True):
    basket_id: str
    group_id: str
    person_id: str


@event("contracts.basket-request-withdrawn", public=("basket_id", "group_id"))
class BasketRequestWithdrawn(Event, frozen=True, kw_only=True):
    """By the one who asked; after acceptance the basket is on offer again."""

    basket_id: str
    group_id: str
    person_id: str
    was_taker: bool
    # Who had asked as well and was told no: they may be asked again.
    earlier_person_ids: list[str] = msgspec.field(default_factory=list)


@event("contracts.taker-accepted", public=("basket_id", "group_id"))
class TakerAccepted(Event, frozen=True, kw_only=True):
    """S4:47: one is accepted, the others are told; contacts are disclosed to both from here on."""

    basket_id: str
    group_id: str
    contract_id: str
    delivery_id: str
    household_id: str
    holder_id: str
    person_id: str
    declined_person_ids: list[str]


@event("contracts.taker-declined", public=("basket_id", "group_id"))
class TakerDeclined(Event, frozen=True, kw_only=True):
    basket_id: str
    group_id: str
    person_id: str


@event("contracts.basket-offer-cancelled", public=("basket_id", "group_id"))
class BasketOfferCancelled(Event, frozen=True, kw_only=True):
    """By the holder, with a word to those concerned; the basket is the household's own again.

    `person_ids`: those who wait for an answer; `taker_id`: who had been accepted. `reason` says why when it was not the
    holder's will (delivery-cancelled, delivery-moved, subscription-changed, person-erased); `sealed` holds the holder's own words under the holder's key.
    """

    basket_id: str
    group_id: str
    person_ids: list[str]
    taker_id: str = ""
    reason: str = ""
    sealed: dict[str, str] = msgspec.field(default_factory=dict)


@event("contracts.basket-offer-expired", public=("basket_id", "group_id"))
class BasketOfferExpired(Event, frozen=True, kw_only=True):
    """Nobody was accepted in time."""

    basket_id: str
    group_id: str
    person_ids: list[str]


@event("contracts.basket-collected", public=("basket_id", "group_id"))
class BasketCollected(Event, frozen=True, kw_only=True):
    """The taker signed in the holder's name (S4:57, S4:61)."""

    basket_id: str
    group_id: str
    person_id: str


@event("contracts.basket-collection-undone", public=("basket_id", "group_id"))
class BasketCollectionUndone(Event, frozen=True, kw_only=True):
    """The sign-off at the table was a mistake and was taken back: the basket is promised as before."""

    basket_id: str
    group_id: str
    person_id: str
    reason: str


@event("contracts.exchange-settled", public=("basket_id", "group_id", "means"))
class ExchangeSettled(Event, frozen=True, kw_only=True):
    """S4:48: how the two arranged it between themselves; no money of the group."""

    basket_id: str
    group_id: str
    means: Settlement
    amount_cents: int = 0
