"""Facts of contracts-svc about cheques and where they are, what is handed to the producer, and dues that are collected.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
Amounts are cents.
"""

from __future__ import annotations

from datetime import date

import msgspec

from grenier.language.registry import Event, Part, event
from grenier.language.subscriptions import PlannedCheque
from grenier.language.terms import PaymentMeans, SignatureMeans


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


# -- dues ----------------------------------------------------------------------------------------------------------


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
