"""Facts of contracts-svc about a season: contracts with producers, subscriptions to them, cheques and where they are.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
A contract's whole life, its subscriptions included, is one stream, so that no place is given twice. Amounts are cents; a
delivery counts `factor_percent` hundredths (200: a double distribution that catches up, 150: one and a half baskets).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from grenier.language.registry import Event, Part, event

BasketKind = Literal[
    "fixed_single", "fixed_multiple", "free_quantity_single", "free_quantity_multiple", "modular", "modular_fixed",
    "ordered",
]  # fmt: skip
PaymentMeans = Literal["cheque", "transfer", "cash", "local_currency", "direct_debit", "online", "on_delivery"]
Channel = Literal["web", "desk", "coordinator"]
SignatureMeans = Literal["tick", "link", "paper"]
Party = Literal["member", "producer", "group"]


class BasketOption(Part, frozen=True, kw_only=True):
    """What one may take: a basket size, a product. `price_cents` for one unit (for one kilogram when `weighed`)."""

    option_id: str
    title: str
    price_cents: int
    # Short name on the sign-off sheet.
    code: str = ""
    unit: Literal["piece", "kg", "g", "l"] = "piece"
    net_weight_g: int = 0
    category: str = ""
    sale: Literal["piece", "weighed"] = "piece"
    # Weighed goods are ordered in portions of so many grams.
    portion_g: int = 0
    # The option's share of a whole basket, in hundredths of a percent: half a basket is 5000.
    share_bp: int = 10_000
    # Numbers of units that may be chosen; empty: any.
    quantities: list[int] = msgspec.field(default_factory=list)
    # At most so many units of it at one delivery, over all households; 0: no limit.
    limit: int = 0
    # Delivered on these deliveries only; empty: on each.
    delivery_ids: list[str] = msgspec.field(default_factory=list)
    content: str = ""


class PlannedDelivery(Part, frozen=True, kw_only=True):
    """One date of a contract; `starts` and `ends` are local times "18:30"."""

    delivery_id: str
    on: date
    starts: str = "18:30"
    ends: str = "19:30"
    place: str = ""
    factor_percent: int = 100
    # Semaine A or B, for contracts in which a household takes every other date.
    series: str = ""
    cancelled: bool = False
    moved_from: date | None = None
    reason: str = ""


class RoundPlan(Part, frozen=True, kw_only=True):
    """An order round of an `ordered` contract (S0:32): when people order, for which delivery."""

    round_id: str
    delivery_id: str
    opens_at: datetime
    closes_at: datetime


class PaymentTerms(Part, frozen=True, kw_only=True):
    """`calendar`: dates on which cheques may be cashed; `counts`: into how many one may split; empty: one."""

    payee: str = ""
    means: list[PaymentMeans] = msgspec.field(default_factory=lambda: ["cheque"])
    calendar: list[date] = msgspec.field(default_factory=list)
    counts: list[int] = msgspec.field(default_factory=list)
    minimum_cheque_cents: int = 0
    # Own splits in percent by number of cheques: {"3": [50, 25, 25]}.
    splits_percent: dict[str, list[int]] = msgspec.field(default_factory=dict)
    # What a household is asked to deposit before the first round of an `ordered` contract (S0:48).
    prepayment_cents: int = 0
    references: str = ""


class SignUpTerms(Part, frozen=True, kw_only=True):
    """Who may subscribe, when and how; 0 means no limit."""

    opens_on: date | None = None
    closes_on: date | None = None
    # Nobody joins from a delivery on that starts in fewer hours than this.
    closes_hours_before: int = 24
    max_households: int = 0
    max_shares_bp: int = 0
    minimum_cents: int = 0
    # Absences: so many deliveries may be left out, inside these dates; -1: as many as one likes.
    absences_max: int = 0
    absences_from: date | None = None
    absences_until: date | None = None
    co_members_max: int = 3
    requires_contract_id: str = ""
    main_contract: bool = False


class Terms(Part, frozen=True, kw_only=True):
    """All that is agreed with the producer: what the printed contract says, as data (S0:21-25)."""

    title: str
    starts_on: date
    ends_on: date
    basket_kind: BasketKind
    options: list[BasketOption] = msgspec.field(default_factory=list)
    deliveries: list[PlannedDelivery] = msgspec.field(default_factory=list)
    rounds: list[RoundPlan] = msgspec.field(default_factory=list)
    payment: PaymentTerms = msgspec.field(default_factory=PaymentTerms)
    sign_up: SignUpTerms = msgspec.field(default_factory=SignUpTerms)
    # "Semaine A", "demi-panier": told beside the title.
    complement: str = ""
    description: str = ""
    # What the producer says of farm, methods, certification.
    producer_note: str = ""
    farm_visits: int = 0
    # How goods are handed out, for the sign-off sheet and those who take somebody's basket.
    instructions: str = ""
    mention: str = ""


# -- the contract's life -------------------------------------------------------------------------------------------


@event("contracts.contract-drafted", public=("contract_id", "group_id", "producer_id"))
class ContractDrafted(Event, frozen=True, kw_only=True):
    """Version 1 of the draft. `coordinator_id`: the person who looks after it; `renews`: last season's contract."""

    contract_id: str
    group_id: str
    producer_id: str
    coordinator_id: str
    terms: Terms
    renews: str = ""


