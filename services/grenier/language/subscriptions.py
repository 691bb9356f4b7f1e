"""Facts of contracts-svc about subscriptions: who takes what of a contract, from when on, signed by whom.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
They stand in the contract's stream, so that no place is given twice. Amounts are cents.
"""

from __future__ import annotations

from datetime import date

import msgspec

from grenier.language.registry import Event, Part, event
from grenier.language.terms import Channel, Party, PaymentMeans, SignatureMeans


class SubscribedLine(Part, frozen=True, kw_only=True):
    """`quantity` at each delivery, or `per_delivery` {delivery_id: quantity} when the member composes them."""

    option_id: str
    quantity: int = 0
    per_delivery: dict[str, int] = msgspec.field(default_factory=dict)


class PlannedCheque(Part, frozen=True, kw_only=True):
    cheque_id: str
    amount_cents: int
    cash_on: date


@event("contracts.subscription-registered", public=("subscription_id", "contract_id", "group_id", "waiting"))
class SubscriptionRegistered(Event, frozen=True, kw_only=True):
    """S0:28. `amount_cents` over the deliveries from `starts_on` on; `waiting`: there was no place left.

    `household_ids` share the basket and take it in turns from `anchor_delivery_id` on; the first one signs and pays.
    """

    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    person_id: str
    lines: list[SubscribedLine]
    starts_on: date
    amount_cents: int
    channel: Channel
    means: PaymentMeans = "cheque"
    cheques: list[PlannedCheque] = msgspec.field(default_factory=list)
    household_ids: list[str] = msgspec.field(default_factory=list)
    anchor_delivery_id: str = ""
    co_person_ids: list[str] = msgspec.field(default_factory=list)
    absences: list[str] = msgspec.field(default_factory=list)
    series: str = ""
    waiting: bool = False
    # The subscription that this one replaces from `starts_on` on (a change in mid-season).
    replaces: str = ""


@event("contracts.subscription-place-given", public=("subscription_id", "contract_id", "group_id"))
class SubscriptionPlaceGiven(Event, frozen=True, kw_only=True):
    """From the waiting list to a place; dates and amount are counted anew from `starts_on`."""

    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    starts_on: date
    amount_cents: int
    cheques: list[PlannedCheque]


@event("contracts.subscription-confirmed", public=("subscription_id", "contract_id", "group_id"))
class SubscriptionConfirmed(Event, frozen=True, kw_only=True):
    """The coordinator's yes: from now on the household belongs to the contract (S0:30)."""

    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str


@event("contracts.subscription-declined", public=("subscription_id", "contract_id", "group_id"))
class SubscriptionDeclined(Event, frozen=True, kw_only=True):
    """By the coordinator, or withdrawn by the household before it was confirmed."""

    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    reason: str = ""


@event("contracts.subscription-signed", public=("subscription_id", "contract_id", "group_id", "party", "means"))
class SubscriptionSigned(Event, frozen=True, kw_only=True):
    """Who signed which document: its SHA-256 as they saw it; "" when signed on paper at the help desk."""

    subscription_id: str
    contract_id: str
    group_id: str
    party: Party
    person_id: str
    means: SignatureMeans
    document_sha256: str = ""


@event("contracts.absences-set", public=("subscription_id", "contract_id", "group_id"))
class AbsencesSet(Event, frozen=True, kw_only=True):
    """The deliveries that this household leaves out, all of them; amount and cheques stay as signed."""

    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    delivery_ids: list[str]


@event("contracts.basket-composed", public=("subscription_id", "contract_id", "group_id", "delivery_id"))
class BasketComposed(Event, frozen=True, kw_only=True):
    """What a household takes at one delivery of a `modular` contract, instead of what it chose before.

    `amount_cents` is that of the whole subscription from now on.
    """

    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    delivery_id: str
    quantities: dict[str, int]
    amount_cents: int


@event("contracts.sharers-set", public=("subscription_id", "contract_id", "group_id"))
class SharersSet(Event, frozen=True, kw_only=True):
    """Who shares a basket and with which delivery the turns begin; who is new among them, and who is not there any more."""

    subscription_id: str
    contract_id: str
    group_id: str
    household_ids: list[str]
    anchor_delivery_id: str
    joined: list[str] = msgspec.field(default_factory=list)
    left: list[str] = msgspec.field(default_factory=list)


@event("contracts.subscription-ended", public=("subscription_id", "contract_id", "group_id", "on"))
class SubscriptionEnded(Event, frozen=True, kw_only=True):
    """Before the season's end: deliveries from `on` on are not taken; `amount_cents` is what remains due in all."""

    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    on: date
    amount_cents: int
    reason: str = ""
