"""What people do with money: tills, payments, counts, cheques, corrections."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from gateway.demo.month import coins
from ledger_svc import account, till
from tests.sim.acts_orders import Act
from tests.sim.founding import Group

if TYPE_CHECKING:
    from tests.sim.world import World


def open_till(world: World, rng: Random) -> Act:
    group = rng.choice(world.cast.groups)
    payload = {"group_id": group.group_id, "float_cents": rng.choice((0, 2_000, 5_000))}
    return "ledger", "open_till", payload, group.holder("treasurer")


def _till(world: World, rng: Random) -> tuple[Group, str, till.Till] | None:
    opened = world.log.facts("ledger.till-opened")
    if not opened:
        return None
    tills = [(each, world.state(till.decider, each.till_id)) for each in opened]
    living = [each for each in tills if each[1].status == "open"]
    chosen, state = rng.choice(living or tills)
    return next(each for each in world.cast.groups if each.group_id == chosen.group_id), chosen.till_id, state


def pay(world: World, rng: Random) -> Act | None:
    found = _till(world, rng)
    if found is None:
        return None
    group, till_id, _ = found
    payer = rng.choice(group.households if rng.random() < 0.97 else rng.choice(world.cast.groups).households)
    payload: dict[str, Any] = {"till_id": till_id, "household_id": payer.household_id, "means": "cash"}
    payload["amount_cents"] = rng.choice((250, 999, 1_234, 5_000))
    if rng.random() < 0.4:
        payload |= {"means": "cheque", "cheque": {"number": str(rng.randrange(9_999))}}
    return "ledger", "take_payment", payload, group.holder("treasurer")


def reverse_payment(world: World, rng: Random) -> Act | None:
    found = _till(world, rng)
    if found is None or not found[2].payments:
        return None
    group, till_id, state = found
    payload = {"till_id": till_id, "entry_id": rng.choice(sorted(state.payments)), "reason": "erreur"}
    return "ledger", "reverse_payment", payload, group.holder("treasurer")


def count(world: World, rng: Random) -> Act | None:
    found = _till(world, rng)
    if found is None:
        return None
    group, till_id, state = found
    off = rng.choice((0, 0, -50, 20))
    payload = {"till_id": till_id, "coins": coins(max(0, state.cash_cents + off)),
               "cheque_entry_ids": list(state.cheques())}  # fmt: skip
    return "ledger", "count_cash", payload, group.holder("treasurer")


def explain_or_close(world: World, rng: Random) -> Act | None:
    found = _till(world, rng)
    if found is None:
        return None
    group, till_id, state = found
    who = group.holder("treasurer")
    if state.count is not None and state.count.difference_cents and not state.count.explained:
        return "ledger", "explain_difference", {"till_id": till_id, "explanation": "rendu"}, who
    return "ledger", "close_till", {"till_id": till_id}, who


def prepay(world: World, rng: Random) -> Act:
    group = rng.choice(world.cast.groups)
    payload = {"household_id": rng.choice(group.households).household_id, "amount_cents": rng.choice((1_000, 2_500)),
               "number": str(rng.randrange(9_999))}  # fmt: skip
    return "ledger", "receive_prepayment", payload, group.holder("coordinator")


def dues(world: World, rng: Random) -> Act:
    group = rng.choice(world.cast.groups)
    payload = {"household_id": rng.choice(group.households).household_id, "amount_cents": 2_000, "means": "cash"}
    return "ledger", "receive_dues", payload, group.holder("treasurer")


def adjust(world: World, rng: Random) -> Act:
    group = rng.choice(world.cast.groups)
    payload = {"household_id": rng.choice(group.households).household_id,
               "amount_cents": rng.choice((-300, -1, 1, 77)), "reason": "avoir"}  # fmt: skip
    return "ledger", "post_adjustment", payload, group.holder("treasurer")


def reverse_entry(world: World, rng: Random) -> Act | None:
    group = rng.choice(world.cast.groups)
    household_id = rng.choice(group.households).household_id
    entries = sorted(world.state(account.decider, household_id).entries)
    if not entries:
        return None
    payload = {"household_id": household_id, "entry_id": rng.choice(entries), "reason": "erreur"}
    return "ledger", "reverse_entry", payload, group.holder("treasurer")


def remind(world: World, rng: Random) -> Act:
    group = rng.choice(world.cast.groups)
    return "ledger", "announce_negative", {"group_id": group.group_id}, group.holder("treasurer")


ACTS = {open_till: 2, pay: 7, reverse_payment: 2, count: 3, explain_or_close: 3, prepay: 3, dues: 1, adjust: 2,
        reverse_entry: 2, remind: 1}  # fmt: skip
