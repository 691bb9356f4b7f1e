"""What a system costs: CPU seconds of whole process trees, read from /proc; and a canary that tells a noisy machine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
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


def tree(roots: Iterable[int]) -> set[int]:
    """The processes and everything below them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := _stat(int(entry.name))):
            children.setdefault(found[0], []).append(int(entry.name))
    seen: set[int] = set()
    todo = list(roots)
    while todo:
        pid = todo.pop()
        if pid not in seen:
            seen.add(pid)
            todo.extend(children.get(pid, ()))
    return seen


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU used so far by the trees below `roots`."""
    return sum(found[1] for pid in tree(roots) if (found := _stat(pid)))


def cpu_by_process(roots: dict[str, int]) -> dict[str, float]:
    """CPU used so far, by the name of the root."""
    return {name: cpu_seconds([pid]) for name, pid in roots.items()}


def canary() -> float:
    """JSON documents decoded and encoded per second in 0.1 s: below 60 % of the best, the block was disturbed."""
    document = json.dumps([{"id": number, "name": "x" * 20} for number in range(50)])
    rounds, until = 0, time.perf_counter() + 0.1
    while time.perf_counter() < until:
        json.dumps(json.loads(document))
        rounds += 1
    return rounds / 0.1
