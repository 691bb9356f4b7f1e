"""What is agreed with a producer, as the facts of contracts-svc carry it: options, dates, rounds, payment, signing up.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
Amounts are cents; a delivery counts `factor_percent` hundredths (200: a double distribution that catches up, 150: one and a
half baskets).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from grenier.language.registry import Part

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
