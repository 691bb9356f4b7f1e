"""T28: processes whose clocks are minutes apart and jump by hours, around the deadline of one cycle.

Each decision goes by one clock, that of the process which decides it; what is before and what behind the close is told by the log.
"""

from __future__ import annotations

import random
from collections import Counter as Tally
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

from grenier.clock import FixedClock
from grenier.errors import Rejected, Unavailable
from grenier.handling import Handler, Trace
from grenier.language import orders as o
from grenier.log.memory import MemoryLog
from grenier.readmodel import Fact, fact_of
from orders_svc.cycle import CloseCycle, ConfirmOrder, decider
from tests.contention.streams import CLOSES, Outcome, Shops

SKEWS_MIN = (0, 5, -5)
JUMP = timedelta(hours=2)


def rounds(count: int, seed: int = 1) -> Outcome:
    """Each round: three processes (one of them closes) in the last quarter of an hour, orders one second apart."""
    outcome, answers = Outcome(), Tally[str]()
    chance = random.Random(seed)
    for _ in range(count):
        log = MemoryLog()
        cycle_id = Shops([log]).open()
        told = _evening(log, cycle_id, chance)
        facts = [fact_of(recorded) for recorded in log.read(f"cycle-{cycle_id}")]
        outcome.problems += wrong_sides(facts, told)
        answers.update(answer for _, _, answer in told)
    outcome.check(answers["ok"] > 0 and answers["cycle-closed"] > 0, f"the deadline was never met: {dict(answers)}")
    outcome.figures = {"rounds": count, "wrong_sides": len(outcome.problems), **dict(sorted(answers.items()))}
    return outcome


Told = tuple[str, datetime, str]  # household, the deciding process's now, answer


def _evening(log: MemoryLog, cycle_id: str, chance: random.Random) -> list[Told]:
    clocks = [FixedClock(CLOSES) for _ in SKEWS_MIN]
    handlers = [Handler(log, clock) for clock in clocks]
    told: list[Told] = []

    def order(process: int) -> None:
        now, home = clocks[process].now(), uuid4().hex
        command = ConfirmOrder(
            order_id=home, household_id=home, group_id="g", tier="", quantities={"honey": 1}, now=now
        )
        told.append((home, now, _tell(handlers[process], cycle_id, command)))

    with ThreadPoolExecutor(len(clocks)) as pool:
        for minute in range(-8, 8):
            for clock, skew in zip(clocks, SKEWS_MIN, strict=True):
                jump = chance.choice([-JUMP, JUMP]) if chance.random() < 0.1 else timedelta()
                clock.set(CLOSES + timedelta(minutes=minute + skew, seconds=chance.randrange(60)) + jump)
            list(pool.map(order, range(len(clocks))))
            # The worker's timer, by the worker's clock.
            _tell(handlers[0], cycle_id, CloseCycle(now=clocks[0].now()))
    return told


def _tell(handler: Handler, cycle_id: str, command: ConfirmOrder | CloseCycle) -> str:
    while True:
        try:
            handler.execute(decider, cycle_id, command, Trace(command_id=str(uuid4()), actor="x"))
        except Rejected as refusal:
            return refusal.code
        except Unavailable as late:
            if late.code != "conflict-retry":
                raise
        else:
            return "ok"


def wrong_sides(facts: list[Fact], told: list[Told]) -> list[str]:
    closed = next((fact for fact in facts if isinstance(fact.event, o.CycleClosed)), None)
    accepted = {fact.event.household_id: fact for fact in facts if isinstance(fact.event, o.OrderConfirmed)}
    found = []
    if closed is not None and closed.event.closed_at < CLOSES:
        found.append(f"closed at {closed.event.closed_at} by the clock that closed it")
    for home, now, answer in told:
        fact = accepted.get(home)
        if (answer == "ok") != (fact is not None):
            found.append(f"{home} was told {answer}")
        if fact is not None and (now >= CLOSES or (closed is not None and fact.position > closed.position)):
            found.append(f"accepted at {now}, position {fact.position}")
        if answer == "cycle-closed" and now < CLOSES and closed is None:
            found.append(f"refused at {now}, and nothing was closed")
    return found
