"""`make sim`: many seeds on all cores, one seed told step by step, and whether the same seed is the same run (T4).

    python -m tests.sim                        500 seeds, then 100 of them again under other hash seeds
    python -m tests.sim --seeds 10000 --from 1000
    python -m tests.sim --seed 123 --trace     what happened, line by line
    python -m tests.sim --seed 123 --shrink    the shortest run of this seed that still fails

A miss names the seed and the command that plays it again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.proof import Row, report
from tests.sim.deliveries import check
from tests.sim.play import Outcome, play, shrink
from tests.sim.world import World

ROOT = Path(__file__).parents[2]
HASH_SEEDS = ("1", "4711")
SHOWN = 12
DELIVERED_SEED = 5


def main() -> int:
    asked = _arguments()
    if asked.hashes:
        for seed in range(asked.start, asked.start + asked.seeds):
            sys.stdout.write(f"{seed} {play(seed, asked.steps).trace_hash}\n")
        return 0
    if asked.seed is not None:
        return _one(asked)
    started = time.monotonic()
    outcomes = list(_all(range(asked.start, asked.start + asked.seeds), asked.steps, asked.jobs))
    problems = [f"seed {each.seed}: {problem}" for each in outcomes for problem in each.problems[:2]]
    failing = [each.seed for each in outcomes if each.problems]
    same, other = _same_again(outcomes[: asked.again], asked.steps)
    problems = problems[:SHOWN] + [f"again: python -m tests.sim --seed {seed} --trace" for seed in failing[:SHOWN]]
    problems += [f"seed {seed} is another run under another hash seed" for seed in other]
    figure = {
        "seeds": len(outcomes),
        "failing": len(failing),
        "events": sum(each.events for each in outcomes),
        "commands": sum(each.commands for each in outcomes),
        "troubles": sum(each.troubles for each in outcomes),
        "crashes": sum(each.crashes for each in outcomes),
        "same trace again": f"{same} of {same + len(other)}",
    }
    rows = [Row("T4", figure, problems, time.monotonic() - started)]
    return report("sim", [*rows, _deliveries(asked.deliveries)] if asked.deliveries else rows)


def _deliveries(examples: int) -> Row:
    """T8 over the log of one run."""
    started, world = time.monotonic(), World(DELIVERED_SEED).run(lambda _: [])
    figure = {"examples": examples, "events": len(world.log.everything()), "times each": "1 to 5", "window": 100}
    try:
        check(world, examples)
    except AssertionError as differs:
        return Row("T8", figure, [f"views differ: {str(differs)[:300]}"], time.monotonic() - started)
    return Row("T8", figure, [], time.monotonic() - started)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--from", dest="start", type=int, default=0, metavar="SEED")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--again", type=int, default=100, help="seeds played again under each of two other hash seeds")
    parser.add_argument("--deliveries", type=int, default=1_000, help="examples of T8; 0: none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--hashes", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _one(asked: argparse.Namespace) -> int:
    steps = shrink(asked.seed, asked.steps) if asked.shrink else asked.steps
    outcome = play(asked.seed, steps, keep_trace=asked.trace)
    sys.stdout.writelines(f"{line}\n" for line in outcome.lines)
    sys.stdout.write(f"seed {outcome.seed}, {outcome.steps} steps, {outcome.events} events, {outcome.trace_hash}\n")
    sys.stdout.writelines(f"  {problem}\n" for problem in outcome.problems)
    return int(bool(outcome.problems))


def _all(seeds: Iterable[int], steps: int | None, jobs: int) -> Iterator[Outcome]:
    with ProcessPoolExecutor(jobs) as pool:
        for done, outcome in enumerate(pool.map(play, seeds, [steps] * len(list(seeds)), chunksize=5), start=1):
            if outcome.problems:
                sys.stdout.write(f"seed {outcome.seed}: {outcome.problems[0][:300]}\n")
            if done % 100 == 0:
                sys.stdout.write(f"{done} seeds\n")
            sys.stdout.flush()
            yield outcome


def _same_again(outcomes: list[Outcome], steps: int | None) -> tuple[int, list[int]]:
    """The same seeds in fresh interpreters under other hash seeds: (how many were the same run, which were not)."""
    if not outcomes:
        return 0, []
    words = [sys.executable, "-m", "tests.sim", "--hashes", "--seeds", str(len(outcomes))]
    words += ["--from", str(outcomes[0].seed), *(["--steps", str(steps)] if steps else [])]
    running = [
        subprocess.Popen(words, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": each, "TZ": zone}, text=True,
                         stdout=subprocess.PIPE)
        for each, zone in zip(HASH_SEEDS, ("Pacific/Auckland", "America/Lima"), strict=True)
    ]  # fmt: skip
    wanted = {each.seed: each.trace_hash for each in outcomes}
    other: set[int] = set()
    for process in running:
        found = dict(line.split() for line in process.communicate()[0].splitlines())
        other |= {seed for seed, hash_ in wanted.items() if found.get(str(seed)) != hash_}
    return len(wanted) - len(other), sorted(other)


if __name__ == "__main__":
    sys.exit(main())
