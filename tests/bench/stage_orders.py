"""P1, P2, P5, P15 and, through `rush` and `restarts`, P3, P4, P17: a whole installation beside its peers, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from grenier_infra.launcher.table import named
from tests.bench import restarts, rush
from tests.bench.judging import cpu_ms, kept, median_of, over, p50_ms, p99_ms, per_s, verdict
from tests.bench.peers import chain, crud
from tests.bench.plan import Found, Plan, Say
from tests.bench.profiling import Profiler, share_within
from tests.bench.ratios import Block, parts_ms
from tests.bench.report import line, one
from tests.bench.sampling import Run, orders_per_sample
from tests.bench.systems import Grenier, System, grenier

TARGETS = ("P1", "P2", "P3", "P4", "P5", "P15", "P17")
WARM_UP = 60
CROWD = 16  # connections from which on it is a crowd
PROFILE_S = 4.0
SCREENS = {"GRENIER_STREAM_THREADS": str(rush.SCREENS + 16)}  # as an operator with so many screens would set it


def windows_needed(plan: Plan) -> int:
    """Enough open cycles for every order of the run to be the first of its household in its cycle."""
    wanted = WARM_UP + sum(2 * plan.blocks * orders_per_sample(plan.seconds, each) for each in _crowds(plan))
    if plan.wants("P15"):
        wanted += orders_per_sample(PROFILE_S, CROWD)
    if plan.wants("P3", "P4"):
        wanted += rush.orders_needed(plan)
    return -(-wanted // (3 * plan.households))


def _crowds(plan: Plan) -> list[int]:
    """Numbers of connections at which orders are placed."""
    wanted = {"P1": lambda each: each >= CROWD, "P2": lambda each: each == 1}
    return [each for each in plan.connections if any(plan.wants(name) and fits(each) for name, fits in wanted.items())]


@contextmanager
def systems(plan: Plan) -> Iterator[dict[str, System]]:
    """Those that the targets need; an idle one costs nothing."""
    with ExitStack() as stack:
        ours = stack.enter_context(grenier(plan.folder / "grenier", plan.households, windows_needed(plan), **SCREENS))
        found: dict[str, System] = {"grenier": ours}
        if plan.wants("P1", "P2", "P5"):
            found["crud"] = stack.enter_context(crud(plan.folder / "crud", 3 * plan.households))
        if plan.wants("P1", "P2"):
            found["chain"] = stack.enter_context(chain(plan.folder / "chain", 3 * plan.households))
        yield found


def measure(plan: Plan, say: Say) -> Found:
    found = Found()
    began = time.monotonic()
    with systems(plan) as taking_part:
        say(f"everything is ready after {time.monotonic() - began:.0f} s")
        ours = taking_part["grenier"]
        assert isinstance(ours, Grenier)
        run = Run(taking_part, plan.seconds, plan.folder)
        for name in taking_part:
            run.sample(name, "order", 4, WARM_UP)
        found.blocks = _blocks(run, plan, say)
        if plan.wants("P15"):
            found.figures["validation"] = _validation(run, ours, plan)
        if plan.wants("P3", "P4"):
            found.add(rush.measure(run, ours, plan, say))
        found.problems += run.problems
        for name, system in taking_part.items():
            found.problems += system.check(run.ordered[name], run.unknown[name])
        found.notes.append(f"An installation that nobody asks anything uses {1000 * ours.idle_cpu_per_s:.0f} CPU ms a second; "
                           "this is part of the figures per order.")  # fmt: skip
        if plan.wants("P17"):
            found.add(restarts.measure(ours.running, ours.started_s, say))
    found.verdicts.update(verdicts(found.blocks, plan.only))
    for job in ("order", "balance"):
        chosen = kept(found.blocks, job, CROWD)
        for name in taking_part:
            found.where[f"{job} {name}"] = parts_ms(chosen, name)
    return found


def _blocks(run: Run, plan: Plan, say: Say) -> list[Block]:
    found = []
    for _ in range(plan.blocks):
        for connections in _crowds(plan):
            found.append(run.block("order", ("crud", "grenier", "chain"), connections))
            say(line(found[-1]))
        if plan.wants("P5"):
            connections = next((each for each in plan.connections if each >= CROWD), CROWD)
            found.append(run.block("balance", ("crud", "grenier", "ping"), connections))
            say(line(found[-1]))
    return found


def _validation(run: Run, ours: Grenier, plan: Plan) -> float:
    """marshmallow's part of the CPU of an order: its part of the gateway's samples, by the gateway's part of the whole."""
    name = named("gateway", ours.roots())
    requests = ours.orders(orders_per_sample(PROFILE_S, CROWD))
    with Profiler({name: ours.roots()[name]}, PROFILE_S, plan.folder, gil=True) as profiler:
        sample, _ = run.told("grenier", "order", CROWD, requests, seconds=PROFILE_S)
    # Several gateways answer alike; one of them is looked into.
    gateways = sum(cpu for process, cpu in sample.parts.items() if process.startswith(name))
    return share_within(profiler.lines(name), "marshmallow/") * gateways / sample.cpu_s


