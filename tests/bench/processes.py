"""What a system costs: CPU seconds of whole process trees, read from /proc; and a canary that tells a noisy machine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> tuple[int, float] | None:
    """(parent, CPU seconds of the process and of its children that have ended)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS


def snapshot() -> dict[int, tuple[int, float]]:
    """Every process of the machine: pid → (parent, CPU seconds so far)."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {pid: found for pid in pids if (found := _stat(pid))}


def owners(roots: Mapping[str, int], processes: Mapping[int, tuple[int, float]]) -> dict[int, str]:
    """pid → name of the nearest root above it (or itself); processes below no root are left out."""
    names = {pid: name for name, pid in roots.items()}
    found: dict[int, str] = {}
    for pid in processes:
        at = pid
        while at in processes and at not in names:
            at = processes[at][0]
        if at in names:
            found[pid] = names[at]
    return found


def cpu_by_process(roots: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds used so far, by the name of the root; nothing is counted twice."""
    processes = snapshot()
    used = dict.fromkeys(roots, 0.0)
    for pid, name in owners(roots, processes).items():
        used[name] += processes[pid][1]
    return used


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU used so far by the trees below `roots`."""
    return sum(cpu_by_process({str(pid): pid for pid in roots}).values())


_best_canary = 0.0


def best_canary() -> float:
    """The best of this run so far."""
    return _best_canary


def canary() -> float:
    """JSON documents decoded and encoded per second in 0.1 s: below 60 % of the best, the block was disturbed."""
    global _best_canary
    document = json.dumps([{"id": number, "name": "x" * 20} for number in range(50)])
    rounds, until = 0, time.perf_counter() + 0.1
    while time.perf_counter() < until:
        json.dumps(json.loads(document))
        rounds += 1
    _best_canary = max(_best_canary, rounds / 0.1)
    return rounds / 0.1
