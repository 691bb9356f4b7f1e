"""Pallets of one group: planned, picked, sent."""

import pytest

from grenier.language.logistics import DeliveryDispatched, Movement, PickedDifference
from grenier.testing import given
from logistics_svc import ids
from logistics_svc.delivery import DispatchDelivery, Picked, PlanPallets, PreparePallet, decide, decider
from logistics_svc.examples import DELIVERY, DISTRIBUTION, GROUP, HOST, frozen

PLAN = PlanPallets(DELIVERY, frozen())
PLANNED = decide(decider.initial, PLAN)
[PALLET] = PLANNED
PREPARE = PreparePallet(ids.pallet_id(DELIVERY, 1), [])
PREPARED = decide(decider.fold(PLANNED), PREPARE)
DISPATCH = DispatchDelivery(DELIVERY)


@pytest.mark.behaviour("S1:135")
def test_a_frozen_aggregation_becomes_pallets_with_cases_and_weights():
    assert [(line.product_id, line.quantity, line.cases, line.loose, line.weight_g) for line in PALLET.lines] == [
        ("bread", 8, 2, 0, 4_000),
        ("comte", 6, 6, 0, 1_500),
        ("lentils", 4, 0, 4, 4_000),
    ]
    assert (PALLET.weight_g, PALLET.number, PALLET.distribution_id) == (9_500, 1, DISTRIBUTION)


def test_planning_again_changes_nothing():
    given(decider, *PLANNED).when(PLAN).nothing()


def test_picking_as_planned_brings_the_goods_from_their_producers_to_the_warehouse():
    [event] = PREPARED
    assert event.movements == [
        Movement(product_id="bread", source="supplier:baker", target=f"warehouse:{HOST}", quantity=8, weight_g=4_000),
        Movement(product_id="comte", source="supplier:dairy", target=f"warehouse:{HOST}", quantity=6, weight_g=1_500),
        Movement(product_id="lentils", source="supplier:farm", target=f"warehouse:{HOST}", quantity=4, weight_g=4_000),
    ]
    assert (event.weight_g, event.differences) == (9_500, [])


def test_a_difference_is_kept_with_its_reason():
    command = PreparePallet(PALLET.pallet_id, [Picked("bread", 6, "fournée ratée")])
    [event] = decide(decider.fold(PLANNED), command)
    assert event.differences == [PickedDifference(product_id="bread", planned=8, picked=6, reason="fournée ratée")]
    assert (event.weight_g, event.lines[0].cases, event.lines[0].loose) == (8_500, 1, 2)


def test_picking_again_moves_only_the_difference():
    command = PreparePallet(PALLET.pallet_id, [Picked("bread", 0, "rien reçu")])
    [event] = decide(decider.fold([*PLANNED, *PREPARED]), command)
    assert event.movements == [
        Movement(product_id="bread", source=f"warehouse:{HOST}", target="supplier:baker", quantity=8, weight_g=4_000)
    ]
    [back] = decide(decider.fold([*PLANNED, *PREPARED, event]), PREPARE)
    assert [(m.source, m.quantity, m.weight_g) for m in back.movements] == [("supplier:baker", 8, 4_000)]


def test_picking_twice_the_same_is_one_fact():
    given(decider, *PLANNED, *PREPARED).when(PREPARE).nothing()


def test_a_reason_may_be_put_right_without_moving_anything():
    [told] = decide(decider.fold(PLANNED), PreparePallet(PALLET.pallet_id, [Picked("bread", 6, "perdu")]))
    corrected = PreparePallet(PALLET.pallet_id, [Picked("bread", 6, "fournée ratée")])
    [event] = decide(decider.fold([*PLANNED, told]), corrected)
    assert (event.differences[0].reason, event.movements) == ("fournée ratée", [])
    given(decider, *PLANNED, told, event).when(corrected).nothing()


def test_what_is_not_on_the_list_is_not_picked():
    command = PreparePallet(PALLET.pallet_id, [Picked("wine", 6, "cadeau")])
    given(decider, *PLANNED).when(command).rejected("unknown-product")


def test_a_delivery_leaves_when_every_pallet_is_prepared():
    given(decider, *PLANNED).when(DISPATCH).rejected("pallets-not-prepared")
    given(decider, *PLANNED, *PREPARED).when(DISPATCH).then(
        DeliveryDispatched(
            delivery_id=DELIVERY,
            distribution_id=DISTRIBUTION,
            group_id=GROUP,
            host_id=HOST,
            pallet_ids=[PALLET.pallet_id],
            lines=PREPARED[0].lines,
        )
    )


def test_after_departure_nothing_is_picked_any_more():
    gone = decide(decider.fold([*PLANNED, *PREPARED]), DISPATCH)
    given(decider, *PLANNED, *PREPARED, *gone).when(DISPATCH).nothing()
    command = PreparePallet(PALLET.pallet_id, [Picked("bread", 6, "oubli")])
    given(decider, *PLANNED, *PREPARED, *gone).when(command).rejected("delivery-dispatched")
