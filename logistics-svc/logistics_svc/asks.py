"""The payloads of the doors: what a caller may say, and how much of it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from logistics_svc.distribution.commands import Outcome

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Reason = Annotated[str, Meta(max_length=500)]
Units = Annotated[int, Meta(ge=0, le=1_000_000)]
Grams = Annotated[int, Meta(ge=0, le=2_000_000)]


class PickedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    product_id: Id
    quantity: Units
    reason: Reason = ""


class PreparePallet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pallet_id: Id
    lines: list[PickedLine] = []


class OneDelivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    delivery_id: Id


class Received(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    product_id: Id
    received: Units
    reason: Reason = ""


class ReceiveDelivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    delivery_id: Id
    lines: list[Received] = []


class OneHousehold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    distribution_id: Id
    household_id: Id


class ChooseSlot(OneHousehold, frozen=True, forbid_unknown_fields=True):
    slot_id: Id


class WeighLine(OneHousehold, frozen=True, forbid_unknown_fields=True):
    product_id: Id
    weight_g: Grams
    sure: bool = False


class HouseholdWeight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    household_id: Id
    weight_g: Grams


class RecordWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    distribution_id: Id
    product_id: Id
    weights: list[HouseholdWeight]
    sure: bool = False


class RecordShortage(OneHousehold, frozen=True, forbid_unknown_fields=True):
    product_id: Id
    missing: Units


class RecordSubstitution(OneHousehold, frozen=True, forbid_unknown_fields=True):
    product_id: Id
    quantity: Units
    substitute_id: Id
    substitute_quantity: Units
    substitute_weight_g: Grams = 0


class SellSurplus(OneHousehold, frozen=True, forbid_unknown_fields=True):
    product_id: Id
    quantity: Units
    weight_g: Grams = 0


class SignOff(OneHousehold, frozen=True, forbid_unknown_fields=True):
    seen_total_cents: int | None = None


class UndoSignOff(OneHousehold, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class LogAbsentCall(OneHousehold, frozen=True, forbid_unknown_fields=True):
    outcome: Outcome


class CountedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    product_id: Id
    counted: Units


class CountStock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    distribution_id: Id
    lines: list[CountedLine]


class OneDistribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    distribution_id: Id


class OneProduct(OneDistribution, frozen=True, forbid_unknown_fields=True):
    product_id: Id


class OnePallet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pallet_id: Id


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to look: exactly one of these."""

    group_id: Id | None = None
    window_id: Id | None = None
    host_id: Id | None = None
    household_id: Id | None = None
    distribution_id: Id | None = None


class Stock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`as_of`: a position of the log, an instant, or a date (its end in the group's time zone)."""

    group_id: Id
    as_of: Annotated[str, Meta(max_length=40)] = ""


class Movements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    group_id: Id
    product_id: str = ""


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    distribution_id: Id
    household_id: str = ""
