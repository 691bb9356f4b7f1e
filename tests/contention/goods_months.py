"""T24: whole months of one group after the other, with deliveries that differ and busy evenings, as events.

for event in months(events=100_000, seed=24): …
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from grenier.errors import Rejected
from logistics_svc import delivery as pallets
from logistics_svc import ids
from logistics_svc.distribution import commands as ask
from logistics_svc.distribution import decide, decider
from logistics_svc.examples import ITEMS, frozen, order

HOUSEHOLDS = 60
TRIES_PER_DAY = 900


def months(events: int, seed: int = 24) -> Iterator[Any]:
    """At least so many events; whole months only. Each month begins with its frozen aggregation."""
    chance, said, number = random.Random(seed), 0, 0
    while said < events:
        for event in a_month(chance, number):
            said += 1
            yield event
        number += 1


def a_month(chance: random.Random, number: int) -> Iterator[Any]:
    """One group's month: pallets, delivery with differences, and a busy evening."""
    cycle, group = str(uuid5(NAMESPACE_URL, f"cycle-{number}")), f"group-{number}"
    homes = [f"{group}-{n}" for n in range(HOUSEHOLDS)]
    products = [item.product_id for item in ITEMS]
    orders = [
        order(home, chance.choice(["neighbourhood", "solidarity"]), **{p: chance.randint(1, 6) for p in products})
        for home in homes
    ]
    agreed = frozen(*orders, cycle_id=cycle, group_id=group)
    yield agreed
    key = ids.delivery_id(cycle)
    load, road = pallets.decider.initial, [pallets.PlanPallets(key, agreed)]
    for command in road:
        for event in pallets.decide(load, command):
            load = pallets.decider.evolve(load, event)
            yield event
            if isinstance(command, pallets.PlanPallets):
                road.append(pallets.PreparePallet(event.pallet_id, []))
    [gone] = pallets.decide(load, pallets.DispatchDelivery(key))
    yield gone
    day = decider.initial
    opening = [ask.PlanDistribution(ids.distribution_id(cycle), agreed), ask.ReceiveDelivery(key, gone.lines, [])]
    evening = [a_tap(chance, homes, products, gone) for _ in range(TRIES_PER_DAY)]
    for command in [*opening, *evening, *(ask.SignOff(f"end-{home}", home) for home in homes)]:
        try:
            events = decide(day, command)
        except Rejected:
            continue
        for event in events:
            day = decider.evolve(day, event)
            yield event


def a_tap(chance: random.Random, homes, products, gone):
    home, product, other, units = (
        chance.choice(homes),
        chance.choice(products),
        chance.choice(products),
        chance.randint(0, 4),
    )
    expected = next(line.quantity for line in gone.lines if line.product_id == product)
    return chance.choice([
        ask.CheckIn(home),
        ask.UndoCheckIn(home),
        ask.RecordWeights("comte", [ask.Weight(home, chance.randint(200, 1_600))], sure=True),
        ask.RecordShortage(home, product, units),
        ask.RecordSubstitution(home, product, units, other, units),
        ask.SellSurplus(home, product, units),
        ask.SignOff(f"{home}-{chance.random()}", home),
        ask.UndoSignOff(home, "erreur"),
        ask.ReceiveDelivery(gone.delivery_id, gone.lines, [
            ask.ReceivedLine(product, max(0, expected - chance.randint(-5, 20)), chance.choice(["", "damaged"]))
        ]),
        ask.CountStock([ask.Counted(product, chance.randint(0, 80))]),
    ])  # fmt: skip
