"""P6, P7, P8, P14, P18 (and the counting of P15): views made again from facts, beside what a plain program makes of them.

`views` are the real views of a service, as `grenier rebuild` fills them: `Shadow.fill` from the local copy of the log,
then from the log. The parts are in `replays` (contestants) and `aggregates` (P16).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.bench import aggregates
from tests.bench.calls import calls_of
from tests.bench.contest import Contestant, contest
from tests.bench.judging import cpu_us, kept, median_of, over, per_s, thrift, verdict
from tests.bench.lived_log import SERVICES, Lived, keep_locally, lived
from tests.bench.plan import Found, Plan, Say
from tests.bench.profiling import Profiler
from tests.bench.programs import ROOT
from tests.bench.ratios import Block
from tests.bench.replays import Replays
from tests.bench.report import line

TARGETS = ("P6", "P7", "P8", "P14", "P15", "P16", "P18")
MOST_OVER_THE_WIRE = 30_000
MOST_OF_ALL = 40_000  # events replayed into the views of all services
LIMIT_MB = 300.0
PROFILE_S = 6.0


def measure(plan: Plan, say: Say) -> Found:
    found = Found()
    if plan.wants("P16"):
        found.add(aggregates.measure(plan, say))
    if not plan.wants("P6", "P7", "P8", "P14", "P15", "P18"):
        return found
    small = lived(plan.folder / "lived")
    say(f"{len(small.events)} events lived through")
    if plan.wants("P14", "P15"):
        _count(small, found)
    replays = Replays(small, plan.events, plan.folder)
    for target, job in (("P6", _local), ("P7", _cold), ("P8", _incremental), ("P14", _sealed), ("P18", _memory)):
        if plan.wants(target):
            job(plan, replays, found, say)
    return found


def profile(plan: Plan, names: Sequence[str], native: bool, say: Say) -> Found:
    """Which functions use the CPU while the views of these services are filled from their local copies of the log."""
    replays = Replays(lived(plan.folder / "lived"), plan.events, plan.folder)
    for name in names:
        replays.keep([name])
        replays.views(name)
        with Profiler({name: os.getpid()}, PROFILE_S, plan.folder, native=native) as profiler:
            until, started, count = time.monotonic() + PROFILE_S, time.process_time(), 0
            while time.monotonic() < until:
                count += replays.views(name)
            cost_us = 1_000_000 * (time.process_time() - started) / max(1, count)
        say(f"views of {name}: {cost_us:.1f} CPU µs an event\n{profiler.text()}")
    return Found()


def _count(small: Lived, found: Found) -> None:
    """Calls, not time: marshmallow in a replay of all services, decryptions in one of those that open nothing."""
    replays = Replays(small, len(small.events), small.settings.data_dir)
    everything = lambda: [replays.views(name, MOST_OF_ALL) for name in SERVICES]  # noqa: E731
    plain = lambda: [replays.views(name, MOST_OF_ALL) for name in ("ledger", "logistics", "orders", "gateway")]  # noqa: E731
    for name in SERVICES:
        keep_locally(small.events, replays.service(name), small.settings)
    found.figures["validations in a replay"] = calls_of(everything, file_part="/marshmallow/")
    found.figures["decryptions without need"] = calls_of(plain, builtin="AESGCM.decrypt")
    if not calls_of(lambda: replays.views("contracts", MOST_OF_ALL), builtin="AESGCM.decrypt"):
        found.problems.append("the counter of decryptions sees none where there must be some")


def _run(job: str, contestants: Sequence[Contestant], plan: Plan, found: Found, say: Say) -> list[Block]:
    blocks = contest(job, contestants, plan.blocks)
    found.blocks += blocks
    for block in blocks:
        say(line(block))
    return kept(blocks, job)


def _local(plan: Plan, replays: Replays, found: Found, say: Say) -> None:
    """P6. Pass: pyeventsourcing's replay, both making the balances and nothing else. Goal: five times that, and 0.6 of
    orjson's decode and apply, set by set. Told beside it: all views of the ledger against the peer's balances alone."""
    replays.keep(SERVICES)
    alike = _run("replay, balances", replays.same_view(), plan, found, say)
    ledger = _run("replay, ledger", replays.local(["ledger"], peer=True), plan, found, say)
    everything = _run("replay, all services", replays.local(SERVICES, most=MOST_OF_ALL), plan, found, say)
    found.problems += replays.disagreements("balances") + replays.disagreements("ledger")
    if not alike or not ledger or not everything:
        return
    rate, limit = over(alike, thrift, "eventsourcing"), over(ledger, thrift, "orjson")
    all_limit, every_view = over(everything, thrift, "orjson"), over(ledger, thrift, "eventsourcing")
    found.verdicts["P6"] = verdict(
        median_of(alike, thrift), "events a CPU second", rate, "eventsourcing, SQLite", passed=rate.median >= 1.0,
        goal=rate.median >= 5.0 and limit.median >= 0.6 and all_limit.median >= 0.6,
        limits={"eventsourcing, all views of the ledger to its balances": every_view, "orjson": limit, "orjson, all services": all_limit},
        ledger=median_of(ledger, thrift), all_services=median_of(everything, thrift),
        wall_ratio=over(alike, per_s, "eventsourcing"), events=len(replays.of("ledger")),
    )  # fmt: skip


def _cold(plan: Plan, replays: Replays, found: Found, say: Say) -> None:
    """P7. Pass: half of the bare iteration over the client's read_all. Goal: 0.9 of it, with the same filter."""
    with replays.node(min(plan.events, MOST_OVER_THE_WIRE)) as contestants:
        blocks = _run("rebuild from the store, ledger", contestants, plan, found, say)
    found.problems += replays.disagreements("ledger")
    if not blocks:
        return
    rate = over(blocks, per_s, "client alone")
    found.verdicts["P7"] = verdict(
        median_of(blocks, per_s), "events a second", rate, "client alone", passed=rate.median >= 0.5,
        goal=rate.median >= 0.9, cpu_ratio=over(blocks, cpu_us, "client alone"),
    )  # fmt: skip


