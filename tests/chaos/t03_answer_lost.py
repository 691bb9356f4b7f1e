"""T3: the log commits a command and its answer is lost, 1,000 times: the retry is told what was recorded, nothing is double.

The node's fault switch loses the answers. Whoever repeats (the service's own client of the log, or the person's client
with the same key) must get version and position of the first commit.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

from grenier_infra.eventnode.testing import NodeFaults, RunningNode
from tests.chaos import checks
from tests.chaos.acts import Act
from tests.chaos.clients import Crowd
from tests.chaos.form import Form
from tests.chaos.stage import Scene, opened
from tests.proof import Row

TEST = "T3"
SWITCHES = {"GRENIER_TEST_SWITCHES": "node-faults"}
# Answers lost in a row: one is repeated inside the service, more reach the person's client as a 503.
ROWS = (1, 2, 3, 5)
CLIENTS = 4


def run(form: Form) -> Row:
    began = time.monotonic()
    with form.place("answers") as folder, opened(folder, form.seed, **SWITCHES) as scene:
        figures, problems, acts = lose(scene, form.count(1_000, 50))
        found = checks.check(scene, acts)
    return Row(TEST, figures | {"duplicates": found["duplicates"], "lost": found["lost"]}, problems + found["problems"], time.monotonic() - began)  # fmt: skip


def lose(scene: Scene, times: int) -> tuple[dict[str, Any], list[str], list[Act]]:
    """Lose so many answers under load; the figures, what went wrong, and everything that was asked."""
    faults = node_faults(scene)
    crowd = Crowd(scene, clients=CLIENTS)
    armed, lost = 0, 0

    def until() -> bool:
        nonlocal armed, lost
        left = faults.left()["answer-lost"] if armed else 0
        if left == 0:
            lost += armed
            armed = min(ROWS[len(crowd.acts) % len(ROWS)], times - lost)
            faults.answer_lost(armed) if armed else None
        return lost >= times

    crowd.closed(times * 10, guarded(until))
    faults.clear()
    replies, wrong = repeated(crowd)
    figures = {"answers_lost": lost, "commands": len(crowd.acts), "replies_on_retry": replies, "answers": dict(crowd.answers)}  # fmt: skip
    short = [f"only {lost} of {times} answers were lost"] if lost < times else []
    return figures, crowd.problems() + wrong + short, crowd.acts


def repeated(crowd: Crowd) -> tuple[int, list[str]]:
    """Every command once more with its key: told the same version and position as the first time."""
    problems = []
    for act in crowd.acts:
        again = Act(act.kind, act.method, act.path, act.person_id, act.key, act.body, act.facts)
        crowd.perform(again)
        if (again.answer.get("version"), again.position) != (act.answer.get("version"), act.position):
            problems.append(f"{act.key} was told {act.answer}, its retry {again.answer}")
    return len(crowd.acts), problems


def node_faults(scene: Scene) -> NodeFaults:
    """The switch of the installation's own node."""
    return NodeFaults(cast(RunningNode, SimpleNamespace(port=scene.settings.esdb_port)))


def guarded(until: Any) -> Any:
    """Clients ask in turn: the switch is looked at by one at a time."""
    import threading

    lock = threading.Lock()

    def asked() -> bool:
        with lock:
            return bool(until())

    return asked
