"""Parcels of an order round: what was ordered, what came, what is in the bag (S0:39)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from grenier.errors import Rejected
from grenier.language import orders
from grenier.language.parcels import MissingLine, ParcelHandedOver, ParcelReceived
from grenier.testing import given
from orders_svc import parcels
from orders_svc.parcels import CloseParcels, ExpectParcels, HandOver, RecordAllParcels, RecordParcel, UndoHandOver

AT = datetime(2026, 11, 26, 17, tzinfo=UTC)
WANTED = {"amel": {"fig": 3, "plum": 1}, "bruno": {"fig": 2}, "carla": {"plum": 4}}
ITEMS = [
    orders.CatalogueItem(product_id=key, facts=orders.ProductFacts(name=key, category="", producer_id="farm"),
                         price_cents=500, cost_cents=500)
    for key in ("fig", "plum")
]  # fmt: skip


def frozen() -> orders.AggregationFrozen:
    placed = [
        orders.FrozenOrder(order_id=f"o-{name}", household_id=name, tier="", total_cents=0, lines=[
            orders.OrderLine(product_id=key, quantity=count, unit_price_cents=500, amount_cents=500 * count)
            for key, count in wanted.items()])
        for name, wanted in WANTED.items()
    ]  # fmt: skip
    return orders.AggregationFrozen(cycle_id="c", window_id="", group_id="g", host_id="h", month="2026-11",
                                    distribution_starts_at=AT, distribution_ends_at=AT, place="", items=ITEMS,
                                    totals=[], orders=placed, total_cents=0, contract_id="jam")  # fmt: skip


def told(*commands: parcels.Command) -> list[parcels.Event]:
    state, events = parcels.decider.initial, []
    for command in (ExpectParcels(frozen_orders=frozen()), *commands):
        try:
            found = list(parcels.decide(state, command))
        except Rejected:
            continue
        state = parcels.decider.fold(found, state)
        events += found
    return events


def gap(household_id: str, **missing: int) -> RecordParcel:
    lines = [MissingLine(product_id=key, missing=count) for key, count in missing.items()]
    return RecordParcel(household_id=household_id, missing=lines)


@pytest.mark.parametrize(("before", "command", "code"), [
    ((), gap("dora"), "parcel-unknown"),
    ((), gap("amel", rice=1), "product-unknown"),
    ((), gap("amel", fig=4), "more-than-ordered"),
    ((HandOver(household_id="amel"),), gap("amel", fig=1), "parcel-handed-over"),
    ((CloseParcels(),), gap("amel"), "parcels-closed"),
    ((CloseParcels(),), HandOver(household_id="amel"), "parcels-closed"),
    ((CloseParcels(),), RecordAllParcels(), "parcels-closed"),
])  # fmt: skip
def test_what_cannot_be(before: tuple[parcels.Command, ...], command: parcels.Command, code: str) -> None:
    given(parcels.decider, *told(*before)).when(command).rejected(code)


@pytest.mark.parametrize(("before", "command"), [
    ((), ExpectParcels(frozen_orders=frozen())),
    ((gap("amel", fig=1),), gap("amel", fig=1)),
    ((HandOver(household_id="amel"),), HandOver(household_id="amel")),
    ((HandOver(household_id="amel"),), gap("amel")),
    ((), UndoHandOver(household_id="amel", reason="x")),
    ((RecordAllParcels(),), RecordAllParcels()),
    ((CloseParcels(),), CloseParcels()),
])  # fmt: skip
def test_saying_it_again_changes_nothing(before: tuple[parcels.Command, ...], command: parcels.Command) -> None:
    given(parcels.decider, *told(*before)).when(command).nothing()


def test_a_parcel_handed_over_unseen_was_whole() -> None:
    received, handed = told(HandOver(household_id="bruno"))[1:]
    assert isinstance(received, ParcelReceived)
    assert isinstance(handed, ParcelHandedOver)
    assert [(total.product_id, total.received) for total in received.totals] == [("fig", 2)]


HOUSEHOLDS = st.sampled_from(sorted(WANTED))
ACTS = st.one_of(
    st.builds(gap, HOUSEHOLDS, fig=st.integers(0, 3)),
    st.builds(lambda name: gap(name, plum=1), HOUSEHOLDS),
    st.builds(lambda name: HandOver(household_id=name), HOUSEHOLDS),
    st.builds(lambda name: UndoHandOver(household_id=name, reason="x"), HOUSEHOLDS),
    st.just(RecordAllParcels()),
)


@settings(max_examples=150, deadline=None)
@for_all(st.lists(ACTS, max_size=15))
def test_the_last_totals_of_every_product_are_the_sum_over_the_parcels(commands: list[parcels.Command]) -> None:
    events = told(*commands)
    state = parcels.decider.fold(events)
    totals: dict[str, int] = {}
    for event in events:
        if isinstance(event, ParcelReceived):
            totals |= {total.product_id: total.received for total in event.totals}
    for product_id, received in totals.items():
        expected = sum(
            WANTED[name].get(product_id, 0) - (gone[product_id].missing if product_id in gone else 0)
            for name, gone in state.missing.items()
        )
        assert received == expected
    assert state.handed_over <= set(state.missing)
