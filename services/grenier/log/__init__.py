"""The event log: one protocol, EventStoreDB behind it (`esdb`), and a stand-in for tests (`memory`)."""

from grenier.log.protocol import (
    NO_STREAM,
    Appended,
    CaughtUp,
    Checkpoint,
    EventLog,
    LogUnavailable,
    NewEvent,
    Recorded,
    StreamLog,
    Subscription,
    WrongVersion,
)

__all__ = [
    "NO_STREAM",
    "Appended",
    "CaughtUp",
    "Checkpoint",
    "EventLog",
    "LogUnavailable",
    "NewEvent",
    "Recorded",
    "StreamLog",
    "Subscription",
    "WrongVersion",
]
