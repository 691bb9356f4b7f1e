"""Restarting an installation while it is used: one process after the other, each gone in order and back before the next.

The launcher that runs brings back what ends; here the processes are only asked to end, and waited for.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from grenier_infra.launcher import state
from grenier_infra.launcher.table import named

OUT_PATIENCE_S = 12.0
BACK_PATIENCE_S = 60.0
LOOK_EVERY_S = 0.05
TURNS = ("servers", "work", "serve", "spare", "relay", "mailer", "stream", "gateway")


@dataclass(frozen=True, slots=True)
class Restarted:
    """Seconds from SIGTERM until the process was gone, and until its successor was ready. `forced`: it had to be killed."""

    name: str
    out_s: float
    back_s: float
    forced: bool


class NotBack(Exception):
    """A process did not become ready again: the rest is left alone, so that what still works goes on."""


def rolling(data_dir: Path, names: Sequence[str] = (), tell: Callable[[Restarted], None] = lambda _: None) -> list[Restarted]:  # fmt: skip
    """Restart these processes of the running launcher, or all of them: in the order in which a new version takes over.

    Raises KeyError for a name that is not in the table, NotBack, and FileNotFoundError when no launcher runs here.
    """
    known = list(_processes(data_dir))
    chosen = [named(name, known) for name in names] or sorted(known, key=turn)
    done = []
    for name in dict.fromkeys(chosen):
        done.append(_restart(data_dir, name))
        tell(done[-1])
    return done


def turn(name: str) -> int:
    """When a process has its turn. Servers first; then what fills views, so that they have the new shape (and are waited
    for) when the doors that read it come; who calls comes after who is called, people last."""
    verb = name.partition("-")[0]
    return TURNS.index(verb) if verb in TURNS else 0


def _restart(data_dir: Path, name: str) -> Restarted:
    began = time.monotonic()
    pid = _until(lambda: _processes(data_dir)[name]["pid"], BACK_PATIENCE_S)
    if not pid:
        raise NotBack(name)
    _signal(pid, signal.SIGTERM)
    forced = not _until(lambda: not _alive(pid), OUT_PATIENCE_S)
    if forced:
        _signal(pid, signal.SIGKILL)
    out_s = time.monotonic() - began

    def back() -> bool:
        process = _processes(data_dir)[name]
        return bool(process["ready"] and process["pid"] not in (None, pid))

    if not _until(back, BACK_PATIENCE_S):
        raise NotBack(name)
    return Restarted(name, out_s, time.monotonic() - began, forced)


def _processes(data_dir: Path) -> dict[str, Any]:
    found = state.read(data_dir)
    if found is None:
        raise FileNotFoundError(data_dir)
    processes: dict[str, Any] = found["processes"]
    return processes


def _until(holds: Callable[[], Any], patience_s: float) -> Any:
    """The first value of `holds` that counts, or the last one when the patience is over."""
    until = time.monotonic() + patience_s
    while not (found := holds()) and time.monotonic() < until:
        time.sleep(LOOK_EVERY_S)
    return found


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
