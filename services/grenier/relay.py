"""The relay: follows the log and publishes its public events to the exchange `events.public`.

At least once, in the order of the log. Its checkpoint, in `<data>/relay.sqlite`, is the highest position up to which
the broker has confirmed everything; after a crash it goes on from there, and receivers drop by `id` what they have seen.
While the broker is away the relay waits, and catches up afterwards: the log is the outbox.
"""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from grenier.broker import EVENTS_EXCHANGE, ConfirmedPublisher, Message, declare_events
from grenier.config import Settings
from grenier.feed import CONTENT_TYPE, routing_key, to_cloudevent
from grenier.health import HEALTH
from grenier.language import ENTRIES, UnknownEvent
from grenier.log.protocol import EventLog, Recorded
from grenier.logging import get_logger
from grenier.metrics import FEED_LAG, FEED_PUBLISHED, PARKED
from grenier.relay_parking import HeldBack
from grenier.standing import Standing
from grenier.subscription import Follower, every

log = get_logger(__name__)

BEFORE_ALL = -1
WINDOW = 500
PATIENCE_S = 1.0
STOP_PATIENCE_S = 3.0
MEASURE_EVERY_S = 5.0
STALLED_AFTER_S = 3.0


def main(settings: Settings) -> int:
    """Relay until SIGTERM or SIGINT."""
    from grenier.log.esdb import EsdbLog

    event_log = EsdbLog(settings.esdb_uri)
    checkpoint = Checkpoint(settings.data_dir / "relay.sqlite")
    relay = Relay(event_log, settings.amqp_url, checkpoint)
    for number in (signal.SIGTERM, signal.SIGINT):
        # The follower's thread is this one: it must be told from another.
        signal.signal(number, lambda *_: threading.Thread(target=relay.stop).start())
    HEALTH.add("broker", lambda: relay.publisher.connected and relay.publisher.stalled_s < STALLED_AFTER_S)
    HEALTH.add("log", lambda: {"head": event_log.head(), "published": checkpoint.position})
    HEALTH.facts("feed", relay.facts)
    HEALTH.facts("timers-feed", lambda: dict(relay.failing))
    relay.run()
    event_log.close()
    return 0


def owners() -> list[str]:
    """Beginnings of the names of all events of the vocabulary: "orders.", "ledger."…"""
    return sorted({name.partition(".")[0] + "." for name in ENTRIES})


