"""Signing off, counting what is left, closing the day (S1:75, S1:82). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from grenier.errors import Rejected
from grenier.language.logistics import (
    CarriedLine,
    CountedLine,
    DistributionClosed,
    HouseholdCheckedIn,
    Movement,
    ServedLine,
    SignedOff,
    SignOffUndone,
    StockCounted,
    StockPassedOn,
    StockTakenOver,
)
from logistics_svc.distribution.commands import (
    CloseDistribution,
    CountStock,
    PassOnStock,
    SignOff,
    TakeOverStock,
    UndoSignOff,
)
from logistics_svc.distribution.serving import known_item, served_lines, total_cents
from logistics_svc.distribution.state import Day, Event
from logistics_svc.goods import unit_weight_g


def sign_off(day: Day, command: SignOff) -> list[Event]:
    guest = day.guest(command.household_id)
    if guest.signed is not None:
        return []
    lines = served_lines(day, command.household_id)
    _check_on_hand(day, lines)
    total = total_cents(lines)
    if command.seen_total_cents is not None and command.seen_total_cents != total:
        raise Rejected("total-changed", seen_cents=command.seen_total_cents, total_cents=total)
    signed = SignedOff(
        sign_off_id=command.sign_off_id,
        household_id=command.household_id,
        order_id=guest.order_id,
        lines=lines,
        total_cents=total,
        movements=[_handed(day, line, command.household_id) for line in lines],
        **day.ids,
        **day.round_ids,
    )
    # Whoever signs has come, whether or not somebody ticked the name at the door.
    arrived: list[Event] = [] if guest.checked_in else [_arrived(day, command.household_id)]
    return [*arrived, signed]


def undo_sign_off(day: Day, command: UndoSignOff) -> list[Event]:
    signed = day.guest(command.household_id).signed
    if signed is None:
        return []
    return [
        SignOffUndone(
            sign_off_id=signed.sign_off_id,
            household_id=command.household_id,
            reason=command.reason,
            movements=[_back(movement) for movement in signed.movements],
            **day.ids,
            **day.round_ids,
        )
    ]


def count_stock(day: Day, command: CountStock) -> list[Event]:
    """Counted against expected; the difference goes to the place of losses, or comes back from it."""
    lines, movements = [], []
    for line in command.lines:
        item, expected = known_item(day, line.product_id), day.on_hand(line.product_id)
        lines.append(CountedLine(product_id=line.product_id, expected=expected, counted=line.counted))
        if line.counted != expected:
            movements.append(_difference(day, line.product_id, line.counted - expected, unit_weight_g(item)))
    if not lines or (day.counted and not movements):
        return []
    return [StockCounted(lines=lines, movements=movements, **day.ids)]


def close_distribution(day: Day, command: CloseDistribution) -> list[Event]:
    waiting = [household for household, guest in day.guests.items() if guest.checked_in and guest.signed is None]
    if waiting:
        raise Rejected("households-waiting", household_ids=waiting)
    served = sum(1 for guest in day.guests.values() if guest.signed is not None)
    absent = sum(1 for guest in day.guests.values() if guest.order_id and guest.signed is None)
    return [DistributionClosed(served=served, absent=absent, **day.ids, **day.round_ids)]


def pass_on_stock(day: Day, command: PassOnStock) -> list[Event]:
    """Only once the day is over, so that nobody is served from goods that are no longer here."""
    left = {product_id: units for product_id, units in day.stock.items() if units > 0}
    if not day.closed or not left:
        return []
    lines = [CarriedLine(product_id=product_id, quantity=units) for product_id, units in left.items()]
    items = [day.items[product_id] for product_id in left]
    return [StockPassedOn(to_distribution_id=command.to_distribution_id, lines=lines, items=items, **day.ids)]


def take_over_stock(day: Day, command: TakeOverStock) -> list[Event]:
    passed = command.passed_on
    if passed.distribution_id in day.taken_over:
        return []
    return [
        StockTakenOver(from_distribution_id=passed.distribution_id, lines=passed.lines, items=passed.items, **day.ids)
    ]


def _check_on_hand(day: Day, lines: Iterable[ServedLine]) -> None:
    wanted: Counter[str] = Counter()
    for line in lines:
        wanted[line.product_id] += line.quantity
    for product_id, units in wanted.items():
        if units > day.on_hand(product_id):
            if not day.delivered:
                raise Rejected("goods-not-received", product_id=product_id)
            raise Rejected("out-of-stock", product_id=product_id, available=day.on_hand(product_id), wanted=units)


def _handed(day: Day, line: ServedLine, household_id: str) -> Movement:
    return Movement(
        product_id=line.product_id,
        source=day.place,
        target=f"household:{household_id}",
        quantity=line.quantity,
        weight_g=line.weight_g,
    )


def _back(movement: Movement) -> Movement:
    return Movement(
        product_id=movement.product_id,
        source=movement.target,
        target=movement.source,
        quantity=movement.quantity,
        weight_g=movement.weight_g,
    )


def _difference(day: Day, product_id: str, difference: int, unit_g: int) -> Movement:
    loss = f"loss:{day.ids['group_id']}"
    source, target = (loss, day.place) if difference > 0 else (day.place, loss)
    units = abs(difference)
    return Movement(product_id=product_id, source=source, target=target, quantity=units, weight_g=units * unit_g)


def _arrived(day: Day, household_id: str) -> HouseholdCheckedIn:
    return HouseholdCheckedIn(household_id=household_id, **day.ids)
