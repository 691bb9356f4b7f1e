"""T17, T19, T20: many writers on one order cycle, each process with a log connection and a memory of its own.

    last_unit(shops, rounds=200)      64 households want the one jar of honey
    closing(shops, rounds=200)        the cycle closes while orders arrive
    many_writers(shops, 16, 1000)     one stream, no gap, no repeat, no lost update

`Shops(logs)`: a list of connections to one log, one per process.
"""

from __future__ import annotations

import itertools
from collections import Counter as Tally
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from grenier.clock import FixedClock
from grenier.errors import Rejected, Unavailable
from grenier.handling import Answer, Handler, Trace
from grenier.language import orders as o
from grenier.log.protocol import StreamLog
from grenier.readmodel import Fact, fact_of
from orders_svc.cycle import CloseCycle, Command, ConfirmOrder, FreezeAggregation, OpenCycle, ScheduleCycle, decider
from orders_svc.supplying import by_id, supplier_lines

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 11, 12, 19, tzinfo=UTC)
BUYERS, ARRIVING, LATE = 64, 20, 4
MOST_RETRIES = 1_000


@dataclass
class Outcome:
    """`figures` for the table, `problems` that break the promise (none: shown)."""

    figures: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def check(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)


class Shops:
    """As many processes as connections that sell from the same log."""

    def __init__(self, logs: Sequence[StreamLog]) -> None:
        self.logs = list(logs)
        self.handlers = [Handler(log, FixedClock(OPENS)) for log in self.logs]
        self._turn = itertools.count()

    def open(self, stock_limit: int = 0) -> str:
        """A cycle of its own, open, with honey on offer."""
        cycle_id = uuid4().hex
        facts = o.ProductFacts(name="Miel", category="Épicerie", producer_id="p", case_size=6)
        item = o.CatalogueItem(
            product_id="honey", facts=facts, price_cents=750, cost_cents=600, stock_limit=stock_limit
        )
        day = CLOSES + timedelta(days=9)
        scheduled = o.CycleScheduled(
            cycle_id=cycle_id, window_id="w", group_id="g", host_id="h", catalogue_id="k", month="2026-11", opens_at=OPENS,
            closes_at=CLOSES, distribution_starts_at=day, distribution_ends_at=day, place="", tier_rates_bp={}, items=[item])  # fmt: skip
        self.tell(cycle_id, ScheduleCycle(scheduled=scheduled))
        self.tell(cycle_id, OpenCycle(now=OPENS))
        return cycle_id

    def tell(self, cycle_id: str, command: Command) -> str:
        """ "ok", or the code of the refusal; a conflict that outlasts the handler's own tries is asked again."""
        try:
            self.told(cycle_id, command)
        except Rejected as refusal:
            return refusal.code
        return "ok"

    def told(self, cycle_id: str, command: Command) -> Answer:
        handler = self.handlers[next(self._turn) % len(self.handlers)]
        trace = Trace(command_id=str(uuid4()), actor="x")
        for _ in range(MOST_RETRIES):
            try:
                return handler.execute(decider, cycle_id, command, trace)
            except Unavailable as late:
                if late.code != "conflict-retry":
                    raise
        raise TimeoutError("the log never let this writer through")

    def facts(self, cycle_id: str) -> list[Fact]:
        return [fact_of(recorded) for recorded in self.logs[0].read(f"cycle-{cycle_id}")]

    def forget(self, cycle_id: str) -> None:
        for handler in self.handlers:
            handler.forget(f"cycle-{cycle_id}")


def order(place: int, quantity: int = 1) -> ConfirmOrder:
    return ConfirmOrder(
        order_id=f"o{place}", household_id=f"h{place}", group_id="g", tier="", quantities={"honey": quantity}, now=OPENS
    )


# -- T17 ---------------------------------------------------------------------------------------------------------


def last_unit(shops: Shops, rounds: int, buyers: int = BUYERS) -> Outcome:
    outcome, sold, lowest = Outcome(), 0, 1
    with ThreadPoolExecutor(16) as pool:
        for _ in range(rounds):
            cycle_id = shops.open(stock_limit=1)
            answers = Tally(pool.map(lambda place, at=cycle_id: shops.tell(at, order(place)), range(buyers)))
            sold += answers["ok"]
            outcome.check(set(answers) <= {"ok", "sold-out"}, f"answers {dict(answers)}")
            for left in stock(shops.facts(cycle_id), 1):
                lowest = min(lowest, left)
            shops.forget(cycle_id)
    outcome.check(sold == rounds, f"{sold} sold in {rounds} rounds")
    outcome.check(lowest == 0, f"stock went down to {lowest}")
    outcome.figures = {"rounds": rounds, "buyers": buyers, "sold": sold, "lowest_stock": lowest}
    return outcome


