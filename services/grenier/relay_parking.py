"""Events that the relay could not turn into public ones: they wait in `<data>/relay.sqlite`, their streams behind them.

Such an event was written by a newer program, or damaged. Whoever reads the feed must not miss it, and nothing may be kept
from everybody else because of it: its own stream is held back, in order, until the event can be read (at the latest after
this program was renewed). The row is written before the checkpoint passes the event.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from grenier.log.protocol import Recorded

TABLE = """
CREATE TABLE IF NOT EXISTS parked (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, event TEXT NOT NULL, reason TEXT NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Held:
    position: int
    stream: str
    revision: int
    event: str
    reason: str


class HeldBack:
    """The parked events of the relay, on the connection of its checkpoint."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(TABLE)
        self.streams = {held.stream for held in self.rows()}

    def rows(self) -> list[Held]:
        """In the order of the log."""
        found = self._connection.execute(
            "SELECT position, stream, revision, event, reason FROM parked ORDER BY position"
        )
        return [Held(*row) for row in found]

    def put(self, recorded: Recorded, reason: str) -> None:
        row = (recorded.position, recorded.stream, recorded.revision, recorded.type, reason)
        # What is parked keeps the reason for it when the relay comes by once more.
        self._connection.execute("INSERT OR IGNORE INTO parked VALUES (?, ?, ?, ?, ?)", row)
        self.streams.add(recorded.stream)

    def remove(self, held: Held) -> None:
        self._connection.execute("DELETE FROM parked WHERE position = ?", [held.position])
        self.streams = {row.stream for row in self.rows()}