class Relay:
    """`run` blocks until `stop`. The consumer of its own subscription."""

    def __init__(self, event_log: EventLog, amqp_url: str, checkpoint: Checkpoint) -> None:
        self._log = event_log
        self._checkpoint = checkpoint
        self._position = checkpoint.position
        self._held_back = checkpoint.held_back
        self._taking = threading.Lock()
        self._confirmed = threading.Event()
        self._confirmed_position = checkpoint.position
        # The last event that the broker was given: nothing behind it is done before it is confirmed.
        self._given_position = checkpoint.position
        self._stopping = threading.Event()
        self.failing: dict[str, str] = {}
        self.publisher = ConfirmedPublisher(amqp_url, declare_events, window=WINDOW, on_confirmed=self._on_confirmed)
        self._follower = Follower("relay", event_log, owners(), self)

    def run(self) -> None:
        self.publisher.start()
        threading.Thread(
            target=every, args=(MEASURE_EVERY_S, self._measure, self._stopping, "feed-lag", self.failing), daemon=True
        ).start()
        self._follower.run()
        self.publisher.stop(STOP_PATIENCE_S)
        self._checkpoint.close()

    def stop(self) -> None:
        self._stopping.set()
        self._follower.stop()

    # -- the subscription's consumer -----------------------------------------------------------------------------

    def position(self) -> int:
        return self._position

    def take(self, batch: Sequence[Recorded], upto: int) -> None:
        """Publish a batch, then wait until the broker has all of it; the checkpoint follows the confirmations.

        An event that cannot be read holds back its stream (see `relay_parking`), the others go on.
        """
        with self._taking:
            published = 0
            for recorded in batch:
                event = self._public(recorded) if recorded.position > self._position else None
                if event is not None:
                    self.publisher.publish(_message(event), token=recorded.position)
                    self._given_position, published = recorded.position, published + 1
                self._position = max(self._position, recorded.position)
            if not self._all_confirmed():
                self._position = self._checkpoint.position
                return
            FEED_PUBLISHED.inc(published)
            self._position = max(self._position, upto)
            self._checkpoint.reach(self._position)

    def _public(self, recorded: Recorded) -> dict[str, Any] | None:
        if recorded.stream in self._held_back.streams:
            self._held_back.put(recorded, "behind a parked event")
            return None
        try:
            return _readable(recorded)
        except (UnknownEvent, ValueError) as error:
            log.error("event-parked", event_type=recorded.type, position=recorded.position, reason=type(error).__name__)
            self._held_back.put(recorded, f"{type(error).__name__}: {error}"[:300])
            PARKED.labels("feed").set(len(self._held_back.rows()))
            return None

    def _try_held_back(self) -> None:
        """Publish what can be read by now, stream by stream in order."""
        still: set[str] = set()
        for held in self._held_back.rows():
            if held.stream in still:
                continue
            with self._taking:
                try:
                    [recorded] = self._log.read(held.stream, from_revision=held.revision, limit=1)
                    event = _readable(recorded)
                except (UnknownEvent, ValueError):
                    still.add(held.stream)
                    continue
                if event is not None:
                    self.publisher.publish(_message(event), wait=True)
                self._held_back.remove(held)

    def facts(self) -> dict[str, Any]:
        """How far the feed is, what is held back, and whether the broker takes what it is given."""
        standing = Standing(self._log, owners(), self.position).facts()
        parked = len(self._held_back.rows())
        PARKED.labels("feed").set(parked)
        waits = {"unconfirmed": self.publisher.unconfirmed, "stalled_s": round(self.publisher.stalled_s, 1)}
        return {**standing, "parked": parked, **waits}

    def _all_confirmed(self) -> bool:
        """False when the relay is to stop first; what was confirmed until then is remembered."""
        while self._confirmed_position < self._given_position:
            self._confirmed.wait(PATIENCE_S)
            self._confirmed.clear()
            self._checkpoint.reach(self._confirmed_position)
            if self._stopping.is_set() and not self.publisher.flush(STOP_PATIENCE_S):
                self._checkpoint.reach(self._confirmed_position)
                return False
        return True

    def _on_confirmed(self, position: int) -> None:
        self._confirmed_position = max(self._confirmed_position, position)
        self._confirmed.set()

    def _measure(self) -> None:
        head = self._log.head() or 0
        FEED_LAG.set(max(0, head - max(self._position, 0)))
        PARKED.labels("feed").set(len(self._held_back.rows()))
        self._try_held_back()


def _readable(recorded: Recorded) -> dict[str, Any] | None:
    """The public event, None when it is not public; raises UnknownEvent or ValueError."""
    if recorded.type not in ENTRIES:
        raise UnknownEvent(recorded.type)
    return to_cloudevent(recorded)


def _message(event: dict[str, Any]) -> Message:
    body = msgspec.json.encode(event)
    return Message(EVENTS_EXCHANGE, routing_key(event), body, message_id=event["id"], content_type=CONTENT_TYPE)


class Checkpoint:
    """One integer in a SQLite file, written by one process."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        # A checkpoint lost to a power cut costs repetitions only.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER)"
        )
        self.held_back = HeldBack(self._connection)
        row = self._connection.execute("SELECT position FROM checkpoint").fetchone()
        self.position: int = row[0] if row else BEFORE_ALL

    def reach(self, position: int) -> None:
        """Remember a position; an older one than the present is ignored."""
        if position > self.position:
            self._connection.execute("INSERT OR REPLACE INTO checkpoint VALUES (1, ?)", [position])
            self.position = position

    def close(self) -> None:
        self._connection.close()
