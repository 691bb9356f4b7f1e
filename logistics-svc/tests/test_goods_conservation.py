"""Whatever is done in whatever order: goods are conserved, stock is never negative, amounts add up (T24)."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from grenier.errors import Rejected
from logistics_svc import delivery as pallets
from logistics_svc.distribution import commands as ask
from logistics_svc.distribution import decide, decider
from logistics_svc.examples import DELIVERY, DISTRIBUTION, GROUP, HOST, ITEMS, MARTIN, NGUYEN, ROSSI, frozen

FROZEN = frozen()
PLANNED = decide(decider.initial, ask.PlanDistribution(DISTRIBUTION, FROZEN))

products = st.sampled_from([item.product_id for item in ITEMS])
households = st.sampled_from([MARTIN, NGUYEN, ROSSI, "household-without-order"])
units = st.integers(0, 9)


def commands(dispatched):
    received = st.builds(ask.ReceivedLine, products, units, st.sampled_from(["", "damaged"]))
    lines = st.lists(received, max_size=3, unique_by=lambda line: line.product_id)
    weights = st.lists(st.builds(ask.Weight, households, st.integers(1, 2_000)), min_size=1, max_size=2)
    counted = st.lists(st.builds(ask.Counted, products, units), max_size=3, unique_by=lambda line: line.product_id)
    return st.one_of(
        st.builds(ask.ReceiveDelivery, st.just(DELIVERY), st.just(dispatched), lines),
        st.builds(ask.CheckIn, households),
        st.builds(ask.UndoCheckIn, households),
        st.builds(ask.RecordWeights, products, weights, st.booleans()),
        st.builds(ask.RecordShortage, households, products, units),
        st.builds(ask.RecordSubstitution, households, products, units, products, units),
        st.builds(ask.SellSurplus, households, products, units, st.integers(0, 500), st.just("solidarity")),
        st.builds(ask.SignOff, st.uuids().map(str), households),
        st.builds(ask.UndoSignOff, households, st.just("erreur")),
        st.builds(ask.CountStock, counted),
    )


def picked():
    """What the pallets carried, with the movements that brought it to the warehouse."""
    planned = pallets.decide(pallets.decider.initial, pallets.PlanPallets(DELIVERY, FROZEN))
    events = list(planned)
    for pallet in planned:
        events += pallets.decide(pallets.decider.fold(events), pallets.PreparePallet(pallet.pallet_id, []))
    [gone] = pallets.decide(pallets.decider.fold(events), pallets.DispatchDelivery(DELIVERY))
    return gone.lines, [movement for event in events for movement in getattr(event, "movements", [])]


DISPATCHED, BROUGHT = picked()


def move(places, movements):
    for movement in movements:
        assert movement.quantity > 0
        places[movement.source, movement.product_id] -= movement.quantity
        places[movement.target, movement.product_id] += movement.quantity


def check(places, day):
    """At every position of the log."""
    for item in ITEMS:
        product = item.product_id
        at = {place: units for (place, its), units in places.items() if its == product}
        received = -sum(units for place, units in at.items() if place.startswith("supplier:"))
        handed_out = sum(units for place, units in at.items() if place.startswith("household:"))
        on_hand = at.get(f"group:{GROUP}", 0) + at.get(f"warehouse:{HOST}", 0)
        assert received == handed_out + on_hand + at.get(f"loss:{GROUP}", 0)
        assert at.get(f"group:{GROUP}", 0) == day.on_hand(product) >= 0
        assert at.get(f"warehouse:{HOST}", 0) >= 0
        assert all(units >= 0 for place, units in at.items() if place.startswith("household:"))


@settings(max_examples=400, deadline=None)
@given(st.lists(commands(DISPATCHED), max_size=30))
def test_goods_are_conserved_at_every_position(asked):
    day, places = decider.fold(PLANNED), Counter()
    move(places, BROUGHT)
    check(places, day)
    for command in asked:
        try:
            events = decide(day, command)
        except Rejected:
            continue
        for event in events:
            day = decider.evolve(day, event)
            move(places, getattr(event, "movements", []))
            if hasattr(event, "total_cents"):
                assert event.total_cents == sum(line.amount_cents for line in event.lines)
            check(places, day)
        if not isinstance(command, ask.CountStock):
            assert decide(day, command) == [], "saying it again changes nothing"


@settings(max_examples=200, deadline=None)
@given(st.lists(commands(DISPATCHED), max_size=30))
def test_what_is_handed_out_of_an_order_never_exceeds_it(asked):
    day = decider.fold(PLANNED)
    for command in asked:
        try:
            day = decider.fold(decide(day, command), day)
        except Rejected:
            continue
    for household, guest in day.guests.items():
        for line in guest.signed.lines if guest.signed else ():
            if line.kind == "ordered":
                assert 0 < line.quantity <= guest.lines[line.product_id].quantity
                assert line.quantity == day.quantity(household, line.product_id) or day.shares.get(line.product_id)
