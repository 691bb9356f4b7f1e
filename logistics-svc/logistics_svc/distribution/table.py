"""At the tables: slots, check-in, and what happens to the lines of an order (S1:45, S1:66-70, S1:75). Pure."""

from __future__ import annotations

from grenier.errors import Rejected
from grenier.language.logistics import (
    AbsentCalled,
    CheckInUndone,
    HouseholdCheckedIn,
    LineWeighed,
    ShortageRecorded,
    SlotChosen,
    SubstitutionRecorded,
    SurplusSold,
)
from grenier.language.orders import CatalogueItem
from logistics_svc.distribution.commands import (
    CheckIn,
    ChooseSlot,
    LogAbsentCall,
    RecordShortage,
    RecordSubstitution,
    RecordWeights,
    SellSurplus,
    UndoCheckIn,
    Weight,
)
from logistics_svc.distribution.serving import known_item, price_for
from logistics_svc.distribution.state import Day, Event, Guest
from logistics_svc.goods import amount, unit_weight_g

# A figure off by more than this is more likely a slip of the finger than a portion.
LIGHTEST_PERCENT, HEAVIEST_PERCENT = 50, 200


def choose_slot(day: Day, command: ChooseSlot) -> list[Event]:
    assert day.plan is not None
    guest = _with_order(day, command.household_id)
    slot = next((slot for slot in day.plan.slots if slot.slot_id == command.slot_id), None)
    if slot is None or slot.tier != guest.tier:
        raise Rejected("slot-of-another-tier", slot_id=command.slot_id, tier=guest.tier)
    if guest.slot_id == command.slot_id:
        return []
    return [SlotChosen(household_id=command.household_id, slot_id=command.slot_id, **day.ids)]


def check_in(day: Day, command: CheckIn) -> list[Event]:
    if day.guest(command.household_id).checked_in:
        return []
    return [HouseholdCheckedIn(household_id=command.household_id, **day.ids)]


def undo_check_in(day: Day, command: UndoCheckIn) -> list[Event]:
    guest = day.guest(command.household_id)
    if guest.signed is not None:
        raise Rejected("already-signed-off", household_id=command.household_id)
    return [CheckInUndone(household_id=command.household_id, **day.ids)] if guest.checked_in else []


def record_weights(day: Day, command: RecordWeights) -> list[Event]:
    item = known_item(day, command.product_id)
    if item.facts.sale != "weighed":
        raise Rejected("not-weighed-goods", product_id=command.product_id)
    # Named twice in one sheet, a household keeps the last figure.
    last = {weight.household_id: weight for weight in command.weights}
    events = [_weighed(day, item, weight, command.sure) for weight in last.values()]
    return [event for event in events if event is not None]


def _weighed(day: Day, item: CatalogueItem, weight: Weight, sure: bool) -> LineWeighed | None:
    guest = _at_table(day, weight.household_id)
    line, units = guest.lines.get(item.product_id), day.quantity(weight.household_id, item.product_id)
    if line is None or not units:
        raise Rejected("not-in-order", household_id=weight.household_id, product_id=item.product_id)
    _check_weight(item, units, weight.weight_g, sure)
    known = guest.weights.get(item.product_id)
    if known is not None and (known.units, known.weight_g) == (units, weight.weight_g):
        return None
    return LineWeighed(
        household_id=weight.household_id,
        product_id=item.product_id,
        weight_g=weight.weight_g,
        amount_cents=amount(item, line.unit_price_cents, units, weight.weight_g),
        **day.ids,
    )


def _check_weight(item: CatalogueItem, units: int, weight_g: int, sure: bool) -> None:
    nominal_g = units * unit_weight_g(item)
    plausible = nominal_g * LIGHTEST_PERCENT <= weight_g * 100 <= nominal_g * HEAVIEST_PERCENT
    if weight_g <= 0 or not (sure or plausible or not nominal_g):
        raise Rejected("weight-implausible", product_id=item.product_id, weight_g=weight_g, nominal_g=nominal_g)


