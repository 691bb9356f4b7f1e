"""One group's distribution day, sentence by sentence."""

import pytest

from grenier.language.logistics import (
    AbsentCalled,
    CheckInUndone,
    DistributionClosed,
    HouseholdCheckedIn,
    LineWeighed,
    Movement,
    ShortageDeclared,
    ShortageRecorded,
    ShortageShare,
    SlotChosen,
)
from grenier.testing import given
from logistics_svc import delivery as pallets
from logistics_svc.distribution import decide, decider
from logistics_svc.distribution.commands import (
    CheckIn,
    ChooseSlot,
    CloseDistribution,
    Counted,
    CountStock,
    LogAbsentCall,
    PlanDistribution,
    ReceiveDelivery,
    ReceivedLine,
    RecordShortage,
    RecordSubstitution,
    RecordWeights,
    SellSurplus,
    SignOff,
    UndoCheckIn,
    UndoSignOff,
    Weight,
)
from logistics_svc.examples import DELIVERY, DISTRIBUTION, GROUP, HOST, MARTIN, NGUYEN, ROSSI, frozen

IDS = {"distribution_id": DISTRIBUTION, "group_id": GROUP}
PLAN = PlanDistribution(DISTRIBUTION, frozen())
PLANNED = decide(decider.initial, PLAN)
[PALLET] = pallets.decide(pallets.decider.initial, pallets.PlanPallets(DELIVERY, frozen()))
OUTSIDER = "household-without-order"


def after(*commands, start=()):
    """The facts once these commands were carried out on a planned day."""
    events = [*PLANNED, *start]
    for command in commands:
        events += decide(decider.fold(events), command)
    return events


def receive(**received):
    return ReceiveDelivery(DELIVERY, PALLET.lines, [ReceivedLine(p, units) for p, units in received.items()])


ALL_CAME = receive()


def sign(household_id, seen=None):
    return SignOff(f"sign-off-{household_id}", household_id, seen)


def stock(events):
    return {product: units for product, units in decider.fold(events).stock.items() if units}


# -- the plan ----------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:45")
def test_each_tier_has_its_slots_and_each_household_one_of_them():
    [planned] = PLANNED
    assert [slot.tier for slot in planned.slots] == ["neighbourhood", "neighbourhood", "solidarity", "solidarity"]
    assert {a.household_id: a.slot_id for a in planned.assignments} == {
        MARTIN: "slot-1",
        NGUYEN: "slot-2",
        ROSSI: "slot-3",
    }
    given(decider, *PLANNED).when(PLAN).nothing()


@pytest.mark.behaviour("S1:45")
def test_a_household_chooses_among_the_slots_of_its_tier():
    chosen = SlotChosen(household_id=MARTIN, slot_id="slot-2", **IDS)
    given(decider, *PLANNED).when(ChooseSlot(MARTIN, "slot-2")).then(chosen)
    given(decider, *PLANNED, chosen).when(ChooseSlot(MARTIN, "slot-2")).nothing()
    given(decider, *PLANNED).when(ChooseSlot(MARTIN, "slot-3")).rejected("slot-of-another-tier")
    given(decider, *PLANNED).when(ChooseSlot(OUTSIDER, "slot-1")).rejected("not-in-order")


# -- receiving ---------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:136")
def test_what_came_as_announced_enters_the_stock_of_the_group():
    events = after(ALL_CAME)
    assert len(events) == len(PLANNED) + 1
    assert stock(events) == {"bread": 8, "comte": 6, "lentils": 4}
    given(decider, *events).when(ALL_CAME).nothing()


@pytest.mark.behaviour("S1:136", "S1:53")
def test_a_missing_case_is_shared_out_in_proportion_to_the_orders():
    [received, short] = decide(decider.fold(PLANNED), receive(bread=4))
    assert received.movements[0] == Movement(
        product_id="bread", source=f"warehouse:{HOST}", target=f"group:{GROUP}", quantity=4, weight_g=2_000
    )
    assert short == ShortageDeclared(
        product_id="bread",
        product_name="Pain",
        expected=8,
        available=4,
        shares=[
            ShortageShare(household_id=MARTIN, ordered=4, allotted=2),
            ShortageShare(household_id=NGUYEN, ordered=2, allotted=1),
            ShortageShare(household_id=ROSSI, ordered=2, allotted=1),
        ],
        **IDS,
    )


def test_what_comes_later_lifts_the_shortage():
    events = after(receive(bread=4))
    given(decider, *events).when(receive(bread=4)).nothing()
    [received, lifted] = decide(decider.fold(events), receive(bread=8))
    assert [(m.source, m.quantity) for m in received.movements] == [(f"warehouse:{HOST}", 4)]
    assert (lifted.available, [share.allotted for share in lifted.shares]) == (8, [4, 2, 2])