@event("contracts.contract-revised", public=("contract_id", "group_id", "version"))
class ContractRevised(Event, frozen=True, kw_only=True):
    contract_id: str
    group_id: str
    version: int
    terms: Terms


@event("contracts.contract-submitted", public=("contract_id", "group_id", "version"))
class ContractSubmitted(Event, frozen=True, kw_only=True):
    """S0:23: this version went to the producer. `person_id`: the producer's contact, who answers by a signed link."""

    contract_id: str
    group_id: str
    version: int
    person_id: str
    document_sha256: str
    answer_until: datetime


@event("contracts.contract-changes-requested", public=("contract_id", "group_id", "version"))
class ContractChangesRequested(Event, frozen=True, kw_only=True):
    contract_id: str
    group_id: str
    version: int
    comment: str


@event("contracts.contract-approved", public=("contract_id", "group_id", "version"))
class ContractApproved(Event, frozen=True, kw_only=True):
    """The producer's yes to exactly this document; `means` paper: the coordinator recorded it from paper."""

    contract_id: str
    group_id: str
    version: int
    person_id: str
    means: SignatureMeans
    document_sha256: str


@event("contracts.contract-opened", public=("contract_id", "group_id", "producer_id", "terms"))
class ContractOpened(Event, frozen=True, kw_only=True):
    """S0:24: published; from now on the public page, the calendars and the order rounds follow these terms."""

    contract_id: str
    group_id: str
    producer_id: str
    coordinator_id: str
    version: int
    terms: Terms


@event("contracts.sign-ups-closed", public=("contract_id", "group_id"))
class SignUpsClosed(Event, frozen=True, kw_only=True):
    contract_id: str
    group_id: str


@event("contracts.sign-ups-reopened", public=("contract_id", "group_id", "closes_on"))
class SignUpsReopened(Event, frozen=True, kw_only=True):
    contract_id: str
    group_id: str
    closes_on: date


@event("contracts.delivery-moved", public=("contract_id", "group_id", "delivery_id", "from_on", "delivery", "reason"))
class DeliveryMoved(Event, frozen=True, kw_only=True):
    """Another date, hour or place for one delivery; everybody it touches is told (S0:22)."""

    contract_id: str
    group_id: str
    delivery_id: str
    from_on: date
    delivery: PlannedDelivery
    reason: str = ""


@event("contracts.delivery-cancelled", public=("contract_id", "group_id", "delivery_id", "on", "reason"))
class DeliveryCancelled(Event, frozen=True, kw_only=True):
    contract_id: str
    group_id: str
    delivery_id: str
    on: date
    reason: str = ""


@event("contracts.delivery-counted-anew", public=("contract_id", "group_id", "delivery_id", "factor_percent"))
class DeliveryCountedAnew(Event, frozen=True, kw_only=True):
    """A date that makes up for a missed one counts double, or as much as was agreed."""

    contract_id: str
    group_id: str
    delivery_id: str
    factor_percent: int
    reason: str = ""


class AddedRound(Part, frozen=True, kw_only=True):
    """The order round of a date that was added to an `ordered` contract: its window, and what is offered in it."""

    round_id: str
    opens_at: datetime
    closes_at: datetime
    producer_id: str
    title: str
    options: list[BasketOption]


@event("contracts.delivery-added", public=("contract_id", "group_id", "delivery", "replaces_delivery_id", "reason"))
class DeliveryAdded(Event, frozen=True, kw_only=True):
    """One more date after the opening ("one date to be fixed", a missed basket made up for); subscribers take it.

    What was signed before stays due as it was: the date makes up for the cancelled `replaces_delivery_id`, or is a gift.
    `option_ids`: options with dates of their own that are delivered then too.
    """

    contract_id: str
    group_id: str
    delivery: PlannedDelivery
    reason: str
    replaces_delivery_id: str = ""
    option_ids: list[str] = msgspec.field(default_factory=list)
    round: AddedRound | None = None


