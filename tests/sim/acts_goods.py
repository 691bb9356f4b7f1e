"""What people do with goods: pallets, deliveries, the tables of the distribution day."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from logistics_svc import delivery, distribution
from logistics_svc.distribution.state import Day
from tests.sim.acts_orders import Act
from tests.sim.founding import Group

if TYPE_CHECKING:
    from tests.sim.world import World


def pallet(world: World, rng: Random) -> Act | None:
    planned = world.log.facts("logistics.pallet-planned")
    waiting = [
        each for each in planned if each.pallet_id not in world.state(delivery.decider, each.delivery_id).prepared
    ]
    if not planned:
        return None
    chosen = rng.choice(waiting or planned)
    lines = []
    if rng.random() < 0.3:
        line = rng.choice(chosen.lines)
        lines = [{"product_id": line.product_id, "quantity": max(0, line.quantity - rng.randint(0, 2)),
                  "reason": "abîmé"}]  # fmt: skip
    return "logistics", "prepare_pallet", {"pallet_id": chosen.pallet_id, "lines": lines}, world.cast.logistician


def dispatch(world: World, rng: Random) -> Act | None:
    planned = world.log.facts("logistics.pallet-planned")
    if not planned:
        return None
    key = rng.choice(planned).delivery_id
    return "logistics", "dispatch_delivery", {"delivery_id": key}, world.cast.logistician


def receive(world: World, rng: Random) -> Act | None:
    sent = world.log.facts("logistics.delivery-dispatched")
    if not sent:
        return None
    chosen = rng.choice(sent)
    lines = []
    if rng.random() < 0.6:
        line = rng.choice(chosen.lines)
        received = max(0, line.quantity + rng.choice((-2, -1, -1, 0, 1)))
        lines = [{"product_id": line.product_id, "received": received, "reason": rng.choice(("manque", "damaged"))}]
    group = next(each for each in world.cast.groups if each.group_id == chosen.group_id)
    payload = {"delivery_id": chosen.delivery_id, "lines": lines}
    return "logistics", "receive_delivery", payload, group.holder("organiser")


def _day(world: World, rng: Random) -> tuple[Group, str, Day] | None:
    """A planned distribution, preferably one whose goods are there and that is not over."""
    planned = world.log.facts("logistics.distribution-planned")
    if not planned:
        return None
    days = [(each, world.state(distribution.decider, each.distribution_id)) for each in planned]
    living = [each for each in days if each[1].delivered and not each[1].closed]
    plan, day = rng.choice(living if living and rng.random() < 0.95 else days)
    group = next(each for each in world.cast.groups if each.group_id == plan.group_id)
    return group, plan.distribution_id, day


def at_table(world: World, rng: Random) -> Act | None:
    """Something about one household: what it is depends on how far it has got."""
    found = _day(world, rng)
    if found is None:
        return None
    group, distribution_id, day = found
    served = rng.choice(group.households)
    guest = day.guest(served.household_id)
    ids = {"distribution_id": distribution_id, "household_id": served.household_id}
    who = group.holder("volunteer")
    if guest.signed is not None and rng.random() < 0.3:
        return "logistics", "undo_sign_off", {**ids, "reason": "erreur"}, who
    choices = [_check_in, _weigh, _shortage, _substitute, _surplus, _sign_off, _sign_off, _sign_off, _slot, _call]
    return rng.choice(choices)(world, rng, ids, day, who)


def _check_in(_world: World, rng: Random, ids: dict[str, Any], _day: Day, who: str) -> Act:
    return "logistics", rng.choice(("check_in", "check_in", "undo_check_in")), ids, who


def _product(world: World, rng: Random, ids: dict[str, Any], day: Day) -> str:
    lines = list(day.guest(ids["household_id"]).lines)
    return rng.choice(lines if lines and rng.random() < 0.9 else world.cast.products)


def _weigh(world: World, rng: Random, ids: dict[str, Any], day: Day, who: str) -> Act:
    product_id = _product(world, rng, ids, day)
    grams = day.quantity(ids["household_id"], product_id) * 250 + rng.randint(-30, 40)
    payload = {**ids, "product_id": product_id, "weight_g": max(0, grams), "sure": rng.random() < 0.3}
    return "logistics", "weigh_line", payload, who


def _shortage(world: World, rng: Random, ids: dict[str, Any], day: Day, who: str) -> Act:
    payload = {**ids, "product_id": _product(world, rng, ids, day), "missing": rng.choice((0, 1, 1, 2))}
    return "logistics", "record_shortage", payload, who


def _substitute(world: World, rng: Random, ids: dict[str, Any], day: Day, who: str) -> Act:
    payload = {**ids, "product_id": _product(world, rng, ids, day), "quantity": rng.choice((0, 1, 1, 2)),
               "substitute_id": rng.choice(world.cast.products), "substitute_quantity": 1}  # fmt: skip
    return "logistics", "record_substitution", payload, who


def _surplus(world: World, rng: Random, ids: dict[str, Any], _day: Day, who: str) -> Act:
    payload = {**ids, "product_id": rng.choice(world.cast.products), "quantity": rng.choice((0, 1, 1, 2))}
    return "logistics", "sell_surplus", payload, who


def _sign_off(_world: World, _rng: Random, ids: dict[str, Any], _day: Day, who: str) -> Act:
    return "logistics", "sign_off", ids, who


def _slot(_world: World, rng: Random, ids: dict[str, Any], day: Day, who: str) -> Act:
    slots = [slot.slot_id for slot in day.plan.slots] if day.plan else []
    return "logistics", "choose_slot", {**ids, "slot_id": rng.choice(slots or ["none"])}, who


def _call(_world: World, rng: Random, ids: dict[str, Any], _day: Day, who: str) -> Act:
    return "logistics", "log_absent_call", {**ids, "outcome": rng.choice(("coming", "no-answer"))}, who


def count(world: World, rng: Random) -> Act | None:
    found = _day(world, rng)
    if found is None or not found[2].delivered:
        return None
    group, distribution_id, day = found
    lines = [
        {"product_id": product, "counted": max(0, units - rng.choice((0, 0, 1)))}
        for product, units in day.stock.items()
    ]
    payload = {"distribution_id": distribution_id, "lines": lines}
    return "logistics", "count_stock", payload, group.holder("organiser")


def close(world: World, rng: Random) -> Act | None:
    found = _day(world, rng)
    if found is None or (rng.random() < 0.7 and not any(guest.signed for guest in found[2].guests.values())):
        return None
    group, distribution_id, _ = found
    return "logistics", "close_distribution", {"distribution_id": distribution_id}, group.holder("volunteer")


ACTS = {pallet: 6, dispatch: 3, receive: 3, at_table: 30, count: 1, close: 1}
