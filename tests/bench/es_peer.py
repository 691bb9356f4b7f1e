"""pyeventsourcing (the `eventsourcing` library) with SQLite or PostgreSQL: the same facts in its own store.

store = EventStore(sqlite(folder / "es.sqlite"))
store.write(events); store.replay(apply)                  # notifications → mapper → apply
store.account(1_000); store.load(account_id)              # an aggregate of so many events, from the repository
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, DomainEvent, event

from grenier.log.protocol import Recorded

SECTION = 1_000


@dataclass(frozen=True)
class Noted(DomainEvent):
    """A fact of ours as an event of theirs: the body as a dict, which their transcoder writes as JSON."""

    body: dict[str, Any]


class Account(Aggregate):
    """A household's account, as their documentation would write it."""

    def __init__(self) -> None:
        self.entries: dict[str, int] = {}
        self.balance_cents = 0

    @event("EntryPosted")
    def post(self, entry_id: str, group_id: str, reason: str, amount_cents: int) -> None:
        self.entries[entry_id] = amount_cents
        self.balance_cents += amount_cents


class EventStore:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._application = Application[UUID](env=dict(environment))

    def write(self, events: Sequence[Recorded]) -> None:
        """One stream of theirs for each of ours."""
        recorder, mapper = self._application.recorder, self._application.mapper
        versions: dict[str, int] = {}
        for start in range(0, len(events), SECTION):
            stored = []
            for recorded in events[start : start + SECTION]:
                versions[recorded.stream] = version = versions.get(recorded.stream, 0) + 1
                noted = Noted(
                    uuid5(NAMESPACE_URL, recorded.stream), version, recorded.created, orjson.loads(recorded.data)
                )
                stored.append(mapper.to_stored_event(noted))
            recorder.insert_events(stored)

    def replay(self, apply: Callable[[dict[str, Any]], None]) -> int:
        """Everything in the order of the log; answers how many events there were."""
        recorder, mapper = self._application.recorder, self._application.mapper
        start, count = 1, 0
        while found := recorder.select_notifications(start, SECTION):
            for notification in found:
                apply(mapper.to_domain_event(notification).body)  # type: ignore[attr-defined]
            start, count = found[-1].id + 1, count + len(found)
        return count

    def account(self, entries: int) -> UUID:
        account = Account()
        for number in range(entries - 1):  # its creation is an event too
            account.post(str(uuid5(NAMESPACE_URL, str(number))), "group", "a reason in a few words", 100)
            if number % 100 == 0:
                self._application.save(account)
        self._application.save(account)
        return account.id

    def load(self, account_id: UUID) -> int:
        """The balance of an account read from its events."""
        found: Account = self._application.repository.get(account_id)
        return found.balance_cents

    def close(self) -> None:
        self._application.close()


def sqlite(path: Path) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}


def postgres(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "",
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": "none",
    }
