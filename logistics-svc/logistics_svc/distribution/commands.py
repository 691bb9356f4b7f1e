"""What may be asked of a group's distribution day. Quantities in order units, weights in grams, amounts in cents."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from grenier.language.logistics import PalletLine, StockPassedOn
from grenier.language.orders import AggregationFrozen
from grenier.language.orders import DistributionMoved as RoundMoved

Outcome = Literal["coming", "someone-else", "gives-up", "no-answer"]


class PlanDistribution(msgspec.Struct, frozen=True):
    """The group's aggregation is frozen: these orders will be handed out."""

    distribution_id: str
    frozen: AggregationFrozen


class ReceivedLine(msgspec.Struct, frozen=True):
    """`received`: the total so far. `reason` "damaged": the rest came and is lost; else it did not come (yet)."""

    product_id: str
    received: int
    reason: str = ""


class ReceiveDelivery(msgspec.Struct, frozen=True):
    """The first receipt names only what differs from `dispatched`; a later one what came since, or a correction.

    Saying the same total again changes nothing, so two helpers may both type the list.
    """

    delivery_id: str
    dispatched: list[PalletLine]
    lines: list[ReceivedLine]


class Gap(msgspec.Struct, frozen=True):
    product_id: str
    missing: int


class ReceiveParcel(msgspec.Struct, frozen=True):
    """The producer brought one household's order of a round: `totals` so far over all parcels, `gaps` in this one."""

    delivery_id: str
    household_id: str
    totals: list[ReceivedLine]
    gaps: list[Gap]


class MoveDistribution(msgspec.Struct, frozen=True):
    """The contract's delivery has another date, hour or place."""

    moved: RoundMoved


class ChooseSlot(msgspec.Struct, frozen=True):
    household_id: str
    slot_id: str


class CheckIn(msgspec.Struct, frozen=True):
    household_id: str


class UndoCheckIn(msgspec.Struct, frozen=True):
    household_id: str


class Weight(msgspec.Struct, frozen=True):
    household_id: str
    weight_g: int


class RecordWeights(msgspec.Struct, frozen=True):
    """What the portions of one product weigh for some households; `sure`: the scale is right, however odd it looks."""

    product_id: str
    weights: list[Weight]
    sure: bool = False


class RecordShortage(msgspec.Struct, frozen=True):
    household_id: str
    product_id: str
    missing: int


class RecordSubstitution(msgspec.Struct, frozen=True):
    """`substitute_weight_g` 0: the nominal weight."""

    household_id: str
    product_id: str
    quantity: int
    substitute_id: str
    substitute_quantity: int
    substitute_weight_g: int = 0


class SellSurplus(msgspec.Struct, frozen=True):
    """`tier` is used when the household has no order this month; `weight_g` 0: the nominal weight."""

    household_id: str
    product_id: str
    quantity: int
    weight_g: int = 0
    tier: str = ""


class SignOff(msgspec.Struct, frozen=True):
    """`seen_total_cents`: what the screen showed; a total that changed meanwhile must be looked at again."""

    sign_off_id: str
    household_id: str
    seen_total_cents: int | None = None


class UndoSignOff(msgspec.Struct, frozen=True):
    household_id: str
    reason: str


class LogAbsentCall(msgspec.Struct, frozen=True):
    household_id: str
    outcome: Outcome


class Counted(msgspec.Struct, frozen=True):
    product_id: str
    counted: int


class CountStock(msgspec.Struct, frozen=True):
    lines: list[Counted]


class CloseDistribution(msgspec.Struct, frozen=True):
    pass


class PassOnStock(msgspec.Struct, frozen=True):
    """What is left when the day is over goes to the group's next distribution."""

    to_distribution_id: str


class TakeOverStock(msgspec.Struct, frozen=True):
    passed_on: StockPassedOn


Command: TypeAlias = (
    PlanDistribution
    | ReceiveDelivery
    | ReceiveParcel
    | MoveDistribution
    | ChooseSlot
    | CheckIn
    | UndoCheckIn
    | RecordWeights
    | RecordShortage
    | RecordSubstitution
    | SellSurplus
    | SignOff
    | UndoSignOff
    | LogAbsentCall
    | CountStock
    | CloseDistribution
    | PassOnStock
    | TakeOverStock
)
