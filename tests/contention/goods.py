"""T24: goods are conserved at every position: received = handed out + on hand + lost, for every product and place.

books = Books(); for fact in log: books.note(event, position); books.problems
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from grenier.language import logistics, orders
from logistics_svc.packing import CAPACITY_G

# Where goods come from and where they end has no stock of its own.
OPEN_ENDED = ("supplier", "loss")


class Books:
    """Every movement at its place; checked at each event for what moved. Pallets against what the cycle froze."""

    def __init__(self) -> None:
        self.at: Counter[tuple[str, str]] = Counter()
        self.kind: Counter[tuple[str, str]] = Counter()
        self.agreed: dict[str, Counter[str]] = {}
        self.planned: dict[str, Counter[str]] = {}
        self.pallets: dict[str, int] = {}
        self.events = self.movements = 0
        self.problems: list[str] = []

    def note(self, event: Any, position: int) -> None:
        self.events += 1
        match event:
            case orders.AggregationFrozen():
                self.agreed[event.cycle_id] = Counter({total.product_id: total.quantity for total in event.totals})
            case logistics.PalletPlanned():
                self._plan(event, position)
            case logistics.PalletPrepared() | logistics.DeliveryDispatched():
                self._check_lines(event.lines, position)
        for movement in getattr(event, "movements", ()):
            self._move(movement, position)

    def _move(self, movement: logistics.Movement, position: int) -> None:
        self.movements += 1
        product, units = movement.product_id, movement.quantity
        if type(units) is not int or units <= 0:
            self.problems.append(f"position {position}: {units!r} units of {product} moved")
        for place, change in ((movement.source, -units), (movement.target, units)):
            kind = place.partition(":")[0]
            self.at[place, product] += change
            self.kind[kind, product] += change
            if kind not in OPEN_ENDED and self.at[place, product] < 0:
                self.problems.append(f"position {position}: {self.at[place, product]} of {product} at {place}")
        on_hand = sum(self.kind[kind, product] for kind in ("warehouse", "group"))
        if -self.kind["supplier", product] != self.kind["household", product] + on_hand + self.kind["loss", product]:
            self.problems.append(f"position {position}: {product} is not conserved")

    def _plan(self, event: logistics.PalletPlanned, position: int) -> None:
        on = self.planned.setdefault(event.cycle_id, Counter())
        for line in event.lines:
            on[line.product_id] += line.quantity
        self.pallets[event.pallet_id] = self.pallets.get(event.pallet_id, 0) + 1
        alone = len(event.lines) == 1 and event.lines[0].quantity == 1
        if event.weight_g > CAPACITY_G and not alone:
            self.problems.append(f"position {position}: a pallet of {event.weight_g} g")
        if event.weight_g != sum(line.weight_g for line in event.lines):
            self.problems.append(f"position {position}: a pallet's weight is not that of its lines")
        self._check_lines(event.lines, position)

    def _check_lines(self, lines: list[logistics.PalletLine], position: int) -> None:
        self.problems += [
            f"position {position}: {line.cases} cases and {line.loose} loose are not {line.quantity}"
            for line in lines
            if line.quantity != line.cases * line.case_size + line.loose
        ]

    def finish(self) -> list[str]:
        """Every ordered unit on exactly one pallet; each pallet planned once."""
        self.problems += [f"pallet {key} was planned {times} times" for key, times in self.pallets.items() if times > 1]
        for cycle_id, totals in self.agreed.items():
            if cycle_id in self.planned and self.planned[cycle_id] != totals:
                self.problems.append(f"cycle {cycle_id}: pallets carry {self.planned[cycle_id]}, ordered {totals}")
        return self.problems

    def figures(self) -> dict[str, int]:
        return {"events": self.events, "movements": self.movements, "pallets": len(self.pallets), "violations": len(self.problems)}  # fmt: skip