def stock(facts: Sequence[Fact], limit: int) -> list[int]:
    """What is left at every position of the stream."""
    held: dict[str, int] = {}
    left = []
    for fact in facts:
        match fact.event:
            case o.OrderConfirmed() | o.OrderAmended() as e:
                held[e.household_id] = sum(line.quantity for line in e.lines)
            case o.OrderCancelled() as e:
                held.pop(e.household_id, None)
        left.append(limit - sum(held.values()))
    return left


# -- T20 ---------------------------------------------------------------------------------------------------------


def closing(shops: Shops, rounds: int) -> Outcome:
    outcome, accepted, refused, behind = Outcome(), 0, 0, 0
    with ThreadPoolExecutor(16) as pool:
        for _ in range(rounds):
            cycle_id = shops.open()
            commands: list[Command] = [order(place, place % 5 + 1) for place in range(ARRIVING)]
            commands.insert(ARRIVING // 2, CloseCycle(now=CLOSES))
            commands += [order(place) for place in range(ARRIVING, ARRIVING + LATE)]
            answers = list(pool.map(lambda command, at=cycle_id: (command, shops.tell(at, command)), commands))
            shops.tell(cycle_id, FreezeAggregation())
            facts = shops.facts(cycle_id)
            behind += after_close(facts)
            orders = [(command, answer) for command, answer in answers if isinstance(command, ConfirmOrder)]
            accepted += sum(answer == "ok" for _, answer in orders)
            refused += sum(answer == "cycle-closed" for _, answer in orders)
            outcome.problems += wholly_in(facts, orders)
            shops.forget(cycle_id)
    outcome.check(behind == 0, f"{behind} orders accepted behind the close")
    outcome.check(accepted > 0 and refused > 0, "the close never met orders on their way")
    outcome.figures = {"rounds": rounds, "accepted": accepted, "refused": refused, "behind_the_close": behind}
    return outcome


def after_close(facts: Sequence[Fact]) -> int:
    closed_at = next(fact.position for fact in facts if isinstance(fact.event, o.CycleClosed))
    return sum(isinstance(fact.event, o.OrderConfirmed) and fact.position > closed_at for fact in facts)


def wholly_in(facts: Sequence[Fact], orders: Sequence[tuple[ConfirmOrder, str]]) -> list[str]:
    """Each order stands as it was asked or is refused, and what the supplier gets is the sum of those that stand."""
    stand = {fact.event.household_id: fact.event for fact in facts if isinstance(fact.event, o.OrderConfirmed)}
    found = [
        f"{command.household_id} was told {answer}"
        for command, answer in orders
        if (answer, command.household_id in stand) not in (("ok", True), ("cycle-closed", False))
    ]
    asked = sum(command.quantities["honey"] for command, answer in orders if answer == "ok")
    frozen = facts[-1].event
    assert isinstance(frozen, o.AggregationFrozen)
    cells = [
        o.AggregatedCell(product_id=total.product_id, group_id="g", quantity=total.quantity) for total in frozen.totals
    ]
    supplied = supplier_lines(cells, by_id(frozen.items))
    bought = sum(line.quantity for lines in supplied.values() for line in lines)
    packed = sum(
        line.cases * frozen.items[0].facts.case_size + line.loose for lines in supplied.values() for line in lines
    )
    if not asked == bought == packed == sum(line.quantity for event in stand.values() for line in event.lines):
        found.append(f"accepted {asked}, supplier lines {bought}, packed {packed}")
    return found


# -- T19 ---------------------------------------------------------------------------------------------------------


def many_writers(shops: Shops, writers: int, commands: int) -> Outcome:
    """Writer `w` changes its own order again and again; the stream must hold every change of everybody, once, in order."""
    cycle_id, outcome = shops.open(), Outcome()
    opening = len(shops.facts(cycle_id))

    def write(writer: int) -> list[int]:
        return [shops.told(cycle_id, order(writer, each % 900 + 1)).version for each in range(commands)]

    with ThreadPoolExecutor(writers) as pool:
        versions = sorted(version for told in pool.map(write, range(writers)) for version in told)
    facts = shops.facts(cycle_id)
    total = opening + writers * commands
    outcome.check([fact.revision for fact in facts] == list(range(total)), f"{len(facts)} versions for {total} changes")
    outcome.check(versions == list(range(opening, total)), "answers name other versions than the stream has")
    outcome.check(len({fact.id for fact in facts}) == total, "an event stands twice")
    lost = 0
    for writer in range(writers):
        mine = [fact.event for fact in facts if getattr(fact.event, "household_id", "") == f"h{writer}"]
        lost += [event.lines[0].quantity for event in mine] != [each % 900 + 1 for each in range(commands)]
    outcome.check(lost == 0, f"changes of {lost} writers lost or out of order")
    outcome.check(
        Handler(shops.logs[0], FixedClock(OPENS)).state(decider, cycle_id)
        == shops.handlers[0].state(decider, cycle_id),
        "a process that just started sees another state",
    )
    outcome.figures = {"writers": writers, "commands": writers * commands, "versions": len(facts), "lost": lost}
    return outcome
