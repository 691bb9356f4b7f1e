"""Facts of orders-svc about the parcels of an order round: expected, received, handed over (S0:39).

These types are the stored format. Change them only through versions and upcasts (see registry.py).
A parcel is what one household ordered in one round. Stream: parcels-<cycle_id>; quantities count order units.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from grenier.language.registry import Event, Part, event

Flaw = Literal["missing", "damaged", "wrong"]


class ExpectedLine(Part, frozen=True, kw_only=True):
    product_id: str
    name: str
    unit_label: str
    quantity: int


class ExpectedParcel(Part, frozen=True, kw_only=True):
    order_id: str
    household_id: str
    lines: list[ExpectedLine]


@event("orders.parcels-expected", public=("cycle_id", "group_id", "contract_id"))
class ParcelsExpected(Event, frozen=True, kw_only=True):
    """The round's orders are final: one parcel for each."""

    cycle_id: str
    group_id: str
    contract_id: str
    producer_id: str
    parcels: list[ExpectedParcel]


class MissingLine(Part, frozen=True, kw_only=True):
    """`missing` of the ordered units are not there, or not to be handed out."""

    product_id: str
    missing: int
    flaw: Flaw = "missing"


class ReceivedTotal(Part, frozen=True, kw_only=True):
    product_id: str
    received: int


@event("orders.parcel-received", public=("cycle_id", "group_id", "contract_id"))
class ParcelReceived(Event, frozen=True, kw_only=True):
    """What arrived for one household; said again, it replaces what was said before. No `missing`: all of it came.

    `totals`: units received in the whole round, of this parcel's products, this one counted in.
    """

    cycle_id: str
    group_id: str
    contract_id: str
    household_id: str
    order_id: str
    missing: list[MissingLine]
    totals: list[ReceivedTotal] = msgspec.field(default_factory=list)


@event("orders.parcel-handed-over", public=("cycle_id", "group_id", "contract_id"))
class ParcelHandedOver(Event, frozen=True, kw_only=True):
    """The household has it: its sign-off, after which the account is charged with what was really there."""

    cycle_id: str
    group_id: str
    contract_id: str
    household_id: str
    order_id: str


@event("orders.parcel-hand-over-undone", public=("cycle_id", "group_id", "contract_id"))
class ParcelHandOverUndone(Event, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    contract_id: str
    household_id: str
    order_id: str
    reason: str


@event("orders.parcels-closed", public=("cycle_id", "group_id", "contract_id"))
class ParcelsClosed(Event, frozen=True, kw_only=True):
    """The delivery is over; parcels nobody fetched stay as they are."""

    cycle_id: str
    group_id: str
    contract_id: str
