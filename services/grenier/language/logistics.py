"""Facts of logistics-svc: pallets, deliveries, stock movements, the distribution day.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
A movement takes goods from one place to another, so goods are conserved by construction. Places:
"supplier:<producer>", "warehouse:<host>", "group:<group>", "household:<household>", "loss:<group>".
Quantities count order units (weighed products: portions; their grams travel beside).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from grenier.language.orders import CatalogueItem, FrozenOrder
from grenier.language.registry import Event, Part, event


class Movement(Part, frozen=True, kw_only=True):
    product_id: str
    source: str
    target: str
    quantity: int
    weight_g: int = 0


class PalletLine(Part, frozen=True, kw_only=True):
    product_id: str
    name: str
    unit_label: str
    quantity: int
    cases: int
    loose: int
    weight_g: int
    producer_id: str = ""
    case_size: int = 1
    unit_g: int = 0


@event("logistics.pallet-planned", public=("pallet_id", "window_id", "group_id", "number", "lines", "weight_g"))
class PalletPlanned(Event, frozen=True, kw_only=True):
    """S1:135: what goes to which group, on the `number`-th pallet of that group."""

    pallet_id: str
    window_id: str
    cycle_id: str
    group_id: str
    host_id: str
    number: int
    lines: list[PalletLine]
    weight_g: int
    delivery_id: str = ""
    distribution_id: str = ""
    month: str = ""


class PickedDifference(Part, frozen=True, kw_only=True):
    """`planned` units were to go on the pallet, `picked` did."""

    product_id: str
    planned: int
    picked: int
    reason: str


@event("logistics.pallet-prepared", public=("pallet_id", "group_id", "weight_g"))
class PalletPrepared(Event, frozen=True, kw_only=True):
    """Picked; `lines` as really put on the pallet. Picking again before departure moves the difference only."""

    pallet_id: str
    group_id: str
    host_id: str
    lines: list[PalletLine]
    weight_g: int
    movements: list[Movement]
    delivery_id: str = ""
    differences: list[PickedDifference] = msgspec.field(default_factory=list)


@event("logistics.delivery-dispatched", public=("delivery_id", "group_id", "pallet_ids"))
class DeliveryDispatched(Event, frozen=True, kw_only=True):
    delivery_id: str
    distribution_id: str
    group_id: str
    host_id: str
    pallet_ids: list[str]
    lines: list[PalletLine]


class DeliveredLine(Part, frozen=True, kw_only=True):
    product_id: str
    expected: int
    received: int
    reason: str = ""


@event("logistics.delivery-received", public=("delivery_id", "group_id", "lines"))
class DeliveryReceived(Event, frozen=True, kw_only=True):
    """S1:136: received with or without discrepancies; only what came enters the group's stock.

    What is missing stays on the warehouse's account until it comes later, what arrived damaged is lost, what came
    beyond the delivery note comes from the supplier. A later receipt (more came, or a correction) moves the difference.
    """

    delivery_id: str
    distribution_id: str
    group_id: str
    host_id: str
    lines: list[DeliveredLine]
    movements: list[Movement]


class ShortageShare(Part, frozen=True, kw_only=True):
    household_id: str
    ordered: int
    allotted: int


@event("logistics.shortage-declared", public=("distribution_id", "group_id", "product_id", "expected", "available"))
class ShortageDeclared(Event, frozen=True, kw_only=True):
    """S1:53: not enough came; the shares say who gets how much of it. `available` = `expected` lifts it again."""

    distribution_id: str
    group_id: str
    product_id: str
    product_name: str
    expected: int
    available: int
    shares: list[ShortageShare]


class PickupSlot(Part, frozen=True, kw_only=True):
    slot_id: str
    tier: str
    starts_at: datetime
    ends_at: datetime


class SlotAssignment(Part, frozen=True, kw_only=True):
    household_id: str
    slot_id: str


@event(
    "logistics.distribution-planned", public=("distribution_id", "group_id", "starts_at", "ends_at", "place", "slots")
)
class DistributionPlanned(Event, frozen=True, kw_only=True):
    """A group's pick-up event with its slots per tier (S1:45) and the orders to hand out."""

    distribution_id: str
    cycle_id: str
    window_id: str
    group_id: str
    host_id: str
    month: str
    starts_at: datetime
    ends_at: datetime
    place: str
    slots: list[PickupSlot]
    assignments: list[SlotAssignment]
    items: list[CatalogueItem]
    orders: list[FrozenOrder]
    tier_rates_bp: dict[str, int] = msgspec.field(default_factory=dict)
    # The delivery of an order round: the producer brings parcels, there is no warehouse.
    contract_id: str = ""
    title: str = ""


@event("logistics.distribution-moved", public=("distribution_id", "group_id", "starts_at", "ends_at", "place"))
class DistributionMoved(Event, frozen=True, kw_only=True):
    """The contract's delivery was moved after its orders had become final; the slots move along."""

    distribution_id: str
    group_id: str
    starts_at: datetime
    ends_at: datetime
    place: str
    slots: list[PickupSlot]


@event("logistics.slot-chosen")
class SlotChosen(Event, frozen=True, kw_only=True):
    distribution_id: str
    group_id: str
    household_id: str
    slot_id: str


