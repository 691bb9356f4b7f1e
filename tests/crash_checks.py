"""What must hold after the storm, asked of the log and of the databases themselves."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.projections import balances
from grenier.config import Settings
from grenier.handling import read_meta
from grenier.language import orders as o
from grenier.log.esdb import EsdbLog
from grenier.log.protocol import Recorded
from grenier.projector import parked
from grenier.readmodel import Database, dump, fact_of
from grenier.runtime import load_service
from tests.replaying import SERVICES, fresh, scratch

if TYPE_CHECKING:
    from tests.crash import Storm

CATCH_UP_S = 60.0


def check(storm: Storm) -> dict[str, Any]:
    """Figures and `problems`; no problems is what is wanted."""
    settings = Settings.from_env(storm.running.env)
    events = _events(settings)
    problems = [
        *_identities(events),
        *_acknowledged(storm, events),
        *_books(events),
        *_committed(events, settings),
        *_views(settings),
    ]
    return {"events": len(events), "problems": problems}


def _identities(events: list[Recorded]) -> list[str]:
    twice = [event_id for event_id, count in Counter(event.id for event in events).items() if count > 1]
    streams: dict[str, list[int]] = defaultdict(list)
    for event in events:
        streams[event.stream].append(event.revision)
    torn = [stream for stream, found in streams.items() if found != list(range(len(found)))]
    return [f"event id twice: {found}" for found in twice] + [f"revisions of {stream} with gaps" for stream in torn]


def _placed(events: list[Recorded]) -> list[tuple[Recorded, o.OrderConfirmed | o.OrderAmended]]:
    facts = ((event, fact_of(event).event) for event in events if event.type.startswith("orders.order-"))
    return [(event, fact) for event, fact in facts if isinstance(fact, o.OrderConfirmed | o.OrderAmended)]


def quantities(fact: o.OrderConfirmed | o.OrderAmended) -> dict[str, int]:
    return {line.product_id: line.quantity for line in fact.lines}


def _acknowledged(storm: Storm, events: list[Recorded]) -> list[str]:
    """Each acknowledgement names a position where this order stands, once; the last one is what is valid."""
    placed = _placed(events)
    at = {event.position: (event, fact) for event, fact in placed}
    commands = Counter(read_meta(event.metadata).cmd for event, _ in placed)
    problems = [f"command carried out twice: {command}" for command, count in commands.items() if count > 1]
    standing = {(fact.cycle_id, fact.household_id): quantities(fact) for _, fact in placed}
    last: dict[tuple[str, str], dict[str, int]] = {}
    for order in storm.orders:
        if not order.position:
            problems.append(f"never acknowledged: {order.key}")
            continue
        last[order.cycle_id, order.household_id] = order.quantities
        found = at.get(order.position)
        if found is None or quantities(found[1]) != order.quantities or found[1].household_id != order.household_id:
            problems.append(f"acknowledged but not in the log: {order.key} at {order.position}")
    if len(placed) != len(storm.acknowledged()):
        problems.append(f"{len(placed)} orders in the log, {len(storm.acknowledged())} acknowledged")
    wrong = [place for place, asked in last.items() if standing.get(place) != asked]
    return problems + [f"the last order of {household} in {cycle} is not what stands" for cycle, household in wrong]


def _books(events: list[Recorded]) -> list[str]:
    """Every entry balances, so that the sum of all accounts is zero at each position."""
    postings = [getattr(fact_of(event).event, "postings", ()) for event in events if event.type.startswith("ledger.")]
    return [f"an entry sums to {total}" for entry in postings if (total := sum(post.amount_cents for post in entry))]


def _committed(events: list[Recorded], settings: Settings) -> list[str]:
    """What a household sees beside its balance is what its orders cost."""
    standing = {(fact.cycle_id, fact.household_id): fact.total_cents for _, fact in _placed(events)}
    expected: Counter[str] = Counter()
    for (_, household_id), cents in standing.items():
        expected[household_id] += cents
    database = Database(settings.view_database("gateway"), "gateway")

    def found() -> Counter[str]:
        rows = database.rows(sa.select(balances.c.household_id, balances.c.committed_cents))
        return Counter({row["household_id"]: row["committed_cents"] for row in rows if row["committed_cents"]})

    try:
        return [] if _soon(lambda: found() == expected) else ["committed amounts are not the sum of the orders"]
    finally:
        database.close()


def _views(settings: Settings) -> list[str]:
    """Mails go on leaving meanwhile: the replay is of the log as it is when the views are looked at."""
    problems = []
    for name in SERVICES:
        tables = [table for view in load_service(name).all_views for table in view.tables]
        database = Database(settings.view_database(name), name)
        if not _soon(
            lambda name=name, tables=tables, database=database: dump(database, tables) == _replayed(name, settings)
        ):
            problems.append(f"views of {name} are not what a replay gives")
        if database.rows(sa.select(parked)):
            problems.append(f"{name} parked events")
        database.close()
    return problems


def _replayed(name: str, settings: Settings) -> bytes:
    with TemporaryDirectory() as folder:
        return fresh(name, settings, _events(settings), scratch(Path(folder)))


def _events(settings: Settings) -> list[Recorded]:
    log = EsdbLog(settings.esdb_uri)
    try:
        return list(log.read_all())
    finally:
        log.close()


def _soon(holds: Any) -> bool:
    until = time.monotonic() + CATCH_UP_S
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True
