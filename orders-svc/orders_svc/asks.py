"""What the doors are asked: the shape of their payloads. A wrong shape is answered with the field's name."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from grenier.language.orders import ProductFacts
from grenier.language.parcels import Flaw
from orders_svc.ordering import MAX_LINES, MAX_QUANTITY

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Cents = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Month = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Reason = Annotated[str, msgspec.Meta(max_length=500)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
MAX_IMPORT_ROWS = 2000


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all payloads: a field that nobody knows is an error, not a silence."""


# -- catalogue ---------------------------------------------------------------------------------------------------


class ListProduct(Ask, frozen=True, kw_only=True):
    product_id: Id
    host_id: Id
    facts: ProductFacts
    price_cents: Cents
    cost_cents: Cents
    effective_from: date


class ChangeProduct(Ask, frozen=True, kw_only=True):
    product_id: Id
    facts: ProductFacts


class RevisePrice(Ask, frozen=True, kw_only=True):
    product_id: Id
    price_cents: Cents
    cost_cents: Cents
    effective_from: date
    reason: Reason = ""


class ImportProducts(Ask, frozen=True, kw_only=True):
    host_id: Id
    effective_from: date
    rows: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=MAX_IMPORT_ROWS)]
    dry_run: bool = False


class ImportRow(ProductFacts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    price_cents: Cents
    cost_cents: Cents


class ReleaseItem(Ask, frozen=True, kw_only=True):
    product_id: Id
    max_per_household: Count = 0
    max_per_group: Count = 0
    stock_limit: Count = 0


class ReleaseCatalogue(Ask, frozen=True, kw_only=True):
    catalogue_id: Id
    host_id: Id
    month: Month
    items: list[ReleaseItem] | None = None


# -- windows and cycles ------------------------------------------------------------------------------------------


class ScheduledGroup(Ask, frozen=True, kw_only=True):
    group_id: Id
    distribution_starts_at: Instant
    distribution_ends_at: Instant
    place: Annotated[str, msgspec.Meta(max_length=200)] = ""
    max_per_group: dict[str, Count] = {}


class ScheduleWindow(Ask, frozen=True, kw_only=True):
    window_id: Id
    catalogue_id: Id
    opens_at: Instant
    closes_at: Instant
    groups: Annotated[list[ScheduledGroup], msgspec.Meta(min_length=1, max_length=500)]


class MakeUnavailable(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    product_id: Id


class Regulate(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    product_id: Id
    rule: Id


# -- orders ------------------------------------------------------------------------------------------------------


class Line(Ask, frozen=True, kw_only=True):
    product_id: Id
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MAX_QUANTITY)]


Lines = Annotated[list[Line], msgspec.Meta(max_length=MAX_LINES)]


class SaveDraft(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    household_id: Id
    lines: Lines


class ConfirmOrder(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    household_id: Id
    lines: Annotated[list[Line], msgspec.Meta(min_length=1, max_length=MAX_LINES)]
    channel: Literal["web", "paper"] = "web"
    reason: Reason = ""


class CancelOrder(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    household_id: Id
    reason: Reason = ""


class OfHouseholdInCycle(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    household_id: Id


# -- queries -----------------------------------------------------------------------------------------------------


class OfHost(Ask, frozen=True, kw_only=True):
    host_id: Id
    on: date | None = None


class OfProduct(Ask, frozen=True, kw_only=True):
    product_id: Id


class OfCatalogue(Ask, frozen=True, kw_only=True):
    catalogue_id: Id


class OfWindow(Ask, frozen=True, kw_only=True):
    window_id: Id


class OfGroup(Ask, frozen=True, kw_only=True):
    group_id: Id


class OfCycle(Ask, frozen=True, kw_only=True):
    cycle_id: Id


class ListOfCycle(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    limit: Limit = 100
    offset: Offset = 0


class OfCycleProduct(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    product_id: Id


class OfHousehold(Ask, frozen=True, kw_only=True):
    household_id: Id
    limit: Limit = 100
    offset: Offset = 0


class OfOrder(Ask, frozen=True, kw_only=True):
    order_id: Id


class OfSupplierOrder(Ask, frozen=True, kw_only=True):
    supplier_order_id: Id


class SupplierOrders(Ask, frozen=True, kw_only=True):
    window_id: str = ""
    host_id: str = ""
    producer_id: str = ""
    contract_id: str = ""


# -- rounds of a contract ----------------------------------------------------------------------------------------


class OfContract(Ask, frozen=True, kw_only=True):
    contract_id: Id


class SetContractFloor(Ask, frozen=True, kw_only=True):
    """`floor_cents`: zero or below; None: no limit."""

    contract_id: Id
    floor_cents: Annotated[int, msgspec.Meta(ge=-10_000_000)] | None


class RemindRound(Ask, frozen=True, kw_only=True):
    """`household_ids`: some of those without an order; None: all of them."""

    cycle_id: Id
    household_ids: Annotated[list[Id], msgspec.Meta(max_length=2000)] | None = None


class ParcelGap(Ask, frozen=True, kw_only=True):
    product_id: Id
    missing: Annotated[int, msgspec.Meta(ge=0, le=MAX_QUANTITY)]
    flaw: Flaw = "missing"


class RecordParcel(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    household_id: Id
    missing: Annotated[list[ParcelGap], msgspec.Meta(max_length=MAX_LINES)] = []


class UndoHandOver(Ask, frozen=True, kw_only=True):
    cycle_id: Id
    household_id: Id
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Nothing(Ask, frozen=True, kw_only=True):
    pass
