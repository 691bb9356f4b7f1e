"""Screens that listen to the event stream: a program of its own, one thread for all of them.

    python -m tests.bench.dashboards <job.json>          # {"host", "port", "path", "tokens": [...]}

Prints "ready" on standard error when all are connected; ends when its standard input does and prints {"refused": n,
"cut_off": n, "events": [per screen], "out_of_order": n}.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
from pathlib import Path
from typing import Any

_ID = re.compile(rb"^id: (\d+)\r?$", re.MULTILINE)


class Screen:
    def __init__(self, job: dict[str, Any], token: str) -> None:
        self.socket = socket.create_connection((job["host"], job["port"]), timeout=30)
        head = [f"GET {job['path']} HTTP/1.1", f"Host: {job['host']}:{job['port']}", "Accept: text/event-stream",
                f"Authorization: Bearer {token}"]  # fmt: skip
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        self.refused = b" 200 " not in self.socket.recv(4096)
        self.events = self.last = self.out_of_order = 0
        self.cut_off = False
        self._rest = b""

    def take(self) -> None:
        piece = self.socket.recv(65536)
        if not piece:
            self.cut_off = True
            return
        whole, _, self._rest = (self._rest + piece).rpartition(b"\n")
        for number in map(int, _ID.findall(whole)):
            self.events += 1
            self.out_of_order += number <= self.last
            self.last = number


def main(job: dict[str, Any]) -> dict[str, Any]:
    screens = [Screen(job, token) for token in job["tokens"]]
    poll = select.epoll()
    listening = {screen.socket.fileno(): screen for screen in screens if not screen.refused}
    for number in (*listening, sys.stdin.fileno()):
        poll.register(number, select.EPOLLIN)
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    ended = False
    while not ended:
        for number, _ in poll.poll(1.0):
            if number == sys.stdin.fileno():
                ended = True
                continue
            listening[number].take()
            if listening[number].cut_off:
                poll.unregister(number)
    return {
        "refused": sum(screen.refused for screen in screens),
        "cut_off": sum(screen.cut_off for screen in screens),
        "events": [screen.events for screen in screens],
        "out_of_order": sum(screen.out_of_order for screen in screens),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
