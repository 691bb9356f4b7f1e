"""One look at whether a process is ready. Never raises; a server that does not answer within the patience is not ready."""

from __future__ import annotations

import socket

from grenier_infra.launcher.table import Probe

PATIENCE_S = 1.0


def ready(probe: Probe) -> bool:
    if probe.kind == "alive":
        return True
    try:
        with socket.create_connection((probe.host, probe.port), timeout=PATIENCE_S) as connection:
            connection.settimeout(PATIENCE_S)
            if probe.kind == "http":
                connection.sendall(b"GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return connection.recv(64).split(b" ")[1:2] == [b"200"]
            if probe.kind == "amqp":
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                # The first frame of a server that is up is Connection.Start: a method frame on channel 0.
                return connection.recv(3) == b"\x01\x00\x00"
            return True
    except OSError:
        return False


def port_is_free(port: int, address: str = "127.0.0.1") -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((address, port))
        except OSError:
            return False
        return True
