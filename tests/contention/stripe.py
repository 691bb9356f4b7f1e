"""T16: Stripe's table of idempotency keys, row by row, against anything that can be asked over HTTP.

rows(desk) -> Outcome          `desk`: a Site in one process, or a real installation
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from tests.contention.streams import Outcome

CONCURRENT = 50
IN_FLIGHT = "conflict-retry"
KEPT_HOURS = 25


@dataclass(frozen=True, slots=True)
class Told:
    status: int
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body).get("code", "")) if self.body else ""


class Desk(Protocol):
    """Buyers 0 and 1 belong to the same group, buyer 2 to another; each orders for the own household."""

    def put(self, buyer: int, key: str, quantity: int) -> Told: ...

    def written(self, buyer: int) -> int:
        """Orders and changes of this buyer's household in the log."""

    def restart(self) -> None:
        """The processes of orders-svc forget whatever they knew."""

    def away(self) -> AbstractContextManager[None]:
        """The event log does not answer meanwhile."""

    def later(self, hours: int) -> None: ...


def rows(desk: Desk) -> Outcome:
    outcome = Outcome()
    table = Table(desk, outcome)
    for row in (
        table.at_once, table.after_a_restart, table.another_body, table.another_member, table.another_group,
        table.after_a_422, table.while_the_log_is_away, table.a_day_later,
    ):  # fmt: skip
        row()
    outcome.figures = {"concurrent": CONCURRENT, "in_flight": table.in_flight, "orders_written": table.orders,
                       "replays_equal": table.equal, "kept_hours": KEPT_HOURS}  # fmt: skip
    return outcome


class Table:
    def __init__(self, desk: Desk, outcome: Outcome) -> None:
        self.desk, self.outcome = desk, outcome
        self.in_flight = self.orders = self.equal = 0
        self._quantity = 0
        self.first = ("", 0, Told(0, b""))  # key, quantity, answer of the first row

    def _next(self) -> int:
        """A quantity that changes the order each time."""
        self._quantity = self._quantity % 40 + 1
        return self._quantity

    def _wrote(self, buyer: int, expected: int, act: Callable[[], object], what: str) -> None:
        before = self.desk.written(buyer)
        act()
        wrote = self.desk.written(buyer) - before
        self.orders += wrote
        self.outcome.check(wrote == expected, f"{what}: {wrote} orders written, {expected} expected")

    def _ok(self, told: Told, what: str) -> None:
        self.outcome.check(told.status == 200, f"{what}: {told.status} {told.code}")

    def _same(self, told: Told, what: str) -> None:
        self._ok(told, what)
        same = told.body == self.first[2].body
        self.equal += same
        self.outcome.check(same, f"{what}: another answer than the first")

    def at_once(self) -> None:
        key, quantity = str(uuid4()), self._next()
        told: list[Told] = []

        def all_together() -> None:
            with ThreadPoolExecutor(CONCURRENT) as pool:
                told.extend(pool.map(lambda _: self.desk.put(0, key, quantity), range(CONCURRENT)))

        self._wrote(0, 1, all_together, "50 at once")
        answered = [each for each in told if each.status == 200]
        self.in_flight = sum(each.status == 503 and each.code == IN_FLIGHT for each in told)
        self.outcome.check(
            len(answered) + self.in_flight == CONCURRENT, f"50 at once: {sorted({(t.status, t.code) for t in told})}"
        )
        self.outcome.check(len({each.body for each in answered}) == 1, "50 at once: answers differ")
        self.equal += len(answered)
        if answered:
            self.first = (key, quantity, answered[0])
        self._wrote(0, 0, lambda: self._same(self.desk.put(0, key, quantity), "repeated"), "repeated")

    def after_a_restart(self) -> None:
        key, quantity, _ = self.first
        self.desk.restart()
        self._wrote(0, 0, lambda: self._same(self.desk.put(0, key, quantity), "after a restart"), "after a restart")

    def another_body(self) -> None:
        key, quantity, _ = self.first
        self._wrote(0, 0, lambda: self._reused(self.desk.put(0, key, quantity + 1)), "another body")

    def _reused(self, told: Told) -> None:
        self.outcome.check(
            (told.status, told.code) == (422, "idempotency-key-reused"), f"another body: {told.status} {told.code}"
        )

    def another_member(self) -> None:
        self._other(1, "another member")

    def another_group(self) -> None:
        self._other(2, "another group")

    def _other(self, buyer: int, what: str) -> None:
        """The same key and body: another person's command all the same, and no word about the first one's."""
        key, quantity, first = self.first
        told: list[Told] = []
        self._wrote(buyer, 1, lambda: told.append(self.desk.put(buyer, key, quantity)), what)
        self._ok(told[0], what)
        self.outcome.check(told[0].body != first.body, f"{what}: was told about the order of somebody else")

    def after_a_422(self) -> None:
        key = str(uuid4())
        refused = self.desk.put(0, key, 0)
        self.outcome.check(refused.status == 422, f"a wrong quantity: {refused.status}")
        self._wrote(0, 1, lambda: self._ok(self.desk.put(0, key, self._next()), "corrected"), "corrected after a 422")

    def while_the_log_is_away(self) -> None:
        key, quantity = str(uuid4()), self._next()

        def refused_then_repeated() -> None:
            """A log that only stood still may take the first after all: it is written once in any case."""
            with self.desk.away():
                told = self.desk.put(0, key, quantity)
                self.outcome.check(told.status == 503, f"the log is away: {told.status} {told.code}")
            self._ok(self.desk.put(0, key, quantity), "after a 503")

        self._wrote(0, 1, refused_then_repeated, "after a 503")
        self._wrote(0, 0, lambda: self._ok(self.desk.put(0, key, quantity), "again"), "again after a 503")

    def a_day_later(self) -> None:
        key, quantity, _ = self.first
        self.desk.later(KEPT_HOURS)
        self._wrote(0, 0, lambda: self._same(self.desk.put(0, key, quantity), "a day later"), "a day later")
