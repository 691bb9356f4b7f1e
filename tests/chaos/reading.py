"""Reading the log of an installation, and waiting for what comes by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from grenier.config import Settings
from grenier.log.esdb import EsdbLog
from grenier.log.protocol import Recorded

CATCH_UP_S = 90.0
QUIET_S = 1.0


def catch_up(log: list[Recorded], settings: Settings) -> int:
    """Read what came since; how many events that was."""
    wire = EsdbLog(settings.esdb_uri)
    try:
        new = list(wire.read_all(after=log[-1].position)) if log else list(wire.read_all())
    finally:
        wire.close()
    log += new
    return len(new)


def settled(settings: Settings) -> list[Recorded]:
    """The whole log, once nothing has been written for a moment (reactions and mails follow what people do)."""
    log: list[Recorded] = []
    until = time.monotonic() + CATCH_UP_S
    while catch_up(log, settings) and time.monotonic() < until:
        time.sleep(QUIET_S)
    return log


def soon(holds: Callable[[], bool], patience_s: float = CATCH_UP_S) -> bool:
    until = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True
