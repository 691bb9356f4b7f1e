"""Requests that begin at their time, whether earlier ones were answered or not: `python -m tests.chaos.open_loop JOB TOLD`.

JOB (JSON): {"port", "per_second", "seconds", "most": connections at most, "requests": [{"path", "token", "lines"}]}. `per_second` 0:
a closed loop with `most` connections, for finding the capacity. Each request is an order with a key of its own. Writes
{"told": [[begun, took_s, status, retry_after], …], "cpu_s"} into the file TOLD; begun in seconds since the start, status 0
when there was no answer, cpu_s what asking itself took. A process of its own with one thread, and neither an HTTP library nor
a task or a stream for each request: what it takes of the machine, who is measured does not have.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import uvloop

PATIENCE_S = 15.0
END = b"\r\n\r\n"
LOOK_EVERY_S = 0.001
GIVE_UP_EVERY_S = 1.0


class Line(asyncio.Protocol):
    """A connection with one request at a time on its way."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.asked: Asked | None = None
        self.fresh = True
        self._got = b""
        self._wire: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast(asyncio.Transport, transport)
        if self.asked is not None:
            self._wire.write(self.asked.data)

    def ask(self, asked: Asked) -> None:
        self.asked, self._got = asked, b""
        if self._wire is not None:
            self._wire.write(asked.data)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, ended, body = self._got.partition(END)
        if not ended:
            return
        words = head.lower()
        if len(body) < int(_value(words, b"content-length") or 0):
            return
        asked, self.asked, self.fresh = self.asked, None, False
        closing = _value(words, b"connection") == "close"
        if closing:
            self.hang_up()
        else:
            self.crowd.idle.append(self)
        if asked is not None:
            self.crowd.answered(asked, int(words[9:12]), _value(words, b"retry-after"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.lost(self)

    def hang_up(self) -> None:
        if self._wire is not None:
            self._wire.abort()


class Asked:
    __slots__ = ("begun", "data", "then")

    def __init__(self, data: bytes, then: Callable[[], None] | None) -> None:
        self.data, self.then, self.begun = data, then, time.perf_counter()


def _value(head: bytes, name: bytes) -> str:
    _, _, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip().decode()


class Crowd:
    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.idle: list[Line] = []
        self.lines: set[Line] = set()
        self.told: list[tuple[float, float, int, str]] = []
        self._loop = asyncio.get_running_loop()
        self._begins = [self._begin(wanted) for wanted in job["requests"]]
        self.started = self._given_up = time.perf_counter()

    def _begin(self, wanted: dict[str, Any]) -> tuple[str, str]:
        head = (
            f"PUT {wanted['path']} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {wanted['token']}\r\n"
            "Content-Type: application/json\r\nIdempotency-Key: "
        )
        first, *others = wanted["lines"]
        return head, json.dumps({"lines": [{**first, "quantity": "@"}, *others]})

    def request(self, number: int) -> bytes:
        head, lines = self._begins[number % len(self._begins)]
        body = lines.replace('"@"', str(number % 900 + 1), 1)
        return f"{head}{uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    def ask(self, number: int, then: Callable[[], None] | None = None) -> None:
        self._send(Asked(self.request(number), then))

    def _send(self, asked: Asked) -> None:
        if self.idle:
            self.idle.pop().ask(asked)
        elif len(self.lines) < self.job["most"]:
            line = Line(self)
            line.asked = asked
            self.lines.add(line)
            self._loop.create_task(self._connect(line))
        else:
            self.answered(asked, 0, "")

    async def _connect(self, line: Line) -> None:
        try:
            await self._loop.create_connection(lambda: line, "127.0.0.1", self.job["port"])
        except OSError:
            self.lost(line)

    def answered(self, asked: Asked, status: int, retry: str) -> None:
        now = time.perf_counter()
        self.told.append((round(asked.begun - self.started, 4), round(now - asked.begun, 4), status, retry))
        if asked.then is not None:
            asked.then()

    def lost(self, line: Line) -> None:
        self.lines.discard(line)
        if line in self.idle:
            self.idle.remove(line)
        asked, line.asked = line.asked, None
        if asked is None:
            return
        if line.fresh:
            self.answered(asked, 0, "")
        else:
            self._send(asked)  # the server had closed a connection that was kept open

    async def run(self) -> None:
        if self.job["per_second"]:
            await self._at_their_times()
        else:
            for at in range(self.job["most"]):
                self._in_turn(at)
            await asyncio.sleep(self.job["seconds"])
        while any(line.asked is not None for line in self.lines):
            await asyncio.sleep(0.01)
            self._give_up()

    def _in_turn(self, number: int) -> None:
        if time.perf_counter() - self.started < self.job["seconds"]:
            self.ask(number, lambda: self._in_turn(number + self.job["most"]))

    async def _at_their_times(self) -> None:
        per_second, asked = self.job["per_second"], 0
        every = round(per_second * self.job["seconds"])
        while asked < every:
            due = int((time.perf_counter() - self.started) * per_second) + 1
            for number in range(asked, min(due, every)):
                self.ask(number)
            asked = min(due, every)
            await asyncio.sleep(LOOK_EVERY_S)
            self._give_up()

    def _give_up(self) -> None:
        now = time.perf_counter()
        if now - self._given_up < GIVE_UP_EVERY_S:
            return
        self._given_up, late = now, now - PATIENCE_S
        for line in [line for line in self.lines if line.asked is not None and line.asked.begun < late]:
            line.fresh = True
            line.hang_up()


async def load(job: dict[str, Any]) -> list[tuple[float, float, int, str]]:
    crowd = Crowd(job)
    await crowd.run()
    return crowd.told


def main() -> None:
    told = uvloop.run(load(json.loads(Path(sys.argv[1]).read_text())))
    Path(sys.argv[2]).write_text(json.dumps({"told": told, "cpu_s": round(time.process_time(), 2)}))


if __name__ == "__main__":
    main()
