"""A distribution day as decisions need it: orders, what came, who took what, what is on hand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, assert_never

import msgspec

from grenier.language import logistics as facts
from grenier.language.orders import CatalogueItem, OrderLine

Event: TypeAlias = (
    facts.DistributionPlanned
    | facts.DistributionMoved
    | facts.DeliveryReceived
    | facts.ShortageDeclared
    | facts.SlotChosen
    | facts.HouseholdCheckedIn
    | facts.CheckInUndone
    | facts.LineWeighed
    | facts.ShortageRecorded
    | facts.SubstitutionRecorded
    | facts.SurplusSold
    | facts.SignedOff
    | facts.SignOffUndone
    | facts.AbsentCalled
    | facts.StockCounted
    | facts.DistributionClosed
    | facts.StockPassedOn
    | facts.StockTakenOver
)


@dataclass(frozen=True)
class Delivered:
    """Of one product: on the delivery note, received so far, arrived but unusable."""

    expected: int = 0
    received: int = 0
    damaged: int = 0

    @property
    def carried(self) -> int:
        """Units received out of those that left the warehouse."""
        return min(self.received, self.expected - self.damaged)

    @property
    def beyond(self) -> int:
        """Units received beyond them: replacements and gifts of the producer."""
        return self.received - self.carried


DAMAGED = "damaged"


def delivered(before: Delivered, line: facts.DeliveredLine) -> Delivered:
    """What is known of a product after a receipt. What was damaged once stays lost; its replacement comes anew."""
    unusable = max(0, before.expected - line.received) if line.reason == DAMAGED else 0
    return replace(before, received=line.received, damaged=max(before.damaged, unusable))


@dataclass(frozen=True)
class Weighed:
    """`units` portions on the scale together."""

    units: int
    weight_g: int
    amount_cents: int


@dataclass(frozen=True)
class Guest:
    """One household's day. `lines` are what it ordered (none: it came without an order)."""

    tier: str = ""
    order_id: str = ""
    lines: Mapping[str, OrderLine] = field(default_factory=dict)
    slot_id: str = ""
    checked_in: bool = False
    weights: Mapping[str, Weighed] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    substitutions: Mapping[str, facts.SubstitutionRecorded] = field(default_factory=dict)
    surplus: Mapping[str, facts.SurplusSold] = field(default_factory=dict)
    signed: facts.SignedOff | None = None
    call: str = ""


NOBODY = Guest()


@dataclass(frozen=True)
class Day:
    plan: facts.DistributionPlanned | None = None
    items: Mapping[str, CatalogueItem] = field(default_factory=dict)
    guests: Mapping[str, Guest] = field(default_factory=dict)
    delivered: Mapping[str, Delivered] = field(default_factory=dict)
    shares: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    stock: Mapping[str, int] = field(default_factory=dict)
    taken_over: frozenset[str] = frozenset()
    counted: bool = False
    closed: bool = False

    @property
    def ids(self) -> dict[str, str]:
        """The two ids that every event of the day carries."""
        assert self.plan is not None
        return {"distribution_id": self.plan.distribution_id, "group_id": self.plan.group_id}

    @property
    def round_ids(self) -> dict[str, str]:
        """Which round of which contract is handed out here; "" for the month of a window."""
        assert self.plan is not None
        contract_id = self.plan.contract_id
        return {"contract_id": contract_id, "cycle_id": self.plan.cycle_id if contract_id else ""}

    @property
    def place(self) -> str:
        return f"group:{self.ids['group_id']}"

    def guest(self, household_id: str) -> Guest:
        return self.guests.get(household_id, NOBODY)

    def on_hand(self, product_id: str) -> int:
        return self.stock.get(product_id, 0)

    def allotted(self, household_id: str, product_id: str) -> int:
        """Units of the order that are there for this household: all of them, or its share of a shortage."""
        line = self.guest(household_id).lines.get(product_id)
        ordered = line.quantity if line else 0
        return min(ordered, self.shares.get(product_id, {}).get(household_id, ordered))

    def quantity(self, household_id: str, product_id: str) -> int:
        """Units of the ordered product that the household takes, after shortage and exchange.

        Replaced units are first those that are not there, then those that would have been handed out.
        """
        guest = self.guest(household_id)
        line = guest.lines.get(product_id)
        swapped = guest.substitutions.get(product_id)
        kept = (line.quantity if line else 0) - (swapped.quantity if swapped else 0)
        return max(0, min(self.allotted(household_id, product_id) - guest.missing.get(product_id, 0), kept))

    def promised(self, product_id: str) -> int:
        """Units sold beside orders or given in exchange to households that have not signed off yet."""
        return sum(
            (guest.surplus[product_id].quantity if product_id in guest.surplus else 0)
            + sum(s.substitute_quantity for s in guest.substitutions.values() if s.substitute_id == product_id)
            for guest in self.guests.values()
            if guest.signed is None
        )


