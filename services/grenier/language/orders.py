"""Facts of orders-svc: catalogue, windows, order cycles, regulation, aggregation, supplier orders.

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


@event("orders.holds-voided")
class HoldsVoided(Event, frozen=True, kw_only=True):
    """No order of this household is accepted any more on credit held up to number `hold`: those holds may be released."""

    cycle_id: str
    group_id: str
    household_id: str
    hold: int


@event("orders.credit-held")
class CreditHeld(Event, frozen=True, kw_only=True):
    """Before an order is confirmed in a group with a credit floor: its amount is set aside from what the household has.

    `hold` counts up per household. `balance_cents` is the balance this was decided on, as it was at `balance_position`;
    `committed_cents` what the household's other orders set aside.
    """

    household_id: str
    group_id: str
    order_id: str
    cycle_id: str
    hold: int
    hold_id: str
    amount_cents: int
    balance_cents: int
    balance_position: int
    committed_cents: int
    floor_cents: int


@event("orders.credit-settled")
class CreditSettled(Event, frozen=True, kw_only=True):
    """What the order really needs: holds up to `upto` are released, but for `hold` (0: none), which keeps `amount_cents`."""

    household_id: str
    group_id: str
    order_id: str
    cycle_id: str
    upto: int
    hold: int
    amount_cents: int


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


class SupplierLine(Part, frozen=True, kw_only=True):
    """`cases` full cases and `loose` single units make `quantity` (weighed products: portions)."""

    product_id: str
    name: str
    unit_label: str
    quantity: int
    cases: int
    loose: int
    weight_g: int
    cost_cents: int
    per_group: dict[str, int]


@event("orders.supplier-order-placed", public=("supplier_order_id", "window_id", "producer_id", "lines", "cost_cents"))
class SupplierOrderPlaced(Event, frozen=True, kw_only=True):
    supplier_order_id: str
    window_id: str
    host_id: str
    month: str
    producer_id: str
    lines: list[SupplierLine]
    cost_cents: int
    # S0:40: what one round of a contract asks of its producer; no window then.
    cycle_id: str = ""
    contract_id: str = ""
    group_id: str = ""


@event("orders.supplier-order-sent", public=("supplier_order_id", "producer_id"))
class SupplierOrderSent(Event, frozen=True, kw_only=True):
    supplier_order_id: str
    host_id: str
    producer_id: str
    contract_id: str = ""
    group_id: str = ""
    cycle_id: str = ""


@event("orders.supplier-order-acknowledged", public=("supplier_order_id", "producer_id"))
class SupplierOrderAcknowledged(Event, frozen=True, kw_only=True):
    supplier_order_id: str
    host_id: str
    producer_id: str
    contract_id: str = ""
    group_id: str = ""
    cycle_id: str = ""
