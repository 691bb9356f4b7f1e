"""What one append costs the event node, in microseconds of its CPU, with the subscriptions of an installation open.

    python infra/measure/append_cost.py [--writers 16] [--subscriptions 14] [--seconds 5] [--batch] [--profile FILE]

Writers and subscribers are esdbclient in processes of their own: their CPU is not counted. The node's CPU comes from
/proc/<pid>/stat, so a busy machine changes the figure little. Shown: appends a second, CPU per append with and without
the subscriptions, and the same for one writer alone (group commit: many writers should get at least twice as much).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from uuid import uuid4

from grenier_infra.eventnode.testing import running_node

WARM_UP_S = 1.0
WRITERS_PER_PROCESS = 8
DATA, METADATA = b'{"x":"' + b"d" * 190 + b'"}', b'{"m":"' + b"m" * 90 + b'"}'
CLOCK = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """CPU seconds a process has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


def write(uri: str, threads: int, batch: bool, done: multiprocessing.Array, first: int, stop: object) -> None:
    """Append one event after another in each thread, counting."""
    import threading

    from esdbclient import EventStoreDBClient, NewEvent

    def one(slot: int) -> None:
        client = EventStoreDBClient(uri)
        stream, version = f"measured-{uuid4()}", -1
        while not stop.is_set():  # type: ignore[attr-defined]
            event = NewEvent(type="measured.thing-happened", data=DATA, metadata=METADATA)
            expected = version if version >= 0 else _no_stream()
            client.append_to_stream(stream, current_version=expected, events=[event] if batch else event)
            version += 1
            done[slot] += 1
        client.close()

    workers = [threading.Thread(target=one, args=(first + index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _no_stream() -> object:
    from esdbclient import StreamState

    return StreamState.NO_STREAM


def follow(uri: str, number: int) -> None:
    """Follow the log through ``number`` subscriptions, each over a connection of its own; one in three wants it all."""
    import threading

    from esdbclient import EventStoreDBClient

    def one(index: int) -> None:
        wanted = ["(measured|orders).*"] if index % 3 == 0 else [f"(other{index}|another{index}).*"]
        client = EventStoreDBClient(uri)
        for _ in client.subscribe_to_all(filter_include=wanted, from_end=True, include_checkpoints=True):
            pass

    for index in range(number):
        threading.Thread(target=one, args=(index,), daemon=True).start()
    threading.Event().wait()


def measure(uri: str, pid: int, writers: int, batch: bool, seconds: float) -> dict[str, float]:
    """Give appends a second and CPU microseconds of the node per append."""
    context = multiprocessing.get_context("spawn")
    done, stop = context.Array("q", writers), context.Event()
    processes = [
        context.Process(target=write, args=(uri, min(WRITERS_PER_PROCESS, writers - first), batch, done, first, stop))
        for first in range(0, writers, WRITERS_PER_PROCESS)
    ]
    for process in processes:
        process.start()
    while not all(done[:]):
        time.sleep(0.05)
    time.sleep(WARM_UP_S)
    before, cpu, began = sum(done[:]), cpu_s(pid), time.perf_counter()
    time.sleep(seconds)
    count, used, took = sum(done[:]) - before, cpu_s(pid) - cpu, time.perf_counter() - began
    stop.set()
    for process in processes:
        process.join()
    return {"appends_per_s": round(count / took), "node_cpu_us": round(used / count * 1e6)}


def main() -> None:
    """Measure and print one JSON line per situation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--subscriptions", type=int, default=14)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--batch", action="store_true", help="BatchAppend instead of Append")
    chosen = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with running_node() as node:
        for writers, subscriptions in ((chosen.writers, 0), (chosen.writers, chosen.subscriptions), (1, 0)):
            follower = context.Process(target=follow, args=(node.uri, subscriptions), daemon=True)
            if subscriptions:
                follower.start()
                time.sleep(2)
            figures = measure(node.uri, node.pid, writers, chosen.batch, chosen.seconds)
            print(json.dumps({"writers": writers, "subscriptions": subscriptions} | figures), flush=True)
            if subscriptions:
                follower.kill()
                follower.join()


if __name__ == "__main__":
    main()
