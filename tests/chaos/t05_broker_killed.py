"""T5: the broker is killed with relayed messages in its queues and on their way; the relay catches up, nothing is lost.

A dashboard of its own (a durable queue on the public feed) takes nothing until the end, so that everything lies in the
broker when it dies.
"""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from typing import Any

import pika

from grenier.broker import EVENTS_EXCHANGE, declare_events
from grenier_infra.launcher import probes
from grenier_infra.launcher.table import Probe
from tests.chaos.form import Form
from tests.chaos.small import Small, fill, small
from tests.chaos.watching import Eye
from tests.proof import Row

TEST = "T5"
STREAMS = [f"group-{number}" for number in range(100)]
DRAINED_WITHIN_S = 30.0
NAMED_WITHIN_S = 10.0
QUEUE = "proof.dashboard"
PATIENCE_S = 120.0


def run(form: Form) -> Row:
    with form.place("t05") as folder, small(folder, "relay") as scene:
        return storm(scene, form.count(10, 2), form.count(10_000, 1_000), form.seed)


def storm(scene: Small, kills: int, messages: int, seed: int) -> Row:
    began, rng = time.monotonic(), random.Random(f"{seed}/t05")
    bind(scene)
    versions: dict[str, int] = {}
    ids: list[str] = []
    drained: list[float] = []
    named: list[float | None] = []
    with Eye(scene, gateway=False) as eye:
        for _ in range(kills):
            before = relayed(scene)
            written = fill(scene.log, STREAMS, messages, versions)
            ids += [str(event.id) for event in written]
            head = scene.log.head() or 0
            share = before + rng.uniform(0.05, 0.9) * (head - before)
            soon(lambda share=share: relayed(scene) >= share)
            died = time.monotonic()
            scene.running.kill("broker")
            soon(lambda: probes.ready(Probe("amqp", scene.settings.amqp_port)), grace_s=0.5)
            back = time.monotonic()
            soon(lambda head=head: relayed(scene) >= head)
            drained.append(round(time.monotonic() - back, 1))
            time.sleep(1.5)
            named.append(eye.named_after("broker", died) or eye.named_after("relay", died))
    received = drain(scene)
    problems = judged(received, ids)
    problems += [f"the backlog took {took} s" for took in drained if took > DRAINED_WITHIN_S]
    problems += [
        f"the health page named nothing within {after} s" for after in named if after is None or after > NAMED_WITHIN_S
    ]
    figure = {
        "kills": kills, "messages": len(ids), "received": len(received), "repetitions": len(received) - len({event["id"] for event in received}),
        "drained_s": max(drained), "named_after_s": max((after for after in named if after is not None), default=None),
    }  # fmt: skip
    return Row(TEST, figure, problems, time.monotonic() - began)


def bind(scene: Small) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(scene.settings.amqp_url))
    channel = connection.channel()
    declare_events(channel)
    channel.queue_declare(QUEUE, durable=True)
    channel.queue_bind(QUEUE, EVENTS_EXCHANGE, "#")
    connection.close()


def drain(scene: Small) -> list[dict[str, Any]]:
    """Everything that lies in the dashboard's queue, in its order."""
    connection = pika.BlockingConnection(pika.URLParameters(scene.settings.amqp_url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=2_000)
    found: list[dict[str, Any]] = []
    for method, _, body in channel.consume(QUEUE, inactivity_timeout=2.0):
        if method is None:
            break
        found.append(json.loads(body))
        if len(found) % 500 == 0:
            channel.basic_ack(method.delivery_tag, multiple=True)
    connection.close()
    return found


def judged(received: list[dict[str, Any]], ids: list[str]) -> list[str]:
    """Each event is there; those of one stream arrived, first arrivals, in the order of the log."""
    first: dict[str, int] = {}
    order: dict[str, list[int]] = defaultdict(list)
    for event in received:
        if event["id"] not in first:
            first[event["id"]] = len(first)
            order[event["partitionkey"]].append(int(event["sequence"]))
    lost = len(set(ids) - set(first))
    mixed = [stream for stream, found in order.items() if found != sorted(found)]
    return ([f"{lost} events never arrived"] if lost else []) + [f"order lost in {stream}" for stream in mixed]


def relayed(scene: Small) -> int:
    """Up to which position the relay has everything confirmed; 0 before it has begun."""
    path = scene.running.data / "relay.sqlite"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=10)) as checkpoint:
        try:
            row = checkpoint.execute("SELECT position FROM checkpoint").fetchone()
        except sqlite3.OperationalError:  # not made yet
            return 0
    return int(row[0]) if row else 0


def soon(holds: Any, grace_s: float = 0.0) -> None:
    time.sleep(grace_s)
    until = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError("did not happen")
        time.sleep(0.05)