def _incremental(plan: Plan, replays: Replays, found: Found, say: Say) -> None:
    """P8. Pass: 0.3 of an upsert per event. Goal: 0.7."""
    blocks = _run("balances, 500 a transaction", replays.incremental(), plan, found, say)
    found.problems += replays.disagreements("incremental")
    if not blocks:
        return
    rate = over(blocks, thrift, "upsert")
    found.verdicts["P8"] = verdict(
        median_of(blocks, thrift), "events a CPU second", rate, "SQLite upsert", passed=rate.median >= 0.3,
        goal=rate.median >= 0.7, wall_ratio=over(blocks, per_s, "upsert"),
    )  # fmt: skip


def _sealed(plan: Plan, replays: Replays, found: Found, say: Say) -> None:
    """P14. Pass: 0.3 of the same view without sealing. Goal: 0.4, and not one decryption where nothing is to be opened."""
    blocks = _run("directory of people", replays.sealed(), plan, found, say)
    if not blocks:
        return
    rate, needless = over(blocks, thrift, "plain"), int(found.figures["decryptions without need"])
    found.verdicts["P14"] = verdict(
        median_of(blocks, thrift), "events a CPU second", rate, "the same unsealed", passed=rate.median >= 0.3 and not needless,
        goal=rate.median >= 0.4, decryptions_elsewhere=needless,
    )  # fmt: skip


def _memory(plan: Plan, replays: Replays, found: Found, say: Say) -> None:
    """P18. Pass: flat (the end no more than a tenth above the half) and 300 MB. Goal: 1.5 times a bare dict's process."""
    replays.keep(["ledger"])
    ours, bare = (_told(kind, replays) for kind in ("replay", "dict"))
    say(f"memory: {ours}, bare dict {bare}")
    flat = ours["end_mb"] <= 1.1 * ours["half_mb"] + 5
    found.verdicts["P18"] = verdict(
        ours["peak_mb"], "MB at most", ours["peak_mb"] / bare["peak_mb"], "bare dict",
        passed=flat and ours["peak_mb"] <= LIMIT_MB, goal=ours["peak_mb"] <= 1.5 * bare["peak_mb"], flat=flat,
        events=ours["events"], half_mb=ours["half_mb"], end_mb=ours["end_mb"],
    )  # fmt: skip


def _told(kind: str, replays: Replays) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.memory", kind, str(replays.settings.data_dir), "ledger"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    found: dict[str, float] = json.loads(done.stdout)
    return found
