"""Slots per tier out of the hours of a distribution."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics_svc.slots import assign_slots, plan_slots

START = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)


@pytest.mark.behaviour("S1:45")
def test_two_hours_for_two_tiers_are_two_slots_each_one_tier_after_the_other():
    slots = plan_slots(START, START + timedelta(hours=2), ["neighbourhood", "solidarity"])
    assert [(s.tier, s.starts_at.hour, s.starts_at.minute) for s in slots] == [
        ("neighbourhood", 17, 0),
        ("neighbourhood", 17, 30),
        ("solidarity", 18, 0),
        ("solidarity", 18, 30),
    ]


def test_the_last_slot_lasts_until_the_end():
    slots = plan_slots(START, START + timedelta(minutes=80), ["all"])
    assert [(s.ends_at - s.starts_at) for s in slots] == [timedelta(minutes=30), timedelta(minutes=50)]


def test_with_less_time_than_tiers_everybody_has_the_whole_time():
    slots = plan_slots(START, START + timedelta(minutes=40), ["a", "b", "c"])
    assert [(s.starts_at, s.ends_at) for s in slots] == [(START, START + timedelta(minutes=40))] * 3


def test_nobody_ordered_no_slot():
    assert plan_slots(START, START + timedelta(hours=2), []) == []


@given(st.lists(st.sampled_from("ab"), max_size=40), st.integers(1, 300))
def test_every_household_has_a_slot_of_its_tier_and_slots_are_evenly_filled(tiers, minutes):
    households = {f"h{n}": tier for n, tier in enumerate(tiers)}
    slots = plan_slots(START, START + timedelta(minutes=minutes), sorted(set(tiers)))
    assigned = {a.household_id: a.slot_id for a in assign_slots(slots, households)}
    tier_of = {slot.slot_id: slot.tier for slot in slots}
    assert {household: tier_of[slot] for household, slot in assigned.items()} == households
    for tier in set(tiers):
        sizes = [list(assigned.values()).count(slot.slot_id) for slot in slots if slot.tier == tier]
        assert max(sizes) - min(sizes) <= 1
