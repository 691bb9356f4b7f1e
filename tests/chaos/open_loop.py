"""Requests that begin at their time, whether earlier ones were answered or not: `python -m tests.chaos.open_loop JOB TOLD`.

JOB (JSON): {"port", "per_second", "seconds", "most": connections at most, "requests": [{"path", "token", "lines"}]}. `per_second` 0:
a closed loop with `most` connections, for finding the capacity. Each request is an order with a key of its own. Writes
[[begun, took_s, status, retry_after], …] into the file TOLD; begun in seconds since the start, status 0 when there was no answer. A process of
its own with one thread and no HTTP library, so that asking costs little of what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import uvloop

PATIENCE_S = 15.0


class Loop:
    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.open = 0
        self.told: list[tuple[float, float, int, str]] = []
        self.started = time.perf_counter()

    def request(self, number: int) -> bytes:
        wanted = self.job["requests"][number % len(self.job["requests"])]
        lines = [{**line, "quantity": number % 900 + 1} if at == 0 else line for at, line in enumerate(wanted["lines"])]
        body = json.dumps({"lines": lines}).encode()
        head = (
            f"PUT {wanted['path']} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {wanted['token']}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {uuid.uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def ask(self, number: int) -> None:
        begun = time.perf_counter()
        try:
            status, retry = await asyncio.wait_for(self._exchange(self.request(number)), PATIENCE_S)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            status, retry = 0, ""
        now = time.perf_counter()
        self.told.append((round(begun - self.started, 4), round(now - begun, 4), status, retry))

    async def _exchange(self, data: bytes) -> tuple[int, str]:
        while True:
            fresh = not self.idle
            reader, writer = await self._connection()
            try:
                writer.write(data)
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                known = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
                }
                await reader.readexactly(int(known.get("content-length", "0")))
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                self._drop(writer)
                if not fresh and not reader.at_eof():
                    raise
                if fresh:
                    raise
                continue  # the server had closed a connection that was kept open
            if known.get("connection", "").lower() == "close":
                self._drop(writer)
            else:
                self.idle.append((reader, writer))
            return int(head.split(" ", 2)[1]), known.get("retry-after", "")

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.idle:
            return self.idle.pop()
        if self.open >= self.job["most"]:
            raise OSError("no connection left")
        self.open += 1
        try:
            return await asyncio.open_connection("127.0.0.1", self.job["port"])
        except OSError:
            self.open -= 1
            raise

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self.open -= 1
        writer.close()

    async def run(self) -> None:
        if not self.job["per_second"]:
            await asyncio.gather(*(self._client(at) for at in range(self.job["most"])))
            return
        waiting: set[asyncio.Task[None]] = set()
        for number in range(round(self.job["per_second"] * self.job["seconds"])):
            due = self.started + number / self.job["per_second"]
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            task = asyncio.create_task(self.ask(number))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        if waiting:
            await asyncio.wait(waiting)

    async def _client(self, at: int) -> None:
        number = at
        while time.perf_counter() - self.started < self.job["seconds"]:
            await self.ask(number)
            number += self.job["most"]


def main() -> None:
    loop = Loop(json.loads(Path(sys.argv[1]).read_text()))
    uvloop.run(loop.run())
    Path(sys.argv[2]).write_text(json.dumps(loop.told))


if __name__ == "__main__":
    main()
