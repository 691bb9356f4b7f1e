"""P16: an account of 1,000 entries, loaded from its stream by a process that has never seen it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

from grenier.clock import SystemClock
from grenier.handling import Handler, Trace
from grenier.log.esdb import EsdbLog
from grenier.testing_postgres import running_postgres
from grenier_infra.eventnode.testing import running_node
from ledger_svc import account
from tests.bench.contest import Contestant, contest
from tests.bench.es_peer import EventStore, postgres, sqlite
from tests.bench.judging import cpu_ms, kept, median_of, over, per_s, verdict
from tests.bench.plan import Found, Plan, Say
from tests.bench.report import line

ENTRIES = 1_000
LOADS = 10
SMALL = 3


def measure(plan: Plan, say: Say) -> Found:
    """Pass: pyeventsourcing's loads a second. Goal: ten times. `warm`: the state is in the process, the stream is still asked."""
    found, loads = Found(), SMALL if plan.quick else LOADS
    with running_postgres(("-c", "max_connections=40")) as url, running_node() as node:
        log = EsdbLog(node.uri)
        household_id = _entries(log)
        warm = Handler(log, SystemClock())
        warm.state(account.decider, household_id)

        def load(handler: Handler | None) -> int:
            for _ in range(loads):
                state = (handler or Handler(log, SystemClock())).state(account.decider, household_id)
                if len(state.entries) != ENTRIES:
                    found.problems.append(f"an account of {len(state.entries)} entries was loaded")
            return loads

        with _peers(url, plan) as peers:
            roots = {"eventnode": node.pid}
            contestants = [*[Contestant(name, partial(run, loads)) for name, run in peers.items()],
                           Contestant("grenier", lambda: load(None), roots),
                           Contestant("warm", lambda: load(warm), roots)]  # fmt: skip
            found.blocks = contest("load 1,000 entries", contestants, plan.blocks)
        log.close()
    for block in found.blocks:
        say(line(block))
    blocks = kept(found.blocks, "load 1,000 entries")
    if not blocks:
        return found
    rate = over(blocks, per_s, "eventsourcing SQLite")
    found.verdicts["P16"] = verdict(
        median_of(blocks, per_s), "loads a second", rate, "eventsourcing, SQLite", passed=rate.median >= 1.0,
        goal=rate.median >= 10.0, limits={"eventsourcing, PostgreSQL": over(blocks, per_s, "eventsourcing PostgreSQL")},
        cpu_ratio=over(blocks, cpu_ms, "eventsourcing SQLite"), warm_per_s=median_of(blocks, per_s, "warm"),
    )  # fmt: skip
    return found


def _entries(log: EsdbLog) -> str:
    """1,000 adjustments on one account, each a command of its own; answers the household."""
    handler, household_id = Handler(log, SystemClock()), str(uuid4())
    for number in range(ENTRIES):
        command = account.PostAdjustment(entry_id=str(uuid4()), group_id="group", household_id=household_id,
                                         amount_cents=100 + number, reason="a reason in a few words")  # fmt: skip
        handler.execute(account.decider, household_id, command, Trace(command_id=str(uuid4()), actor="person"))
    return household_id


@contextmanager
def _peers(url: str, plan: Plan) -> Iterator[dict]:  # type: ignore[type-arg]
    stores = {"eventsourcing SQLite": EventStore(sqlite(plan.folder / "aggregate.sqlite")),
              "eventsourcing PostgreSQL": EventStore(postgres(url))}  # fmt: skip
    ids = {name: store.account(ENTRIES) for name, store in stores.items()}

    def loading(name: str):  # type: ignore[no-untyped-def]
        def run(loads: int) -> int:
            for _ in range(loads):
                stores[name].load(ids[name])
            return loads

        return run

    yield {name: loading(name) for name in stores}
    for store in stores.values():
        store.close()
