"""The two systems side by side: what each is asked, which processes it consists of, and whether its books are right.

    with grenier(folder, households, windows) as system, peer(folder, households) as other: ...

A system's `check` counts outcomes: orders answered 2xx = orders stored = what the ledger knows. Problems make a run void.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from gateway.demo.client import Api, Http
from grenier.config import Settings
from grenier.language.orders import OrderConfirmed
from grenier.language.registry import decode
from grenier.log.esdb import EsdbLog
from grenier.testing_postgres import running_postgres
from grenier_infra.launcher.table import Own, processes
from grenier_infra.launcher.testing import Installation, installation
from tests.bench.following import Following
from tests.bench.processes import cpu_seconds
from tests.bench.season import LINES, SEED, Request, Season, prepare

PATIENCE_S = 240.0  # the preparation writes a message to every household about every cycle
MOMENT_S = 0.3
PEER_WORKERS = 2
PRODUCTS = 95
DURABLE = ("-c", "max_connections=120")


class System(Protocol):
    name: str
    port: int

    def roots(self) -> dict[str, int]:
        """Name → pid of every part; parts do not overlap."""

    def orders(self, count: int) -> list[Request]: ...

    def balances(self) -> list[Request]: ...

    def settle(self) -> None:
        """Until nothing is left to do for what was asked: its CPU belongs to it."""

    def check(self, orders: int) -> list[str]:
        """Problems found in the books, given the number of orders answered 2xx since the start."""


# -- Grenier -----------------------------------------------------------------------------------------------------


class Grenier:
    name = "grenier"

    def __init__(self, running: Installation, season: Season, api: Api) -> None:
        self.port = running.port_base
        self._running = running
        self._season = season
        self._api = api
        self._following = Following(Settings.from_env(running.env))
        self.idle_cpu_per_s = self._rest()

    def roots(self) -> dict[str, int]:
        return {**self._running.pids(), "launcher": self._running.launcher.pid}

    def orders(self, count: int) -> list[Request]:
        return self._season.orders(count)

    def balances(self) -> list[Request]:
        return self._season.balances()

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
        return cpu_seconds([self._running.launcher.pid, *self._running.pids().values()])

    def check(self, orders: int) -> list[str]:
        """Log, orders' view and ledger's view, each by its own road."""
        appended = self._appended()
        position = max((position for position, _ in appended), default=0)
        committed = sum(event.total_cents for _, event in appended)
        accounts, listed = 0, 0
        for group in self._season.stage.federation.groups:
            at = self._api.as_(group.treasurer)
            rows = at.get(f"/groups/{group.group_id}/accounts", limit=500, after=position)["items"]
            accounts += sum(row["committed_cents"] for row in rows)
        own = 0
        for group in self._season.stage.federation.groups:
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

    def _appended(self) -> list[tuple[int, OrderConfirmed]]:
        log = EsdbLog(Settings.from_env(self._running.env).esdb_uri)
        try:
            return [
                (entry.position, decode(entry.type, 1, entry.data))  # type: ignore[misc]
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
    with installation(folder, demo=True, only=_everything_but("mailer", "mailbox"), **env) as running:
        api = Api(Http(running.url), seed="bench")
        yield Grenier(running, prepare(api, households, windows), api)


def _everything_but(*left_out: str) -> list[str]:
    own = Own(broker=True, event_node=True, mailbox=True)
    settings = Settings.from_env({"GRENIER_DATA": "/nonexistent"})
    return [process.name for process in processes(settings, own) if process.name not in left_out]


# -- the peer ----------------------------------------------------------------------------------------------------


class Peer:
    name = "crud"

    def __init__(self, port: int, roots: dict[str, int], url: str, households: int) -> None:
        self.port = port
        self._roots = roots
        self._url = url
        self._households = households
        self._next = 0
        self._rng = random.Random(SEED)

    def roots(self) -> dict[str, int]:
        return self._roots

    def orders(self, count: int) -> list[Request]:
        found = []
        for _ in range(count):
            household = self._next % self._households
            self._next += 1
            chosen = self._rng.sample(range(PRODUCTS), LINES)
            lines = [{"product_id": f"product-{each}", "quantity": self._rng.randint(1, 3)} for each in chosen]
            body = {"cycle_id": "cycle-1", "household_id": _household(household), "lines": lines}
            found.append(_peer_request("POST", "/orders", household, json.dumps(body)))
        return found

    def balances(self) -> list[Request]:
        return [_peer_request("GET", f"/balance/{_household(n)}", n) for n in range(self._households)]

    def settle(self) -> None:
        time.sleep(0.1)

    def check(self, orders: int) -> list[str]:
        import psycopg

        with psycopg.connect(self._url) as db:
            found = {
                "orders": "SELECT count(*) FROM orders",
                "lines": f"SELECT count(*) / {LINES} FROM lines",
                "ledger rows": "SELECT count(*) FROM ledger",
            }
            counted = {what: db.execute(query).fetchone() for what, query in found.items()}  # type: ignore[call-overload]
            ordered = db.execute("SELECT coalesce(sum(total_cents), 0) FROM orders").fetchone()
            booked = db.execute("SELECT -coalesce(sum(amount_cents), 0) FROM ledger").fetchone()
        problems = [f"crud: {what}: {row}, expected {orders}" for what, row in counted.items() if row != (orders,)]
        return problems + ([] if ordered == booked else [f"crud: {booked} booked of {ordered}"])


@contextmanager
def peer(folder: Path, households: int) -> Iterator[Peer]:
    """gunicorn and a private PostgreSQL that pays for durability as Grenier does (fsync on)."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_postgres(DURABLE) as url:
        postmaster = _seed(url, households)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {**os.environ, "PEER_DATABASE_URL": url.replace("postgresql://", "postgresql+psycopg://")}
        command = [sys.executable, "-m", "gunicorn", "--workers", str(PEER_WORKERS), "--keep-alive", "15",
                   "--worker-class", "gthread", "--threads", "8",
                   "--bind", f"127.0.0.1:{port}", "tests.bench.crud_peer:create_app()"]  # fmt: skip
        with open(folder / "peer.log", "wb") as log:
            served = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(port, served)
            yield Peer(port, {"gunicorn": served.pid, "postgresql": postmaster}, url, households)
        finally:
            served.terminate()
            served.wait(timeout=20)


