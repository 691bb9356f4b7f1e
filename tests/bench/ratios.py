"""The arithmetic of a run: samples in blocks, ratios inside each block, medians over the blocks that count. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

DISTURBED_BELOW = 0.6


@dataclass(frozen=True)
class Sample:
    """One load on one system. `cpu_s`: of its whole process tree, until it had settled; `parts`: by process."""

    system: str
    job: str
    connections: int
    operations: int
    failures: int
    seconds: float
    cpu_s: float
    p50_ms: float
    p99_ms: float
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds per operation."""
        return 1000 * self.cpu_s / self.operations if self.operations else float("inf")

    @property
    def per_s(self) -> float:
        return self.operations / self.seconds


@dataclass
class Block:
    """Samples taken one after the other, so that they saw the same machine. `canary`: what the machine could do then."""

    job: str
    connections: int
    canary: float
    samples: list[Sample] = field(default_factory=list)

    def of(self, system: str) -> list[Sample]:
        return [sample for sample in self.samples if sample.system == system]

    def mean(self, system: str, figure: Callable[[Sample], float]) -> float:
        values = [figure(sample) for sample in self.of(system)]
        return sum(values) / len(values)


@dataclass(frozen=True)
class Spread:
    """A median with the least and the greatest value."""

    median: float
    least: float
    greatest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.least:.2f}–{self.greatest:.2f}]"

    def as_json(self) -> dict[str, float]:
        return {name: round(getattr(self, name), 3) for name in ("median", "least", "greatest")}


def undisturbed(blocks: Sequence[Block]) -> list[Block]:
    """Blocks in which the machine did at least 60 % of its best in this run; the others are kept in the file only."""
    best = max((block.canary for block in blocks), default=0.0)
    return [block for block in blocks if block.canary >= DISTURBED_BELOW * best]


def spread(values: Iterable[float]) -> Spread | None:
    ordered = sorted(values)
    return Spread(median(ordered), ordered[0], ordered[-1]) if ordered else None


def ratio(blocks: Sequence[Block], figure: Callable[[Sample], float], over: str, under: str) -> Spread | None:
    """`over`'s figure divided by `under`'s inside each block."""
    return spread(
        block.mean(over, figure) / block.mean(under, figure) for block in blocks if block.of(over) and block.of(under)
    )


def value(blocks: Sequence[Block], figure: Callable[[Sample], float], system: str) -> Spread | None:
    return spread(figure(sample) for block in blocks for sample in block.of(system))


def parts_ms(blocks: Sequence[Block], system: str) -> dict[str, float]:
    """CPU milliseconds per operation by process over all samples, largest first."""
    samples = [sample for block in blocks for sample in block.of(system)]
    operations = sum(sample.operations for sample in samples) or 1
    names = {name for sample in samples for name in sample.parts}
    found = {name: 1000 * sum(sample.parts.get(name, 0.0) for sample in samples) / operations for name in names}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _verdict(value: Any, ratio: float, against: str, passed: bool, goal: bool, **more: Any) -> dict[str, Any]:
    return {"value": value, "ratio": round(ratio, 3), "against": against, "pass": passed, "goal": goal, **more}


def verdicts(blocks: Sequence[Block]) -> dict[str, dict[str, Any]]:
    """P1, P2 and P5 as engineering targets; a target whose blocks are missing or disturbed has no line."""
    kept = undisturbed(blocks)
    crowd = [block for block in kept if block.job == "order" and block.connections >= 16]
    alone = [block for block in kept if block.job == "order" and block.connections == 1]
    balances = [block for block in kept if block.job == "balance" and block.connections >= 16]
    found: dict[str, dict[str, Any]] = {}
    if crowd:
        found["P1"] = _p1(crowd)
    if alone:
        found["P2"] = _p2(alone)
    if balances:
        found["P5"] = _p5(balances)
    return found


def _pair(blocks: Sequence[Block], figure: Callable[[Sample], float], under: str = "crud") -> Spread:
    found = ratio(blocks, figure, "grenier", under)
    assert found is not None, "a block without one of the systems"
    return found


def _p1(blocks: Sequence[Block]) -> dict[str, Any]:
    """Place an order. Pass: at least the peer's orders/s. Goal: 1.5 times, for 0.75 of the CPU, p99 no longer."""
    rate, cpu = _pair(blocks, lambda s: s.per_s), _pair(blocks, lambda s: s.cpu_ms)
    late = _pair(blocks, lambda s: s.p99_ms)
    own = value(blocks, lambda s: s.cpu_ms, "grenier")
    goal = rate.median >= 1.5 and cpu.median <= 0.75 and late.median <= 1.0
    return _verdict(
        round(own.median, 2) if own else None, rate.median, "crud", rate.median >= 1.0, goal,
        unit="CPU ms per order", cpu_ratio=cpu.as_json(), rate_ratio=rate.as_json(), p99_ratio=late.as_json(),
    )  # fmt: skip


def _p2(blocks: Sequence[Block]) -> dict[str, Any]:
    """Latency of one order, nobody else there. Pass: the peer's median. Goal: 0.7 of it."""
    wait = _pair(blocks, lambda s: s.p50_ms)
    own = value(blocks, lambda s: s.p50_ms, "grenier")
    return _verdict(round(own.median, 2) if own else None, wait.median, "crud", wait.median <= 1.0,
                    wait.median <= 0.7, unit="p50 ms", spread=wait.as_json())  # fmt: skip


def _p5(blocks: Sequence[Block]) -> dict[str, Any]:
    """Read a balance. Pass: at least the peer's reads/s. Goal: twice, and 0.6 of a bare ping."""
    rate, cpu = _pair(blocks, lambda s: s.per_s), _pair(blocks, lambda s: s.cpu_ms)
    floor = _pair(blocks, lambda s: s.per_s, "ping")
    own = value(blocks, lambda s: s.cpu_ms, "grenier")
    return _verdict(
        round(own.median, 2) if own else None, rate.median, "crud", rate.median >= 1.0,
        rate.median >= 2.0 and floor.median >= 0.6,
        unit="CPU ms per balance", cpu_ratio=cpu.as_json(), rate_ratio=rate.as_json(), of_ping=floor.as_json(),
    )  # fmt: skip
