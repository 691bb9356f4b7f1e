"""How many places are taken, delivery by delivery: households, shares, units of an option. Nothing is given twice.

A household that changes its basket in mid-season holds, until the change is confirmed, the larger of the two: whichever
way that ends, its place is there. Those who wait hold nothing, but a newcomer does not pass them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from contracts_svc.contract.state import Life
from contracts_svc.contract.subscriptions import PLACED, Held, Roster
from contracts_svc.rules.amounts import quantity_on, shares_bp
from grenier.language.season import BasketOption, PlannedDelivery

HOUSEHOLDS, SHARES, OPTION = "households", "shares", "option/"
# What a household takes of each limited thing at one delivery.
Load = dict[str, int]
Choice: TypeAlias = "tuple[str, tuple[tuple[str, int], ...]]"


class Full(msgspec.Struct, frozen=True, kw_only=True):
    """The first limit that stands in the way."""

    what: str
    limit: int
    taken: int
    delivery_id: str


def limits(life: Life) -> Load:
    """{what: limit} of this contract; nothing where there is no limit."""
    terms = life.agreed
    found = {HOUSEHOLDS: terms.sign_up.max_households, SHARES: terms.sign_up.max_shares_bp}
    found |= {OPTION + option.option_id: option.limit for option in terms.options}
    return {what: limit for what, limit in found.items() if limit > 0}


def full(life: Life, roster: Roster, asked: Held, *, behind_those_who_wait: bool) -> Full | None:
    """What keeps `asked` from a place; None when there is room at every delivery that it takes."""
    bounds = limits(life)
    if not bounds:
        return None
    others = [
        held
        for held in roster.subscriptions.values()
        if held.subscription_id != asked.subscription_id
        and (held.state in PLACED or (behind_those_who_wait and held.state == "waiting"))
    ]
    for delivery in _dates(life, asked):
        wanted = _load(life, asked, delivery, bounds)
        taken = _taken(life, [*others, asked], delivery, bounds)
        for what, limit in bounds.items():
            if wanted.get(what, 0) and taken.get(what, 0) > limit:
                return Full(what=what, limit=limit, taken=taken[what] - wanted[what], delivery_id=delivery.delivery_id)
    return None


def overfull(life: Life, roster: Roster, delivery: PlannedDelivery) -> Full | None:
    """The first limit that those who have a place exceed at this delivery."""
    bounds = limits(life)
    placed = [held for held in roster.subscriptions.values() if held.state in PLACED]
    for what, taken in _taken(life, placed, delivery, bounds).items():
        if taken > bounds.get(what, taken):
            return Full(what=what, limit=bounds[what], taken=taken, delivery_id=delivery.delivery_id)
    return None


def taken_at_most(life: Life, roster: Roster) -> Load:
    """Of each limited thing, the most that is taken at any one delivery."""
    bounds = limits(life) | {HOUSEHOLDS: 0, SHARES: 0}
    placed = [held for held in roster.subscriptions.values() if held.state in PLACED]
    most: Load = dict.fromkeys(bounds, 0)
    for delivery in life.deliveries_held:
        for what, number in _taken(life, placed, delivery, bounds).items():
            most[what] = max(most[what], number)
    return most


def _dates(life: Life, held: Held) -> Iterator[PlannedDelivery]:
    """All deliveries while it lasts: a household of Semaine A is one of the contract's households in Semaine B too."""
    return (delivery for delivery in life.deliveries_held if held.is_on(delivery))


def _taken(life: Life, subscriptions: Iterable[Held], delivery: PlannedDelivery, bounds: Load) -> Load:
    """Summed over households; of one household's subscriptions the larger counts. Most choose the same: counted once."""
    by_household: dict[str, Load] = {}
    loads: dict[Choice, Load] = {}
    for held in subscriptions:
        if not held.is_on(delivery):
            continue
        choice = _choice(held, delivery)
        load = loads.get(choice)
        if load is None:
            load = loads[choice] = _load(life, held, delivery, bounds)
        other = by_household.get(held.household_id)
        by_household[held.household_id] = load if other is None else _larger(other, load)
    total: Load = {}
    for load in by_household.values():
        for what, number in load.items():
            total[what] = total.get(what, 0) + number
    return total


def _larger(one: Load, other: Load) -> Load:
    return {what: max(one.get(what, 0), other.get(what, 0)) for what in one | other}


def _choice(held: Held, delivery: PlannedDelivery) -> Choice:
    """All that a load hangs on, this delivery given."""
    lines = ((line.option_id, line.per_delivery.get(delivery.delivery_id, line.quantity)) for line in held.lines)
    return held.series, tuple(lines)


def _load(life: Life, held: Held, delivery: PlannedDelivery, bounds: Load) -> Load:
    load: Load = {HOUSEHOLDS: 1}
    # A date left out keeps its place: the household may still come to another choice.
    if held.series and delivery.series not in ("", held.series):
        return load
    options: dict[str, BasketOption] = {option.option_id: option for option in life.agreed.options}
    for line in held.lines:
        if OPTION + line.option_id in bounds:
            load[OPTION + line.option_id] = quantity_on(line, options[line.option_id], delivery)
    if SHARES in bounds:
        load[SHARES] = shares_bp(held.lines, life.agreed.options, delivery)
    return load
