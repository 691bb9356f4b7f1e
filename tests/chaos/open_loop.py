"""Requests that begin at their time, whether earlier ones were answered or not: `python -m tests.chaos.open_loop JOB TOLD`.

JOB (JSON): {"port", "per_second", "seconds", "most": connections at most, "requests": [{"path", "token", "lines"}]}. `per_second` 0:
a closed loop with `most` connections, for finding the capacity. Each request is an order with a key of its own. Writes
{"told": [[begun, took_s, status, retry_after], …], "cpu_s"} into the file TOLD; begun in seconds since the start, status 0
when there was no answer, cpu_s what asking itself took. A process of its own with one thread, bare sockets and epoll: what
it takes of the machine, who is measured does not have (an event loop with its transports took half as much again).
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any
from uuid import uuid4

PATIENCE_S = 15.0
END = b"\r\n\r\n"
LOOK_EVERY_S = 0.002
GIVE_UP_EVERY_S = 1.0
READ_BYTES = 1 << 16
LENGTH, CLOSING, RETRY = b"\r\ncontent-length:", b"\r\nconnection: close", b"\r\nretry-after:"


class Line:
    """A connection with one request at a time on its way; `fresh` as long as it has answered none."""

    __slots__ = ("asked", "begun", "fresh", "got", "wire")

    def __init__(self, wire: socket.socket) -> None:
        self.wire = wire
        self.asked: bytes = b""
        self.begun = 0.0
        self.fresh = True
        self.got = b""


def _value(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(name)
    return rest.partition(b"\r\n")[0].strip() if found else b""


class Crowd:
    def __init__(self, job: dict[str, Any]) -> None:
        self.address = ("127.0.0.1", job["port"])
        self.per_second, self.seconds, self.most = job["per_second"], job["seconds"], job["most"]
        self.told: list[tuple[float, float, int, str]] = []
        self._lines: dict[int, Line] = {}
        self._idle: list[Line] = []
        self._again: deque[tuple[bytes, float]] = deque()
        self._epoll = select.epoll()
        self._begins = [self._begin(wanted) for wanted in job["requests"]]
        self._key = uuid4().hex
        self._asked = 0
        self.started = self._given_up = time.perf_counter()

    @staticmethod
    def _begin(wanted: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
        """(up to the key, up to the first quantity, after it): "100" to "999" are as long as each other."""
        first, *others = wanted["lines"]
        lines = json.dumps({"lines": [{**first, "quantity": 100}, *others]})
        before, quantity, after = lines.partition('"quantity": 100')
        head = (
            f"PUT {wanted['path']} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {wanted['token']}\r\n"
            "Content-Type: application/json\r\nIdempotency-Key: "
        )
        middle = f"\r\nContent-Length: {len(lines)}\r\n\r\n{before}{quantity[:-3]}"
        return head.encode(), middle.encode(), after.encode()

    def request(self, number: int) -> bytes:
        head, middle, after = self._begins[number % len(self._begins)]
        return b"%b%b-%08x%b%d%b" % (head, self._key.encode(), number, middle, number % 900 + 100, after)

    def run(self) -> None:
        while (now := time.perf_counter() - self.started) < self.seconds or self._under_way():
            if now < self.seconds:
                self._ask_who_is_due(now)
            while self._again:
                self._send(*self._again.popleft())
            for number, happened in self._happened():
                self._heard(self._lines[number], happened)
            self._give_up()

    def _happened(self) -> list[tuple[int, int]]:
        """At a rate, who asks looks up now and then, and not for each answer: waking costs more than reading it."""
        if not self.per_second:
            return self._epoll.poll(LOOK_EVERY_S)
        time.sleep(LOOK_EVERY_S)
        return self._epoll.poll(0)

    def _under_way(self) -> bool:
        return bool(self._again) or any(line.asked for line in self._lines.values())

    def _ask_who_is_due(self, now: float) -> None:
        if self.per_second:
            due = min(int(now * self.per_second) + 1, round(self.seconds * self.per_second))
        else:
            due = self._asked + self.most - (len(self._lines) - len(self._idle)) - len(self._again)
        while self._asked < due:
            self._asked += 1
            self._send(self.request(self._asked), time.perf_counter())

    def _send(self, data: bytes, begun: float) -> None:
        if self._idle:
            line = self._idle.pop()
        elif len(self._lines) < self.most:
            line = self._connect()
        else:
            return self._answered(begun, 0, "")
        line.asked, line.begun, line.got = data, begun, b""
        if not line.fresh:
            self._write(line)
        return None

    def _connect(self) -> Line:
        wire = socket.socket()
        wire.setblocking(False)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.connect_ex(self.address)
        self._epoll.register(wire.fileno(), select.EPOLLIN | select.EPOLLOUT)  # room to write: it is connected
        line = self._lines[wire.fileno()] = Line(wire)
        return line

    def _write(self, line: Line) -> None:
        """A request is shorter than what a socket takes at once."""
        try:
            line.wire.send(line.asked)
        except OSError:
            self._lost(line)

    def _heard(self, line: Line, happened: int) -> None:
        if happened & select.EPOLLOUT:
            self._epoll.modify(line.wire.fileno(), select.EPOLLIN)
            return self._write(line)
        try:
            data = line.wire.recv(READ_BYTES)
        except OSError:
            data = b""
        if not data:
            return self._lost(line)
        line.got += data
        return self._read(line)

    def _read(self, line: Line) -> None:
        head, ended, body = line.got.partition(END)
        words = head.lower()
        if not ended or len(body) < int(_value(words, LENGTH) or 0):
            return
        line.asked, line.fresh = b"", False
        if CLOSING in words:
            self._hang_up(line)
        else:
            self._idle.append(line)
        self._answered(line.begun, int(words[9:12]), _value(words, RETRY).decode())

    def _answered(self, begun: float, status: int, retry: str) -> None:
        now = time.perf_counter()
        self.told.append((round(begun - self.started, 4), round(now - begun, 4), status, retry))

    def _hang_up(self, line: Line) -> None:
        del self._lines[line.wire.fileno()]
        line.wire.close()

    def _lost(self, line: Line) -> None:
        """The other end is gone; a connection that had been kept open may end at any time: the request goes another way."""
        self._hang_up(line)
        if line in self._idle:
            self._idle.remove(line)
        elif line.fresh:
            self._answered(line.begun, 0, "")
        else:
            self._again.append((line.asked, line.begun))

    def _give_up(self) -> None:
        now = time.perf_counter()
        if now - self._given_up < GIVE_UP_EVERY_S:
            return
        self._given_up, late = now, now - PATIENCE_S
        for line in [line for line in self._lines.values() if line.asked and line.begun < late]:
            self._hang_up(line)
            self._answered(line.begun, 0, "")


def main() -> None:
    crowd = Crowd(json.loads(Path(sys.argv[1]).read_text()))
    crowd.run()
    Path(sys.argv[2]).write_text(json.dumps({"told": crowd.told, "cpu_s": round(time.process_time(), 2)}))


if __name__ == "__main__":
    main()
