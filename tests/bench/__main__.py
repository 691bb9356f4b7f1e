"""python -m tests.bench [--quick] [--seconds S] [--blocks N] [--connections 1,16] [--keep FOLDER]"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from grenier_infra.launcher.table import named
from tests.bench import report
from tests.bench.processes import canary, cpu_by_process
from tests.bench.profiling import Profiler
from tests.bench.ratios import Block, Sample, verdicts
from tests.bench.season import Request
from tests.bench.systems import System, grenier, peer

ROOT = Path(__file__).parents[2]
ORDERS_LAID_READY_PER_S = {True: 150, False: 75}  # with more than one connection, with one
WARM_UP = 60
TARGETS = ("P1", "P2", "P5")


class Run:
    """Takes samples of both systems and counts what they answered."""

    def __init__(self, systems: dict[str, System], seconds: float, folder: Path) -> None:
        self.systems = systems
        self._seconds = seconds
        self._job_file = folder / "job.json"
        self.ordered: Counter[str] = Counter()
        self.problems: list[str] = []

    def block(self, job: str, connections: int) -> Block:
        """ABBA, so that a slow drift of the machine hits both alike; reading a balance also against the HTTP floor."""
        block = Block(job, connections, canary())
        order = ["crud", "grenier", "grenier", "crud"]
        if job == "balance":
            order = ["crud", "grenier", "ping", "ping", "grenier", "crud"]
        block.samples = [self.sample(name, job, connections) for name in order]
        block.canary = min(block.canary, canary())
        return block

    def sample(self, name: str, job: str, connections: int, count: int = 0) -> Sample:
        """One load; the CPU is counted until the system has done all that follows from it."""
        system = self.systems["crud" if name == "ping" else name]
        requests = self._requests(system, name, job, connections, count)
        system.settle()
        before = cpu_by_process(system.roots())
        answered = self._load(system, requests, connections, repeat=job != "order")
        system.settle()
        after = cpu_by_process(system.roots())
        parts = {part: after[part] - before.get(part, 0.0) for part in after}
        good = sum(n for status, n in answered["statuses"].items() if status.startswith("2"))
        failures = sum(answered["statuses"].values()) - good
        if failures:
            self.problems.append(f"{name}: {job} answered {answered['statuses']}")
        if job == "order":
            self.ordered[name] += good
        times = answered["latencies_ms"]
        return Sample(name, job, connections, good, failures, answered["seconds"], sum(parts.values()),
                      times["p50"], times["p99"], parts)  # fmt: skip

    def _requests(self, system: System, name: str, job: str, connections: int, count: int) -> list[Request]:
        if name == "ping":
            return [{"method": "GET", "path": "/ping", "headers": {}, "body": None}]
        if job == "balance":
            return system.balances()
        return system.orders(count or orders_per_sample(self._seconds, connections))

    def _load(self, system: System, requests: list[Request], connections: int, repeat: bool) -> dict:
        job = {"host": "127.0.0.1", "port": system.port, "connections": connections, "seconds": self._seconds,
               "repeat": repeat, "requests": requests}  # fmt: skip
        self._job_file.write_text(json.dumps(job))
        command = [sys.executable, "-m", "tests.bench.load", str(self._job_file)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)


def orders_per_sample(seconds: float, connections: int) -> int:
    """How many orders are laid ready: a sample that runs out of them ends early, which changes no ratio."""
    return int(seconds * ORDERS_LAID_READY_PER_S[connections > 1])


def windows_needed(arguments: argparse.Namespace) -> int:
    """Enough open cycles for every order of the run to be the first of its household in its cycle."""
    wanted = sum(2 * arguments.blocks * orders_per_sample(arguments.seconds, each) for each in arguments.connections)
    return -(-(wanted + 2 * WARM_UP) // (3 * arguments.households))


def parse(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench", description="Grenier beside an honest CRUD application.")
    parser.add_argument("--seconds", type=float, help="length of a sample (2; 1 with --quick)")
    parser.add_argument("--blocks", type=int, default=3, help="blocks per job and number of connections")
    parser.add_argument("--connections", type=lambda text: [int(n) for n in text.split(",")], default=[1, 16])
    parser.add_argument("--households", type=int, default=100, help="per group; there are three groups")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(TARGETS), help="P1,P5")
    parser.add_argument("--profile", default="", metavar="NAME,NAME",
                        help="which functions of these processes of ours use the CPU (no peer, no verdict)")  # fmt: skip
    parser.add_argument("--native", action="store_true", help="with --profile: C functions too")
    parser.add_argument("--quick", action="store_true", help="one block of one second: does it run at all?")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    arguments = parser.parse_args(words)
    if arguments.quick:
        arguments.blocks, arguments.households = 1, 60
    arguments.seconds = arguments.seconds or (1.0 if arguments.quick else 2.0)
    return arguments


def profile(arguments: argparse.Namespace) -> int:
    """One load per job and number of connections, with the sampler on the processes named."""
    with tempfile.TemporaryDirectory(prefix="grenier-bench-") as name:
        folder = Path(name)
        with grenier(folder / "grenier", arguments.households, windows_needed(arguments)) as ours:
            run = Run({"grenier": ours}, arguments.seconds, folder)
            run.sample("grenier", "order", 4, WARM_UP)
            pids = {each: ours.roots()[named(each, ours.roots())] for each in arguments.profile.split(",")}
            for job in jobs_of(arguments):
                for connections in arguments.connections:
                    with Profiler(pids, arguments.seconds, folder, native=arguments.native) as profiler:
                        sample = run.sample("grenier", job, connections)
                    print(report.one(sample), profiler.text(), sep="\n", flush=True)
            print(*run.problems, sep="\n")
            return 2 if run.problems else 0


def jobs_of(arguments: argparse.Namespace) -> list[str]:
    jobs = {"order": {"P1", "P2"}, "balance": {"P5"}}
    return [job for job, targets in jobs.items() if targets & set(arguments.only)]


def main() -> int:
    """0: every target judged and passed; 1: one failed, or its blocks were disturbed; 2: void, the books do not agree."""
    arguments = parse()
    if arguments.profile:
        return profile(arguments)
    with tempfile.TemporaryDirectory(prefix="grenier-bench-") as name:
        folder = Path(name)
        with (
            grenier(folder / "grenier", arguments.households, windows_needed(arguments)) as ours,
            peer(folder / "peer", 3 * arguments.households) as theirs,
        ):
            run = Run({"grenier": ours, "crud": theirs}, arguments.seconds, folder)
            blocks = measure(run, arguments)
            problems = run.problems + ours.check(run.ordered["grenier"]) + theirs.check(run.ordered["crud"])
            idle = ours.idle_cpu_per_s
    found = {} if problems else verdicts(blocks)
    print(report.text(blocks, found, problems, idle))
    report.save(arguments.out, blocks, found, problems, idle)
    if problems:
        return 2
    return 0 if all(name in found and found[name]["pass"] for name in arguments.only) else 1


def measure(run: Run, arguments: argparse.Namespace) -> list[Block]:
    for name in ("grenier", "crud"):
        run.sample(name, "order", 4, WARM_UP)
    blocks = []
    for _ in range(arguments.blocks):
        for connections in arguments.connections:
            for job in jobs_of(arguments):
                blocks.append(run.block(job, connections))
                print(report.line(blocks[-1]), file=sys.stderr, flush=True)
    return blocks


if __name__ == "__main__":
    sys.exit(main())
