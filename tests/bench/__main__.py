"""python -m tests.bench [--quick] [--only P1,P5] [--blocks N] [--seconds S] [--connections 1,16,64] [--profile NAME]"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench import report, stage_append, stage_close, stage_orders, stage_replay, table
from tests.bench.plan import TARGETS, Found, Plan
from tests.bench.processes import canary

OUT = Path(__file__).parents[2] / "build" / "bench.json"
# What loads the machine least comes first; the installation, which is killed in the end, last.
STAGES = (stage_replay, stage_append, stage_close, stage_orders)


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench", description="Grenier beside its peers and its limits.")
    numbers = lambda text: tuple(int(each) for each in text.split(","))  # noqa: E731
    parser.add_argument("--only", type=lambda text: tuple(text.split(",")), default=tuple(TARGETS), help="P1,P6")
    parser.add_argument("--quick", action="store_true", help="one short block of each: does it run at all?")
    parser.add_argument("--blocks", type=int, help="blocks per job (3; 1 with --quick)")
    parser.add_argument("--seconds", type=float, help="length of a sample over HTTP (2; 1 with --quick)")
    parser.add_argument("--connections", type=numbers, help="of P1 and P2 (1,16,64; 1,16 with --quick)")
    parser.add_argument("--households", type=int, help="per group; there are three groups (100; 60 with --quick)")
    parser.add_argument("--events", type=int, help="length of the log that is replayed (100000; 20000 with --quick)")
    parser.add_argument("--rush", type=float, help="seconds of the opening rush (60; 5 with --quick)")
    parser.add_argument("--profile", default="", metavar="NAME,NAME",
                        help="which functions of these processes of ours use the CPU (P1, P2, P5; no peer, no verdict)")  # fmt: skip
    parser.add_argument("--native", action="store_true", help="with --profile: C functions too")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args(words)
    if unknown := set(arguments.only) - set(TARGETS):
        parser.error(f"no such targets: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    return arguments


def plan_of(arguments: argparse.Namespace, folder: Path) -> Plan:
    def pick(given: object, full: object, quick: object) -> object:
        return given if given is not None else quick if arguments.quick else full

    return Plan(
        only=arguments.only,
        blocks=pick(arguments.blocks, 3, 1),  # type: ignore[arg-type]
        seconds=pick(arguments.seconds, 2.0, 1.0),  # type: ignore[arg-type]
        connections=pick(arguments.connections, (1, 16, 64), (1, 16)),  # type: ignore[arg-type]
        households=pick(arguments.households, 100, 60),  # type: ignore[arg-type]
        events=pick(arguments.events, 100_000, 20_000),  # type: ignore[arg-type]
        rush_s=pick(arguments.rush, 60.0, 5.0),  # type: ignore[arg-type]
        folder=folder,
        quick=arguments.quick,
    )


def measure(plan: Plan) -> Found:
    found = Found()
    for _ in range(5):
        canary()  # what this machine can do
    for stage in STAGES:
        if plan.wants(*stage.TARGETS):
            started = time.monotonic()
            found.add(stage.measure(plan, say))
            say(f"-- {stage.__name__.rpartition('.')[2]}: {time.monotonic() - started:.0f} s")
    if "validation" in found.figures:
        calls = found.figures.get("validations in a replay")
        found.verdicts["P15"] = stage_orders.p15(found.figures["validation"], None if calls is None else int(calls))
    return found


def profile(plan: Plan, names: Sequence[str], native: bool) -> int:
    """`views-<service>`: a replay in this process; all others are processes of an installation under a load."""
    views = [name.removeprefix("views-") for name in names if name.startswith("views-")]
    found = stage_replay.profile(plan, views, native, print) if views else Found()
    if others := [name for name in names if not name.startswith("views-")]:
        found.add(stage_orders.profile(plan, others, native, print))
    print(*found.problems, sep="\n")
    return 2 if found.problems else 0


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """0: every target asked for was judged and passed; 1: one was not; 2: void, the books do not agree."""
    arguments = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whatever was started is stopped on the way out
    with tempfile.TemporaryDirectory(prefix="grenier-bench-", ignore_cleanup_errors=True) as name:
        plan = plan_of(arguments, Path(name))
        if arguments.profile:
            return profile(plan, arguments.profile.split(","), arguments.native)
        found = measure(plan)
    print(report.text(found))
    report.save(arguments.out, found, "quick" if arguments.quick else "full")
    if found.problems:
        return 2
    judged = found.verdicts
    print("", *table.table(judged), "", sep="\n")
    missing = [name for name in arguments.only if name not in judged]
    if missing:
        print("without a verdict (not measured, or all blocks disturbed):", ", ".join(missing))
    return 0 if not missing and all(judged[name]["pass"] for name in arguments.only) else 1


if __name__ == "__main__":
    sys.exit(main())
