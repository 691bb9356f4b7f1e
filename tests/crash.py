"""Orders while processes die: a real installation, clients that retry until they are told, a killer that does not wait.

    python -m tests.crash --kills 50 --orders 5000 --seed 1        # prints a table, adds a row to build/chaos.json

In every share of the orders a random process gets SIGKILL (a gateway worker, doors, views, event node, broker, relay,
mailer). Clients keep the Idempotency-Key of an order until the answer is there. Afterwards the log is asked:
what was acknowledged stands there, once, and is what its household sees.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from gateway.demo import catalogue, federation, month
from gateway.demo.client import Api, ApiError, Http
from gateway.demo.federation import Household
from gateway.demo.load import ZONE
from gateway.demo.month import Cycle, Stage
from grenier_infra.launcher.testing import Installation, installation

CLIENTS = 8
HOUSEHOLDS = 8
VICTIMS = (
    "gateway", "serve-orders", "serve-contracts", "serve-ledger", "work-orders", "work-contracts", "work-ledger",
    "eventnode", "broker", "relay", "mailer",
)  # fmt: skip
BACK_PATIENCE_S = 60.0


@dataclass
class Order:
    """What one client asked for, and what it was told. `position` 0: never acknowledged."""

    cycle_id: str
    household_id: str
    key: str
    quantities: dict[str, int]
    position: int = 0
    begun: float = 0.0
    took_s: float = 0.0


@dataclass
class Storm:
    """One run: its figures and everything the clients were told."""

    running: Installation
    stage: Stage
    cycles: list[Cycle]
    seed: int
    orders: list[Order] = field(default_factory=list)
    kills: list[tuple[float, str]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    deaths: list[tuple[str, float, float]] = field(default_factory=list)  # victim, died, everything back
    acknowledged_at: list[float] = field(default_factory=list)
    started: float = 0.0
    took_s: float = 0.0

    def acknowledged(self) -> list[Order]:
        return [order for order in self.orders if order.position]


# -- the stage ---------------------------------------------------------------------------------------------------


def prepare(running: Installation, seed: int, households: int = HOUSEHOLDS) -> Storm:
    """A small federation with its window open."""
    api = Api(Http(running.url), seed=f"crash/{seed}")
    stage = Stage(api, federation.found(api, seed, households))
    today = datetime.now(UTC).astimezone(ZONE)
    calendar = month.calendar_of(today, 1, 8, 15)
    month.import_products(stage, catalogue.products(), (today - timedelta(days=60)).date().isoformat())
    month.release(stage, calendar)
    cycles = month.schedule(stage, calendar, {})
    stage.move_to(calendar.opens_at + timedelta(minutes=1))
    month.wait_for(stage, calendar, "open")
    return Storm(running, stage, cycles, seed)


# -- clients and killer ------------------------------------------------------------------------------------------


class Tickets:
    """Numbers of orders, handed out in as many shares as there are kills: each process dies in the middle of a share,
    and the next share begins when it is back, so that deaths are spread over the orders however fast these are."""

    def __init__(self, orders: int, kills: int) -> None:
        self._orders, self._share = orders, orders / max(kills, 1)
        self._next, self._open = 0, 1
        self._changed = threading.Condition()

    def take(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._next >= self._orders or self._next < self._share * self._open)
            self._next += 1
            return self._next - 1 if self._next <= self._orders else None

    def middle_of(self, share: int) -> float:
        return self._share * (share + 0.4)

    def open_next(self) -> None:
        with self._changed:
            self._open += 1
            self._changed.notify_all()


def rage(storm: Storm, kills: int, orders: int) -> None:
    """Place and amend until `orders` were acknowledged, while `kills` processes die."""
    tickets = Tickets(orders, kills)
    buyers = [(cycle, home) for cycle in storm.cycles for home in cycle.group.households]
    for _, home in buyers:
        storm.stage.at(home.person_id)  # their tokens beforehand: the storm is about orders
    clients = [
        threading.Thread(target=_buy, args=(storm, buyers[place::CLIENTS], place, tickets), daemon=True)
        for place in range(CLIENTS)
    ]
    storm.started = time.monotonic()
    for thread in clients:
        thread.start()
    _kill(storm, kills, tickets, clients)
    for thread in clients:
        thread.join()
    storm.took_s = time.monotonic() - storm.started


def _buy(storm: Storm, mine: Sequence[tuple[Cycle, Household]], place: int, tickets: Tickets) -> None:
    """Each client has households of its own, so that what was acknowledged last is what must stand."""
    rng = random.Random(f"{storm.seed}/{place}")
    products = sorted(storm.stage.federation.products.values())
    while (number := tickets.take()) is not None:
        cycle, home = rng.choice(mine)
        # The number makes every amendment a change.
        quantities = {product: rng.randint(1, 5) for product in rng.sample(products, 3)} | {
            products[0]: number % 900 + 1
        }
        order = Order(cycle.cycle_id, home.household_id, f"{storm.seed}-{number}", quantities)
        storm.orders.append(order)
        _until_told(storm, order, home)


def _until_told(storm: Storm, order: Order, home: Household) -> None:
    """The same key until there is an answer; every answer that is none is counted."""
    api = storm.stage.at(home.person_id)
    path = f"/api/v1/cycles/{order.cycle_id}/orders/{order.household_id}"
    body = json.dumps({"lines": month.as_lines(order.quantities)}, sort_keys=True).encode()
    headers = {
        "Authorization": f"Bearer {api._token}",
        "Content-Type": "application/json",
        "Idempotency-Key": order.key,
    }
    order.begun = time.monotonic()
    while time.monotonic() - order.begun < 120:
        try:
            status, _, text = api._transport("PUT", path, body, headers)
        except OSError:
            status, text = 0, b""
        storm.answers[str(status) if status else "no answer"] += 1
        if status == 200:
            order.position, order.took_s = json.loads(text)["position"], time.monotonic() - order.begun
            storm.acknowledged_at.append(time.monotonic())
            return
        if status not in (0, 429, 502, 503, 504):
            raise ApiError("PUT", path, status, {"text": text[:400].decode(errors="replace")})
        time.sleep(0.1)


def _kill(storm: Storm, kills: int, tickets: Tickets, clients: Sequence[threading.Thread]) -> None:
    """One in the middle of each share; the next share begins when it is back."""
    rng = random.Random(f"{storm.seed}/killer")
    bag: list[str] = []
    for number in range(kills):
        while len(storm.acknowledged_at) < tickets.middle_of(number) and any(client.is_alive() for client in clients):
            time.sleep(0.01)
        bag = bag or rng.sample(VICTIMS, len(VICTIMS))
        victim = bag.pop()
        died = time.monotonic()
        _strike(storm.running, victim, rng)
        storm.kills.append((died - storm.started, victim))
        _until_back(storm)
        tickets.open_next()
        storm.deaths.append((victim, died, time.monotonic()))


def _strike(running: Installation, victim: str, rng: random.Random) -> None:
    workers = _gateway_workers(running) if victim == "gateway" and rng.random() < 0.5 else []
    if workers:
        os.kill(rng.choice(workers), signal.SIGKILL)
    else:
        running.kill(victim)


def _gateway_workers(running: Installation) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(running.pids()["gateway"]).children()]
    except (KeyError, psutil.NoSuchProcess):
        return []


def _until_back(storm: Storm) -> None:
    until = time.monotonic() + BACK_PATIENCE_S
    time.sleep(0.2)
    while not storm.running.ready():
        if time.monotonic() > until:
            raise TimeoutError(f"not whole again:\n{storm.running.said()}")
        time.sleep(0.05)


def slowest(storm: Storm) -> dict[str, float]:
    """Victim -> the longest that an order took which was on its way while that process was away (s)."""
    found: dict[str, float] = {}
    for victim, died, back in storm.deaths:
        hit = [
            order.took_s for order in storm.acknowledged() if order.begun < back and order.begun + order.took_s > died
        ]
        found[victim] = max(found.get(victim, 0.0), *hit, 0.0)
    return found


# -- as a program ------------------------------------------------------------------------------------------------


def play(
    folder: Path, kills: int, orders: int, seed: int, households: int = HOUSEHOLDS
) -> tuple[Storm, dict[str, Any]]:
    """One storm on a fresh installation, checked while it still runs; the storm and its row of figures."""
    from tests.crash_checks import check

    with installation(folder, demo=True, GRENIER_DEMO_LOAD="0") as running:
        storm = prepare(running, seed, households)
        rage(storm, kills, orders)
        running.wait_ready()
        found = check(storm)
    return storm, row(storm) | found


def row(storm: Storm) -> dict[str, Any]:
    told = storm.acknowledged()
    times = sorted(order.took_s for order in told)
    return {
        "seed": storm.seed,
        "kills": len(storm.kills),
        "orders": len(storm.orders),
        "acknowledged": len(told),
        "seconds": round(storm.took_s, 1),
        "per_second": round(len(told) / storm.took_s, 1),
        "median_ms": round(times[len(times) // 2] * 1000),
        "slowest_s": round(times[-1], 2),
        "answers": dict(sorted(storm.answers.items())),
        "slowest_order_s": {name: round(value, 2) for name, value in sorted(slowest(storm).items())},
        "slowest_return_s": round(max((back - died for _, died, back in storm.deaths), default=0.0), 1),
    }


def keep(figures: dict[str, Any], path: Path) -> None:
    """Rows of earlier runs stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = json.loads(path.read_text()) if path.exists() else []
    path.write_text(json.dumps([*rows, {"at": datetime.now(UTC).isoformat(timespec="seconds"), **figures}], indent=1))


def show(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:>20}  {value}" for name, value in figures.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Orders while processes die.")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grenier-crash-") as folder:
        _, figures = play(Path(folder), asked.kills, asked.orders, asked.seed)
    keep(figures, Path("build/chaos.json"))
    print(show(figures))
    return 1 if figures["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
