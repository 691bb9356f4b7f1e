"""Facts of orders-svc about what is asked of a producer: supplier orders, from a window or from a round.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
"""

from __future__ import annotations

from grenier.language.registry import Event, Part, event


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