INITIAL = Day()


def evolve(day: Day, event: Event) -> Day:
    match event:
        case facts.DistributionPlanned():
            return _planned(event)
        case facts.DistributionMoved():
            return _rescheduled(day, event)
        case facts.DeliveryReceived():
            return _received(day, event)
        case facts.ShortageDeclared():
            shares = {share.household_id: share.allotted for share in event.shares}
            return replace(day, shares={**day.shares, event.product_id: shares})
        case facts.SlotChosen():
            return _guest(day, event.household_id, slot_id=event.slot_id)
        case facts.HouseholdCheckedIn():
            return _guest(day, event.household_id, checked_in=True)
        case facts.CheckInUndone():
            return _guest(day, event.household_id, checked_in=False)
        case facts.LineWeighed():
            units = day.quantity(event.household_id, event.product_id)
            weighed = Weighed(units, event.weight_g, event.amount_cents)
            weights = {**day.guest(event.household_id).weights, event.product_id: weighed}
            return _guest(day, event.household_id, weights=weights)
        case facts.ShortageRecorded():
            missing = _with(day.guest(event.household_id).missing, event.product_id, event.missing or None)
            return _guest(day, event.household_id, missing=missing)
        case facts.SubstitutionRecorded():
            swapped = day.guest(event.household_id).substitutions
            swapped = _with(swapped, event.product_id, event if event.quantity else None)
            return _guest(day, event.household_id, substitutions=swapped)
        case facts.SurplusSold():
            surplus = day.guest(event.household_id).surplus
            surplus = _with(surplus, event.product_id, event if event.quantity else None)
            return _guest(day, event.household_id, surplus=surplus)
        case facts.SignedOff():
            return _guest(_moved(day, event.movements), event.household_id, signed=event, checked_in=True)
        case facts.SignOffUndone():
            return _guest(_moved(day, event.movements), event.household_id, signed=None)
        case facts.AbsentCalled():
            return _guest(day, event.household_id, call=event.outcome)
        case facts.StockCounted():
            return replace(_moved(day, event.movements), counted=True)
        case facts.DistributionClosed():
            return replace(day, closed=True)
        case facts.StockPassedOn():
            return _carried(day, event.lines, -1)
        case facts.StockTakenOver():
            items = {**{item.product_id: item for item in event.items}, **day.items}
            taken_over = day.taken_over | {event.from_distribution_id}
            return _carried(replace(day, items=items, taken_over=taken_over), event.lines, 1)
        case _:
            assert_never(event)


def _planned(event: facts.DistributionPlanned) -> Day:
    slots = {assignment.household_id: assignment.slot_id for assignment in event.assignments}
    guests = {
        order.household_id: Guest(
            tier=order.tier,
            order_id=order.order_id,
            lines={line.product_id: line for line in order.lines if line.quantity},
            slot_id=slots.get(order.household_id, ""),
        )
        for order in event.orders
    }
    return Day(plan=event, items={item.product_id: item for item in event.items}, guests=guests)


def _rescheduled(day: Day, event: facts.DistributionMoved) -> Day:
    assert day.plan is not None
    plan = msgspec.structs.replace(
        day.plan, starts_at=event.starts_at, ends_at=event.ends_at, place=event.place, slots=event.slots
    )
    return replace(day, plan=plan)


def _received(day: Day, event: facts.DeliveryReceived) -> Day:
    known = dict(day.delivered)
    for line in event.lines:
        before = known.get(line.product_id) or Delivered(expected=line.expected)
        known[line.product_id] = delivered(before, line)
    return _moved(replace(day, delivered=known), event.movements)


def _moved(day: Day, movements: Iterable[facts.Movement]) -> Day:
    stock = dict(day.stock)
    for movement in movements:
        if movement.target == day.place:
            stock[movement.product_id] = stock.get(movement.product_id, 0) + movement.quantity
        if movement.source == day.place:
            stock[movement.product_id] = stock.get(movement.product_id, 0) - movement.quantity
    return replace(day, stock=stock)


def _carried(day: Day, lines: Iterable[facts.CarriedLine], sign: int) -> Day:
    stock = dict(day.stock)
    for line in lines:
        stock[line.product_id] = stock.get(line.product_id, 0) + sign * line.quantity
    return replace(day, stock=stock)


def _guest(day: Day, household_id: str, **changes: Any) -> Day:
    return replace(day, guests={**day.guests, household_id: replace(day.guest(household_id), **changes)})


def _with(mapping: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The mapping with one entry set, or left out when there is no value."""
    rest = {known: entry for known, entry in mapping.items() if known != key}
    return rest if value is None else {**rest, key: value}
