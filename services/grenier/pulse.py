"""Is a server still there? Asked only when somebody waits unusually long, and again until there is an answer.

    broker = Pulse("broker", lambda: greet(amqp_url))
    broker.doubt()          # a call has had no answer for a while: look, in a thread of its own; returns at once
    broker.away             # no answer within the patience, or none at all, and nothing good since

A server that was killed refuses connections; one that is frozen, or behind a cut cable, keeps them open and says
nothing. The second kind would make everybody wait for their own timeout: with a pulse the first ones to wait find it
out, and all others are refused at once until the server answers again. While all is well nothing is asked at all.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from prometheus_client import Gauge

from grenier.errors import Unavailable
from grenier.logging import get_logger

log = get_logger(__name__)

PATIENCE_S = 0.4
PAUSE_S = 0.25
DOUBT_AFTER_S = 0.15
"""A call that has waited this long begins to doubt the servers it depends on."""
DOUBT_AGAIN_AFTER_S = 0.5
RETRY_AFTER_S = 2
AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
AMQP_PORTS = {"amqp": 5672, "amqps": 5671}

SERVER_AWAY = Gauge(
    "grenier_server_away",
    "1 while a server this process needs does not answer",
    ["server"],
    multiprocess_mode="mostrecent",
)


class Pulse:
    """`ask` returns when the server has answered, raises when it cannot; it may hang."""

    def __init__(self, name: str, ask: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        self.name = name
        self._ask = ask
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        """Since when an answer is waited for; None while nothing is being asked."""
        self._answered_at = float("-inf")
        self._failed = False
        SERVER_AWAY.labels(name).set_function(lambda: float(self.away))

    @property
    def away(self) -> bool:
        asked_at = self._asked_at
        return self._failed or (asked_at is not None and time.monotonic() - asked_at > self._patience_s)

    def doubt(self) -> None:
        """Have the server asked, unless that is going on or has just been answered."""
        with self._lock:
            now = time.monotonic()
            if self._asked_at is not None or now - self._answered_at < DOUBT_AGAIN_AFTER_S:
                return
            self._asked_at = now
        threading.Thread(target=self._until_answered, name=f"pulse-{self.name}", daemon=True).start()

    def _until_answered(self) -> None:
        while True:
            try:
                self._ask()
            except Exception as error:
                if not self._failed:
                    log.warning("server-away", server=self.name, reason=type(error).__name__)
                self._failed = True
                time.sleep(PAUSE_S)
                continue
            if self._failed:
                log.warning("server-back", server=self.name)
            with self._lock:
                self._failed, self._answered_at, self._asked_at = False, time.monotonic(), None
            return


class Watch:
    """The servers that calls depend on: the broker carries all of them, commands need the log as well.

    Refusals are Unavailable("service-unavailable") and Unavailable("log-unavailable"), as services themselves say it.
    """

    def __init__(self, broker: Pulse, log: Pulse) -> None:
        self.broker = broker
        self.log = log

    def check(self, command: bool, waited_s: float = 0.0) -> None:
        """Raises Unavailable when an answer cannot come; a wait beyond DOUBT_AFTER_S has the servers asked."""
        if waited_s > DOUBT_AFTER_S:
            self.broker.doubt()
            self.log.doubt()
        if self.broker.away:
            raise Unavailable("service-unavailable", retry_after=RETRY_AFTER_S, server="broker")
        if command and self.log.away:
            raise Unavailable("log-unavailable", retry_after=RETRY_AFTER_S, server="log")


def greet(amqp_url: str, timeout_s: float = PATIENCE_S) -> float:
    """Seconds until a broker said its first word, before any login. Raises OSError when it does not within the time."""
    parts = urlsplit(amqp_url)
    address = (parts.hostname or "127.0.0.1", parts.port or AMQP_PORTS.get(parts.scheme, 5672))
    started = time.monotonic()
    with socket.create_connection(address, timeout=timeout_s) as plain:
        plain.settimeout(timeout_s)
        if parts.scheme == "amqps":
            with ssl.create_default_context().wrap_socket(plain, server_hostname=address[0]) as wrapped:
                _greeted(wrapped)
        else:
            _greeted(plain)
    return time.monotonic() - started


def _greeted(connection: socket.socket) -> None:
    connection.sendall(AMQP_GREETING)
    # The first frame of a broker that serves is Connection.Start: a method frame on channel 0.
    if connection.recv(3) != b"\x01\x00\x00":
        raise OSError("not the greeting of a broker")
