"""`python -m tests.soak [--minutes 30] [--seed 1]`: T30, the long form. A run of a few minutes tries the program only."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos.stage import Scene, opened
from tests.chaos.watching import Attempt, Steady, acknowledged_but_missing, p99, statuses
from tests.proof import BUILD, Row, report
from tests.soak.sampling import Sampler, Series
from tests.soak.slopes import slope

LIMIT_PER_HOUR = 0.01
SLOWER_AT_MOST = 1.2
SAMPLES = 240
FLOORS = {"rss": 5e7, "fds": 20.0, "threads": 10.0}
QUEUE_FLOOR = 100.0
SERIES = BUILD / "soak-series.json"  # what a slope was made of, for those who look for its cause
FULL_MINUTES = 20.0
LOAD_SHARE = 0.5


def play(folder: Path, minutes: float, seed: int) -> Row:
    began = time.monotonic()
    with opened(folder, seed) as scene:
        pace = half_pace(scene)
        with Sampler(scene, max(1.0, minutes * 60 / SAMPLES)) as sampler, Steady(scene, pace_s=pace) as load:
            time.sleep(minutes * 60)
        figure, problems = judged(load.attempts, sampler.series, minutes)
        SERIES.parent.mkdir(exist_ok=True)
        SERIES.write_text(json.dumps(sampler.series))
        problems += acknowledged_but_missing(scene, load.acts) + [f"refused: {text}" for text in load.refused[:3]]
    return Row("T30", figure, problems, time.monotonic() - began)


def half_pace(scene: Scene, seconds: float = 8.0) -> float:
    """The pause between requests at which the same clients ask half as much as they could be answered."""
    with Steady(scene, pace_s=0.0) as load:
        time.sleep(seconds)
    writes = [one for one in load.attempts if one.kind == "write"]
    mean = sum(one.took_s for one in writes) / max(1, len(writes))
    return mean * (1 / LOAD_SHARE - 1)


def judged(attempts: list[Attempt], series: Series, minutes: float) -> tuple[dict[str, Any], list[str]]:
    problems: list[str] = []
    growing, uncertain, steepest = [], 0, ("", 0.0)
    for name, samples in sorted(series.items()):
        found = slope(samples, FLOORS.get(name.rpartition(" ")[2], QUEUE_FLOOR))
        if found is None:
            continue
        if found.grows(LIMIT_PER_HOUR):
            growing.append(f"{name} grows by {found.per_hour:.1%} ± {found.error:.1%} an hour")
        uncertain += not found.shown(LIMIT_PER_HOUR)
        if found.per_hour > steepest[1]:
            steepest = (name, found.per_hour)
    began, ended = attempts[0].began, attempts[-1].began
    middle = (began + ended) / 2
    halves = [
        p99([one for one in attempts if one.kind == "write" and (one.began < middle) == first])
        for first in (True, False)
    ]
    problems += growing if minutes >= FULL_MINUTES else []
    if halves[1] > SLOWER_AT_MOST * halves[0]:
        problems.append(f"the second half is slower: p99 {halves[1]} s after {halves[0]} s")
    if set(statuses(attempts)) != {"200"}:
        problems.append(f"answers other than 200: {statuses(attempts)}")
    figure = {
        "minutes": minutes, "answers": len(attempts), "series": len(series), "growing": growing if minutes >= FULL_MINUTES else len(growing),
        "not_shown_flat": uncertain, "steepest": f"{steepest[0]} {steepest[1]:.1%}/h", "p99_first_s": halves[0],
        "p99_second_s": halves[1],
    }  # fmt: skip
    return figure, problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Nothing grows, nothing slows (T30).")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grenier-soak-") as folder:
        row = play(Path(folder), asked.minutes, asked.seed)
    return report("soak", [row], "long" if asked.minutes >= FULL_MINUTES else f"{asked.minutes:g} minutes")


if __name__ == "__main__":
    sys.exit(main())
