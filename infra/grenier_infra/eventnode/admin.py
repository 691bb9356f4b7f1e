"""Two small doors beside the protocol: health and metrics over HTTP, and faults over gRPC (only when asked for)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable

from grenier_infra.eventnode import answers
from grenier_infra.eventnode.calls import Call
from grenier_infra.eventnode.faults import Faults
from grenier_infra.eventnode.live import Hub
from grenier_infra.eventnode.metrics import Metrics
from grenier_infra.eventnode.table import Table
from grenier_infra.eventnode.writer import Writer

FAULTS_PATH = "/grenier.eventnode.Faults/Inject"
MAX_HEAD_BYTES = 8_192
REQUEST_TIMEOUT_S = 5.0
TEXT = "text/plain; charset=utf-8"
METRICS_TEXT = "text/plain; version=0.0.4; charset=utf-8"

logger = logging.getLogger(__name__)


class HealthDoor:
    """Answers GET /health/live, /health/ready and /metrics."""

    def __init__(self, metrics: Metrics, ready: Callable[[], bool]) -> None:
        """``ready`` says whether writes are taken."""
        self._metrics = metrics
        self._ready = ready
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; give the port (useful when 0 was asked for)."""
        self._server = await asyncio.start_server(self._answer, host, port, limit=MAX_HEAD_BYTES)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = self._page(head.split(b" ", 2)[1].decode(errors="replace"))
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                    "Connection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (TimeoutError, OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError):
            logger.debug("bad request", exc_info=True)
        finally:
            writer.close()

    def _page(self, path: str) -> tuple[str, str, bytes]:
        match path.partition("?")[0]:
            case "/health/live":
                return "200 OK", TEXT, b"live\n"
            case "/health/ready":
                ready = self._ready()
                return ("200 OK", TEXT, b"ready\n") if ready else ("503 Service Unavailable", TEXT, b"not ready\n")
            case "/metrics":
                return "200 OK", METRICS_TEXT, self._metrics.text()
            case _:
                return "404 Not Found", TEXT, b"not found\n"


def register_faults(table: Table, faults: Faults, writer: Writer, hub: Hub) -> None:
    """Take orders to misbehave, as JSON: {"do": kind or "forget-ids" or "drop-subscriptions", "calls": n, "delay_s": s}."""

    async def inject(call: Call) -> None:
        order = json.loads(await call.recv_message() or b"{}")
        result: dict[str, object] = {}
        match order.get("do"):
            case "forget-ids":
                writer.forget_ids()
            case "drop-subscriptions":
                result["dropped"] = hub.drop_all()
            case kind:
                try:
                    faults.arm(str(kind), int(order.get("calls", 1)), float(order.get("delay_s", 0)))
                except ValueError as error:
                    raise answers.invalid(str(error)) from error
        call.reply(json.dumps(result | {"left": faults.left()}).encode())

    table.add(FAULTS_PATH, inject, bytes)
