"""Playing one seed, and finding the shortest run of it that still fails."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field

from tests.sim.judge import judge
from tests.sim.world import STEPS, World


@dataclass(frozen=True)
class Outcome:
    seed: int
    steps: int
    trace_hash: str
    problems: list[str]
    events: int
    commands: int
    troubles: int
    crashes: int
    lines: list[str] = field(default_factory=list)


def play(seed: int, steps: int | None = None, keep_trace: bool = False) -> Outcome:
    """Play and judge one seed; what nobody foresaw is a problem of the run, with its place."""
    world = World(seed, steps or STEPS, keep_trace)
    try:
        world.run(judge)
    except Exception:
        world.problems.append("the run broke off: " + traceback.format_exc(limit=-6))
    return Outcome(
        seed,
        world.steps,
        world.trace_hash,
        world.problems,
        len(world.log.everything()),
        len(world.clients.told),
        sum(world.weather.count.values()),
        world.crashes,
        world.lines or [],
    )


def shrink(seed: int, steps: int | None = None) -> int:
    """Fewest steps, found by halving, after which the run of this seed fails; all of them when it never does."""
    most = steps or STEPS
    if not play(seed, most).problems:
        return most
    least = 1
    while least < most:
        middle = (least + most) // 2
        if play(seed, middle).problems:
            most = middle
        else:
            least = middle + 1
    return most
