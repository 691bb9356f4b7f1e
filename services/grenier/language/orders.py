"""Facts of orders-svc: order cycles, orders and drafts, regulation, aggregation.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
Quantities count order units. A `piece` product costs price_cents a unit; a `weighed` product is ordered in portions of
`portion_g` and charged by the weight on the scale at price_cents per kilogram.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from grenier.language.catalogue import (
    AggregatedCell,
    CatalogueItem,
    CatalogueReleased,
    CycleFrozenInWindow,
    PriceRevised,
    ProductChanged,
    ProductFacts,
    ProductListed,
    ProductTotal,
    ProductWithdrawn,
    Sale,
    WindowAggregated,
    WindowGroup,
    WindowScheduled,
)
from grenier.language.credit import ContractFloorSet, CreditHeld, CreditSettled, HoldsVoided
from grenier.language.registry import Event, Part, event
from grenier.language.supply import SupplierLine, SupplierOrderAcknowledged, SupplierOrderPlaced, SupplierOrderSent

# Everything of orders-svc is called from here; what is on offer, credit and supply have files of their own.
__all__ = [
    "AggregatedCell",
    "AggregationFrozen",
    "CatalogueItem",
    "CatalogueReleased",
    "ClosingAnnounced",
    "ContractFloorSet",
    "CreditHeld",
    "CreditSettled",
    "CycleCancelled",
    "CycleClosed",
    "CycleFrozenInWindow",
    "CycleOpened",
    "CycleScheduled",
    "DistributionMoved",
    "DraftDiscarded",
    "DraftLine",
    "DraftSaved",
    "FrozenOrder",
    "HoldsVoided",
    "LineReduced",
    "OrderAmended",
    "OrderCancelled",
    "OrderConfirmed",
    "OrderLine",
    "OrdersRegulated",
    "OrdersReminded",
    "PriceRevised",
    "ProductChanged",
    "ProductFacts",
    "ProductListed",
    "ProductMadeUnavailable",
    "ProductTotal",
    "ProductWithdrawn",
    "Sale",
    "SupplierLine",
    "SupplierOrderAcknowledged",
    "SupplierOrderPlaced",
    "SupplierOrderSent",
    "WindowAggregated",
    "WindowGroup",
    "WindowScheduled",
]


@event("orders.cycle-scheduled", public=("cycle_id", "window_id", "group_id", "month", "opens_at", "closes_at"))
class CycleScheduled(Event, frozen=True, kw_only=True):
    """A group's order period: what may be ordered, at which rate for each tier (basis points), until when."""

    cycle_id: str
    window_id: str
    group_id: str
    host_id: str
    catalogue_id: str
    month: str
    opens_at: datetime
    closes_at: datetime
    distribution_starts_at: datetime
    distribution_ends_at: datetime
    place: str
    items: list[CatalogueItem]
    tier_rates_bp: dict[str, int]
    # An order round of a contract (S0:32): no window and no shared catalogue; `title` is the contract's.
    contract_id: str = ""
    producer_id: str = ""
    delivery_id: str = ""
    title: str = ""


@event("orders.cycle-distribution-moved", public=("cycle_id", "group_id", "contract_id", "distribution_starts_at"))
class DistributionMoved(Event, frozen=True, kw_only=True):
    """The contract's delivery was moved and its round with it; `closes_too_late`: orders close after the new start."""

    cycle_id: str
    group_id: str
    contract_id: str
    distribution_starts_at: datetime
    distribution_ends_at: datetime
    place: str
    closes_too_late: bool = False


@event("orders.cycle-cancelled", public=("cycle_id", "group_id", "contract_id", "reason"))
class CycleCancelled(Event, frozen=True, kw_only=True):
    """The delivery falls away: nothing is ordered any more, what was ordered is cancelled with it."""

    cycle_id: str
    group_id: str
    contract_id: str
    reason: str = ""


