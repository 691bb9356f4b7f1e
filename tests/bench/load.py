"""A load of its own: keep-alive connections driven by one thread of a separate process, every answer checked and timed.

    python -m tests.bench.load <job.json>

The job names host, port, connections, seconds, requests (method, path, headers, body) and whether to `repeat` them.
Without `rate` each connection asks again as soon as it was answered; with `rate` (a second) requests are due at fixed
instants whatever the answers do, the time counts from when they were due, and all of them are sent. `then`: a path asked behind each good
answer, with `{position}` filled in from it. Prints {"statuses": {...}, "seconds": s, "cpu_s": own, "latencies_ms":
{"p50", "p99", "max"}}; with `record` also "seen": [[answered at (monotonic), position, number of the request, `then` answered at, its
answer (null: it failed)], ...].
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
import uuid
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path
from typing import Any

LONGEST_ANSWER_S = 30.0


class Wire:
    """One connection: what it was sent, when that was due, what came back so far."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self.number = -1
        self.due = self.sent = 0.0
        self.fresh = False
        self.first: tuple[float, int] | None = None
        self._open()

    def _open(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=LONGEST_ANSWER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def reopen(self) -> None:
        self.socket.close()
        self._open()
        self.fresh = True

    def send(self, raw: bytes) -> None:
        self.received = b""
        self.sent = time.monotonic()
        self.socket.sendall(raw)

    def whole(self) -> tuple[int, bytes, bool] | None:
        """(status, body, whether the connection stays open) once all of the answer is here. OSError: cut off."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionResetError
        self.received += piece
        head, gap, body = self.received.partition(b"\r\n\r\n")
        if not gap:
            return None
        lowered = head.lower()
        _, named, rest = lowered.partition(b"content-length:")
        length = int(rest.split(b"\r\n", 1)[0]) if named else 0
        if len(body) < length:
            return None
        return int(head[9:12]), body[:length], b"connection: close" not in lowered


class Load:
    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        host = f"{job['host']}:{job['port']}"
        self._raw = [_raw(request, host) for request in job["requests"]]
        self._then = job.get("then", "")
        self._headers = [{**request["headers"], "Host": host} for request in job["requests"]] if self._then else []
        self._place = 0
        self.statuses: Counter[int] = Counter()
        self.latencies_s: list[float] = []
        self.seen: list[list[Any]] = []

    def run(self) -> None:
        address = (self.job["host"], self.job["port"])
        wires = [Wire(address) for _ in range(self.job["connections"])]
        by_number = {wire.socket.fileno(): wire for wire in wires}
        poll = select.epoll()
        for number in by_number:
            poll.register(number, select.EPOLLIN)
        idle: deque[Wire] = deque(wires)
        rate, started = self.job.get("rate", 0.0), time.monotonic()
        until, sent, busy = started + self.job["seconds"], 0, 0
        while True:
            now = time.monotonic()
            while idle and (rate or now < until) and self._left() and (not rate or started + sent / rate <= now):
                wire = idle.popleft()
                wire.due = started + sent / rate if rate else now
                self._ask(wire)
                sent, busy = sent + 1, busy + 1
            if not busy and (not self._left() or (now >= until and not rate)):
                break
            wait = max(0.0, started + sent / rate - now) if rate and idle and self._left() else 1.0
            for number, _ in poll.poll(min(wait, 1.0)):
                wire = by_number[number]
                if self._take(wire):
                    idle.append(wire)
                    busy -= 1
                if wire.fresh:  # closing took the old one off the poll, whatever number the new one has
                    wire.fresh = False
                    del by_number[number]
                    by_number[wire.socket.fileno()] = wire
                    poll.register(wire.socket.fileno(), select.EPOLLIN)
            if now > until + LONGEST_ANSWER_S:
                self.statuses[0] += busy + (len(self._raw) - self._place if rate else 0)
                break

    def _left(self) -> bool:
        return self.job["repeat"] or self._place < len(self._raw)

    def _ask(self, wire: Wire) -> None:
        wire.number, wire.first = self._place % len(self._raw), None
        self._place += 1
        before, after = self._raw[wire.number]
        key = f"Idempotency-Key: {uuid.uuid4()}\r\n".encode() if after is not None else b""
        with suppress(OSError):  # a connection that is gone says so when its answer is awaited
            wire.send(before + key + (after or b"\r\n"))

    def _take(self, wire: Wire) -> bool:
        """True when the connection is free again."""
        try:
            answer = wire.whole()
        except OSError:
            self.statuses[0] += 1
            wire.reopen()
            if wire.first is not None:
                self.seen.append([*wire.first, wire.number, time.monotonic(), None])
            return True
        if answer is None:
            return False
        status, body, stays = answer
        self.statuses[status] += 1
        now = time.monotonic()
        if wire.first is None:
            self.latencies_s.append(now - wire.due)
        if not stays:
            wire.reopen()
        return self._seen(wire, now, status, body)

    def _seen(self, wire: Wire, now: float, status: int, body: bytes) -> bool:
        if wire.first is not None:
            self.seen.append([*wire.first, wire.number, now, json.loads(body) if status < 300 else None])
            return True
        if not self.job.get("record") or status >= 300:
            return True
        position = json.loads(body)["position"]
        if not self._then:
            self.seen.append([now, position, wire.number])
            return True
        wire.first = (now, position)
        request = {"method": "GET", "headers": self._headers[wire.number], "body": None}
        path = self.job["requests"][wire.number]["then"].format(position=position)
        wire.send(_raw({**request, "path": path}, "")[0] + b"\r\n")
        return False


def _raw(request: dict[str, Any], host: str) -> tuple[bytes, bytes | None]:
    """The request cut in two where the key belongs; None as second part: it needs no key."""
    body = (request.get("body") or "").encode()
    headers = {**({"Host": host} if host else {}), **request["headers"]}
    if request["method"] != "GET":
        headers["Content-Length"] = str(len(body))
    lines = [f"{request['method']} {request['path']} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
    head = ("\r\n".join(lines) + "\r\n").encode()
    return head, None if request["method"] == "GET" else b"\r\n" + body


def run(job: dict[str, Any]) -> dict[str, Any]:
    load = Load(job)
    started = time.perf_counter()
    load.run()
    seconds = time.perf_counter() - started
    latencies = sorted(load.latencies_s)
    return {
        "statuses": {str(status): count for status, count in sorted(load.statuses.items())},
        "seconds": seconds,
        "cpu_s": time.process_time(),
        "latencies_ms": {
            name: _quantile(latencies, share) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))
        },
        "seen": load.seen,
    }


def _quantile(ordered: list[float], share: float) -> float:
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else 0.0


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.loads(Path(sys.argv[1]).read_text()))))
