"""What each process of an installation holds: resident memory, file descriptors, threads; and what waits in queues."""

from __future__ import annotations

import threading
import time
from collections import defaultdict

import psutil

from grenier.overview import look
from tests.chaos.stage import Scene

Series = dict[str, list[tuple[float, float]]]
QUEUES = ("lag_events", "waiting", "unconfirmed", "parked")


class Sampler:
    """`series`: "<process> rss|fds|threads" and "<component> <queue>" -> samples (seconds since the start, value)."""

    def __init__(self, scene: Scene, every_s: float) -> None:
        self.series: Series = defaultdict(list)
        self._scene = scene
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._began = time.monotonic()

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            at = time.monotonic() - self._began
            for name, pid in self._scene.running.pids().items():
                self._process(at, name, pid)
            for name, part in look(self._scene.settings)["components"].items():
                for queue in QUEUES:
                    if queue in part.get("facts", {}):
                        self.series[f"{name} {queue}"].append((at, float(part["facts"][queue])))

    def _process(self, at: float, name: str, pid: int) -> None:
        try:
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            held = {
                "rss": sum(one.memory_info().rss for one in family),
                "fds": sum(one.num_fds() for one in family),
                "threads": sum(one.num_threads() for one in family),
            }
        except psutil.NoSuchProcess:
            return
        for what, value in held.items():
            self.series[f"{name} {what}"].append((at, float(value)))
