"""Granian as a library: the server of pages and API, several processes that share one port (so may several servers).

HTTP is read and written by Granian's compiled part; of a request, Python does only the application: measured on two
cores, 0.22 ms of CPU for an empty answer where gunicorn's threads need 0.60. Each worker is a fork of this process, which
has imported the application and makes nothing of it: a worker that died is replaced within a moment.
"""

from __future__ import annotations

import importlib
import mmap
import multiprocessing
import os
import pkgutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import Interfaces

STOP_PATIENCE_S = 8
CONNECTIONS = 2_048
# Threads beyond those that work: they hold requests that wait for their turn, and refuse those that cannot (`Admission`).
THREADS_FOR_EACH = 10
# And those that read what is sent slowly; a thread is made when it is needed.
READERS = 256
# Room for some thousand series of a worker, before a file has to grow.
COUNTS_BYTES = 1 << 19
# What a series takes in its file beside its name, at most: lengths, padding, two numbers.
COUNT_BESIDE_BYTES = 32


def counting_together(folder: Path) -> None:
    """Let the workers' metrics be counted as one, those of other servers on this port too; before prometheus_client is imported."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        if not Path("/proc", file.stem.rpartition("_")[2]).exists():  # "counter_4711.db": whose process is gone
            file.unlink(missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    _with_room_of_their_own()


def _with_room_of_their_own() -> None:
    """The files of the counts are mapped into memory and would get their room on the disk when a count is first written:
    on a full disk that is no error but SIGBUS, and the end of the process. They get it when they are made, and when they
    grow; without any the counts go on in memory, and what others are told of this process stands still."""
    from prometheus_client import mmap_dict, values

    class Allocated(mmap_dict.MmapedDict):
        def __init__(self, filename: str, read_mode: bool = False) -> None:
            super().__init__(filename if read_mode else _with_room(filename), read_mode)

        def _init_value(self, key: str) -> None:
            while self._used + len(key.encode()) + COUNT_BESIDE_BYTES > self._capacity:
                self._grow()
            super()._init_value(key)

        def _grow(self) -> None:
            try:
                os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
            except OSError:
                kept, self._f = self._f, open(_in_memory(), "a+b")  # noqa: SIM115 - for as long as there are counts
                self._f.write(self._m[:])
                self._f.truncate(2 * self._capacity)
                kept.close()
            self._capacity *= 2
            self._m = mmap.mmap(self._f.fileno(), self._capacity)

    values.MmapedDict = Allocated  # type: ignore[misc]


def _with_room(filename: str) -> str:
    """The file, made with its room; without any a file in memory: this process goes on, and its counts are nobody else's."""
    try:
        with Path(filename).open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, COUNTS_BYTES)
    except OSError:
        Path(filename).unlink(missing_ok=True)
        return _in_memory()
    return filename


def _in_memory() -> str:
    return f"/proc/self/fd/{os.memfd_create('counts')}"


def run(factory: str, packages: Sequence[str], host: str, port: int, workers: int, threads: int) -> None:
    """Serve until SIGTERM. `factory`: "gateway.app:create_app", called in each worker, which finds the modules of `packages`
    imported already; `threads`: requests a worker answers at once."""
    multiprocessing.set_start_method("fork")
    module, _, name = factory.partition(":")
    for package in map(importlib.import_module, packages):
        for found in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{found.name}")
    server: Any = Granian(
        factory,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads * THREADS_FOR_EACH + READERS,
        blocking_threads_idle_timeout=600,
        backpressure=CONNECTIONS,
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0.05,
        workers_kill_timeout=STOP_PATIENCE_S,
        # Levels only: handlers and their form are ours.
        log_dictconfig={"incremental": True, "formatters": {}, "handlers": {}, "loggers": {}},
        process_name=None,
    )
    server.serve(target_loader=lambda *_args, **_options: _made(module, name), wrap_loader=False)


def _made(module: str, name: str) -> Callable[..., Any]:
    made: Callable[..., Any] = getattr(importlib.import_module(module), name)()
    return made
