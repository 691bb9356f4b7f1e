"""Facts of contracts-svc about a season: a contract with a producer, from its draft to its end.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
A contract's whole life, its subscriptions included, is one stream, so that no place is given twice. Amounts are cents; a
delivery counts `factor_percent` hundredths (200: a double distribution that catches up, 150: one and a half baskets).
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from grenier.language.cheques import (
    BundledCheque,
    BundleHandedOver,
    BundleReceived,
    ChequeHandedOver,
    ChequeReceived,
    ChequeReturned,
    DuesCampaignClosed,
    DuesCampaignOpened,
    DuesPaid,
    ScheduleAgreed,
)
from grenier.language.registry import Event, Part, event
from grenier.language.subscriptions import (
    AbsencesSet,
    BasketComposed,
    PlannedCheque,
    SharersSet,
    SubscribedLine,
    SubscriptionConfirmed,
    SubscriptionDeclined,
    SubscriptionEnded,
    SubscriptionPlaceGiven,
    SubscriptionRegistered,
    SubscriptionSigned,
)
from grenier.language.terms import (
    BasketKind,
    BasketOption,
    Channel,
    Party,
    PaymentMeans,
    PaymentTerms,
    PlannedDelivery,
    RoundPlan,
    SignatureMeans,
    SignUpTerms,
    Terms,
)

# Everything of a season is called from here; what is agreed, subscriptions and cheques have files of their own.
__all__ = [
    "AbsencesSet",
    "AddedRound",
    "BasketComposed",
    "BasketKind",
    "BasketOption",
    "BundleHandedOver",
    "BundleReceived",
    "BundledCheque",
    "Channel",
    "ChequeHandedOver",
    "ChequeReceived",
    "ChequeReturned",
    "ClausesSet",
    "ContractAbandoned",
    "ContractApproved",
    "ContractChangesRequested",
    "ContractDrafted",
    "ContractEnded",
    "ContractOpened",
    "ContractRevised",
    "ContractSubmitted",
    "DeliveryAdded",
    "DeliveryCancelled",
    "DeliveryCountedAnew",
    "DeliveryMoved",
    "DuesCampaignClosed",
    "DuesCampaignOpened",
    "DuesPaid",
    "Party",
    "PaymentMeans",
    "PaymentTerms",
    "PlannedCheque",
    "PlannedDelivery",
    "RoundPlan",
    "ScheduleAgreed",
    "SharersSet",
    "SignUpTerms",
    "SignUpsClosed",
    "SignUpsReopened",
    "SignatureMeans",
    "SubscribedLine",
    "SubscriptionConfirmed",
    "SubscriptionDeclined",
    "SubscriptionEnded",
    "SubscriptionPlaceGiven",
    "SubscriptionRegistered",
    "SubscriptionSigned",
    "Terms",
]

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


# -- around the contract -------------------------------------------------------------------------------------------


@event("contracts.clauses-set", public=("group_id", "document", "clauses"))
class ClausesSet(Event, frozen=True, kw_only=True):
    """A group's own words in its documents: {clause: text}; a clause set to "" is the house's text again."""

    group_id: str
    document: str
    clauses: dict[str, str]
