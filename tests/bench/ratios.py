"""The arithmetic of a run: samples in blocks, ratios inside each block, medians over the blocks that count. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

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


def undisturbed(blocks: Sequence[Block], best: float = 0.0) -> list[Block]:
    """Blocks in which the machine did at least 60 % of its best in this run; the others are kept in the file only.

    `best`: of other blocks of the run.
    """
    best = max((best, *(block.canary for block in blocks)))
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
