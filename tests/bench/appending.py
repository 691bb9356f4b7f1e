"""Writers of P11: so many threads in a process of their own, each on a stream of its own.

    python -m tests.bench.appending grenier|echo|message-db <address> <pid of the server> <writers> <seconds>

Prints {"operations", "seconds", "cpu_s", "p50_ms", "p99_ms"}: `cpu_s` of the writers and of the server's process tree,
from the first write on. All three clients are Python and write the same 300 bytes.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from uuid import uuid4

from tests.bench.contest import quantile
from tests.bench.processes import cpu_seconds

BODY = json.dumps({"account": "account-1", "cents": 100, "padding": "x" * 240}).encode()
Write = Callable[[int], object]


def grenier(address: str) -> Callable[[], Write]:
    """`EsdbLog`, as the services append: one client for all threads, expected versions."""
    from grenier.log.esdb import EsdbLog
    from grenier.log.protocol import NewEvent

    log = EsdbLog(address)

    def writer() -> Write:
        stream = f"writer-{uuid4()}"
        return lambda number: log.append(stream, [NewEvent(uuid4(), "bench.noted", BODY, b"{}")], expected=number - 1)

    return writer


def echo(address: str) -> Callable[[], Write]:
    """What gRPC alone costs: the bytes come back."""
    import grpc

    call = grpc.insecure_channel(address).unary_unary("/chain.Store/Echo", None, None)
    return lambda: lambda _number: call(BODY)


def message_db(address: str) -> Callable[[], Write]:
    """One connection for each thread, expected versions; all streams are of one category."""
    import psycopg

    def writer() -> Write:
        connection = psycopg.connect(address, autocommit=True)
        stream = f"writer-{uuid4()}"
        text = "SELECT write_message(%s, %s, 'Noted', %s, %s)"
        return lambda number: connection.execute(text, (str(uuid4()), stream, BODY.decode(), number - 1)).fetchone()

    return writer


KINDS = {"grenier": grenier, "echo": echo, "message-db": message_db}


def run(kind: str, address: str, server: int, writers: int, seconds: float) -> dict[str, float]:
    writer = KINDS[kind](address)
    ready = [writer() for _ in range(writers)]
    for write in ready:
        write(0)  # connected, prepared
    times: list[list[float]] = [[] for _ in range(writers)]
    before = time.process_time() + cpu_seconds([server])
    started = time.perf_counter()

    def work(place: int) -> None:
        number, at = 1, time.perf_counter()
        while at < started + seconds:
            ready[place](number)
            number, sent, at = number + 1, at, time.perf_counter()
            times[place].append(at - sent)

    threads = [threading.Thread(target=work, args=(place,), daemon=True) for place in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu_s = time.process_time() + cpu_seconds([server]) - before
    spent, everything = time.perf_counter() - started, [value for own in times for value in own]
    return {"operations": len(everything), "seconds": spent, "cpu_s": cpu_s,
            "p50_ms": 1000 * quantile(everything, 0.5), "p99_ms": 1000 * quantile(everything, 0.99)}  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))))
