"""Starts the processes of a table, sees them ready, brings back what dies, stops them layer by layer.

Each process runs in a session of its own, so that Ctrl-C reaches the launcher alone, which then stops everything in
order. When the launcher itself is killed, the kernel tells the processes to end (setpriv --pdeathsig).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grenier_infra.launcher import probes
from grenier_infra.launcher.logs import open_log, rotate
from grenier_infra.launcher.table import Process

BACK_OFF_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
# A process that was ready for this long and then dies has been killed, it does not fail at its work: it starts again at once.
STEADY_AFTER_S = 5.0
STOP_PATIENCE_S = 12.0
LOOK_EVERY_S = 0.05
ROTATE_EVERY_S = 15.0


@dataclass(slots=True)
class Child:
    """A process of the table and what became of it. Times are of the monotonic clock."""

    process: Process
    popen: subprocess.Popen[bytes] | None = None
    ready_at: float = 0.0
    start_again_at: float = 0.0
    failures: int = 0
    restarts: int = 0
    ready: bool = False
    was_ready: bool = False

    @property
    def pid(self) -> int | None:
        return self.popen.pid if self.popen else None


# What the screen is told: ("started" | "ready" | "died", child, exit code or 0).
Listener = Callable[[str, Child, int], None]


class Supervisor:
    def __init__(self, table: Sequence[Process], logs_dir: Path, listener: Listener) -> None:
        self.children = {process.name: Child(process) for process in table}
        self._logs_dir = logs_dir
        self._held = logs_dir.parent / "run" / "held"  # see operator.py
        self._tell = listener
        self._stopping = threading.Event()
        self._rotated_at = time.monotonic()
        self._prefix = _end_with_parent()

    def run(self, each_round: Callable[[], None], until: Callable[[], bool]) -> None:
        """Supervise until told to end; `each_round` is called about twenty times a second."""
        threading.Thread(target=self._probe_for_ever, name="probes", daemon=True).start()
        while not until():
            self.look()
            each_round()
            time.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """One round: notice the dead, start what is due."""
        now = time.monotonic()
        for child in self.children.values():
            if child.popen is not None and child.popen.poll() is not None:
                self._note_death(child, now)
            if child.popen is None and now >= child.start_again_at and self._may_start(child):
                try:
                    self._start(child)
                except OSError:  # on a full disk its log cannot be made
                    child.start_again_at = now + BACK_OFF_S[-1]
        if now - self._rotated_at > ROTATE_EVERY_S:
            self._rotated_at = now
            with contextlib.suppress(OSError):
                for name in self.children:
                    rotate(self._logs_dir, name)

    def all_ready(self) -> bool:
        return all(child.ready for child in self.children.values())

    def stop(self) -> None:
        """SIGTERM from the outermost layer inwards; what does not end within the patience is killed."""
        self._stopping.set()
        for layer in sorted({child.process.layer for child in self.children.values()}, reverse=True):
            living = [
                child for child in self.children.values() if child.process.layer == layer and child.popen is not None
            ]
            # Within a layer the last one started goes first: RabbitMQ before its name server.
            for child in reversed(living):
                _signal(child, signal.SIGTERM)
                if child.process.name == "broker":
                    _wait([child])
            _wait(living)

    def _may_start(self, child: Child) -> bool:
        if (self._held / child.process.name).exists():
            return False
        known = (self.children[name] for name in child.process.after if name in self.children)
        return all(other.was_ready for other in known)

    def _start(self, child: Child) -> None:
        with open_log(self._logs_dir, child.process.name) as log:
            child.popen = subprocess.Popen(
                [*self._prefix, *_nice(child.process.niceness), *child.process.argv],
                env=dict(child.process.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        child.ready = False
        self._tell("started", child, 0)

    def _note_death(self, child: Child, now: float) -> None:
        popen = child.popen
        assert popen is not None
        kill_group(popen.pid)  # whatever it had started must not hold its port or file
        steady = child.ready and now - child.ready_at > STEADY_AFTER_S
        child.popen, child.ready = None, False
        child.failures = 0 if steady else child.failures + 1
        child.start_again_at = now + (BACK_OFF_S[min(child.failures, len(BACK_OFF_S)) - 1] if child.failures else 0.0)
        child.restarts += 1
        self._tell("died", child, popen.returncode)

    def _probe_for_ever(self) -> None:
        while not self._stopping.is_set():
            for child in list(self.children.values()):
                popen = child.popen
                if popen is None or child.ready or not probes.ready(child.process.probe):
                    continue
                if child.popen is popen:  # still the one that was asked
                    child.ready_at = time.monotonic()
                    child.ready = child.was_ready = True
                    self._tell("ready", child, 0)
            self._stopping.wait(LOOK_EVERY_S)


def _end_with_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _nice(niceness: int) -> list[str]:
    return ["nice", "-n", str(niceness)] if niceness else []


def _signal(child: Child, number: signal.Signals) -> None:
    if child.popen is not None and child.popen.poll() is None:
        child.popen.send_signal(number)


def _wait(children: Sequence[Child]) -> None:
    until = time.monotonic() + STOP_PATIENCE_S
    for child in children:
        if child.popen is None:
            continue
        try:
            child.popen.wait(timeout=max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        kill_group(child.popen.pid)
        child.popen.wait()
        child.popen, child.ready = None, False


def kill_group(pid: int) -> None:
    """SIGKILL for what is left of a process and those it started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
