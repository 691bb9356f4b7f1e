"""The systems that Grenier is measured against over HTTP: the ordinary application, and the bare chain.

with crud(folder, households) as ordinary, chain(folder, households) as limit: ...
"""

from __future__ import annotations

import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from grenier.testing_broker import running_broker
from grenier.testing_postgres import running_postgres
from tests.bench.season import LINES, SEED, Request

WORKERS, THREADS = 2, 8
PRODUCTS = 95
DURABLE = ("-c", "max_connections=120")
PATIENCE_S = 30.0


class Peer:
    """Orders of the same shape as ours, for households of its own. `checks`: SQL or the like, told by the subclass."""

    name = "peer"

    def __init__(self, port: int, roots: dict[str, int], households: int) -> None:
        self.port = port
        self._roots = roots
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
            found.append(_request("POST", "/orders", household, json.dumps(body)))
        return found

    def balances(self) -> list[Request]:
        return [_request("GET", f"/balance/{_household(n)}", n) for n in range(self._households)]

    def settle(self) -> None:
        time.sleep(0.1)


class Crud(Peer):
    name = "crud"

    def __init__(self, port: int, roots: dict[str, int], households: int, url: str) -> None:
        super().__init__(port, roots, households)
        self._url = url

    def check(self, orders: int, unknown: int) -> list[str]:
        """Rows of orders, lines and ledger, and the same cents on both sides."""
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
        orders += unknown if counted["orders"] == (orders + unknown,) else 0
        problems = [f"crud: {what}: {row}, expected {orders}" for what, row in counted.items() if row != (orders,)]
        return problems + ([] if ordered == booked else [f"crud: {booked} booked of {ordered}"])


class Chain(Peer):
    name = "chain"

    def __init__(self, port: int, roots: dict[str, int], households: int, file: Path) -> None:
        super().__init__(port, roots, households)
        self._file = file

    def check(self, orders: int, unknown: int) -> list[str]:
        database = sqlite3.connect(self._file)
        (rows,) = database.execute("SELECT count(*) FROM event").fetchone()
        database.close()
        return [] if orders <= rows <= orders + unknown else [f"chain: {rows} rows, expected {orders}"]


@contextmanager
def crud(folder: Path, households: int) -> Iterator[Crud]:
    """gunicorn and a private PostgreSQL that pays for durability as Grenier does (fsync on)."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_postgres(DURABLE) as url, ExitStack() as stack:
        postmaster = _seed(url, households)
        alchemy = url.replace("postgresql://", "postgresql+psycopg://")
        port, served = _gunicorn(stack, "tests.bench.crud_peer:create_app()", folder, {"PEER_DATABASE_URL": alchemy})
        yield Crud(port, {"gunicorn": served.pid, "postgresql": postmaster}, households, url)


@contextmanager
def chain(folder: Path, households: int) -> Iterator[Chain]:
    """A broker, a store, a service and the same web server as the ordinary application's."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_broker(folder / "broker") as broker, ExitStack() as stack, store(folder) as (address, kept):
        service = _start(stack, ["-m", "tests.bench.chain_peer", broker.url, address], folder, {})
        port, web = _gunicorn(stack, "tests.bench.chain_peer:create_app()", folder, {"CHAIN_AMQP": broker.url})
        assert broker._server is not None
        roots = {"web": web.pid, "service": service.pid, "store": kept, "broker": broker._server.pid}
        yield Chain(port, roots, households, folder / "store.sqlite")
        stack.close()


@contextmanager
def store(folder: Path) -> Iterator[tuple[str, int]]:
    """(address, pid) of the bare gRPC store."""
    port = free_port()
    with ExitStack() as stack:
        words = ["-m", "tests.bench.chain_store", str(folder / "store.sqlite"), str(port)]
        process = _start(stack, words, folder, {})
        _wait_for(port, process)
        yield f"127.0.0.1:{port}", process.pid


def _gunicorn(
    stack: ExitStack, application: str, folder: Path, more: Mapping[str, str]
) -> tuple[int, subprocess.Popen[bytes]]:
    port = free_port()
    words = ["-m", "gunicorn", "--workers", str(WORKERS), "--keep-alive", "15", "--worker-class", "gthread",
             "--threads", str(THREADS), "--bind", f"127.0.0.1:{port}", application]  # fmt: skip
    served = _start(stack, words, folder, more)
    _wait_for(port, served)
    return port, served


def _start(stack: ExitStack, words: Sequence[str], folder: Path, more: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with open(folder / "peer.log", "ab") as log:
        process = subprocess.Popen([sys.executable, *words], env={**os.environ, **more}, stdout=log, stderr=log)
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    return postmaster(folder)


def postmaster(folder: Path) -> int:
    """Process id of the server whose data lie in `folder`."""
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def _household(number: int) -> str:
    return f"household-{number}"


def _token(number: int) -> str:
    return sha256(f"token {number}".encode()).hexdigest()


def _request(method: str, path: str, household: int, body: str | None = None) -> Request:
    headers = {"Authorization": f"Bearer {_token(household)}", "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return {"method": method, "path": path, "headers": headers, "body": body}


def _wait_for(port: int, served: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if served.poll() is not None:
            raise RuntimeError(f"the peer ended with {served.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the peer does not answer")
