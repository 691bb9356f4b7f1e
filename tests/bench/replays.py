"""The contestants of the replays: ours as `grenier rebuild` works, the limits and the peer over the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from esdbclient import EventStoreDBClient
from esdbclient import NewEvent as WireEvent

from contracts_svc.views import directory
from grenier.log.esdb import EsdbLog
from grenier.log.memory import MemoryLog
from grenier.log.protocol import Recorded
from grenier.mirror import MirrorFile, mirror_path
from grenier.privacy import KeyStore
from grenier.projector import Projector
from grenier.readmodel import Database, View, fact_of
from grenier.runtime import Service, load_service
from grenier.shadow import Shadow
from grenier_infra.eventnode.testing import running_node
from ledger_svc.views import balances
from tests.bench import limits
from tests.bench.contest import Contestant
from tests.bench.es_peer import EventStore, sqlite
from tests.bench.limits import Balances
from tests.bench.lived_log import Lived, keep_locally, multiplied, pages, read_by, reads_of

BATCH = 500
APPENDED_TOGETHER = 200


class Replays:
    """`count`: events of the copied log; a service replays those of them that its views read."""

    def __init__(self, small: Lived, count: int, folder: Path) -> None:
        self.settings = small.settings
        self._small = small
        self._count = count
        self._folder = folder
        self._all: list[Recorded] | None = None
        self._kept: set[str] = set()
        self._services: dict[str, Service] = {}
        self._most = 0
        # What each contestant made of the same facts: they must agree.
        self._outcomes: dict[str, dict[str, Balances]] = {}

    # -- facts ---------------------------------------------------------------------------------------------------

    def service(self, name: str) -> Service:
        if name not in self._services:
            self._services[name] = load_service(name)
        return self._services[name]

    @property
    def events(self) -> list[Recorded]:
        if self._all is None:
            self._all = multiplied(self._small.events, self._count, self.settings)
        return self._all

    def of(self, name: str, most: int | None = None) -> list[Recorded]:
        return read_by(self.events[:most], self.service(name))

    def keep(self, names: Sequence[str]) -> None:
        """Lay the services' local copies of the log ready."""
        for name in names:
            if name not in self._kept:
                keep_locally(self.events, self.service(name), self.settings)
                self._kept.add(name)

    def disagreements(self, job: str) -> list[str]:
        """Contestants whose balances differ from the others'."""
        found = self._outcomes.get(job, {})
        first = next(iter(found.values()), {})
        return [f"{job}: the balances of {name} differ" for name, made in found.items() if made != first or not made]

    def _note(self, job: str, who: str, made: Balances) -> None:
        self._outcomes.setdefault(job, {})[who] = {account: cents for account, cents in made.items() if cents}

    # -- P6 ------------------------------------------------------------------------------------------------------

    def same_view(self) -> list[Contestant]:
        """Like with like: the balances alone, out of the facts that they are made of, by ours, by the peer and by hand."""
        service = self.service("ledger")
        alone = replace(service, name="balances", views=(balances.view,), policies=(), timers=())
        chosen = read_by(self.events, alone)
        keep_locally(self.events, alone, self.settings)
        mirror = MirrorFile.found(mirror_path(self.settings.data_dir, alone.name), reads_of(alone))
        assert mirror is not None

        def ours() -> int:
            return self._filled(alone, lambda shadow, told: shadow.fill(mirror, MemoryLog(), None, told), "balances")

        def bare() -> int:
            self._note("balances", "orjson", limits.fold(chosen, alone))
            return len(chosen)

        return [self._peer(chosen, "balances"), Contestant("grenier", ours), Contestant("orjson", bare)]

    def local(self, names: Sequence[str], *, most: int | None = None, peer: bool = False) -> list[Contestant]:
        chosen = {name: self.of(name, most) for name in names}
        count = sum(map(len, chosen.values()))
        outcome = "ledger" if peer else ""

        def ours() -> int:
            return sum(self.views(name, most, outcome) for name in names)

        def bare() -> int:
            for name, events in chosen.items():
                made = limits.fold(events, self.service(name))
                if outcome:
                    self._note(outcome, "orjson", made)
            return count

        found = [Contestant("grenier", ours), Contestant("orjson", bare)]
        return [self._peer(chosen[names[0]], "ledger"), *found] if peer else found

    def views(self, name: str, most: int | None = None, outcome: str = "") -> int:
        """The views of a service filled from its local copy of the log; answers how many events that took."""
        service = self.service(name)
        mirror = MirrorFile.found(mirror_path(self.settings.data_dir, name), reads_of(service))
        assert mirror is not None
        upto = self.events[most - 1].position if most is not None and most < len(self.events) else None
        return self._filled(service, lambda shadow, told: shadow.fill(mirror, MemoryLog(), upto, told), outcome)

    def _filled(self, service: Service, fill: Callable[[Shadow, Any], None], outcome: str) -> int:
        shadow = Shadow(service, self.settings, service.all_views, purpose="bench")
        count = 0

        def told(events: int, _position: int) -> None:
            nonlocal count
            count += events

        fill(shadow, told)
        if any(shadow.projector.parked_by_view().values()):
            raise RuntimeError(f"{service.name} parked events")
        if outcome:
            self._note(outcome, "grenier", _balances(shadow.database))
        shadow.drop()
        return count

    def _peer(self, events: Sequence[Recorded], job: str) -> Contestant:
        store = EventStore(sqlite(self._folder / f"es-{uuid4().hex}.sqlite"))
        store.write(events)

        def replay() -> int:
            made: Balances = {}

            def apply(body: dict[str, Any]) -> None:
                for posting in body.get("postings", ()):
                    if posting["account"].startswith(limits.EATER):
                        made[posting["account"]] = made.get(posting["account"], 0) + posting["amount_cents"]

            count = store.replay(apply)
            self._note(job, "eventsourcing", made)
            return count

        return Contestant("eventsourcing", replay)

    # -- P7 ------------------------------------------------------------------------------------------------------

    @contextmanager
    def node(self, count: int) -> Iterator[list[Contestant]]:
        """The same facts in an event store of their own; ours and the bare client read them with the same filter."""
        service = self.service("ledger")
        chosen = self.of("ledger", count)
        self._outcomes.pop("ledger", None)
        with running_node() as node:
            client = EventStoreDBClient(node.uri)
            for number, page in enumerate(pages(chosen, APPENDED_TOGETHER)):
                _append(client, f"facts-{number}", page)
            log = EsdbLog(node.uri)
            self._note("ledger", "orjson", limits.fold(chosen, service))

            def alone() -> int:
                wanted = [f"({'|'.join(reads_of(service))}).*"]
                return sum(1 for _ in client.read_all(filter_include=wanted))

            def ours() -> int:
                return self._filled(service, lambda shadow, told: shadow.fill(None, log, None, told), "ledger")

            roots = {"eventnode": node.pid}
            yield [Contestant("client alone", alone, roots), Contestant("grenier", ours, roots)]
            log.close()
            client.close()

    # -- P8 ------------------------------------------------------------------------------------------------------

    def incremental(self) -> list[Contestant]:
        """One view, brought forward batch by batch with its position, against one upsert per event."""
        entries = [event for event in self._small.events if event.type.startswith("ledger.")]
        facts = multiplied(entries, min(self._count, 50_000), self.settings)

        def ours() -> int:
            database = Database(self._scratch(), "bench")
            projector = Projector(database, [balances.view])
            for page in pages(facts, BATCH):
                projector.apply(page, page[-1].position)
            self._note("incremental", "grenier", _balances(database))
            database.close()
            return len(facts)

        def upsert() -> int:
            made = limits.upsert(facts, self._folder / f"upsert-{uuid4().hex}.sqlite")
            self._note("incremental", "upsert", made)
            return len(facts)

        return [Contestant("upsert", upsert), Contestant("grenier", ours)]

    def _scratch(self) -> str:
        return f"sqlite:///{self._folder / f'{uuid4().hex}.sqlite'}"

    # -- P14 -----------------------------------------------------------------------------------------------------

    def sealed(self) -> list[Contestant]:
        """The directory of people with their keys, and with fields that only have to be looked up."""
        people = [event for event in self._small.events if event.type.startswith(directory.view.reads)]
        facts = multiplied(people, min(self._count, 10_000), self.settings)
        keys = KeyStore(Database(self.settings.keys_url, "keys"), self.settings.kek)
        plain = Opened(keys, facts)

        def replay(view: View, store: Any) -> int:
            database = Database(self._scratch(), "bench")
            projector = Projector(database, [view], store)
            for page in pages(facts, 2_000):
                projector.apply(page, page[-1].position)
            if any(projector.parked_by_view().values()):
                raise RuntimeError("the directory parked events")
            database.close()
            return len(facts)

        def sealed() -> int:
            # As a process that begins: no key is in memory yet.
            return replay(directory.view, KeyStore(Database(self.settings.keys_url, "keys"), self.settings.kek))

        return [Contestant("plain", lambda: replay(directory.view, plain)), Contestant("grenier", sealed)]


class Opened:
    """In the place of a key store: what each sealed body opens to, known beforehand."""

    def __init__(self, keys: KeyStore, facts: Sequence[Recorded]) -> None:
        self._known: dict[tuple[str, ...], dict[str, str]] = {}
        for recorded in facts:
            event: Any = fact_of(recorded).event
            sealed = getattr(event, "sealed", None)
            if sealed:
                self._known[tuple(sealed.values())] = keys.open(event.person_id, sealed)

    def open(self, _person_id: str, sealed: dict[str, str]) -> dict[str, str]:
        return self._known[tuple(sealed.values())]


def _balances(database: Database) -> Balances:
    table = balances.balances
    rows = database.rows(sa.select(table.c.household_id, table.c.balance_cents))
    return {f"{limits.EATER}{row['household_id']}": row["balance_cents"] for row in rows}


def _append(client: EventStoreDBClient, stream: str, events: Sequence[Recorded]) -> None:
    from esdbclient import StreamState

    new = [WireEvent(type=e.type, data=e.data, metadata=e.metadata, id=e.id) for e in events]
    client.append_to_stream(stream, current_version=StreamState.NO_STREAM, events=new)
