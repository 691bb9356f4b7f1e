"""`delivery-<id>`: the pallets of one group and month, planned, picked, sent (S1:135, S1:136).

One stream per group and cycle: every ordered unit stands on exactly one pallet, and what leaves is what was picked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.logistics import (
    DeliveryDispatched,
    Movement,
    PalletLine,
    PalletPlanned,
    PalletPrepared,
    PickedDifference,
)
from grenier.language.orders import AggregationFrozen
from logistics_svc import ids
from logistics_svc.goods import unit_weight_g
from logistics_svc.packing import Wanted, pallet_line, plan_pallets

# -- commands ----------------------------------------------------------------------------------------------------


class PlanPallets(msgspec.Struct, frozen=True):
    delivery_id: str
    frozen: AggregationFrozen


class Picked(msgspec.Struct, frozen=True):
    product_id: str
    quantity: int
    reason: str


class PreparePallet(msgspec.Struct, frozen=True):
    """`lines`: only what differs from the plan."""

    pallet_id: str
    lines: list[Picked]


class DispatchDelivery(msgspec.Struct, frozen=True):
    delivery_id: str


Command: TypeAlias = PlanPallets | PreparePallet | DispatchDelivery
Event: TypeAlias = PalletPlanned | PalletPrepared | DeliveryDispatched


# -- state -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Delivery:
    planned: Mapping[str, PalletPlanned] = field(default_factory=dict)
    prepared: Mapping[str, PalletPrepared] = field(default_factory=dict)
    dispatched: DeliveryDispatched | None = None


# -- decide ------------------------------------------------------------------------------------------------------


def decide(delivery: Delivery, command: Command) -> list[Event]:
    match command:
        case PlanPallets():
            return plan(delivery, command)
        case PreparePallet():
            return prepare(delivery, command)
        case DispatchDelivery():
            return dispatch(delivery, command)
        case _:
            assert_never(command)


def plan(delivery: Delivery, command: PlanPallets) -> list[Event]:
    if delivery.planned:
        return []
    frozen = command.frozen
    pallets = plan_pallets(wanted(frozen))
    return [
        PalletPlanned(
            pallet_id=ids.pallet_id(command.delivery_id, number),
            window_id=frozen.window_id,
            cycle_id=frozen.cycle_id,
            group_id=frozen.group_id,
            host_id=frozen.host_id,
            number=number,
            lines=lines,
            weight_g=sum(line.weight_g for line in lines),
            delivery_id=command.delivery_id,
            distribution_id=ids.distribution_id(frozen.cycle_id),
            month=frozen.month,
        )
        for number, lines in enumerate(pallets, start=1)
    ]


def wanted(frozen: AggregationFrozen) -> list[Wanted]:
    """What a group takes, in the order of its catalogue."""
    totals = {total.product_id: total.quantity for total in frozen.totals}
    return [
        Wanted(
            product_id=item.product_id,
            name=item.facts.name,
            unit_label=item.facts.unit_label,
            quantity=totals[item.product_id],
            case_size=item.facts.case_size,
            unit_g=unit_weight_g(item),
            producer_id=item.facts.producer_id,
        )
        for item in frozen.items
        if totals.get(item.product_id)
    ]


def prepare(delivery: Delivery, command: PreparePallet) -> list[Event]:
    pallet = delivery.planned.get(command.pallet_id)
    if pallet is None:
        raise Rejected("unknown-pallet", pallet_id=command.pallet_id)
    if delivery.dispatched is not None:
        raise Rejected("delivery-dispatched", pallet_id=command.pallet_id)
    planned = {line.product_id: line for line in pallet.lines}
    for told in command.lines:
        if told.product_id not in planned:
            raise Rejected("unknown-product", product_id=told.product_id)
    lines, differences = _picked_lines(pallet.lines, command.lines), _differences(planned, command.lines)
    before = delivery.prepared.get(command.pallet_id)
    if before is not None and (before.lines, before.differences) == (lines, differences):
        return []
    return [
        PalletPrepared(
            pallet_id=pallet.pallet_id,
            group_id=pallet.group_id,
            host_id=pallet.host_id,
            lines=lines,
            weight_g=sum(line.weight_g for line in lines),
            movements=_movements(pallet, before.lines if before else [], lines),
            delivery_id=pallet.delivery_id,
            differences=differences,
        )
    ]


def dispatch(delivery: Delivery, command: DispatchDelivery) -> list[Event]:
    if delivery.dispatched is not None:
        return []
    waiting = [pallet.number for key, pallet in delivery.planned.items() if key not in delivery.prepared]
    if waiting or not delivery.planned:
        raise Rejected("pallets-not-prepared", numbers=waiting)
    first = next(iter(delivery.planned.values()))
    return [
        DeliveryDispatched(
            delivery_id=command.delivery_id,
            distribution_id=first.distribution_id,
            group_id=first.group_id,
            host_id=first.host_id,
            pallet_ids=list(delivery.planned),
            lines=_together(line for pallet in delivery.prepared.values() for line in pallet.lines),
        )
    ]


def _picked_lines(planned: Iterable[PalletLine], told: Iterable[Picked]) -> list[PalletLine]:
    picked = {line.product_id: line.quantity for line in told}
    return [_resized(line, picked.get(line.product_id, line.quantity)) for line in planned]


def _differences(planned: Mapping[str, PalletLine], told: Iterable[Picked]) -> list[PickedDifference]:
    return [
        PickedDifference(
            product_id=line.product_id,
            planned=planned[line.product_id].quantity,
            picked=line.quantity,
            reason=line.reason,
        )
        for line in told
        if line.quantity != planned[line.product_id].quantity
    ]


def _movements(pallet: PalletPlanned, before: Iterable[PalletLine], now: Iterable[PalletLine]) -> list[Movement]:
    """Supplier to warehouse for what is picked; the other way round for what was put back."""
    had = {line.product_id: line.quantity for line in before}
    movements = []
    for line in now:
        change = line.quantity - had.get(line.product_id, 0)
        supplier, warehouse = f"supplier:{line.producer_id}", f"warehouse:{pallet.host_id}"
        source, target = (supplier, warehouse) if change > 0 else (warehouse, supplier)
        if change:
            moved = _resized(line, abs(change))
            movements.append(
                Movement(
                    product_id=line.product_id,
                    source=source,
                    target=target,
                    quantity=moved.quantity,
                    weight_g=moved.weight_g,
                )
            )
    return movements


def _together(lines: Iterable[PalletLine]) -> list[PalletLine]:
    """One line per product over several pallets."""
    found: dict[str, PalletLine] = {}
    for line in lines:
        known = found.get(line.product_id)
        found[line.product_id] = _resized(line, line.quantity + known.quantity) if known else line
    return list(found.values())


def _resized(line: PalletLine, quantity: int) -> PalletLine:
    if line.quantity == quantity:
        return line
    whole = Wanted(line.product_id, line.name, line.unit_label, quantity, line.case_size, line.unit_g, line.producer_id)
    return pallet_line(whole, quantity)


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(delivery: Delivery, event: Event) -> Delivery:
    match event:
        case PalletPlanned():
            return replace(delivery, planned={**delivery.planned, event.pallet_id: event})
        case PalletPrepared():
            return replace(delivery, prepared={**delivery.prepared, event.pallet_id: event})
        case DeliveryDispatched():
            return replace(delivery, dispatched=event)
        case _:
            assert_never(event)


decider: Decider[Delivery, Command, Event] = Decider("delivery", Delivery(), decide, evolve)
