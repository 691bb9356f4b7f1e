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
from grenier.metrics import FEED_LAG, FEED_PUBLISHED
from grenier.subscription import Follower, every

log = get_logger(__name__)

BEFORE_ALL = -1
WINDOW = 500
PATIENCE_S = 1.0
STOP_PATIENCE_S = 3.0
MEASURE_EVERY_S = 5.0


def main(settings: Settings) -> int:
    """Relay until SIGTERM or SIGINT."""
    from grenier.log.esdb import EsdbLog

    event_log = EsdbLog(settings.esdb_uri)
    checkpoint = Checkpoint(settings.data_dir / "relay.sqlite")
    relay = Relay(event_log, settings.amqp_url, checkpoint)
    for number in (signal.SIGTERM, signal.SIGINT):
        # The follower's thread is this one: it must be told from another.
        signal.signal(number, lambda *_: threading.Thread(target=relay.stop).start())
    HEALTH.add("broker", lambda: relay.publisher.connected)
    HEALTH.add("log", lambda: {"head": event_log.head(), "published": checkpoint.position})
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
        self._confirmed = threading.Event()
        self._confirmed_position = checkpoint.position
        self._stopping = threading.Event()
        self.publisher = ConfirmedPublisher(amqp_url, declare_events, window=WINDOW, on_confirmed=self._on_confirmed)
        self._follower = Follower("relay", event_log, owners(), self)

    def run(self) -> None:
        self.publisher.start()
        threading.Thread(
            target=every, args=(MEASURE_EVERY_S, self._measure, self._stopping, "feed-lag"), daemon=True
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

        An event that this program does not know stops the relay at it, and is met again after a pause: it was written
        by a newer program, and whoever reads the feed must not miss it.
        """
        last, published, unknown = self._confirmed_position, 0, None
        for recorded in batch:
            try:
                event = self._public(recorded)
            except UnknownEvent as error:
                unknown, upto = error, self._position
                break
            if event is not None:
                self._publish(event, recorded.position)
                last, published = recorded.position, published + 1
            self._position = recorded.position
        if not self._all_confirmed(last):
            self._position = self._checkpoint.position
            return
        FEED_PUBLISHED.inc(published)
        self._position = max(self._position, upto)
        self._checkpoint.reach(self._position)
        if unknown is not None:
            raise unknown

    def _public(self, recorded: Recorded) -> dict[str, Any] | None:
        if recorded.position <= self._position:
            return None
        if recorded.type not in ENTRIES:
            raise UnknownEvent(recorded.type)
        return to_cloudevent(recorded)

    def _all_confirmed(self, last: int) -> bool:
        """False when the relay is to stop first; what was confirmed until then is remembered."""
        while self._confirmed_position < last:
            self._confirmed.wait(PATIENCE_S)
            self._confirmed.clear()
            self._checkpoint.reach(self._confirmed_position)
            if self._stopping.is_set() and not self.publisher.flush(STOP_PATIENCE_S):
                self._checkpoint.reach(self._confirmed_position)
                return False
        return True

    def _publish(self, event: dict[str, Any], position: int) -> None:
        message = Message(
            EVENTS_EXCHANGE,
            routing_key(event),
            msgspec.json.encode(event),
            message_id=event["id"],
            content_type=CONTENT_TYPE,
        )
        self.publisher.publish(message, token=position)

    def _on_confirmed(self, position: int) -> None:
        self._confirmed_position = max(self._confirmed_position, position)
        self._confirmed.set()

    def _measure(self) -> None:
        head = self._log.head() or 0
        FEED_LAG.set(max(0, head - max(self._position, 0)))


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
        row = self._connection.execute("SELECT position FROM checkpoint").fetchone()
        self.position: int = row[0] if row else BEFORE_ALL

    def reach(self, position: int) -> None:
        """Remember a position; an older one than the present is ignored."""
        if position > self.position:
            self._connection.execute("INSERT OR REPLACE INTO checkpoint VALUES (1, ?)", [position])
            self.position = position

    def close(self) -> None:
        self._connection.close()
