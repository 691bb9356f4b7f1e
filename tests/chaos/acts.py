"""What the clients of a storm ask for: one command each, and how often which kind.

Orders and money of every group; in the AMAP the acts of its season as well (`season_acts`). A place's commands come one
after the other, so that what was acknowledged last is what must stand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.demo import month

if TYPE_CHECKING:
    from tests.chaos.stage import Place, Scene


@dataclass
class Act:
    """One command of one client and what it was told. `position` 0: never acknowledged. Times are monotonic seconds.

    `kind`: "order" (facts: cycle_id, household_id, quantities), one of MONEY (facts: household_id, amount_cents, the
    change of the balance), or one of the season's (facts: what its event says). `lost`: how many tries ended without an
    answer of ours (the connection broke). `after`: what the views must have seen before it is carried out.
    """

    kind: str
    method: str
    path: str
    person_id: str
    key: str
    body: dict[str, Any]
    facts: dict[str, Any]
    position: int = 0
    begun: float = 0.0
    last_asked: float = 0.0
    told_at: float = 0.0
    tries: int = 0
    lost: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    after: int = 0

    @property
    def subject(self) -> str:
        """Orders, money and the season are answered by different services."""
        return "order" if self.kind == "order" else "money" if self.kind in MONEY else "season"

    @property
    def url(self) -> str:
        return f"{self.path}?after={self.after}" if self.after else self.path

    @property
    def took_s(self) -> float:
        return self.told_at - self.begun if self.told_at else 0.0


Make = Callable[["Scene", "Place", int, random.Random], Act]
PAID = ("payment", "prepayment", "deposit")
MONEY = (*PAID, "correction", "reversal")


def order(scene: Scene, place: Place, number: int, rng: random.Random) -> Act:
    """An order or an amendment; the number makes every one a change."""
    return _order_of(scene.products, place.cycle_id, scene, place, number, rng)


def round_order(scene: Scene, place: Place, number: int, rng: random.Random) -> Act:
    """The same in the order round of the AMAP's contract."""
    assert scene.season is not None
    return _order_of(scene.season.jars, scene.season.round_id, scene, place, number, rng)


def _order_of(products: list[str], cycle_id: str, scene: Scene, place: Place, number: int, rng: random.Random) -> Act:
    quantities = {product: rng.randint(1, 5) for product in rng.sample(products[1:], 2)} | {products[0]: number % 900 + 1}  # fmt: skip
    path = f"/api/v1/cycles/{cycle_id}/orders/{place.home.household_id}"
    facts = {"cycle_id": cycle_id, "household_id": place.home.household_id, "quantities": quantities}
    return Act("order", "PUT", path, place.home.person_id, f"{scene.seed}-{number}", {"lines": month.as_lines(quantities)}, facts)  # fmt: skip


def payment(scene: Scene, place: Place, number: int, rng: random.Random) -> Act:
    """Money taken: cash at the till of the group, or a prepayment cheque where (or when) there is no till."""
    body: dict[str, Any] = {"amount_cents": rng.randint(1, 9_999)}
    facts = {"household_id": place.home.household_id, "amount_cents": body["amount_cents"]}
    key = f"{scene.seed}-{number}"
    if place.till_id and rng.random() < 0.5:
        body |= {"household_id": place.home.household_id, "means": "cash"}
        path = f"/api/v1/groups/{place.group.group_id}/tills/{place.till_id}/payments"
        return Act("payment", "POST", path, place.group.treasurer, key, body, facts)
    body |= {"number": str(number), "bank": "Crédit coopératif"}
    path = f"/api/v1/groups/{place.group.group_id}/households/{place.home.household_id}/prepayments"
    return Act("prepayment", "POST", path, place.group.coordinator, key, body, facts)


def telling(name: str) -> Make:
    """The next act of one of the household's stories in the season; an order where a story was broken off."""

    def make(scene: Scene, place: Place, number: int, rng: random.Random) -> Act:
        assert scene.season is not None
        found = scene.season.home(place).next_act(name, f"{scene.seed}-{number}", number, rng)
        return found or order(scene, place, number, rng)

    make.__name__ = name
    return make


# Of a hundred commands.
EVERYWHERE: Mapping[Make, int] = {order: 60, payment: 40}
IN_THE_SEASON: Mapping[Make, int] = {
    order: 20,
    payment: 10,
    round_order: 14,
    telling("absences"): 8,
    telling("exchange"): 18,
    telling("cheques"): 18,
    telling("money"): 12,
}


def mixed(scene: Scene, place: Place, number: int, rng: random.Random) -> Act:
    """Three commands in five are orders, two are money; in the AMAP half of them are its season's."""
    mix = IN_THE_SEASON if scene.season and scene.season.has(place) else EVERYWHERE
    (make,) = rng.choices(list(mix), list(mix.values()))
    return make(scene, place, number, rng)
