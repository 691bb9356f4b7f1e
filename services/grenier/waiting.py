"""Wait, at the start of a process, until the servers it depends on accept connections.

Only the start: once running, every process lives through an absence of its servers by itself.
"""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

from grenier.config import Settings
from grenier.logging import get_logger

START_PATIENCE_S = 120.0
PAUSE_S = 0.1
DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671}


class ServerMissing(Exception):
    """A server did not accept a connection within the patience; the message names it (without credentials)."""


def for_servers(settings: Settings, needs: tuple[str, ...], patience_s: float = START_PATIENCE_S) -> None:
    """`needs`: any of "log", "broker". Discovery addresses are left to the client that understands them."""
    places = {"log": first_host(settings.esdb_uri, 2113), "broker": first_host(settings.amqp_url, 5672)}
    until = time.monotonic() + patience_s
    for need in needs:
        host, port = places[need]
        if settings.esdb_uri.split(":")[0].endswith("+discover") and need == "log":
            continue
        while not accepts(host, port):
            if time.monotonic() > until:
                get_logger(__name__).error("server-missing", server=need, host=host, port=port)
                raise ServerMissing(f"{need} at {host}:{port}")
            time.sleep(PAUSE_S)


def first_host(address: str, default_port: int) -> tuple[str, int]:
    """Host and port of an address; the first one when an EventStoreDB address lists several."""
    parts = urlsplit(address)
    place = parts.netloc.rpartition("@")[2].split(",")[0]
    host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
    return host, int(port) if port else DEFAULT_PORTS.get(parts.scheme, default_port)


def accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False
