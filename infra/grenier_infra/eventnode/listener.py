"""Listens, and answers the calls of a table."""

from __future__ import annotations

import asyncio
from typing import Any

from grenier_infra.eventnode import http2
from grenier_infra.eventnode.calls import Call
from grenier_infra.eventnode.table import Table


class NodeServer:
    """Listens, and answers the calls of a table."""

    def __init__(self, table: Table) -> None:
        """Answer with these handlers."""
        self._table = table
        self._connections: set[http2.Connection] = set()
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()

    async def start(self, sock: Any, backlog: int) -> None:
        """Begin to listen."""
        self._server = await asyncio.get_running_loop().create_server(self._connection, sock=sock, backlog=backlog)

    def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        if not self._connections:
            self._empty.set()

    async def wait_closed(self) -> None:
        """Wait until every connection has ended."""
        await self._empty.wait()

    def _connection(self) -> http2.Connection:
        connection = http2.Connection(self._call, self._gone)
        self._connections.add(connection)
        self._empty.clear()
        return connection

    def _call(self, connection: http2.Connection, number: int, headers_: dict[str, str]) -> Call:
        return Call(connection, number, headers_, self._table)

    def _gone(self, connection: http2.Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()