def test_what_comes_later_never_takes_from_those_who_were_served():
    events = after(receive(bread=1), sign(MARTIN), receive(bread=3))
    shares = decider.fold(events).shares["bread"]
    assert shares == {MARTIN: 1, NGUYEN: 1, ROSSI: 1}
    assert stock([*events, *decide(decider.fold(events), sign(NGUYEN))])["bread"] == 1


def test_a_figure_typed_wrongly_is_corrected_by_the_right_one():
    events = after(receive(bread=80), receive(bread=8))
    assert stock(events)["bread"] == 8
    events = after(ALL_CAME, sign(MARTIN))
    given(decider, *events).when(receive(bread=3)).rejected("out-of-stock")
    [received, short] = decide(decider.fold(events), receive(bread=6))
    assert [(m.source, m.quantity) for m in received.movements] == [(f"group:{GROUP}", 2)]
    assert [share.allotted for share in short.shares] == [4, 1, 1]


def test_only_what_the_group_may_order_is_received():
    given(decider, *PLANNED).when(receive(wine=5)).rejected("unknown-product")


def test_what_arrived_damaged_is_lost_and_its_replacement_comes_from_the_producer():
    damaged = ReceiveDelivery(DELIVERY, PALLET.lines, [ReceivedLine("bread", 5, "damaged")])
    events = after(damaged)
    lost = [m for m in events[-2].movements if m.target == f"loss:{GROUP}"]
    assert [(m.source, m.quantity) for m in lost] == [(f"warehouse:{HOST}", 3)]
    [again, _] = decide(decider.fold(events), receive(bread=8))
    assert [(m.source, m.quantity) for m in again.movements] == [("supplier:baker", 3)]


def test_what_came_beyond_the_note_comes_from_the_producer():
    received = decide(decider.fold(PLANNED), receive(bread=10))[0]
    assert [(m.source, m.quantity) for m in received.movements if m.product_id == "bread"] == [
        (f"warehouse:{HOST}", 8),
        ("supplier:baker", 2),
    ]


# -- at the door -------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:66")
def test_checking_in_and_taking_it_back():
    here = HouseholdCheckedIn(household_id=MARTIN, **IDS)
    given(decider, *PLANNED).when(CheckIn(MARTIN)).then(here)
    given(decider, *PLANNED, here).when(CheckIn(MARTIN)).nothing()
    given(decider, *PLANNED, here).when(UndoCheckIn(MARTIN)).then(CheckInUndone(household_id=MARTIN, **IDS))
    given(decider, *PLANNED).when(UndoCheckIn(MARTIN)).nothing()


def test_whoever_has_signed_has_been_here():
    given(decider, *after(ALL_CAME, sign(MARTIN))).when(UndoCheckIn(MARTIN)).rejected("already-signed-off")


@pytest.mark.behaviour("S1:68", "S1:69", "S1:70")
def test_a_call_to_somebody_who_did_not_come_is_logged():
    called = AbsentCalled(household_id=ROSSI, outcome="coming", **IDS)
    given(decider, *PLANNED).when(LogAbsentCall(ROSSI, "coming")).then(called)
    given(decider, *after(CheckIn(ROSSI))).when(LogAbsentCall(ROSSI, "coming")).rejected("already-here")


# -- the lines ---------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:44", "S1:67")
@pytest.mark.parametrize(
    ("household_id", "grams", "cents"),
    [(MARTIN, 500, 795), (MARTIN, 487, 774), (ROSSI, 1_000, 1_829), (ROSSI, 1_013, 1_853)],
)
def test_a_portion_costs_what_it_weighs_at_the_price_of_the_tier(household_id, grams, cents):
    weighed = LineWeighed(household_id=household_id, product_id="comte", weight_g=grams, amount_cents=cents, **IDS)
    given(decider, *PLANNED).when(RecordWeights("comte", [Weight(household_id, grams)])).then(weighed)
    given(decider, *PLANNED, weighed).when(RecordWeights("comte", [Weight(household_id, grams)])).nothing()


@pytest.mark.parametrize("grams", [0, 249, 1_001, 5_000])
def test_a_slip_of_the_finger_is_asked_about(grams):
    given(decider, *PLANNED).when(RecordWeights("comte", [Weight(MARTIN, grams)])).rejected("weight-implausible")


def test_an_odd_weight_is_recorded_when_the_person_is_sure():
    assert after(RecordWeights("comte", [Weight(MARTIN, 1_100)], sure=True))[-1].weight_g == 1_100
    given(decider, *PLANNED).when(RecordWeights("comte", [Weight(MARTIN, 0)], sure=True)).rejected("weight-implausible")