def _seed(url: str, households: int) -> int:
    """Tables and rows like the other side's; answers the process id of the database server."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.orm import Session

    from tests.bench import crud_peer as app

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    app.Base.metadata.create_all(engine)
    with Session(engine) as db:
        db.add(app.Cycle(id="cycle-1", closes_at=datetime.now(UTC).replace(tzinfo=None) + timedelta(days=5)))
        rng = random.Random(SEED)
        for n in range(PRODUCTS):
            db.add(app.Product(id=f"product-{n}", name=f"Product {n}", price_cents=rng.randint(100, 2_000)))
        for n in range(households):
            rate_bp = rng.choice((10_000, 11_500, 5_000))
            db.add(app.Household(id=_household(n), tier_rate_bp=rate_bp, active=True))
            db.add(app.Token(hash=sha256(_token(n).encode()).hexdigest(), household_id=_household(n)))
        db.commit()
        db.execute(text("ANALYZE"))
        db.commit()
        folder = Path(str(db.scalar(text("SHOW data_directory"))))
    engine.dispose()
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def _household(number: int) -> str:
    return f"household-{number}"


def _token(number: int) -> str:
    return sha256(f"token {number}".encode()).hexdigest()


def _peer_request(method: str, path: str, household: int, body: str | None = None) -> Request:
    headers = {"Authorization": f"Bearer {_token(household)}", "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return {"method": method, "path": path, "headers": headers, "body": body}


def _wait_for(port: int, served: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if served.poll() is not None:
            raise RuntimeError(f"the peer ended with {served.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the peer does not answer")
