"""T24: goods are conserved at every position of a log of a hundred thousand events."""

import random
from collections import Counter
from uuid import NAMESPACE_URL, uuid5

import pytest

from grenier.errors import Rejected
from logistics_svc import delivery as pallets
from logistics_svc import ids
from logistics_svc.distribution import commands as ask
from logistics_svc.distribution import decide, decider
from logistics_svc.examples import HOST, ITEMS, frozen, order

EVENTS = 100_000
HOUSEHOLDS = 60
TRIES_PER_DAY = 900


class Books:
    """Every movement at its place; checked at each event for the products that moved."""

    def __init__(self) -> None:
        self.at: Counter[tuple[str, str]] = Counter()
        self.kind: Counter[tuple[str, str]] = Counter()
        self.events = 0

    def note(self, event) -> None:
        self.events += 1
        for movement in getattr(event, "movements", ()):
            for place, units in ((movement.source, -movement.quantity), (movement.target, movement.quantity)):
                self.at[place, movement.product_id] += units
                self.kind[place.partition(":")[0], movement.product_id] += units
            self.check(movement)

    def check(self, movement) -> None:
        product = movement.product_id
        received = -self.kind["supplier", product]
        on_hand = self.kind["group", product] + self.kind["warehouse", product]
        assert received == self.kind["household", product] + on_hand + self.kind["loss", product]
        for place in (movement.source, movement.target):
            assert place.startswith(("supplier:", "loss:")) or self.at[place, product] >= 0


def a_day(chance: random.Random, number: int, books: Books) -> None:
    """One group's month: pallets, delivery with differences, and a busy evening."""
    cycle, group = str(uuid5(NAMESPACE_URL, f"cycle-{number}")), f"group-{number}"
    homes = [f"{group}-{n}" for n in range(HOUSEHOLDS)]
    products = [item.product_id for item in ITEMS]
    orders = [
        order(home, chance.choice(["neighbourhood", "solidarity"]), **{p: chance.randint(1, 6) for p in products})
        for home in homes
    ]
    agreed = frozen(*orders, cycle_id=cycle, group_id=group)
    key = ids.delivery_id(cycle)
    load, road = pallets.decider.initial, [pallets.PlanPallets(key, agreed)]
    for command in road:
        for event in pallets.decide(load, command):
            load = pallets.decider.evolve(load, event)
            books.note(event)
            if isinstance(command, pallets.PlanPallets):
                road.append(pallets.PreparePallet(event.pallet_id, []))
    [gone] = pallets.decide(load, pallets.DispatchDelivery(key))
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
            books.note(event)
    for product in products:
        assert day.on_hand(product) == books.at[f"group:{group}", product]


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


@pytest.mark.slow
def test_goods_are_conserved_at_every_position_of_a_long_log():
    chance, books, number = random.Random(24), Books(), 0
    while books.events < EVENTS:
        a_day(chance, number, books)
        number += 1
    assert books.kind["household", "bread"] > 0
    assert books.kind["loss", "bread"] != 0
    assert books.at[f"warehouse:{HOST}", "bread"] >= 0
