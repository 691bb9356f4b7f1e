"""Parked events: what could not be applied waits, its stream behind it, everything else goes on; an operator tries again.

Views park in `projector`; policies do it here, in the same table under the name "policy:<name>". What is transient (log,
database or disk away) is no fault of the event and parks nothing. `ask_again` is what `grenier parked retry` writes into the
service's database; the worker that follows the log sees it within a second and tries, in the order of the log. A worker
that begins asks itself: a newer program may read what the one before could not.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from grenier import metrics
from grenier.errors import Unavailable
from grenier.language import UnknownEvent
from grenier.log.protocol import EventLog, LogUnavailable, Recorded
from grenier.logging import get_logger
from grenier.projector import Projector, parked
from grenier.readmodel import Database, Row, fact_of
from grenier.trouble import DATABASE_TROUBLE

if TYPE_CHECKING:
    from grenier.runtime import Policy, Runtime

log = get_logger(__name__)

TRIES = 3
LOOK_EVERY_S = 1.0
TRANSIENT: tuple[type[Exception], ...] = (Unavailable, LogUnavailable, TimeoutError, OSError, *DATABASE_TROUBLE)
"""Not the event's fault: everything stops and is tried again from where it stood."""

_meta = sa.MetaData()
asked = sa.Table("parked_asked", _meta, sa.Column("at", sa.Float, primary_key=True))
_ASKED = sa.select(asked)


def waiting(db: Database) -> list[Row]:
    """{view, position, stream, event, reason} of what is parked, in the order of the log."""
    return db.rows(sa.select(parked).order_by(parked.c.position, parked.c.view))


def ask_again(db: Database) -> int:
    """Have the worker try what is parked once more; how many events that is."""
    db.create([parked, asked])
    with db.transaction() as connection:
        connection.execute(sa.delete(asked))
        connection.execute(sa.insert(asked).values(at=time.time()))
    return len(waiting(db))


class PolicyParking:
    """What the policies of one service could not act upon."""

    def __init__(self, db: Database) -> None:
        self._db = db
        db.create([parked, asked])
        self._failures: Counter[tuple[str, int]] = Counter()
        self._streams = {(row["view"], row["stream"]) for row in waiting(db) if str(row["view"]).startswith("policy:")}

    def act(self, runtime: Runtime, policy: Policy, recorded: Recorded) -> None:
        """Carry out the policy, or park the event; raises what another try may mend."""
        name = f"policy:{policy.name}"
        if (name, recorded.stream) in self._streams:
            self._park(name, recorded, "behind a parked event")
            return
        try:
            policy.act(runtime, fact_of(recorded))
        except TRANSIENT:
            raise
        except Exception as error:
            self._failures[name, recorded.position] += 1
            if self._failures[name, recorded.position] < TRIES and not isinstance(error, UnknownEvent):
                raise
            log.error("event-parked", view=name, event_type=recorded.type, position=recorded.position, exc_info=True)
            self._park(name, recorded, "".join(traceback.format_exception_only(error)).strip())
        self._failures.pop((name, recorded.position), None)

    def retry(self, runtime: Runtime, policies: Sequence[Policy], fetch: Callable[[int, str], Recorded | None]) -> None:
        """In the order of the log; a stream whose first event fails again stays parked."""
        by_name = {f"policy:{policy.name}": policy for policy in policies}
        still: set[tuple[str, str]] = set()
        for row in waiting(self._db):
            policy, place = by_name.get(row["view"]), (row["view"], row["stream"])
            recorded = fetch(row["position"], row["stream"]) if policy and place not in still else None
            if policy is None or recorded is None:
                still.add(place)
                continue
            try:
                policy.act(runtime, fact_of(recorded))
            except Exception:
                log.warning("still-parked", view=row["view"], position=row["position"], exc_info=True)
                still.add(place)
                continue
            self._remove(row)
        self._streams &= still

    def _park(self, name: str, recorded: Recorded, reason: str) -> None:
        values = {"view": name, "position": recorded.position, "stream": recorded.stream, "event": recorded.type}
        with self._db.transaction() as connection:
            here = (parked.c.view == name, parked.c.position == recorded.position)
            connection.execute(sa.delete(parked).where(*here))
            connection.execute(sa.insert(parked).values(**values, reason=reason))
        self._streams.add((name, recorded.stream))

    def _remove(self, row: Row) -> None:
        with self._db.transaction() as connection:
            here = (parked.c.view == row["view"], parked.c.position == row["position"])
            connection.execute(sa.delete(parked).where(*here))


class Repairs:
    """The worker's side: counts what is parked, and tries again when an operator asks."""

    def __init__(
        self, runtime: Runtime, event_log: EventLog, projector: Projector, lock: AbstractContextManager[Any],
        policies: PolicyParking,
    ) -> None:  # fmt: skip
        self._runtime = runtime
        self._log = event_log
        self._projector = projector
        self._lock = lock
        self._policies = policies
        self._only = threading.Lock()

    def facts(self) -> dict[str, Any]:
        """How many events are parked, by view and policy; also told to Prometheus."""
        found = Counter(row["view"] for row in waiting(self._runtime.db))
        metrics.PARKED.labels(self._runtime.service.name).set(found.total())
        return {"parked": found.total(), "by_view": dict(found)}

    def look(self) -> None:
        """To be called about every LOOK_EVERY_S."""
        db = self._runtime.db
        wanted = db.kept(_ASKED)
        if not wanted:
            return
        with self._only:
            with self._lock:
                done = self._projector.retry_parked(self._fetch)
            self._policies.retry(self._runtime, self._runtime.service.policies, self._fetch)
            with db.transaction() as connection:
                connection.execute(sa.delete(asked).where(asked.c.at <= wanted[0]["at"]))
        left = len(waiting(db))
        metrics.PARKED.labels(self._runtime.service.name).set(left)
        log.warning("parked-tried-again", service=self._runtime.service.name, applied=done, left=left)

    def _fetch(self, position: int, stream: str) -> Recorded | None:
        return next((found for found in self._log.read(stream) if found.position == position), None)
