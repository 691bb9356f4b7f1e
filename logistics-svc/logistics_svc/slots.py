"""Pick-up slots per tier (S1:45). Pure.

The hours of a distribution are cut into slots of half an hour; the tiers follow one another and share the slots evenly,
so that a document per tier can be printed. When there are fewer slots than tiers, each tier has the whole time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from grenier.apportion import split_evenly
from grenier.language.logistics import PickupSlot, SlotAssignment

SLOT_LENGTH = timedelta(minutes=30)


def plan_slots(starts_at: datetime, ends_at: datetime, tiers: Sequence[str]) -> list[PickupSlot]:
    """`tiers` in the order in which they come; the last slot lasts until the end."""
    if not tiers:
        return []
    count = max(1, (ends_at - starts_at) // SLOT_LENGTH)
    if count < len(tiers):
        return [_slot(place + 1, tier, starts_at, ends_at) for place, tier in enumerate(tiers)]
    owners = [tier for tier, share in zip(tiers, split_evenly(count, len(tiers)), strict=True) for _ in range(share)]
    edges = [*(starts_at + SLOT_LENGTH * place for place in range(count)), ends_at]
    return [_slot(place + 1, tier, edges[place], edges[place + 1]) for place, tier in enumerate(owners)]


def assign_slots(slots: Sequence[PickupSlot], households: Mapping[str, str]) -> list[SlotAssignment]:
    """Households (id -> tier) to the slots of their tier: in order, as evenly as can be."""
    assigned: dict[str, str] = {}
    for tier in dict.fromkeys(households.values()):
        members = [household for household, its in households.items() if its == tier]
        own = [slot for slot in slots if slot.tier == tier]
        sizes = split_evenly(len(members), len(own)) if own else []
        places = (slot for slot, size in zip(own, sizes, strict=True) for _ in range(size))
        assigned.update({household: slot.slot_id for household, slot in zip(members, places, strict=False)})
    return [SlotAssignment(household_id=household, slot_id=assigned[household]) for household in households]


def _slot(number: int, tier: str, starts_at: datetime, ends_at: datetime) -> PickupSlot:
    return PickupSlot(slot_id=f"slot-{number}", tier=tier, starts_at=starts_at, ends_at=ends_at)
