"""Many at once: the last unit, and a cycle that closes while orders arrive."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from grenier.clock import FixedClock
from grenier.errors import Rejected, Unavailable
from grenier.handling import Handler, Trace
from grenier.language import orders as o
from grenier.log.memory import MemoryLog
from grenier.readmodel import fact_of
from orders_svc.cycle import CloseCycle, Command, ConfirmOrder, FreezeAggregation, OpenCycle, ScheduleCycle, decider

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 11, 12, 19, tzinfo=UTC)
ROUNDS = 200
BUYERS = 64


def scheduled(stock_limit: int) -> o.CycleScheduled:
    facts = o.ProductFacts(name="Miel", category="Épicerie", producer_id="p")
    return o.CycleScheduled(
        cycle_id="c", window_id="w", group_id="g", host_id="h", catalogue_id="k", month="2026-11",
        opens_at=OPENS, closes_at=CLOSES, distribution_starts_at=CLOSES + timedelta(days=9),
        distribution_ends_at=CLOSES + timedelta(days=9, hours=2), place="", tier_rates_bp={},
        items=[o.CatalogueItem(product_id="honey", facts=facts, price_cents=750, cost_cents=600, stock_limit=stock_limit)],
    )  # fmt: skip


class Shops:
    """Two processes that sell from the same log."""

    def __init__(self, stock_limit: int = 0) -> None:
        self.log = MemoryLog()
        self.handlers = [Handler(self.log, FixedClock(OPENS)) for _ in range(2)]
        self.tell(0, ScheduleCycle(scheduled=scheduled(stock_limit)))
        self.tell(0, OpenCycle(now=OPENS))

    def tell(self, process: int, command: Command) -> str:
        """ "ok", or the code of the refusal."""
        try:
            self.handlers[process].execute(decider, "c", command, Trace(command_id=str(uuid4()), actor="x"))
        except (Rejected, Unavailable) as refusal:
            return refusal.code
        return "ok"

    def order(self, place: int, quantity: int = 1) -> str:
        command = ConfirmOrder(
            order_id=f"o{place}", household_id=f"h{place}", group_id="g", tier="", quantities={"honey": quantity}, now=OPENS
        )  # fmt: skip
        outcome = self.tell(place % 2, command)
        while outcome == "conflict-retry":
            outcome = self.tell(place % 2, command)
        return outcome

    def events(self) -> list[object]:
        return [fact_of(recorded).event for recorded in self.log.read_all()]


@pytest.mark.behaviour("S1:34")
def test_the_last_unit_is_sold_exactly_once() -> None:
    sold = 0
    with ThreadPoolExecutor(16) as pool:
        for _ in range(ROUNDS):
            shops = Shops(stock_limit=1)
            outcomes = list(pool.map(shops.order, range(BUYERS)))
            assert sorted(set(outcomes)) == ["ok", "sold-out"]
            sold += outcomes.count("ok")
            taken = [event for event in shops.events() if isinstance(event, o.OrderConfirmed)]
            assert sum(line.quantity for event in taken for line in event.lines) == 1
    assert sold == ROUNDS


def test_an_order_in_a_closing_cycle_is_wholly_in_or_refused() -> None:
    with ThreadPoolExecutor(16) as pool:
        for _ in range(ROUNDS):
            shops = Shops()
            orders = [pool.submit(shops.order, place, place % 5 + 1) for place in range(20)]
            closing = pool.submit(shops.tell, 1, CloseCycle(now=CLOSES))
            late = [pool.submit(shops.order, place) for place in range(20, 24)]
            while closing.result() == "conflict-retry":
                closing = pool.submit(shops.tell, 1, CloseCycle(now=CLOSES))
            outcomes = [future.result() for future in (*orders, *late)]
            assert set(outcomes) <= {"ok", "cycle-closed"}
            shops.tell(0, FreezeAggregation())
            _check(shops.events(), outcomes.count("ok"))


def _check(events: list[object], accepted: int) -> None:
    closed_at = next(place for place, event in enumerate(events) if isinstance(event, o.CycleClosed))
    confirmed = [place for place, event in enumerate(events) if isinstance(event, o.OrderConfirmed)]
    assert all(place < closed_at for place in confirmed)
    assert len(confirmed) == accepted
    frozen = events[-1]
    assert isinstance(frozen, o.AggregationFrozen)
    asked = sum(line.quantity for event in events if isinstance(event, o.OrderConfirmed) for line in event.lines)
    assert sum(total.quantity for total in frozen.totals) == asked


def test_a_cycle_of_thousands_folds_quickly_and_the_same() -> None:
    shops = Shops()
    for place in range(2000):
        assert shops.order(place) == "ok"
    fresh = Handler(shops.log, FixedClock(OPENS)).state(decider, "c")
    assert len(fresh.orders) == 2000
    assert fresh == shops.handlers[0].state(decider, "c")