def profile(plan: Plan, names: Sequence[str], native: bool, say: Say) -> Found:
    """One load per job and number of connections, with the sampler on the processes named; no peer, no verdict."""
    found = Found()
    with grenier(plan.folder / "grenier", plan.households, windows_needed(plan)) as ours:
        run = Run({"grenier": ours}, plan.seconds, plan.folder)
        run.sample("grenier", "order", 4, WARM_UP)
        pids = {each: ours.roots()[named(each, ours.roots())] for each in names}
        loads = [("order", each) for each in _crowds(plan)] + [("balance", CROWD)] * plan.wants("P5")
        for job, connections in loads:
            with Profiler(pids, plan.seconds, plan.folder, native=native) as profiler:
                sample = run.sample("grenier", job, connections)
            say(f"{one(sample)}\n{profiler.text()}")
        found.problems = run.problems
    return found


# -- verdicts ----------------------------------------------------------------------------------------------------


def verdicts(blocks: Sequence[Block], only: Sequence[str] = ("P1", "P2", "P5")) -> dict[str, dict]:  # type: ignore[type-arg]
    """A target whose blocks are missing or disturbed has no line."""
    found = {}
    crowd, alone = kept(blocks, "order", CROWD), kept(blocks, "order", 1, 1)
    balances = kept(blocks, "balance", CROWD)
    if crowd and "P1" in only:
        found["P1"] = _p1(crowd)
    if alone and "P2" in only:
        found["P2"] = _p2(alone)
    if balances and "P5" in only:
        found["P5"] = _p5(balances)
    return found


def _p1(blocks: Sequence[Block]) -> dict:  # type: ignore[type-arg]
    """Pass: at least the peer's orders/s at every number of connections. Goal: 1.5 times, for 0.75 of its CPU, 0.65 of the
    bare chain, and with the greatest crowd p99 no longer than the peer's."""
    sizes = sorted({block.connections for block in blocks})
    by_size = {size: [block for block in blocks if block.connections == size] for size in sizes}
    rates = {size: over(chosen, per_s, "crud") for size, chosen in by_size.items()}
    cpu, late = over(blocks, cpu_ms, "crud"), over(by_size[sizes[-1]], p99_ms, "crud")
    chained, chained_cpu = over(blocks, per_s, "chain"), over(blocks, cpu_ms, "chain")
    slowest = min(rates.values(), key=lambda each: each.median)
    goal = slowest.median >= 1.5 and cpu.median <= 0.75 and chained.median >= 0.65 and late.median <= 1.0
    return verdict(median_of(blocks, cpu_ms), "CPU ms an order", slowest, "crud", passed=slowest.median >= 1.0, goal=goal,
                   limits={"chain": chained, "chain, CPU": chained_cpu}, figure="orders/s", cpu_ratio=cpu, p99_ratio=late,
                   per_s=median_of(by_size[sizes[-1]], per_s), p99_ms=median_of(by_size[sizes[-1]], p99_ms),
                   rate_by_connections={str(size): round(each.median, 3) for size, each in rates.items()})  # fmt: skip


def _p2(blocks: Sequence[Block]) -> dict:  # type: ignore[type-arg]
    """Latency of one order. Pass: the peer's median. Goal: 0.7 of it, and 1.7 times the bare chain's."""
    wait, chained = over(blocks, p50_ms, "crud"), over(blocks, p50_ms, "chain")
    return verdict(median_of(blocks, p50_ms), "p50 ms", wait, "crud", passed=wait.median <= 1.0,
                   goal=wait.median <= 0.7 and chained.median <= 1.7, limits={"chain": chained}, figure="p50",
                   cpu_ratio=over(blocks, cpu_ms, "crud"), p99_ms=median_of(blocks, p99_ms))  # fmt: skip


def _p5(blocks: Sequence[Block]) -> dict:  # type: ignore[type-arg]
    """Read a balance. Pass: at least the peer's reads/s. Goal: twice, and 0.6 of a bare ping."""
    rate, floor = over(blocks, per_s, "crud"), over(blocks, per_s, "ping")
    return verdict(median_of(blocks, cpu_ms), "CPU ms a balance", rate, "crud", passed=rate.median >= 1.0,
                   goal=rate.median >= 2.0 and floor.median >= 0.6, limits={"ping": floor}, figure="reads/s",
                   cpu_ratio=over(blocks, cpu_ms, "crud"), per_s=median_of(blocks, per_s))  # fmt: skip


def p15(share: float, calls_in_a_replay: int | None) -> dict:  # type: ignore[type-arg]
    """marshmallow on the edge only. No pass line; goal: 5 % of the CPU of an order, not one call in a replay."""
    goal = share <= 0.05 and calls_in_a_replay == 0
    return verdict(round(100 * share, 2), "% of an order's CPU", None, "–", passed=calls_in_a_replay in (0, None), goal=goal,
                   calls_in_a_replay=calls_in_a_replay)  # fmt: skip
