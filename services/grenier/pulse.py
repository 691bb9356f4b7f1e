"""Is a server still there? Asked only when somebody waits unusually long, and again until there is an answer.

    broker = Pulse("broker", lambda: greet(amqp_url))
    broker.doubt()          # a call has had no answer for a while: look, in a thread of its own; returns at once
    broker.away             # no answer within the patience, or none at all, and nothing good since

A server that was killed refuses connections; one that is frozen, or behind a cut cable, keeps them open and says
nothing. The second kind would make everybody wait for their own timeout: with a pulse the first ones to wait find it
out, and all others are refused at once until the server answers again. While all is well nothing is asked at all.

How long a server is silent is counted in ticks of this process, not by the clock: on a machine that stands still for a
second, or has too little processor for all, the server that does not answer is not away, it has not had its turn.
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
TICK_S = 0.05
GREETING_TIMEOUT_S = 3.0
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
        self._ticks = max(1, round(patience_s / TICK_S))
        self._lock = threading.Lock()
        self._asking = False
        self._silent = False
        self._failed = False
        self._answered_at = float("-inf")
        SERVER_AWAY.labels(name).set_function(lambda: float(self.away))

    @property
    def away(self) -> bool:
        return self._failed or self._silent

    def doubt(self) -> None:
        """Have the server asked, unless that is going on or has just been answered."""
        with self._lock:
            if self._asking or time.monotonic() - self._answered_at < DOUBT_AGAIN_AFTER_S:
                return
            self._asking = True
        answered = threading.Event()
        for target in (self._until_answered, self._count):
            threading.Thread(target=target, args=(answered,), name=f"pulse-{self.name}", daemon=True).start()

    def _count(self, answered: threading.Event) -> None:
        for _ in range(self._ticks):
            if answered.wait(TICK_S):
                return
        with self._lock:
            if not answered.is_set() and not self.away:
                log.warning("server-away", server=self.name, reason="silent")
            self._silent = not answered.is_set()

    def _until_answered(self, answered: threading.Event) -> None:
        while True:
            try:
                self._ask()
            except Exception as error:
                if not self.away:
                    log.warning("server-away", server=self.name, reason=type(error).__name__)
                self._failed = True
                time.sleep(PAUSE_S)
                continue
            with self._lock:
                if self.away:
                    log.warning("server-back", server=self.name)
                answered.set()
                self._failed = self._silent = self._asking = False
                self._answered_at = time.monotonic()
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


def greet(amqp_url: str, timeout_s: float = GREETING_TIMEOUT_S) -> float:
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
