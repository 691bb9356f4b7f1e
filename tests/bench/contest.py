"""Contestants that do the same work in turns: A B C C B A, several blocks, a canary in each.

blocks = contest("replay", [Contestant("grenier", ours), Contestant("limit", bare)], blocks=3)

A contestant's `run` does one sample and answers how many operations that were (or a `Work`, when it has more to say).
CPU is counted over this process and its children, and over the trees below `roots` (servers that did part of the work).
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.processes import best_canary, canary, cpu_by_process
from tests.bench.ratios import Block, Sample, undisturbed

NOBODY: Mapping[str, int] = {}


@dataclass(frozen=True)
class Work:
    """What a sample did. `seconds`: when only a part of it is to be timed."""

    operations: int
    failures: int = 0
    seconds: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Contestant:
    name: str
    run: Callable[[], int | Work]
    roots: Mapping[str, int] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None


def contest(job: str, contestants: Sequence[Contestant], blocks: int, connections: int = 1) -> list[Block]:
    """So many blocks; for one that was disturbed another one is made, up to twice as many in all."""
    found: list[Block] = []
    while len(found) < 2 * blocks and len(undisturbed(found, best_canary())) < blocks:
        block = Block(job, connections, canary())
        block.samples = [sample(job, each, connections) for each in (*contestants, *reversed(contestants))]
        block.canary = min(block.canary, canary())
        found.append(block)
    return found


def sample(job: str, who: Contestant, connections: int) -> Sample:
    """One turn; what must be laid ready for it costs nothing."""
    who.prepare()
    gc.collect()
    theirs, own, started = cpu_by_process(who.roots), _own_cpu(), time.perf_counter()
    done = who.run()
    seconds, spent = time.perf_counter() - started, _own_cpu() - own
    after = cpu_by_process(who.roots)
    work = done if isinstance(done, Work) else Work(done)
    parts = {name: after[name] - theirs[name] for name in who.roots}
    parts["own"] = work.cpu_s or spent
    return Sample(who.name, job, connections, work.operations, work.failures, work.seconds or seconds,
                  sum(parts.values()), work.p50_ms, work.p99_ms, parts)  # fmt: skip


def _own_cpu() -> float:
    """Seconds of this process and of its children that have ended (finer than the clock ticks of /proc)."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def quantile(values: Sequence[float], share: float) -> float:
    """0.0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