@event("logistics.household-checked-in", public=("distribution_id", "group_id"))
class HouseholdCheckedIn(Event, frozen=True, kw_only=True):
    distribution_id: str
    group_id: str
    household_id: str


@event("logistics.check-in-undone", public=("distribution_id", "group_id"))
class CheckInUndone(Event, frozen=True, kw_only=True):
    distribution_id: str
    group_id: str
    household_id: str


@event("logistics.line-weighed", public=("distribution_id", "group_id", "product_id", "weight_g"))
class LineWeighed(Event, frozen=True, kw_only=True):
    """A portion on the scale: charged by what it weighs (cutting sheet, S1:44)."""

    distribution_id: str
    group_id: str
    household_id: str
    product_id: str
    weight_g: int
    amount_cents: int


@event("logistics.shortage-recorded", public=("distribution_id", "group_id", "product_id", "missing"))
class ShortageRecorded(Event, frozen=True, kw_only=True):
    """S1:75, manque: this household goes without so many of the units allotted to it; missing = 0 takes it back."""

    distribution_id: str
    group_id: str
    household_id: str
    product_id: str
    missing: int


@event("logistics.substitution-recorded", public=("distribution_id", "group_id", "product_id", "substitute_id"))
class SubstitutionRecorded(Event, frozen=True, kw_only=True):
    """S1:75, échange: `quantity` units of the ordered product give way to `substitute_quantity` of another one.

    One substitute per ordered product; quantity = 0 takes it back.
    """

    distribution_id: str
    group_id: str
    household_id: str
    product_id: str
    quantity: int
    substitute_id: str
    substitute_quantity: int
    substitute_weight_g: int
    unit_price_cents: int
    amount_cents: int


@event("logistics.surplus-sold", public=("distribution_id", "group_id", "product_id", "quantity", "amount_cents"))
class SurplusSold(Event, frozen=True, kw_only=True):
    """S1:75, RAB: all that is taken of this product beside the order; quantity = 0 takes it back."""

    distribution_id: str
    group_id: str
    household_id: str
    product_id: str
    quantity: int
    weight_g: int
    unit_price_cents: int
    amount_cents: int


class ServedLine(Part, frozen=True, kw_only=True):
    product_id: str
    name: str
    quantity: int
    weight_g: int
    unit_price_cents: int
    amount_cents: int
    kind: Literal["ordered", "substitute", "surplus"] = "ordered"


@event("logistics.signed-off", public=("distribution_id", "group_id", "total_cents"))
class SignedOff(Event, frozen=True, kw_only=True):
    """Émargement: the household took these goods; `sign_off_id` names it, the ledger charges `total_cents`."""

    sign_off_id: str
    distribution_id: str
    group_id: str
    household_id: str
    order_id: str
    lines: list[ServedLine]
    total_cents: int
    movements: list[Movement]
    contract_id: str = ""
    cycle_id: str = ""


@event("logistics.sign-off-undone", public=("distribution_id", "group_id"))
class SignOffUndone(Event, frozen=True, kw_only=True):
    sign_off_id: str
    distribution_id: str
    group_id: str
    household_id: str
    reason: str
    movements: list[Movement]
    contract_id: str = ""
    cycle_id: str = ""


@event("logistics.absent-called", public=("distribution_id", "group_id", "outcome"))
class AbsentCalled(Event, frozen=True, kw_only=True):
    """S1:68-70: a household that did not come was called."""

    distribution_id: str
    group_id: str
    household_id: str
    outcome: Literal["coming", "someone-else", "gives-up", "no-answer"]


class CountedLine(Part, frozen=True, kw_only=True):
    product_id: str
    expected: int
    counted: int


@event("logistics.stock-counted", public=("distribution_id", "group_id", "lines"))
class StockCounted(Event, frozen=True, kw_only=True):
    """S1:82: what is really left; differences move to or from the place of losses."""

    distribution_id: str
    group_id: str
    lines: list[CountedLine]
    movements: list[Movement]


class CarriedLine(Part, frozen=True, kw_only=True):
    product_id: str
    quantity: int


@event("logistics.stock-passed-on", public=("distribution_id", "group_id", "to_distribution_id", "lines"))
class StockPassedOn(Event, frozen=True, kw_only=True):
    """What a closed distribution has left belongs to the group's next one from now on; it does not move."""

    distribution_id: str
    group_id: str
    to_distribution_id: str
    lines: list[CarriedLine]
    items: list[CatalogueItem]


@event("logistics.stock-taken-over", public=("distribution_id", "group_id", "from_distribution_id", "lines"))
class StockTakenOver(Event, frozen=True, kw_only=True):
    """The other end of it: last month's leftovers can be sold as surplus."""

    distribution_id: str
    group_id: str
    from_distribution_id: str
    lines: list[CarriedLine]
    items: list[CatalogueItem]


@event("logistics.distribution-closed", public=("distribution_id", "group_id", "served", "absent"))
class DistributionClosed(Event, frozen=True, kw_only=True):
    distribution_id: str
    group_id: str
    served: int
    absent: int
    contract_id: str = ""
    cycle_id: str = ""
