"""The parcels of an order round, from the producer's van to the household's bag (S0:39). Stream: parcels-<cycle_id>.

    expected -> received (all of it, or with something missing) -> handed over

A hand-over is the household's sign-off; logistics and the accounts follow it. A parcel may be recorded again while it
stands here; once handed over it is final until the hand-over is undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider, Rejected
from grenier.language.orders import AggregationFrozen
from grenier.language.parcels import (
    ExpectedLine,
    ExpectedParcel,
    MissingLine,
    ParcelHandedOver,
    ParcelHandOverUndone,
    ParcelReceived,
    ParcelsClosed,
    ParcelsExpected,
    ReceivedTotal,
)
from orders_svc.refusals import Unknown

# -- commands ----------------------------------------------------------------------------------------------------


class ExpectParcels(msgspec.Struct, frozen=True, kw_only=True):
    frozen_orders: AggregationFrozen


class RecordParcel(msgspec.Struct, frozen=True, kw_only=True):
    """`missing`: what is not there of the household's order; nothing: all of it came."""

    household_id: str
    missing: list[MissingLine] = []


class RecordAllParcels(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that nobody has said anything about came whole."""


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    household_id: str


class UndoHandOver(msgspec.Struct, frozen=True, kw_only=True):
    household_id: str
    reason: str


class CloseParcels(msgspec.Struct, frozen=True, kw_only=True):
    pass


Command: TypeAlias = ExpectParcels | RecordParcel | RecordAllParcels | HandOver | UndoHandOver | CloseParcels
Event: TypeAlias = ParcelsExpected | ParcelReceived | ParcelHandedOver | ParcelHandOverUndone | ParcelsClosed

# -- state -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parcels:
    """`missing`: per household whose parcel was received, the units that were not there, by product."""

    known: ParcelsExpected | None = None
    expected: Mapping[str, ExpectedParcel] = field(default_factory=dict)
    missing: Mapping[str, Mapping[str, MissingLine]] = field(default_factory=dict)
    handed_over: frozenset[str] = frozenset()
    closed: bool = False

    @property
    def ids(self) -> dict[str, str]:
        if self.known is None:
            raise Unknown
        return {
            "cycle_id": self.known.cycle_id,
            "group_id": self.known.group_id,
            "contract_id": self.known.contract_id,
        }

    def parcel(self, household_id: str) -> ExpectedParcel:
        parcel = self.expected.get(household_id)
        if parcel is None:
            raise Rejected("parcel-unknown", household_id=household_id, **self.ids)
        return parcel


# -- decide ------------------------------------------------------------------------------------------------------


def decide(parcels: Parcels, command: Command) -> Sequence[Event]:
    match command:
        case ExpectParcels():
            return expect(parcels, command)
        case RecordParcel():
            return record(parcels, command)
        case RecordAllParcels():
            return record_all(parcels)
        case HandOver():
            return hand_over(parcels, command)
        case UndoHandOver():
            return undo_hand_over(parcels, command)
        case CloseParcels():
            return [] if parcels.closed else [ParcelsClosed(**parcels.ids)]
        case _:
            assert_never(command)


def expect(parcels: Parcels, command: ExpectParcels) -> list[Event]:
    if parcels.known is not None:
        return []
    orders = command.frozen_orders
    items = {item.product_id: item.facts for item in orders.items}
    expected = [
        ExpectedParcel(
            order_id=order.order_id,
            household_id=order.household_id,
            lines=[
                ExpectedLine(
                    product_id=line.product_id,
                    name=items[line.product_id].name,
                    unit_label=items[line.product_id].unit_label,
                    quantity=line.quantity,
                )
                for line in order.lines
            ],
        )
        for order in orders.orders
    ]
    return [
        ParcelsExpected(
            cycle_id=orders.cycle_id,
            group_id=orders.group_id,
            contract_id=orders.contract_id,
            producer_id=orders.producer_id,
            parcels=expected,
        )
    ]


def record(parcels: Parcels, command: RecordParcel) -> list[Event]:
    parcel = parcels.parcel(command.household_id)
    missing = _missing(parcel, command.missing)
    if parcels.missing.get(command.household_id) == missing:
        return []
    if command.household_id in parcels.handed_over:
        raise Rejected("parcel-handed-over", household_id=command.household_id)
    _check_open(parcels)
    return [_received(parcels, parcel, missing)]


def record_all(parcels: Parcels) -> list[Event]:
    """The totals of each event count the ones before it in."""
    waiting = [household_id for household_id in parcels.expected if household_id not in parcels.missing]
    if waiting:
        _check_open(parcels)
    events: list[Event] = []
    for household_id in waiting:
        received = _received(parcels, parcels.expected[household_id], {})
        events.append(received)
        parcels = evolve(parcels, received)
    return events


def hand_over(parcels: Parcels, command: HandOver) -> list[Event]:
    """A parcel that nobody looked into is taken as whole: handing it over says that it came."""
    parcel = parcels.parcel(command.household_id)
    if command.household_id in parcels.handed_over:
        return []
    _check_open(parcels)
    handed = ParcelHandedOver(household_id=command.household_id, order_id=parcel.order_id, **parcels.ids)
    if command.household_id in parcels.missing:
        return [handed]
    return [_received(parcels, parcel, {}), handed]


def undo_hand_over(parcels: Parcels, command: UndoHandOver) -> list[Event]:
    parcel = parcels.parcel(command.household_id)
    if command.household_id not in parcels.handed_over:
        return []
    _check_open(parcels)
    undone = ParcelHandOverUndone(
        household_id=command.household_id, order_id=parcel.order_id, reason=command.reason, **parcels.ids
    )
    return [undone]


def _check_open(parcels: Parcels) -> None:
    if parcels.closed:
        raise Rejected("parcels-closed", **parcels.ids)


def _missing(parcel: ExpectedParcel, told: Sequence[MissingLine]) -> dict[str, MissingLine]:
    ordered = {line.product_id: line.quantity for line in parcel.lines}
    for line in told:
        if line.product_id not in ordered:
            raise Rejected("product-unknown", product_id=line.product_id)
        if not 0 <= line.missing <= ordered[line.product_id]:
            raise Rejected(
                "more-than-ordered",
                product_id=line.product_id,
                ordered=ordered[line.product_id],
                missing=line.missing,
            )
    return {line.product_id: line for line in told if line.missing}


def _received(parcels: Parcels, parcel: ExpectedParcel, missing: Mapping[str, MissingLine]) -> ParcelReceived:
    after = {**parcels.missing, parcel.household_id: missing}
    totals = {line.product_id: 0 for line in parcel.lines}
    for household_id, gone in after.items():
        for line in parcels.expected[household_id].lines:
            if line.product_id in totals:
                short = gone[line.product_id].missing if line.product_id in gone else 0
                totals[line.product_id] += line.quantity - short
    return ParcelReceived(
        household_id=parcel.household_id,
        order_id=parcel.order_id,
        missing=list(missing.values()),
        totals=[ReceivedTotal(product_id=product_id, received=units) for product_id, units in totals.items()],
        **parcels.ids,
    )


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(parcels: Parcels, event: Event) -> Parcels:
    match event:
        case ParcelsExpected():
            return Parcels(known=event, expected={parcel.household_id: parcel for parcel in event.parcels})
        case ParcelReceived():
            missing = {line.product_id: line for line in event.missing}
            return replace(parcels, missing={**parcels.missing, event.household_id: missing})
        case ParcelHandedOver():
            return replace(parcels, handed_over=parcels.handed_over | {event.household_id})
        case ParcelHandOverUndone():
            return replace(parcels, handed_over=parcels.handed_over - {event.household_id})
        case ParcelsClosed():
            return replace(parcels, closed=True)
        case _:
            assert_never(event)


decider: Decider[Parcels, Command, Event] = Decider("parcels", Parcels(), decide, evolve)