def test_only_what_is_sold_by_weight_and_was_ordered_is_weighed():
    given(decider, *PLANNED).when(RecordWeights("bread", [Weight(MARTIN, 500)])).rejected("not-weighed-goods")
    given(decider, *PLANNED).when(RecordWeights("comte", [Weight(NGUYEN, 500)])).rejected("not-in-order")


@pytest.mark.behaviour("S1:75")
def test_a_household_goes_without_some_units():
    without = ShortageRecorded(household_id=MARTIN, product_id="bread", missing=1, **IDS)
    given(decider, *PLANNED).when(RecordShortage(MARTIN, "bread", 1)).then(without)
    given(decider, *PLANNED, without).when(RecordShortage(MARTIN, "bread", 1)).nothing()
    given(decider, *PLANNED).when(RecordShortage(MARTIN, "bread", 5)).rejected("more-than-ordered")
    assert decider.fold(after(RecordShortage(MARTIN, "bread", 1))).quantity(MARTIN, "bread") == 3
    assert decider.fold(after(RecordShortage(MARTIN, "bread", 1), RecordShortage(MARTIN, "bread", 0))).quantity(
        MARTIN, "bread"
    ) == 4  # fmt: skip


def test_a_weight_is_forgotten_when_the_number_of_portions_changes():
    events = after(ALL_CAME, RecordWeights("comte", [Weight(MARTIN, 487)]), RecordShortage(MARTIN, "comte", 1))
    signed = decide(decider.fold(events), sign(MARTIN))[-1]
    [comte] = [line for line in signed.lines if line.product_id == "comte"]
    assert (comte.quantity, comte.weight_g, comte.amount_cents) == (1, 250, 398)


@pytest.mark.behaviour("S1:75")
def test_an_exchange_is_charged_at_the_price_of_the_tier():
    swap = RecordSubstitution(ROSSI, "bread", 2, "lentils", 1)
    events = after(ALL_CAME, swap)
    swapped = events[-1]
    assert (swapped.unit_price_cents, swapped.amount_cents, swapped.substitute_weight_g) == (483, 483, 1_000)
    day = decider.fold(events)
    assert day.quantity(ROSSI, "bread") == 0
    given(decider, *events).when(swap).nothing()
    back = after(ALL_CAME, swap, RecordSubstitution(ROSSI, "bread", 0, "lentils", 0))
    assert decider.fold(back).quantity(ROSSI, "bread") == 2


def test_an_exchange_replaces_first_what_is_not_there():
    # Martin ordered 4 loaves and is allotted 2; two others are replaced, so both loaves stay.
    events = after(receive(bread=4), RecordSubstitution(MARTIN, "bread", 2, "lentils", 1))
    assert decider.fold(events).quantity(MARTIN, "bread") == 2


def test_no_exchange_for_what_is_not_there():
    given(decider, *after(ALL_CAME)).when(RecordSubstitution(MARTIN, "bread", 1, "lentils", 5)).rejected("out-of-stock")
    given(decider, *after(ALL_CAME)).when(RecordSubstitution(MARTIN, "bread", 9, "lentils", 1)).rejected(
        "more-than-ordered"
    )


@pytest.mark.behaviour("S1:75")
def test_surplus_is_sold_from_stock_and_never_below_nothing():
    events = after(ALL_CAME, SellSurplus(MARTIN, "lentils", 3))
    assert (events[-1].unit_price_cents, events[-1].amount_cents) == (420, 1_260)
    given(decider, *events).when(SellSurplus(MARTIN, "lentils", 3)).nothing()
    refused = given(decider, *events).when(SellSurplus(OUTSIDER, "lentils", 2)).rejected("out-of-stock")
    assert (refused.facts["available"], refused.facts["wanted"]) == (1, 2)
    # One's own promise does not stand in one's own way.
    assert after(SellSurplus(MARTIN, "lentils", 4), start=events[1:])[-1].quantity == 4
    given(decider, *PLANNED).when(SellSurplus(MARTIN, "lentils", 1)).rejected("out-of-stock")


def test_what_a_household_ordered_is_not_promised_to_it_a_second_time():
    # Eight loaves came and four are Martin's: selling it a fifth beside its order could never be signed for.
    refused = given(decider, *after(ALL_CAME)).when(SellSurplus(MARTIN, "bread", 5)).rejected("out-of-stock")
    assert (refused.facts["available"], refused.facts["wanted"]) == (4, 5)
    assert after(ALL_CAME, SellSurplus(MARTIN, "bread", 4), sign(MARTIN))[-1].lines[-1].quantity == 4
    # The same for an exchange against something else that it ordered.
    events = after(ALL_CAME, CountStock([Counted("bread", 4)]))
    given(decider, *events).when(RecordSubstitution(MARTIN, "comte", 1, "bread", 1)).rejected("out-of-stock")


