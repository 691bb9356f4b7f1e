"""Grenier as a system to be measured: what it is asked, which processes it consists of, and whether its books are right.

    with grenier(folder, households, windows) as system: ...

A system's `check` counts outcomes: orders answered 2xx = orders stored = what the ledger knows. Problems make a run void.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from gateway.demo.client import Api, Http
from grenier.config import Settings
from grenier.language.orders import OrderConfirmed
from grenier.language.registry import decode
from grenier.log.esdb import EsdbLog
from grenier.log.protocol import Recorded
from grenier_infra.launcher.table import Own, processes
from grenier_infra.launcher.testing import Installation, installation
from tests.bench.following import Following
from tests.bench.processes import cpu_seconds
from tests.bench.season import Request, Season, prepare

PATIENCE_S = 240.0  # the preparation writes a message to every household about every cycle
MOMENT_S = 0.3


class System(Protocol):
    name: str
    port: int

    def roots(self) -> dict[str, int]:
        """Name → pid of every part; parts do not overlap."""

    def orders(self, count: int) -> list[Request]: ...

    def balances(self) -> list[Request]: ...

    def settle(self) -> None:
        """Until nothing is left to do for what was asked: its CPU belongs to it."""

    def check(self, orders: int, unknown: int) -> list[str]:
        """Problems found in the books, given how many orders were answered 2xx since the start, and how many an error."""


class Grenier:
    name = "grenier"

    def __init__(self, running: Installation, season: Season, api: Api, started_s: float) -> None:
        self.started_s = started_s
        self.port = running.port_base
        self.running = running
        self.season = season
        self._api = api
        self._following = Following(Settings.from_env(running.env))
        self.idle_cpu_per_s = self._rest()

    def roots(self) -> dict[str, int]:
        return {**self.running.pids(), "launcher": self.running.launcher.pid}

    def orders(self, count: int) -> list[Request]:
        return self.season.orders(count)

    def balances(self) -> list[Request]:
        return self.season.balances()

    def settle(self) -> None:
        """A moment, then until every view and policy has taken in the whole log (asking costs the event node CPU too)."""
        time.sleep(MOMENT_S)
        self._following.wait(PATIENCE_S)

    def _rest(self) -> float:
        """CPU seconds per second of an installation that nobody asks anything: timers, probes, leases."""
        self.settle()
        before, started = self._used(), time.monotonic()
        time.sleep(5.0)
        return (self._used() - before) / (time.monotonic() - started)

    def _used(self) -> float:
        return cpu_seconds([self.running.launcher.pid, *self.running.pids().values()])

    def check(self, orders: int, unknown: int) -> list[str]:
        """Log, orders' view and ledger's view, each by its own road; what the log has, the views must have."""
        appended = self.appended()
        orders += min(max(0, len(appended) - orders), unknown)
        position = max((recorded.position for recorded, _ in appended), default=0)
        committed = sum(event.total_cents for _, event in appended)
        accounts, listed = 0, 0
        for group in self.season.stage.federation.groups:
            at = self._api.as_(group.treasurer)
            rows = at.get(f"/groups/{group.group_id}/accounts", limit=500, after=position)["items"]
            accounts += sum(row["committed_cents"] for row in rows)
        own = 0
        for group in self.season.stage.federation.groups:
            for household in group.households:
                at = self._api.as_(household.person_id)
                own += at.get(f"/households/{household.household_id}/balance", after=position)["committed_cents"]
                listed += at.get(f"/households/{household.household_id}/orders", after=position)["total"]
        found = {
            "events in the log": (len(appended), orders),
            "orders in the view": (listed, orders),
            "cents committed in the ledger": (accounts, committed),
            "cents committed in the gateway's balances": (own, committed),
        }
        return [f"grenier: {what}: {have}, expected {want}" for what, (have, want) in found.items() if have != want]

    def appended(self) -> list[tuple[Recorded, OrderConfirmed]]:
        """Every order of the log, as recorded and as an event."""
        log = EsdbLog(Settings.from_env(self.running.env).esdb_uri)
        try:
            return [
                (entry, decode(entry.type, 1, entry.data))  # type: ignore[misc]
                for entry in log.read_all(types=["orders.order-"])
            ]
        finally:
            log.close()


@contextmanager
def grenier(folder: Path, households: int, windows: int, **env: str) -> Iterator[Grenier]:
    """A whole installation as `make run` starts it, with people and open cycles of its own.

    Only the mailer is left out: no mail follows from an order, but thousands from opening so many cycles.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demonstration.loaded").touch()  # the federation below stands in for it
    started = time.monotonic()
    with installation(folder, demo=True, only=_everything_but("mailer", "mailbox"), **env) as running:
        started_s = time.monotonic() - started
        api = Api(Http(running.url), seed="bench")
        yield Grenier(running, prepare(api, households, windows), api, started_s)


def _everything_but(*left_out: str) -> list[str]:
    own = Own(broker=True, event_node=True, mailbox=True)
    settings = Settings.from_env({"GRENIER_DATA": "/nonexistent"})
    return [process.name for process in processes(settings, own) if process.name not in left_out]
