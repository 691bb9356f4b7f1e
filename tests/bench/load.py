"""A load of its own: keep-alive connections in threads of a separate process, every answer checked and timed.

    python -m tests.bench.load <job.json>

The job names host, port, connections, seconds, requests (method, path, headers, body) and whether to repeat them;
requests are dealt to the connections in turn, and without repetition each is sent once at most. Prints {"statuses": {...}, "seconds": s,
"latencies_ms": {"p50", "p99", "max"}}.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any


class Connection(threading.Thread):
    def __init__(self, job: dict[str, Any], number: int, until: float) -> None:
        super().__init__(daemon=True)
        self._job, self._number, self._until = job, number, until
        self.statuses: Counter[int] = Counter()
        self.latencies_s: list[float] = []

    def run(self) -> None:
        requests = self._job["requests"]
        step = self._job["connections"]
        wire = http.client.HTTPConnection(self._job["host"], self._job["port"], timeout=30)
        place = self._number
        while time.perf_counter() < self._until and (self._job["repeat"] or place < len(requests)):
            request = requests[place % len(requests)]
            place += step
            headers = dict(request["headers"])
            if request["method"] != "GET":
                headers["Idempotency-Key"] = str(uuid.uuid4())
            started = time.perf_counter()
            try:
                wire.request(request["method"], request["path"], request.get("body"), headers)
                answer = wire.getresponse()
                answer.read()
                self.statuses[answer.status] += 1
            except (OSError, http.client.HTTPException):
                self.statuses[0] += 1
                wire.close()
                continue
            self.latencies_s.append(time.perf_counter() - started)
        wire.close()


def run(job: dict[str, Any]) -> dict[str, Any]:
    started = time.perf_counter()
    until = started + job["seconds"]
    connections = [Connection(job, number, until) for number in range(job["connections"])]
    for connection in connections:
        connection.start()
    for connection in connections:
        connection.join()
    statuses: Counter[int] = sum((connection.statuses for connection in connections), Counter())
    latencies = sorted(value for connection in connections for value in connection.latencies_s)
    return {
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "seconds": time.perf_counter() - started,
        "latencies_ms": {
            "p50": _quantile(latencies, 0.5),
            "p99": _quantile(latencies, 0.99),
            "max": _quantile(latencies, 1.0),
        },
    }


def _quantile(ordered: list[float], share: float) -> float:
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else 0.0


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.loads(Path(sys.argv[1]).read_text()))))
