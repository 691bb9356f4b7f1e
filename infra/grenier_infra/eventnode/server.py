"""Puts the node together and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from grenier_infra.eventnode import http2
from grenier_infra.eventnode.admin import HealthDoor, register_faults
from grenier_infra.eventnode.faults import Faults
from grenier_infra.eventnode.groups.registry import Registry
from grenier_infra.eventnode.groups.service import PersistentSubscriptions
from grenier_infra.eventnode.listener import NodeServer
from grenier_infra.eventnode.live import Hub
from grenier_infra.eventnode.log import LogFile
from grenier_infra.eventnode.metrics import Metrics
from grenier_infra.eventnode.reading import Readers
from grenier_infra.eventnode.reads import Reads
from grenier_infra.eventnode.room import RESERVE_BYTES, Room
from grenier_infra.eventnode.schema import FileLock, open_for_writing
from grenier_infra.eventnode.services import Gossip, register_declined, register_features
from grenier_infra.eventnode.streams import Streams
from grenier_infra.eventnode.table import Table
from grenier_infra.eventnode.writer import Writer

SWITCH_INTERVAL_S = 0.0005  # reader and writer threads give and take the interpreter often; 5 ms would starve them
BACKLOG = 512
CLOSE_TIMEOUT_S = 1.0
LAST_ANSWERS_S = 0.05  # what was committed last is still answered

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve. Port 0 takes a free one; ``ready_fd`` is written the ports, as JSON, once the node answers."""

    file: Path
    host: str = "127.0.0.1"
    port: int = 2113
    metrics_port: int | None = None
    faults: bool = False
    ready_fd: int | None = None
    reserve_bytes: int = RESERVE_BYTES


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT. Errors: FileInUse, NotANodeFile, OSError when the port is taken."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    lock = FileLock(options.file)
    try:
        listening = _listen(options.host, options.port)
        await _serve_file(options, listening)
    finally:
        lock.release()


async def _serve_file(options: Options, listening: socket.socket) -> None:
    started = time.perf_counter()
    connection = open_for_writing(options.file)
    log = LogFile(connection)
    hub, faults, metrics = Hub(log.head), Faults(), Metrics(options.file)
    readers, room = Readers(options.file), Room(options.file.parent, options.reserve_bytes)
    writer = Writer(log, publish=hub.publish, report=metrics.committed, failed=metrics.commit_failed, faults=faults,
                    room=room.left, together=http2.together)  # fmt: skip
    address = (options.host, listening.getsockname()[1])
    table = Table()
    streams = Streams(writer, Reads(readers, hub, metrics), faults, address)
    streams.register(table)
    registry = Registry(readers, writer, hub)
    await registry.load()
    PersistentSubscriptions(registry, streams.misbehave).register(table)
    Gossip(uuid4(), address).register(table)
    register_features(table)
    register_declined(table)
    if options.faults:
        register_faults(table, faults, writer, hub)
    server = NodeServer(table)
    health = HealthDoor(metrics, lambda: writer.alive and room.left())
    stop = _stop_signal()
    await server.start(listening, BACKLOG)
    health_port = None
    if options.metrics_port is not None:
        health_port = await health.start(options.host, options.metrics_port)
    _tell_ready(options, address[1], health_port, time.perf_counter() - started)
    await stop.wait()
    logger.info("stopping")
    health.stop()
    registry.stop()
    await asyncio.to_thread(writer.stop)
    await asyncio.sleep(LAST_ANSWERS_S)
    server.close()
    try:
        await asyncio.wait_for(server.wait_closed(), CLOSE_TIMEOUT_S)
    except TimeoutError:
        logger.warning("calls did not end in time")
    readers.stop()
    connection.close()
    logger.info("stopped")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _tell_ready(options: Options, port: int, health_port: int | None, seconds: float) -> None:
    facts = {"port": port, "metrics_port": health_port, "pid": os.getpid()}
    logger.info("ready", extra={"facts": facts | {"file": str(options.file), "seconds": round(seconds, 3)}})
    if options.ready_fd is not None:
        os.write(options.ready_fd, json.dumps(facts).encode() + b"\n")
        os.close(options.ready_fd)
