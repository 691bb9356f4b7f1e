"""One module on trial: its tests run once per fault, in a child of this process that has the heavy imports already."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

from tests.mutants.faults import Place, places, planted

ROOT = Path(__file__).parents[2]
KILLED, SURVIVED, BROKEN = "killed", "survived", "broken"
FIRST_PATIENCE_S, LEAST_PATIENCE_S = 300.0, 40.0
# Third parties only: nothing that would bring the module on trial along.
HEAVY = (
    "pytest", "hypothesis", "hypothesis.stateful", "sqlalchemy", "sqlalchemy.dialects.sqlite", "msgspec", "prometheus_client",
    "structlog", "flask", "flask_babel", "flask_smorest", "marshmallow", "werkzeug.serving", "babel.dates", "cryptography.fernet",
    "argon2", "phonenumbers", "pika",
)  # fmt: skip


class Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the import system one module with a fault in it."""

    def __init__(self, name: str, path: Path, number: int) -> None:
        self.name, self.path, self.number = name, path, number

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def create_module(self, spec):
        return None

    def exec_module(self, module) -> None:
        exec(compile(planted(self.path.read_text(), self.number), str(self.path), "exec"), module.__dict__)


def warm_up() -> None:
    """What every child would import anew; an import that fails here fails there, with its reason."""
    plugins = [entry.value.partition(":")[0] for entry in entry_points(group="pytest11") if "nameko" not in entry.name]
    for name in (*HEAVY, *plugins):
        with suppress(ImportError):
            importlib.import_module(name)


def try_all(
    name: str, path: Path, tests: Sequence[str], jobs: int, numbers: Sequence[int] | None = None
) -> Iterator[tuple[Place, str]]:
    """(place, killed or survived) of every fault of a module, as they end. Raises RuntimeError when the tests fail without one."""
    if name in sys.modules:
        raise RuntimeError(f"{name} is imported already: a fault would not be seen")
    source = path.read_text()
    began = time.monotonic()
    if _wait({_child(name, path, -1, tests): (None, began)}, FIRST_PATIENCE_S)[0][1] != SURVIVED:
        raise RuntimeError(f"the tests of {name} fail without any fault: {' '.join(tests)}")
    patience_s = max(LEAST_PATIENCE_S, 10 * (time.monotonic() - began))
    waiting = [place for place in places(source) if numbers is None or place.number in numbers]
    running: dict[int, tuple[Place | None, float]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            place = waiting.pop(0)
            running[_child(name, path, place.number, tests)] = (place, time.monotonic())
        for place, verdict in _wait(running, patience_s):
            assert place is not None
            yield place, verdict


def _wait(running: dict[int, tuple[Place | None, float]], patience_s: float) -> list[tuple[Place | None, str]]:
    """Those that ended; a child that hangs was caught as well."""
    ended: list[tuple[Place | None, str]] = []
    while not ended:
        time.sleep(0.01)
        for pid, (place, began) in list(running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done and time.monotonic() - began < patience_s:
                continue
            if not done:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            del running[pid]
            ended.append((place, SURVIVED if done and os.waitstatus_to_exitcode(status) == 0 else KILLED))
    return ended


def _child(name: str, path: Path, number: int, tests: Sequence[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 3
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        os.chdir(ROOT)
        if number >= 0:
            sys.meta_path.insert(0, Planted(name, path, number))
        import hypothesis
        import pytest

        hypothesis.settings.register_profile("mutants", max_examples=60, database=None, derandomize=True)
        hypothesis.settings.load_profile("mutants")
        quiet = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-p",
            "no:randomly",
            "-m",
            "not slow and not browser",
        ]
        code = int(pytest.main([*quiet, *tests]))
    finally:
        os._exit(code)
