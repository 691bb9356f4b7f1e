"""T9: a message that no queue wants is reported, never dropped in silence; an event that cannot be applied stops its own
stream and nothing else, is named within ten seconds, and nothing is skipped once the cause is mended.

The poison is a rule put into the database of orders' views (a trigger) that refuses rows of one group: the same as a
fault of a view, and one that can be mended while everything runs.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from uuid import uuid4

from grenier.access import groups
from grenier.broker import ConfirmedPublisher, Message
from grenier.readmodel import Database, dump
from grenier.runtime import load_service
from grenier_infra.launcher import state
from tests.chaos.form import Form
from tests.chaos.small import Small, fill, founded, small
from tests.chaos.watching import Eye
from tests.proof import Row
from tests.replaying import fresh, scratch

TEST = "T9"
POISONED = "group-nine-poison"
STREAMS = [f"group-nine-{number}" for number in range(50)]
ALARM_WITHIN_S = 10.0
PATIENCE_S = 60.0


def run(form: Form) -> Row:
    with form.place("t09") as folder, small(folder, "relay", "work-orders") as scene:
        return storm(scene, form.count(1_000, 100), form.count(10_000, 400))


def storm(scene: Small, messages: int, events: int) -> Row:
    began = time.monotonic()
    figure, problems = unroutable(scene, messages)
    poison_figure, poison_problems = poison(scene, events)
    return Row(TEST, figure | poison_figure, problems + poison_problems, time.monotonic() - began)


def unroutable(scene: Small, count: int) -> tuple[dict[str, int], list[str]]:
    """Wanted and unwanted messages in turn: each unwanted one is told about, each wanted one arrives."""
    returned: list[str] = []
    queue = f"proof.wanted-{uuid4()}"

    def declare(channel: object) -> None:
        channel.queue_declare(queue, durable=True)  # type: ignore[attr-defined]

    publisher = ConfirmedPublisher(scene.settings.amqp_url, declare, on_returned=lambda message: returned.append(message.message_id)).start()  # fmt: skip
    for number in range(count):
        publisher.publish(Message("", queue, b"{}", message_id=f"wanted-{number}", mandatory=True), timeout_s=60)
        publisher.publish(
            Message("", "proof.nobody", b"{}", message_id=f"unwanted-{number}", mandatory=True), timeout_s=60
        )
    flushed = publisher.flush(60)
    publisher.stop()
    told = {"unroutable": count, "reported": len(returned)}
    wrong = set(returned) ^ {f"unwanted-{number}" for number in range(count)}
    return told, [f"{len(wrong)} messages were dropped in silence or reported wrongly"] * bool(wrong) + ["not all was confirmed"] * (not flushed)  # fmt: skip


def poison(scene: Small, events: int) -> tuple[dict[str, object], list[str]]:
    versions: dict[str, int] = {}
    problems: list[str] = []
    fill(scene.log, STREAMS, events // 2, versions)
    settle(scene)
    rule(scene, f"CREATE TRIGGER poison BEFORE INSERT ON {groups.name} WHEN NEW.group_id = '{POISONED}' BEGIN SELECT RAISE(ABORT, 'poison'); END")  # fmt: skip
    with Eye(scene, gateway=False) as eye:
        poisoned = time.monotonic()
        scene.log.append(POISONED, [founded(POISONED, number) for number in range(3)], expected=-1)
        fill(scene.log, STREAMS, events - events // 2, versions)
        settle(scene)
        until = time.monotonic() + PATIENCE_S
        while (named := eye.named_after("views-orders", poisoned, ["parked"])) is None and time.monotonic() < until:
            time.sleep(0.1)
        counted = metric(scene, "grenier_parked_events", "orders")
    behind = not_there(scene, versions)
    problems += [f"{len(behind)} other groups were held up"] * bool(behind)
    problems += [f"the health page named it after {named} s"] * (named is None or named > ALARM_WITHIN_S)
    problems += [f"{counted} events parked by the metric, expected 3"] * (counted != 3)
    problems += ["grenier parked list shows nothing"] * (operator(scene, "parked", "list", "orders") != 1)
    rule(scene, "DROP TRIGGER poison")
    operator(scene, "parked", "retry", "orders")
    until = time.monotonic() + PATIENCE_S
    while (left := operator(scene, "parked", "list", "orders")) and time.monotonic() < until:
        time.sleep(0.2)
    problems += ["events stayed parked after the repair"] * bool(left)
    problems += ["the views are not what a replay gives"] * (not replayed(scene))
    return {"events": events, "parked": counted, "named_after_s": named, "others_behind": len(behind)}, problems


def settle(scene: Small) -> None:
    """Until orders' views stand behind the last event."""
    database = Database(scene.settings.view_database("orders"), "orders")
    head, until = scene.log.head() or 0, time.monotonic() + PATIENCE_S
    from grenier.projector import positions

    while min((row["position"] for row in database.rows(positions.select()) if not row["name"].startswith("policy:")), default=-1) < head:  # fmt: skip
        if time.monotonic() > until:
            raise TimeoutError("orders' views stand still")
        time.sleep(0.1)
    database.close()


def rule(scene: Small, statement: str) -> None:
    path = scene.settings.view_database("orders").removeprefix("sqlite:///")
    with sqlite3.connect(path, timeout=15) as views:
        views.execute(statement)


def not_there(scene: Small, versions: dict[str, int]) -> list[str]:
    """Groups whose row is not that of their last event."""
    database = Database(scene.settings.view_database("orders"), "orders")
    shown = {row["group_id"]: row["name"] for row in database.rows(groups.select())}
    database.close()
    return [stream for stream, version in versions.items() if shown.get(stream) != f"{stream} {version}"]


def metric(scene: Small, name: str, service: str) -> float | None:
    port = state.read(scene.running.data)["processes"]["work-orders"]["port"]  # type: ignore[index]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found = [line for line in lines if line.startswith(f'{name}{{service="{service}"}}')]
    return float(found[0].rpartition(" ")[2]) if found else None


def operator(scene: Small, *words: str) -> int:
    """What a person types; the exit code."""
    command = [sys.executable, "-m", "grenier.run", *words]
    return subprocess.run(command, env=scene.running.env, capture_output=True, cwd=scene.running.data, timeout=60).returncode  # fmt: skip


def replayed(scene: Small) -> bool:
    tables = [table for view in load_service("orders").all_views for table in view.tables]
    database = Database(scene.settings.view_database("orders"), "orders")
    folder = Path(scene.running.data) / "replayed"
    folder.mkdir(exist_ok=True)
    try:
        return dump(database, tables) == fresh("orders", scene.settings, list(scene.log.read_all()), scratch(folder))
    finally:
        database.close()