def record_shortage(day: Day, command: RecordShortage) -> list[Event]:
    guest = _at_table(day, command.household_id)
    _ordered(guest, command.product_id)
    allotted = day.allotted(command.household_id, command.product_id)
    if command.missing > allotted:
        raise Rejected("more-than-ordered", product_id=command.product_id, allotted=allotted, missing=command.missing)
    if guest.missing.get(command.product_id, 0) == command.missing:
        return []
    return [
        ShortageRecorded(
            household_id=command.household_id, product_id=command.product_id, missing=command.missing, **day.ids
        )
    ]


def record_substitution(day: Day, command: RecordSubstitution) -> list[Event]:
    guest = _at_table(day, command.household_id)
    ordered = _ordered(guest, command.product_id)
    if command.quantity > ordered:
        raise Rejected("more-than-ordered", product_id=command.product_id, ordered=ordered, quantity=command.quantity)
    item = known_item(day, command.substitute_id)
    known = guest.substitutions.get(command.product_id)
    units = command.substitute_quantity if command.quantity else 0
    held = known.substitute_quantity if known and known.substitute_id == command.substitute_id else 0
    _check_stock(day, command.household_id, item.product_id, units, held)
    price = price_for(day, command.household_id, item)
    weight_g = _weight(item, units, command.substitute_weight_g)
    event = SubstitutionRecorded(
        household_id=command.household_id,
        product_id=command.product_id,
        quantity=command.quantity,
        substitute_id=command.substitute_id,
        substitute_quantity=units,
        substitute_weight_g=weight_g,
        unit_price_cents=price,
        amount_cents=amount(item, price, units, weight_g),
        **day.ids,
    )
    unchanged = event == known or (known is None and not command.quantity)
    return [] if unchanged else [event]


def sell_surplus(day: Day, command: SellSurplus) -> list[Event]:
    guest = _at_table(day, command.household_id)
    item = known_item(day, command.product_id)
    known = guest.surplus.get(command.product_id)
    held = known.quantity if known else 0
    _check_stock(day, command.household_id, item.product_id, command.quantity, held)
    price = price_for(day, command.household_id, item, command.tier)
    weight_g = _weight(item, command.quantity, command.weight_g)
    event = SurplusSold(
        household_id=command.household_id,
        product_id=command.product_id,
        quantity=command.quantity,
        weight_g=weight_g,
        unit_price_cents=price,
        amount_cents=amount(item, price, command.quantity, weight_g),
        **day.ids,
    )
    unchanged = event == known or (known is None and not command.quantity)
    return [] if unchanged else [event]


def log_absent_call(day: Day, command: LogAbsentCall) -> list[Event]:
    guest = _with_order(day, command.household_id)
    if guest.checked_in:
        raise Rejected("already-here", household_id=command.household_id)
    return [AbsentCalled(household_id=command.household_id, outcome=command.outcome, **day.ids)]


def _with_order(day: Day, household_id: str) -> Guest:
    guest = day.guest(household_id)
    if not guest.order_id:
        raise Rejected("not-in-order", household_id=household_id)
    return guest


def _at_table(day: Day, household_id: str) -> Guest:
    """The household's day; its lines cannot change any more once it has signed."""
    guest = day.guest(household_id)
    if guest.signed is not None:
        raise Rejected("already-signed-off", household_id=household_id)
    return guest


def _ordered(guest: Guest, product_id: str) -> int:
    line = guest.lines.get(product_id)
    if line is None:
        raise Rejected("not-in-order", product_id=product_id)
    return line.quantity


def _check_stock(day: Day, household_id: str, product_id: str, wanted: int, held: int) -> None:
    """What is on hand, less what is promised beside orders (`held` of it to this household) and less this
    household's own order: otherwise it could not sign for both."""
    ordered = day.quantity(household_id, product_id)
    available = day.on_hand(product_id) - day.promised(product_id) + held - ordered
    if wanted > max(available, 0):
        raise Rejected("out-of-stock", product_id=product_id, available=max(available, 0), wanted=wanted)


def _weight(item: CatalogueItem, units: int, weight_g: int) -> int:
    """What the scale said, for goods sold by weight; else the nominal weight."""
    if item.facts.sale == "weighed" and weight_g and units:
        return weight_g
    return units * unit_weight_g(item)
