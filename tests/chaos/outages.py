"""A server away for a while, killed or frozen, under a steady load: what was answered meanwhile, and how soon all was back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grenier_infra.launcher import probes
from grenier_infra.launcher.operator import held_dir
from grenier_infra.launcher.table import Probe
from tests.chaos.stage import Scene
from tests.chaos.watching import Attempt, Eye, Steady, p99, statuses

WARM_UP_S = 5.0
FAST_S = 1.0
NAMED_WITHIN_S = 10.0
BACK_WITHIN_S = 10.0
HOWS = ("killed", "frozen")
UP_PATIENCE_S = 60.0


@dataclass(slots=True)
class Outage:
    """What one absence looked like. Times in seconds; `began` to `up` is the absence itself, on the monotonic clock."""

    how: str
    began: float
    ended: float
    up: float
    figure: dict[str, Any]
    problems: list[str]


def outage(scene: Scene, server: str, how: str, seconds: float, after_s: float = 12.0, meanwhile: Callable[[], None] = lambda: None) -> tuple[Outage, Steady]:  # fmt: skip
    """`server`: broker or eventnode. The load begins WARM_UP_S before and goes on until `after_s` behind the return.

    `meanwhile` is called shortly before the return.
    """
    with Eye(scene) as eye, Steady(scene) as load:
        time.sleep(WARM_UP_S)
        began = time.monotonic()
        give_back = _take_away(scene, server, how)
        time.sleep(seconds)
        meanwhile()
        ended = time.monotonic()
        give_back()
        up = _until_up(scene, server)
        time.sleep(after_s)
    found = Outage(how, began, ended, up, {}, [])
    _judge(found, load, eye, server)
    return found, load


def _take_away(scene: Scene, server: str, how: str) -> Callable[[], None]:
    pid = scene.running.pids()[server]
    if how == "frozen":
        os.kill(pid, signal.SIGSTOP)
        return lambda: os.kill(pid, signal.SIGCONT)
    held = held_dir(scene.running.data) / server
    held.parent.mkdir(parents=True, exist_ok=True)
    held.touch()
    os.kill(pid, signal.SIGKILL)
    return held.unlink


def _until_up(scene: Scene, server: str) -> float:
    settings = scene.settings
    probe = Probe("amqp", settings.amqp_port) if server == "broker" else Probe("tcp", settings.esdb_port)
    until = time.monotonic() + UP_PATIENCE_S
    while not probes.ready(probe):
        if time.monotonic() > until:
            raise TimeoutError(f"{server} did not come back:\n{scene.running.said()}")
        time.sleep(0.05)
    return time.monotonic()


def _judge(found: Outage, load: Steady, eye: Eye, server: str) -> None:
    before = load.between(0, found.began, "write")
    # What is on its way when the server goes has not been refused yet: it counts like the others.
    writes, reads = (
        load.between(found.began - 0.5, found.ended, "write"),
        load.between(found.began, found.ended, "read"),
    )
    refused = [one for one in writes if one.status != 200]
    normal = max(2 * p99(before), 0.5)
    back = load.back_after(found.up, normal)
    named = eye.named_after(server, found.began)
    found.figure = {
        "away_s": round(found.up - found.began, 1), "writes": statuses(writes), "refused_p99_s": p99(refused),
        "refused_slowest_s": round(max((one.took_s for one in refused), default=0.0), 2), "reads": statuses(reads),
        "reads_p99_s": p99(reads), "normal_p99_s": p99(before), "back_s": None if back is None else round(back, 1),
        "named_after_s": named,
    }  # fmt: skip
    problem = found.problems.append
    if len(refused) < 5:
        problem(f"{how_many(refused)} writes were refused: no outage")
    if p99(refused) > FAST_S:
        problem(f"refusals took {p99(refused)} s at the 99th percentile")
    if rough := [one for one in refused if one.status != 503 or not one.retry_after.isdigit()]:
        problem(f"not 503 with Retry-After: {statuses(rough)}")
    if bad := [one for one in reads if one.status != 200]:
        problem(f"reading was answered {statuses(bad)}")
    if named is None or named > NAMED_WITHIN_S:
        problem(f"{server} was named after {named} s")
    if back is None or back > BACK_WITHIN_S:
        problem(f"writes were back to normal after {back} s")
    problem_of = load.refused[:3]
    found.problems += [f"refused for good: {text}" for text in problem_of]
    if open_acts := [act for act in load.acts if not act.position]:
        problem(f"{len(open_acts)} orders were never acknowledged")


def how_many(attempts: list[Attempt]) -> str:
    return f"only {len(attempts)}" if attempts else "no"
