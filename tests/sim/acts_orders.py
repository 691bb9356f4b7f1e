"""What people do with orders: shopping, changing their mind, closing the month."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from orders_svc import closing, cycle, supplier_order
from tests.sim.founding import Group, Household

if TYPE_CHECKING:
    from tests.sim.world import World

Act = tuple[str, str, dict[str, Any], str]
"""Service, method, payload, actor."""


def _open_cycle(world: World, rng: Random) -> tuple[Group, str]:
    """Mostly a cycle that is open, now and then any: people try what is over, too."""
    cycles = world.cast.cycles()
    now_open = [each for each in cycles if world.state(cycle.decider, each[1]).status == "open"]
    return rng.choice(now_open if now_open and rng.random() < 0.95 else cycles)


def _household(world: World, rng: Random, group: Group) -> Household:
    if rng.random() < 0.03:
        group = rng.choice(world.cast.groups)
    return rng.choice(group.households)


def lines(world: World, rng: Random) -> list[dict[str, Any]]:
    chosen = rng.sample(world.cast.products, rng.randint(1, 4))
    return [{"product_id": product, "quantity": rng.choice((1, 1, 2, 3, 4))} for product in chosen]


def confirm(world: World, rng: Random) -> Act:
    group, cycle_id = _open_cycle(world, rng)
    household = _household(world, rng, group)
    payload: dict[str, Any] = {"cycle_id": cycle_id, "household_id": household.household_id}
    payload["lines"] = lines(world, rng)
    if rng.random() < 0.25:
        payload |= {"channel": "paper", "reason": rng.choice(("", "au téléphone"))}
        return "orders", "confirm_order", payload, group.holder("organiser")
    return "orders", "confirm_order", payload, rng.choice(household.persons)


def cancel(world: World, rng: Random) -> Act:
    group, cycle_id = _open_cycle(world, rng)
    household = _household(world, rng, group)
    payload = {"cycle_id": cycle_id, "household_id": household.household_id}
    return "orders", "cancel_order", payload, household.persons[0]


def save_draft(world: World, rng: Random) -> Act:
    group, cycle_id = _open_cycle(world, rng)
    household = _household(world, rng, group)
    payload = {"cycle_id": cycle_id, "household_id": household.household_id, "lines": lines(world, rng)}
    return "orders", "save_draft", payload, household.persons[0]


def discard_draft(world: World, rng: Random) -> Act:
    group, cycle_id = _open_cycle(world, rng)
    household = rng.choice(group.households)
    payload = {"cycle_id": cycle_id, "household_id": household.household_id}
    return "orders", "discard_draft", payload, household.persons[0]


def make_unavailable(world: World, rng: Random) -> Act:
    group, cycle_id = rng.choice(world.cast.cycles())
    payload = {"cycle_id": cycle_id, "product_id": rng.choice(world.cast.products[3:])}
    return "orders", "make_unavailable", payload, group.holder("organiser")


def regulate(world: World, rng: Random) -> Act | None:
    group, cycle_id = rng.choice(world.cast.cycles())
    state = world.state(cycle.decider, cycle_id)
    if state.status != "closed":
        return None
    asked = list(closing.over_asked(state)) or world.cast.products
    payload = {"cycle_id": cycle_id, "product_id": rng.choice(asked)}
    payload["rule"] = rng.choice(("prorata", "first_come", "lottery", "nonsense"))
    return "orders", "regulate", payload, group.holder("coordinator")


def freeze(world: World, rng: Random) -> Act | None:
    group, cycle_id = rng.choice(world.cast.cycles())
    if world.state(cycle.decider, cycle_id).status not in ("open", "closed"):
        return None
    return "orders", "freeze_aggregation", {"cycle_id": cycle_id}, group.holder("organiser")


def supplier(world: World, rng: Random) -> Act | None:
    placed = world.log.facts("orders.supplier-order-placed")
    if not placed:
        return None
    key = rng.choice(placed).supplier_order_id
    sent = world.state(supplier_order.decider, key).status != "placed"
    method = "acknowledge_supplier_order" if sent else "send_supplier_order"
    return "orders", method, {"supplier_order_id": key}, world.cast.central


def revise_price(world: World, rng: Random) -> Act:
    cents = rng.randint(100, 900)
    payload = {"product_id": rng.choice(world.cast.products), "price_cents": cents, "cost_cents": cents}
    day = world.ground.now.date().isoformat()
    return "orders", "revise_price", {**payload, "effective_from": day, "reason": "saison"}, world.cast.central


ACTS = {
    confirm: 30,
    cancel: 4,
    save_draft: 8,
    discard_draft: 2,
    make_unavailable: 1,
    regulate: 4,
    freeze: 2,
    supplier: 2,
    revise_price: 1,
}