@event("orders.cycle-opened", public=("cycle_id", "group_id", "closes_at"))
class CycleOpened(Event, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    closes_at: datetime
    contract_id: str = ""


@event("orders.orders-reminded", public=("cycle_id", "group_id", "contract_id"))
class OrdersReminded(Event, frozen=True, kw_only=True):
    """S0:38: whoever has not ordered yet is called again, as often as the coordinator likes."""

    cycle_id: str
    group_id: str
    contract_id: str
    closes_at: datetime
    household_ids: list[str]


@event("orders.product-made-unavailable", public=("cycle_id", "group_id", "product_id"))
class ProductMadeUnavailable(Event, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    product_id: str


class OrderLine(Part, frozen=True, kw_only=True):
    """`unit_price_cents` is the tier's price per piece or per kg; `amount_cents` what the line comes to as ordered."""

    product_id: str
    quantity: int
    unit_price_cents: int
    amount_cents: int


@event("orders.order-confirmed", public=("cycle_id", "group_id", "order_id", "tier", "lines", "total_cents", "channel"))
class OrderConfirmed(Event, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    order_id: str
    household_id: str
    tier: str
    lines: list[OrderLine]
    total_cents: int
    channel: Literal["web", "paper"] = "web"
    # The household's credit hold that covers it; 0 where the group has no credit floor.
    hold: int = 0


@event("orders.order-amended", public=("cycle_id", "group_id", "order_id", "lines", "total_cents"))
class OrderAmended(Event, frozen=True, kw_only=True):
    """The whole order as it stands now (S1:32); `reason` when somebody else than the household changed it."""

    cycle_id: str
    group_id: str
    order_id: str
    household_id: str
    tier: str
    lines: list[OrderLine]
    total_cents: int
    channel: Literal["web", "paper"] = "web"
    reason: str = ""
    hold: int = 0


@event("orders.order-cancelled", public=("cycle_id", "group_id", "order_id"))
class OrderCancelled(Event, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    order_id: str
    household_id: str
    reason: str = ""


@event("orders.closing-announced", public=("cycle_id", "group_id", "closes_at"))
class ClosingAnnounced(Event, frozen=True, kw_only=True):
    """S1:33, the day before closing: those who still have an unconfirmed draft."""

    cycle_id: str
    group_id: str
    closes_at: datetime
    draft_household_ids: list[str]
    contract_id: str = ""
    # In a round of a contract: subscribers without an order, those with a draft included (S0:38).
    missing_household_ids: list[str] = msgspec.field(default_factory=list)


@event("orders.cycle-closed", public=("cycle_id", "group_id", "closed_at"))
class CycleClosed(Event, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    closed_at: datetime
    contract_id: str = ""


class LineReduced(Part, frozen=True, kw_only=True):
    household_id: str
    order_id: str
    product_id: str
    from_quantity: int
    to_quantity: int
    from_amount_cents: int
    to_amount_cents: int


@event("orders.orders-regulated", public=("cycle_id", "group_id", "product_id", "rule", "limit"))
class OrdersRegulated(Event, frozen=True, kw_only=True):
    """S1:34: over-asked quantities brought under the maximum; the rule is kept with its result.

    Rule "unavailable" (limit 0): the product fell away for this cycle, its lines go.
    """

    cycle_id: str
    group_id: str
    product_id: str
    rule: str
    limit: int
    changes: list[LineReduced]
    # True when the deadline passed and the process regulated by itself.
    automatic: bool = False


class FrozenOrder(Part, frozen=True, kw_only=True):
    order_id: str
    household_id: str
    tier: str
    lines: list[OrderLine]
    total_cents: int


@event("orders.aggregation-frozen", public=("cycle_id", "window_id", "group_id", "totals", "total_cents"))
class AggregationFrozen(Event, frozen=True, kw_only=True):
    """What the group takes, for ever: totals by product and the orders they are the sum of."""

    cycle_id: str
    window_id: str
    group_id: str
    host_id: str
    month: str
    distribution_starts_at: datetime
    distribution_ends_at: datetime
    place: str
    items: list[CatalogueItem]
    totals: list[ProductTotal]
    orders: list[FrozenOrder]
    total_cents: int
    tier_rates_bp: dict[str, int] = msgspec.field(default_factory=dict)
    contract_id: str = ""
    producer_id: str = ""
    delivery_id: str = ""
    title: str = ""


class DraftLine(Part, frozen=True, kw_only=True):
    product_id: str
    quantity: int


@event("orders.draft-saved")
class DraftSaved(Event, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    household_id: str
    lines: list[DraftLine]
    saved_at: datetime | None = None


@event("orders.draft-discarded")
class DraftDiscarded(Event, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    household_id: str
