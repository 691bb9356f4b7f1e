"""What a run is asked to do, and what each of its stages hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.ratios import Block

TARGETS = {
    "P1": "place an order, many at once",
    "P2": "place an order, nobody else there",
    "P3": "opening rush, 64 dashboards listening",
    "P4": "order → visible in own balance and in stock",
    "P5": "read a balance",
    "P6": "rebuild all views from the local copy of the log",
    "P7": "rebuild from the event store",
    "P8": "views brought forward batch by batch",
    "P9": "close a cycle of 50 groups",
    "P10": "pages after closing",
    "P11": "append, 16 writers on 16 streams",
    "P12": "events to the broker, confirmed",
    "P14": "sealed personal data in a replay",
    "P15": "validation's share of an order",
    "P16": "load an aggregate of 1,000 events",
    "P17": "start everything; come back after kill -9",
    "P18": "memory of a replay",
}


@dataclass(frozen=True)
class Plan:
    """`events`: length of the log that is replayed; `rush_s`: length of the opening rush."""

    only: tuple[str, ...]
    blocks: int
    seconds: float
    connections: tuple[int, ...]
    households: int
    events: int
    rush_s: float
    folder: Path
    quick: bool = False

    def wants(self, *targets: str) -> bool:
        return any(target in self.only for target in targets)


@dataclass
class Found:
    """`verdicts` by target; `blocks` as measured; `problems` make the run void; `notes` are told under the table;
    `where`: CPU ms by process of a job and system; `figures`: what the verdict of another stage needs."""

    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    where: dict[str, Mapping[str, float]] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    def add(self, other: Found) -> None:
        self.verdicts.update(other.verdicts)
        self.blocks += other.blocks
        self.problems += other.problems
        self.notes += other.notes
        self.where.update(other.where)
        self.figures.update(other.figures)


Say = Callable[[str], None]
