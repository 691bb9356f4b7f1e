"""T11: five times as many orders come as can be served, at their own times. Goodput holds, the others are told when to
come back, who is admitted is served in time, and afterwards all is as before.

The capacity is measured before and after it, on the same machine and with the same generator, by a closed loop: one short
sample wavers by a tenth from run to run. The better of the two is the one that goodput has to hold against.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.acts import order
from tests.chaos.form import Form
from tests.chaos.stage import Scene, opened
from tests.chaos.watching import Eye
from tests.proof import Row

TEST = "T11"
ROOT = Path(__file__).parents[2]
TIMES = 5
CLOSED_CLIENTS, MOST_CONNECTIONS = 16, 900
GOODPUT_SHARE, ADMITTED_P99_S, BACK_WITHIN_S, NAMED_WITHIN_S = 0.8, 2.0, 10.0, 10.0
CALM_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Told:
    begun: float
    took_s: float
    status: int
    retry_after: str


def run(form: Form) -> Row:
    with form.place("t11") as folder, opened(folder, form.seed) as scene:
        return storm(scene, form.seconds(60.0, 6.0), form.seconds(10.0, 4.0))


def storm(scene: Scene, seconds: float, sample_s: float, after_s: float = BACK_WITHIN_S) -> Row:
    began = time.monotonic()
    requests = prepared(scene)
    load(scene, requests, 0, sample_s / 2)  # caches
    peak = capacity(scene, requests, sample_s)
    calm, _ = load(scene, requests, peak * CALM_SHARE, sample_s)
    with Eye(scene) as eye:
        at = time.monotonic()
        storm_told, asking = load(scene, requests, peak * TIMES, seconds)
        both = [eye.named_after(name, at) for name in ("gateway", "gateway-2")]
        named = min((after for after in both if after is not None), default=None)
    after, _ = load(scene, requests, peak * CALM_SHARE, after_s + sample_s)
    peaks = peak, capacity(scene, requests, sample_s)
    figure, problems = judged(storm_told, calm, after, max(peaks), seconds)
    figure |= {
        "peaks_per_s": [round(one, 1) for one in peaks],
        "asking_processors": round(asking, 2),
        "named_after_s": named,
    }
    problems += [f"the health page named the gateway after {named} s"] * (named is None or named > NAMED_WITHIN_S)
    return Row(TEST, figure, problems, time.monotonic() - began)


def capacity(scene: Scene, requests: list[dict[str, Any]], sample_s: float) -> float:
    """Orders a second when everybody asks again as soon as there is an answer."""
    closed, _ = load(scene, requests, 0, sample_s)
    return sum(one.status == 200 for one in closed) / sample_s


def judged(
    told: list[Told], calm: list[Told], after: list[Told], peak: float, seconds: float
) -> tuple[dict[str, Any], list[str]]:
    good = [one for one in told if one.status == 200]
    goodput = sum(one.begun + one.took_s <= seconds for one in good) / seconds
    refused = Counter(one.status for one in told if one.status not in (200, 429, 503))
    vague = sum(one.status in (429, 503) and not one.retry_after.isdigit() for one in told)
    limit = max(2 * p99(calm), 0.5)
    late = [one.begun for one in after if one.status != 200 or one.took_s > limit]
    back = max(late, default=0.0)
    figure = {
        "peak_per_s": round(peak, 1), "offered_per_s": round(len(told) / seconds, 1), "goodput_per_s": round(goodput, 1),
        "share": round(goodput / peak, 2) if peak else 0.0, "statuses": dict(Counter(str(one.status) for one in told)),
        "admitted_p99_s": p99(good), "refused_p99_s": p99([one for one in told if one.status == 503]),
        "calm_p99_s": p99(calm), "back_s": round(back, 1),
    }  # fmt: skip
    problems = []
    if goodput < GOODPUT_SHARE * peak:
        problems.append(f"goodput {goodput:.1f}/s of {peak:.1f}/s")
    if refused:
        problems.append(f"answers that are neither served nor 429/503: {dict(refused)}")
    if vague:
        problems.append(f"{vague} refusals without Retry-After")
    if p99(good) > ADMITTED_P99_S:
        problems.append(f"who was admitted waited {p99(good)} s at the 99th percentile")
    if back > BACK_WITHIN_S:
        problems.append(f"still slow {back:.1f} s afterwards")
    return figure, problems


def prepared(scene: Scene) -> list[dict[str, Any]]:
    rng, found = random.Random(f"{scene.seed}/t11"), []
    for number, place in enumerate(scene.places()):
        act = order(scene, place, number, rng)
        found.append({"path": act.path, "token": scene.stage.at(act.person_id)._token, "lines": act.body["lines"]})
    return found


def load(scene: Scene, requests: list[dict[str, Any]], per_second: float, seconds: float) -> tuple[list[Told], float]:
    """What was answered, and how many processors the asking itself took."""
    most = CLOSED_CLIENTS if not per_second else MOST_CONNECTIONS
    job = {
        "port": scene.running.port_base,
        "per_second": per_second,
        "seconds": seconds,
        "most": most,
        "requests": requests,
    }
    path, told = scene.running.data / "job.json", scene.running.data / "told.json"
    path.write_text(json.dumps(job))
    told.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "tests.chaos.open_loop", str(path), str(told)], cwd=ROOT, check=True, capture_output=True, timeout=seconds + 60)  # fmt: skip
    found = json.loads(told.read_text())
    return [Told(*row) for row in found["told"]], found["cpu_s"] / seconds


def p99(told: list[Told]) -> float:
    times = sorted(one.took_s for one in told)
    return round(times[min(len(times) - 1, int(0.99 * len(times)))], 3) if times else 0.0
