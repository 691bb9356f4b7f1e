"""T1: any process is killed at a random time, 200 times in 20,000 acknowledged commands, three seeds.

Orders, payments and what a season consists of. Nothing acknowledged is lost, nothing stands twice, no household is debited
twice, no basket has two takers, no cheque is in two places, the books sum to zero, every view is what a fresh replay gives,
and soon after a death there is an answer again: 2 s, servers 10 s.
"""

from __future__ import annotations

import time
from typing import Any

from tests.chaos import checks
from tests.chaos.acts import Act
from tests.chaos.clients import Crowd
from tests.chaos.form import Form
from tests.chaos.killer import SERVERS, Killer, silences, wait_whole
from tests.chaos.stage import Scene, opened
from tests.proof import Row

TEST = "T1"
ENDLESS = 10_000_000
BACK_S, SERVER_BACK_S = 2.0, 10.0


def run(form: Form) -> Row:
    began, rows, problems = time.monotonic(), [], []
    for seed in form.seeds:
        with form.place(f"kills-{seed}") as folder, opened(folder, seed) as scene:
            row, found = storm(scene, form.kills, form.orders)
        rows.append(row)
        problems += [f"seed {seed}: {problem}" for problem in found]
    total = summed(rows)
    problems += [] if form.short else late(total["first_2xx_s"])
    return Row(TEST, total, problems, time.monotonic() - began)


def storm(scene: Scene, kills: int, commands: int, before: list[Act] | None = None) -> tuple[dict[str, Any], list[str]]:
    """One storm and its checks: the figures, and what broke the promise. Its acts are added to those `before` it."""
    acts = before if before is not None else []
    crowd = Crowd(scene)
    killer = Killer(scene.running, crowd, kills, commands, scene.seed)
    rage = killer.start()
    crowd.closed(ENDLESS, lambda: crowd.told >= commands and not rage.is_alive())
    wait_whole(scene.running)
    acts += crowd.acts
    found = checks.check(scene, acts)
    problems = crowd.problems() + found.pop("problems")
    if len(killer.deaths) < kills:
        problems.append(f"only {len(killer.deaths)} deaths: the storm proves nothing")
    return figures(crowd, killer) | found, problems


def figures(crowd: Crowd, killer: Killer) -> dict[str, Any]:
    told = crowd.acknowledged()
    times = sorted(act.took_s for act in told)
    waits = silences(crowd, killer.deaths)
    return {
        "seed": killer.seed,
        "kills": len(killer.deaths),
        "overlapping": sum(death.overlapping for death in killer.deaths),
        "acknowledged": len(told),
        "payments": sum(act.subject == "money" for act in told),
        "season": sum(act.subject == "season" for act in told),
        "seconds": round(crowd.took_s, 1),
        "per_second": round(len(told) / crowd.took_s, 1),
        "median_ms": round(times[len(times) // 2] * 1000),
        "slowest_s": round(times[-1], 2),
        "answers": dict(sorted(crowd.answers.items())),
        "measured": sum(map(len, waits.values())),
        "median_2xx_s": {name: round(sorted(found)[len(found) // 2], 2) for name, found in sorted(waits.items())},
        "first_2xx_s": {name: round(max(found), 2) for name, found in sorted(waits.items())},
    }


def summed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The seeds together: sums, and the worst of the times."""
    total: dict[str, Any] = {"seeds": [row["seed"] for row in rows]}
    for name in ("kills", "overlapping", "acknowledged", "payments", "season", "lost", "duplicates", "measured"):
        total[name] = sum(row[name] for row in rows)
    back: dict[str, float] = {}
    for row in rows:
        for name, value in row["first_2xx_s"].items():
            back[name] = max(back.get(name, 0.0), value)
    total["per_second"] = min(row["per_second"] for row in rows)
    total["slowest_s"] = max(row["slowest_s"] for row in rows)
    return total | {"first_2xx_s": back}


def late(first_2xx_s: dict[str, float]) -> list[str]:
    """Processes that were missed for longer than promised."""
    return [f"{name}: first answer after {value} s" for name, value in first_2xx_s.items()
            if value > (SERVER_BACK_S if name in SERVERS else BACK_S)]  # fmt: skip
