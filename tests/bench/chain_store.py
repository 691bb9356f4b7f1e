"""The least that can be called an event store, and an echo beside it: gRPC, SQLite with `synchronous=FULL`, group commit.

    python -m tests.bench.chain_store <file> <port>

`/chain.Store/Append` answers the position once the row is on disk; `/chain.Store/Echo` answers what it was sent.
"""

from __future__ import annotations

import queue
import sqlite3
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc

THREADS = 16
Waiting = tuple[bytes, "Future[int]"]


class Writer(threading.Thread):
    """Takes whatever waits into one transaction: a busy store flushes once for many."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()

    def append(self, data: bytes) -> int:
        done: Future[int] = Future()
        self._waiting.put((data, done))
        return done.result()

    def run(self) -> None:
        database = sqlite3.connect(self._path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE IF NOT EXISTS event (position INTEGER PRIMARY KEY, data BLOB NOT NULL)")
        while True:
            batch = [self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            database.execute("BEGIN IMMEDIATE")
            places = [database.execute("INSERT INTO event (data) VALUES (?)", (data,)).lastrowid for data, _ in batch]
            database.execute("COMMIT")
            for (_, done), place in zip(batch, places, strict=True):
                done.set_result(place or 0)


def main(path: str, port: str) -> None:
    writer = Writer(path)
    writer.start()

    def append(data: bytes, _context: Any) -> bytes:
        return str(writer.append(data)).encode()

    def echo(data: bytes, _context: Any) -> bytes:
        return data

    handlers = {
        "Append": grpc.unary_unary_rpc_method_handler(append),
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
    }
    server = grpc.server(ThreadPoolExecutor(THREADS))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("chain.Store", handlers)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
