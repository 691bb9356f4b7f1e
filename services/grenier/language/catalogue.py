"""Facts of orders-svc about what is on offer: products, the month's catalogue, the window of all groups.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
Quantities count order units. A `piece` product costs price_cents a unit; a `weighed` product is ordered in portions of
`portion_g` and charged by the weight on the scale at price_cents per kilogram.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from grenier.language.registry import Event, Part, event

Sale = Literal["piece", "weighed"]


class ProductFacts(Part, frozen=True, kw_only=True):
    """What a product is. `unit_label` as printed ("sachet 500 g"); `case_size` units in a supplier's case."""

    name: str
    category: str
    producer_id: str
    sale: Sale = "piece"
    unit_label: str = "pièce"
    portion_g: int = 0
    net_weight_g: int = 0
    case_size: int = 1
    whole_piece_g: int = 0
    organic: bool = False
    origin: str = ""
    # Sold in bulk: people bring their own container (S1:64).
    container: bool = False


@event("orders.product-listed", public=("product_id", "host_id", "facts"))
class ProductListed(Event, frozen=True, kw_only=True):
    product_id: str
    host_id: str
    facts: ProductFacts


@event("orders.product-changed", public=("product_id", "host_id", "facts"))
class ProductChanged(Event, frozen=True, kw_only=True):
    product_id: str
    host_id: str
    facts: ProductFacts


@event("orders.price-revised", public=("product_id", "host_id", "price_cents", "effective_from"))
class PriceRevised(Event, frozen=True, kw_only=True):
    """S1:131. List price per unit (piece) or per kilogram (weighed), from a date on."""

    product_id: str
    host_id: str
    price_cents: int
    cost_cents: int
    effective_from: date
    reason: str = ""


@event("orders.product-withdrawn", public=("product_id", "host_id"))
class ProductWithdrawn(Event, frozen=True, kw_only=True):
    product_id: str
    host_id: str


class CatalogueItem(Part, frozen=True, kw_only=True):
    """A product as offered in one month: a snapshot, so that every document says what was told."""

    product_id: str
    facts: ProductFacts
    price_cents: int
    cost_cents: int
    max_per_household: int = 0
    max_per_group: int = 0
    # A hard cap for the whole group, refused at once when reached ("sold-out"); 0 = none.
    stock_limit: int = 0
    # In a contract's round: the only numbers of units that may be ordered; empty: any.
    quantities: list[int] = msgspec.field(default_factory=list)


@event("orders.catalogue-released", public=("catalogue_id", "host_id", "month", "items"))
class CatalogueReleased(Event, frozen=True, kw_only=True):
    """S1:129, S1:145: the month's products and prices, the same for all groups. `month` = "2026-11"."""

    catalogue_id: str
    host_id: str
    month: str
    items: list[CatalogueItem]


class WindowGroup(Part, frozen=True, kw_only=True):
    """One group's place in a window: its cycle and its distribution day (instants UTC)."""

    group_id: str
    cycle_id: str
    distribution_starts_at: datetime
    distribution_ends_at: datetime
    place: str = ""
    # This group's maxima where they differ from the catalogue's: {product_id: units}.
    max_per_group: dict[str, int] = msgspec.field(default_factory=dict)


@event("orders.window-scheduled", public=("window_id", "host_id", "month", "opens_at", "closes_at"))
class WindowScheduled(Event, frozen=True, kw_only=True):
    """S1:146: the central team opens order and distribution periods for every group from one template."""

    window_id: str
    host_id: str
    catalogue_id: str
    month: str
    opens_at: datetime
    closes_at: datetime
    groups: list[WindowGroup]
    tier_rates_bp: dict[str, int] = msgspec.field(default_factory=dict)


class ProductTotal(Part, frozen=True, kw_only=True):
    product_id: str
    quantity: int
    orders: int


@event("orders.cycle-frozen-in-window", public=("window_id", "cycle_id", "group_id"))
class CycleFrozenInWindow(Event, frozen=True, kw_only=True):
    """The process of a window noted that a group's aggregation is frozen."""

    window_id: str
    cycle_id: str
    group_id: str
    totals: list[ProductTotal] = msgspec.field(default_factory=list)


class AggregatedCell(Part, frozen=True, kw_only=True):
    product_id: str
    group_id: str
    quantity: int


@event("orders.window-aggregated", public=("window_id", "host_id", "month", "cells"))
class WindowAggregated(Event, frozen=True, kw_only=True):
    """S1:134: product × group, all groups frozen; the totals are sums of the cells."""

    window_id: str
    host_id: str
    month: str
    cells: list[AggregatedCell]
