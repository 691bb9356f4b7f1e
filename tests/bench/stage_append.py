"""P11 and P12: appends of 16 writers to the event node beside an echo and message-db; events to the broker, confirmed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grenier.testing_broker import running_broker
from grenier.testing_postgres import running_postgres
from grenier_infra.eventnode.testing import running_node
from tests.bench import publishing
from tests.bench.contest import Contestant, Work, contest
from tests.bench.judging import cpu_ms, kept, median_of, over, p99_ms, per_s, verdict
from tests.bench.peers import DURABLE, postmaster, store
from tests.bench.plan import Found, Plan, Say
from tests.bench.programs import ROOT
from tests.bench.report import line

TARGETS = ("P11", "P12")
WRITERS = 16


def measure(plan: Plan, say: Say) -> Found:
    found = Found()
    if plan.wants("P11"):
        _appends(plan, found, say)
    if plan.wants("P12"):
        _publishing(plan, found, say)
    return found


# -- P11 ---------------------------------------------------------------------------------------------------------


@dataclass
class Store:
    """Where a kind of client writes; `count`: events that are there now; `written`: those that were answered."""

    kind: str
    address: str
    pid: int
    count: Callable[[], int]
    written: int = 0

    def contestant(self, writers: int, seconds: float, name: str = "") -> Contestant:
        def run() -> Work:
            command = [
                sys.executable,
                "-m",
                "tests.bench.appending",
                self.kind,
                self.address,
                str(self.pid),
                str(writers),
                str(seconds),
            ]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
            if done.returncode:
                raise RuntimeError(done.stderr.decode()[-2000:])
            told: Mapping[str, float] = json.loads(done.stdout)
            self.written += int(told["operations"]) + writers  # each writer's first one is not timed
            return Work(int(told["operations"]), 0, told["seconds"], told["p50_ms"], told["p99_ms"], told["cpu_s"])

        return Contestant(name or self.kind, run)


def _appends(plan: Plan, found: Found, say: Say) -> None:
    """Pass: message-db's rate. Goal: 0.8 of the echo, and twice what one writer reaches."""
    with _stores(plan.folder) as stores:
        node = stores["grenier"]
        contestants = [stores["message-db"].contestant(WRITERS, plan.seconds), node.contestant(WRITERS, plan.seconds),
                       stores["echo"].contestant(WRITERS, plan.seconds),
                       node.contestant(1, plan.seconds, "one writer")]  # fmt: skip
        found.blocks += contest("append", contestants, plan.blocks, WRITERS)
        for each in stores.values():
            if each.kind != "echo" and each.count() != each.written:
                found.problems.append(f"append: {each.kind} holds {each.count()} events of {each.written} answered")
    for block in found.blocks:
        say(line(block))
    blocks = kept(found.blocks, "append")
    if not blocks:
        return
    rate, echo, alone = (over(blocks, per_s, name) for name in ("message-db", "echo", "one writer"))
    found.verdicts["P11"] = verdict(
        median_of(blocks, per_s), "appends a second", rate, "message-db", passed=rate.median >= 1.0,
        goal=rate.median >= 1.0 and echo.median >= 0.8 and alone.median >= 2.0,
        limits={"gRPC echo": echo, "one writer": alone}, cpu_ratio=over(blocks, cpu_ms, "message-db"),
        cpu_of_echo=over(blocks, cpu_ms, "echo"), cpu_ms=median_of(blocks, cpu_ms), p99_ms=median_of(blocks, p99_ms),
    )  # fmt: skip


@contextmanager
def _stores(folder: Path) -> Iterator[dict[str, Store]]:
    import psycopg

    from grenier.log.esdb import EsdbLog

    with (
        running_node() as node,
        store(folder) as (echo, kept_by),
        running_postgres(DURABLE) as url,
        psycopg.connect(url, autocommit=True) as db,
    ):
        db.execute(Path(__file__).with_name("message_db.sql").read_text())
        row = db.execute("SHOW data_directory").fetchone()
        assert row is not None

        def messages() -> int:
            (count,) = db.execute("SELECT count(*) FROM messages").fetchone() or (0,)
            return int(count)

        log = EsdbLog(node.uri)
        yield {
            "grenier": Store("grenier", node.uri, node.pid, lambda: sum(1 for _ in log.read_all(types=["bench."]))),
            "echo": Store("echo", echo, kept_by, lambda: 0),
            "message-db": Store("message-db", url, postmaster(Path(row[0])), messages),
        }
        log.close()


# -- P12 ---------------------------------------------------------------------------------------------------------


def _publishing(plan: Plan, found: Found, say: Say) -> None:
    """Pass: one confirmation awaited for each message. Goal: 0.7 of a window of 500 unconfirmed ones, nothing else done."""
    with running_broker(plan.folder / "broker") as broker:
        count = 1_000 if plan.quick else 10_000
        blocks = contest("publish, confirmed", publishing.contestants(broker.url, count), plan.blocks)
        confirmed = sum(sample.operations for block in blocks for sample in block.samples)
        found.problems += publishing.uncounted(broker.url, confirmed)
    found.blocks += blocks
    for block in blocks:
        say(line(block))
    blocks = kept(blocks, "publish, confirmed")
    if not blocks:
        return
    rate, limit = over(blocks, per_s, "confirm each"), over(blocks, per_s, "window")
    found.verdicts["P12"] = verdict(
        median_of(blocks, per_s), "events a second", rate, "confirm each", passed=rate.median >= 1.0,
        goal=limit.median >= 0.7, limits={"window of 500": limit}, cpu_ratio=over(blocks, cpu_ms, "window"),
    )  # fmt: skip