def test_somebody_without_an_order_buys_surplus_at_the_price_of_their_tier():
    events = after(ALL_CAME, SellSurplus(OUTSIDER, "lentils", 1, tier="solidarity"), sign(OUTSIDER))
    assert (events[-1].total_cents, events[-1].order_id) == (483, "")


# -- sign-off ----------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:75")
def test_signing_off_hands_over_what_was_served_and_says_what_it_costs():
    events = after(ALL_CAME, CheckIn(MARTIN), RecordWeights("comte", [Weight(MARTIN, 487)]), sign(MARTIN, 2_174))
    signed = events[-1]
    assert [(line.product_id, line.quantity, line.weight_g, line.amount_cents) for line in signed.lines] == [
        ("bread", 4, 2_000, 1_400),
        ("comte", 2, 487, 774),
    ]
    assert signed.total_cents == 2_174
    assert {m.target for m in signed.movements} == {f"household:{MARTIN}"}
    assert stock(events) == {"bread": 4, "comte": 4, "lentils": 4}
    given(decider, *events).when(sign(MARTIN)).nothing()


def test_without_weighing_the_nominal_weight_counts_and_without_check_in_signing_is_coming():
    here, signed = decide(decider.fold(after(ALL_CAME)), sign(MARTIN))
    assert isinstance(here, HouseholdCheckedIn)
    assert signed.total_cents == 1_400 + 795


def test_a_total_that_changed_since_it_was_shown_is_looked_at_again():
    given(decider, *after(ALL_CAME)).when(sign(MARTIN, 1)).rejected("total-changed")


def test_nothing_is_handed_out_before_it_came():
    given(decider, *PLANNED).when(sign(MARTIN)).rejected("goods-not-received")


def test_nothing_is_handed_out_that_is_not_there():
    events = after(ALL_CAME, CountStock([Counted("bread", 3)]))
    given(decider, *events).when(sign(MARTIN)).rejected("out-of-stock")
    assert after(RecordShortage(MARTIN, "bread", 1), sign(MARTIN), start=events[1:])[-1].lines[0].quantity == 3


def test_signing_off_is_taken_back_with_all_its_goods():
    events = after(ALL_CAME, sign(MARTIN), UndoSignOff(MARTIN, "mauvais foyer"))
    assert stock(events) == {"bread": 8, "comte": 6, "lentils": 4}
    assert (events[-1].reason, events[-1].sign_off_id) == ("mauvais foyer", f"sign-off-{MARTIN}")
    given(decider, *events).when(UndoSignOff(MARTIN, "mauvais foyer")).nothing()
    assert decide(decider.fold(events), sign(MARTIN))[-1].total_cents == 2_195


@pytest.mark.parametrize(
    "command",
    [
        RecordWeights("comte", [Weight(MARTIN, 480)]),
        RecordShortage(MARTIN, "bread", 1),
        RecordSubstitution(MARTIN, "bread", 1, "lentils", 1),
        SellSurplus(MARTIN, "lentils", 1),
    ],
)
def test_signed_lines_do_not_change(command):
    given(decider, *after(ALL_CAME, sign(MARTIN))).when(command).rejected("already-signed-off")


# -- the end -----------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:82")
def test_what_is_left_is_counted_and_the_difference_is_a_loss():
    events = after(ALL_CAME, CountStock([Counted("bread", 7), Counted("lentils", 5), Counted("comte", 6)]))
    assert [(line.product_id, line.expected, line.counted) for line in events[-1].lines] == [
        ("bread", 8, 7),
        ("lentils", 4, 5),
        ("comte", 6, 6),
    ]
    assert [(m.source, m.target, m.quantity) for m in events[-1].movements] == [
        (f"group:{GROUP}", f"loss:{GROUP}", 1),
        (f"loss:{GROUP}", f"group:{GROUP}", 1),
    ]
    assert stock(events) == {"bread": 7, "comte": 6, "lentils": 5}
    given(decider, *events).when(CountStock([Counted("bread", 7)])).nothing()


def test_the_day_closes_when_nobody_waits_between_door_and_till():
    given(decider, *after(ALL_CAME, CheckIn(MARTIN))).when(CloseDistribution()).rejected("households-waiting")
    events = after(ALL_CAME, sign(MARTIN), CloseDistribution())
    assert events[-1] == DistributionClosed(served=1, absent=2, **IDS)
    given(decider, *events).when(CloseDistribution()).nothing()
    given(decider, *events).when(CheckIn(ROSSI)).rejected("distribution-closed")


def test_nothing_happens_on_a_day_that_was_not_planned():
    given(decider).when(CheckIn(MARTIN)).rejected("not-planned")
