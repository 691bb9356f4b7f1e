"""T18: a household orders in several tabs at once, and its account never goes under the group's floor.

rounds(folder, 500, seed=1) -> Outcome
"""

from __future__ import annotations

import random
import time
from collections import Counter as Tally
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from grenier.handling import Handler
from grenier.language import ledger
from grenier.language import orders as o
from grenier.log.memory import MemoryLog
from grenier.log.protocol import LogUnavailable
from grenier.readmodel import Fact, fact_of
from orders_svc import credit
from tests.contention.counter import RICE_CENTS, WINDOWS, Counter

TABS = (2, 8)
SLOWEST_S = 0.006


@dataclass
class Outcome:
    rounds: int = 0
    answers: Tally[str] = field(default_factory=Tally)
    problems: list[str] = field(default_factory=list)


class FrailLog:
    """A log behind a wire: now and then it is away before an append, or takes it and does not say so."""

    def __init__(self, log: MemoryLog, chance: random.Random, share: float) -> None:
        self._log, self._chance, self._share = log, chance, share

    def append(self, stream, events, *, expected):
        fate = self._chance.random()
        time.sleep(self._chance.random() * SLOWEST_S)  # a wire: others come in between
        if fate < self._share:
            raise LogUnavailable("away")
        done = self._log.append(stream, events, expected=expected)
        if fate < 2 * self._share:
            raise LogUnavailable("answer lost")
        return done

    def __getattr__(self, name):
        return getattr(self._log, name)


def rounds(
    folder: Path,
    count: int,
    seed: int = 1,
    floor_cents: int = -500,
    frail: float = 0.02,
    make: type[Counter] = Counter,
    contract_id: str = "",
) -> Outcome:
    """Each round: one household, 2 to 8 tabs at once, orders and changes and cancellations in three cycles."""
    chance, outcome = random.Random(seed), Outcome()
    counter = make(folder, floor_cents=floor_cents)
    log = FrailLog(counter.house.log, chance, frail)
    for doors in counter.doors:
        doors.runtime.__dict__["handler"] = Handler(log, counter.house.clock)  # type: ignore[arg-type]
    homes = []
    with ThreadPoolExecutor(TABS[1]) as pool:
        for each in range(count):
            home = counter.household(chance.randrange(0, 40) * RICE_CENTS)
            homes.append(home)
            tabs = [_tab(chance) for _ in range(chance.randint(*TABS))]
            with counter.views_following(hasty=each % 2 == 1):
                outcome.answers.update(pool.map(lambda tab, home=home: counter.order(home, tab[0], **tab[1]), tabs))
    outcome.rounds = count
    facts = [fact_of(recorded) for recorded in log.read_all()]
    outcome.problems += crossings(facts, floor_cents, contract_id)
    outcome.problems += left_over(counter, homes)
    return outcome


def _tab(chance: random.Random) -> tuple[str, dict[str, int]]:
    """A cycle, and what is ordered in it (nothing: the order is cancelled)."""
    quantity = chance.choice([0, *range(1, 30)])
    return chance.choice(WINDOWS), {"rice": quantity} if quantity else {}


def crossings(facts: Iterable[Fact], floor_cents: int, contract_id: str = "") -> list[str]:
    """Positions at which an order took an account (of a contract, if named) under the floor; charged and cancelled orders count no more."""
    balance: Tally[str] = Tally()
    standing: dict[str, dict[str, int]] = {}
    found = []
    for fact in facts:
        match fact.event:
            case o.OrderConfirmed() | o.OrderAmended() as e:
                orders = standing.setdefault(e.household_id, {})
                more = e.total_cents > orders.get(e.order_id, 0)
                orders[e.order_id] = e.total_cents
                left = balance[e.household_id] - sum(orders.values())
                if more and left < floor_cents:
                    found.append(f"position {fact.position}: {e.household_id} at {left} cents, floor {floor_cents}")
            case o.OrderCancelled() as e:
                standing.get(e.household_id, {}).pop(e.order_id, None)
            case o.OrdersRegulated() as e:
                for change in e.changes:
                    standing[change.household_id][change.order_id] += change.to_amount_cents - change.from_amount_cents
            case ledger.GoodsCharged() as e:
                standing.get(e.household_id, {}).pop(e.order_id, None)
        if contract_id and getattr(fact.event, "contract_id", "") != contract_id:
            continue
        for posting in getattr(fact.event, "postings", ()):
            balance[posting.account.removeprefix("eater:")] += posting.amount_cents
    return found


def left_over(counter: Counter, homes: Iterable[str]) -> list[str]:
    """Once the timer has looked, exactly what stands is set aside: nothing is lost to the household for ever."""
    counter.house.clock.advance(seconds=timedelta(minutes=2).total_seconds())
    counter.house.tick()
    found = []
    for home in homes:
        means = credit_means(counter, home)
        state = counter.room.runtime.handler.state(credit.decider, home)
        held = {order_id: cents for order_id, cents in credit.committed(state, means).items() if cents}
        if held != dict(means.standing):
            found.append(f"{home}: {held} set aside for {dict(means.standing)}")
    return found


def credit_means(counter: Counter, home: str) -> credit.Means:
    from orders_svc.views.credit import means_of

    return means_of(counter.room.runtime.db, home)