@event("contracts.contract-ended", public=("contract_id", "group_id"))
class ContractEnded(Event, frozen=True, kw_only=True):
    """The season is over; accounts are settled from here (S0:49)."""

    contract_id: str
    group_id: str


@event("contracts.contract-abandoned", public=("contract_id", "group_id"))
class ContractAbandoned(Event, frozen=True, kw_only=True):
    contract_id: str
    group_id: str
    reason: str = ""


# -- subscriptions -------------------------------------------------------------------------------------------------


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


# -- cheques -------------------------------------------------------------------------------------------------------


@event("contracts.schedule-agreed", public=("subscription_id", "contract_id", "group_id", "cheques"))
class ScheduleAgreed(Event, frozen=True, kw_only=True):
    """The cheques of a subscription, all expected now. Said again, it replaces those that are still expected."""

    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    producer_id: str
    cheques: list[PlannedCheque]


@event("contracts.cheque-received", public=("subscription_id", "cheque_id", "group_id"))
class ChequeReceived(Event, frozen=True, kw_only=True):
    """S0:26. `sealed` holds the issuer's name under the payer's key when it is not the member's own."""

    subscription_id: str
    cheque_id: str
    group_id: str
    person_id: str
    number: str
    bank: str
    issued_on: date
    sealed: dict[str, str] = msgspec.field(default_factory=dict)


@event("contracts.cheque-handed-over", public=("subscription_id", "cheque_id", "group_id", "bundle_id"))
class ChequeHandedOver(Event, frozen=True, kw_only=True):
    subscription_id: str
    cheque_id: str
    group_id: str
    bundle_id: str


@event("contracts.cheque-returned", public=("subscription_id", "cheque_id", "group_id"))
class ChequeReturned(Event, frozen=True, kw_only=True):
    """Given back to the household: unpaid, wrong, or no longer due."""

    subscription_id: str
    cheque_id: str
    group_id: str
    reason: str


class BundledCheque(Part, frozen=True, kw_only=True):
    subscription_id: str
    cheque_id: str
    household_id: str
    amount_cents: int


@event("contracts.bundle-handed-over", public=("bundle_id", "contract_id", "group_id", "producer_id", "total_cents"))
class BundleHandedOver(Event, frozen=True, kw_only=True):
    """S0:27: signed contracts and cheques go to the producer together, with their list."""

    bundle_id: str
    contract_id: str
    group_id: str
    producer_id: str
    on: date
    cheques: list[BundledCheque]
    subscription_ids: list[str]
    total_cents: int


@event("contracts.bundle-received", public=("bundle_id", "contract_id", "group_id"))
class BundleReceived(Event, frozen=True, kw_only=True):
    """The producer's receipt, by link, account or signature on paper."""

    bundle_id: str
    contract_id: str
    group_id: str
    person_id: str
    means: SignatureMeans


# -- around the contract -------------------------------------------------------------------------------------------


@event("contracts.clauses-set", public=("group_id", "document", "clauses"))
class ClausesSet(Event, frozen=True, kw_only=True):
    """A group's own words in its documents: {clause: text}; a clause set to "" is the house's text again."""

    group_id: str
    document: str
    clauses: dict[str, str]


@event("contracts.dues-campaign-opened", public=("campaign_id", "group_id", "opens_on", "closes_on"))
class DuesCampaignOpened(Event, frozen=True, kw_only=True):
    """S0:51-53: dues of a period are collected; amounts below zero stand for "as much as you like"."""

    campaign_id: str
    group_id: str
    title: str
    opens_on: date
    closes_on: date
    valid_from: date
    valid_until: date
    group_dues_cents: int
    network_dues_cents: int = 0
    activity_ids: list[str] = msgspec.field(default_factory=list)


@event("contracts.dues-campaign-closed", public=("campaign_id", "group_id"))
class DuesCampaignClosed(Event, frozen=True, kw_only=True):
    campaign_id: str
    group_id: str


@event("contracts.dues-paid", public=("campaign_id", "group_id"))
class DuesPaid(Event, frozen=True, kw_only=True):
    """What a household pays for its membership of the period, and what it gives besides; `number`, `bank` of its cheque."""

    campaign_id: str
    group_id: str
    household_id: str
    membership_id: str
    group_dues_cents: int
    network_dues_cents: int
    gift_cents: int
    means: PaymentMeans
    number: str = ""
    bank: str = ""
