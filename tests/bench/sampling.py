"""Samples over HTTP: a load on one system, its CPU until it has settled, its answers counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.processes import canary, cpu_by_process
from tests.bench.ratios import Block, Sample
from tests.bench.season import Request
from tests.bench.systems import System

ROOT = Path(__file__).parents[2]
ORDERS_LAID_READY_PER_S = {True: 200, False: 100}  # with more than one connection, with one
PING: list[Request] = [{"method": "GET", "path": "/ping", "headers": {}, "body": None}]


class Run:
    """Takes samples of several systems and counts what they answered. "ping" is a route of the ordinary application's."""

    def __init__(self, systems: Mapping[str, System], seconds: float, folder: Path) -> None:
        self.systems = dict(systems)
        self.seconds = seconds
        self._job_file = folder / "job.json"
        self.ordered: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        """Orders that were answered an error: they may have come through all the same."""
        self.problems: list[str] = []

    def block(self, job: str, names: Sequence[str], connections: int) -> Block:
        """`names` there and back, so that a slow drift of the machine hits all alike."""
        block = Block(job, connections, canary())
        block.samples = [self.sample(name, job, connections) for name in (*names, *reversed(names))]
        block.canary = min(block.canary, canary())
        return block

    def sample(self, name: str, job: str, connections: int, count: int = 0) -> Sample:
        """One load; the CPU is counted until the system has done all that follows from it."""
        return self.told(name, job, connections, self._requests(name, job, connections, count))[0]

    def told(
        self, name: str, job: str, connections: int, requests: list[Request], **more: Any
    ) -> tuple[Sample, dict[str, Any]]:
        """The sample, and everything that the load program said."""
        system = self.systems["crud" if name == "ping" else name]
        system.settle()
        before = cpu_by_process(system.roots())
        answered = self._load(system.port, requests, connections, {"repeat": job in ("balance", "ping")} | more)
        system.settle()
        after = cpu_by_process(system.roots())
        parts = {part: after[part] - before.get(part, 0.0) for part in after}
        good = sum(n for status, n in answered["statuses"].items() if status.startswith("2"))
        failures = sum(answered["statuses"].values()) - good
        if failures and "rate" not in more:  # at a rate of its own, errors are part of the figure
            self.problems.append(f"{name}: {job} answered {answered['statuses']}")
        operations = len(answered["seen"]) if more.get("then") else good
        if job != "balance" and name != "ping":
            self.ordered[name] += operations
            self.unknown[name] += failures
        times = answered["latencies_ms"]
        sample = Sample(name, job, connections, operations, failures, answered["seconds"], sum(parts.values()),
                        times["p50"], times["p99"], parts)  # fmt: skip
        return sample, answered

    def _requests(self, name: str, job: str, connections: int, count: int) -> list[Request]:
        if name == "ping":
            return PING
        if job == "balance":
            return self.systems[name].balances()
        return self.systems[name].orders(count or orders_per_sample(self.seconds, connections))

    def _load(self, port: int, requests: list[Request], connections: int, more: Mapping[str, Any]) -> dict[str, Any]:
        job = {"host": "127.0.0.1", "port": port, "connections": connections, "seconds": self.seconds,
               "requests": requests, **more}  # fmt: skip
        self._job_file.write_text(json.dumps(job))
        command = [sys.executable, "-m", "tests.bench.load", str(self._job_file)]
        done = subprocess.run(command, capture_output=True, cwd=ROOT, check=False)
        if done.returncode:
            raise RuntimeError(f"the load program failed: {done.stderr.decode()[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def orders_per_sample(seconds: float, connections: int) -> int:
    """How many orders are laid ready: a sample that runs out of them ends early, which changes no ratio."""
    return int(seconds * ORDERS_LAID_READY_PER_S[connections > 1])
