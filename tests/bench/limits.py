"""What a plain program makes of the same bytes: decode with orjson, put into dicts, or one upsert per event. No safety."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from grenier.log.protocol import Recorded
from grenier.runtime import Service

Balances = dict[str, int]
EATER = "eater:"
PER_TRANSACTION = 500


def fold(events: Iterable[Recorded], service: Service) -> Balances:
    """Body and metadata decoded, one row kept for each view that reads the event, balances added up."""
    loads = orjson.loads
    kept = [(view.reads, {}) for view in service.all_views]  # type: ignore[var-annotated]
    by_type: dict[str, list[dict[Any, Any]]] = {}
    balances: Balances = defaultdict(int)
    for event in events:
        body, meta = loads(event.data), loads(event.metadata)
        views = by_type.get(event.type)
        if views is None:
            views = by_type[event.type] = [rows for reads, rows in kept if event.type.startswith(reads)]
        for rows in views:
            rows[event.stream] = (body, meta["at"])
        add(balances, body)
    return dict(balances)


def add(balances: Balances, body: dict[str, Any]) -> None:
    for posting in body.get("postings", ()):
        account = posting["account"]
        if account.startswith(EATER):
            balances[account] += posting["amount_cents"]


def upsert(events: Sequence[Recorded], path: Path) -> Balances:
    """One upsert per event, 500 events to a transaction, WAL and NORMAL as the views have it."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute("CREATE TABLE balance (account TEXT PRIMARY KEY, cents INTEGER NOT NULL)")
    text = "INSERT INTO balance VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET cents = cents + excluded.cents"
    for start in range(0, len(events), PER_TRANSACTION):
        database.execute("BEGIN IMMEDIATE")
        for event in events[start : start + PER_TRANSACTION]:
            change: Balances = defaultdict(int)
            add(change, orjson.loads(event.data))
            for account, cents in change.items():
                database.execute(text, (account, cents))
        database.execute("COMMIT")
    found = dict(database.execute("SELECT account, cents FROM balance").fetchall())
    database.close()
    return found
