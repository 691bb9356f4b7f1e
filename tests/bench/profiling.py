"""Where the CPU of a process goes while a load runs: py-spy samples its stacks, a table says which functions they were in.

with Profiler({"serve-orders": 4711}, seconds=3, folder=folder) as profiler:
    ...load...
print(profiler.text())

*self*: share of the samples in which the function was at work itself; *total*: it or something that it called.
Only threads that were using the CPU are counted. Threads of C libraries alone (grpc's) do not appear: compare the
samples seen with the CPU used.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

RATE_HZ = 200
SHOWN = 30
LOAD_STARTS_IN_S = 1
_LINE_NUMBER = re.compile(r":\d+\)$")


class Profiler:
    """One py-spy per process, started and ended with the load. `gil`: only what holds the interpreter, so no thread that
    waits in a system call passes for one at work."""

    def __init__(
        self, pids: Mapping[str, int], seconds: float, folder: Path, *, native: bool = False, gil: bool = False
    ) -> None:
        self._pids = dict(pids)
        self._seconds = seconds
        self._folder = folder
        self._options = [*(["--native"] if native else []), *(["--gil"] if gil else [])]
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Profiler:
        program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
        if program is None:
            raise SystemExit("py-spy is not installed (it is one of the development dependencies)")
        for name, pid in self._pids.items():
            command = [program, "record", "--pid", str(pid), "--duration", str(round(self._seconds + LOAD_STARTS_IN_S)),
                       "--rate", str(RATE_HZ), "--format", "raw", "--subprocesses", "--output", str(self._file(name)),
                       *self._options]  # fmt: skip
            with open(self._folder / f"{name}.py-spy.log", "wb") as said:
                self._running[name] = subprocess.Popen(command, stdout=said, stderr=said)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        for process in self._running.values():
            process.wait(timeout=self._seconds + 60)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.folded"

    def lines(self, name: str) -> list[str]:
        path = self._file(name)
        return path.read_text().splitlines() if path.exists() else []

    def text(self) -> str:
        parts = []
        for name in self._pids:
            if lines := self.lines(name):
                parts.append(table(name, lines))
            else:
                parts.append(f"{name}: no profile\n{(self._folder / f'{name}.py-spy.log').read_text()}")
        return "\n".join(parts)


def table(name: str, folded: Iterable[str], shown: int = SHOWN) -> str:
    """`frame;frame;frame 12` lines to the functions that are most often at work, and those most often on the stack."""
    own, within, total = shares(folded)
    lines = [f"{name}: {total} samples ({RATE_HZ} a second while on the CPU)"]
    for title, first in (("by self", own), ("by total", within)):
        lines.append(f"  {title:>12}  {'self':>6} {'total':>6}")
        for function, _ in first.most_common(shown):
            lines.append(f"{'':14}{own[function] / total:6.1%} {within[function] / total:6.1%}  {function}")
    return "\n".join(lines) + "\n"


def shares(folded: Iterable[str]) -> tuple[Counter[str], Counter[str], int]:
    """(samples with the function on top, samples with it anywhere on the stack, all samples)."""
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    total = 0
    for line in folded:
        stack, _, count = line.rpartition(" ")
        functions = [_function(frame) for frame in stack.split(";") if not frame.startswith("process ")]
        if not functions:
            continue
        own[functions[-1]] += int(count)
        for function in set(functions):
            within[function] += int(count)
        total += int(count)
    return own, within, total


def share_within(folded: Iterable[str], part: str) -> float:
    """Share of the samples with `part` somewhere in the stack (a piece of a file name, say)."""
    inside = total = 0
    for line in folded:
        stack, _, count = line.rpartition(" ")
        total += int(count)
        inside += int(count) * (part in stack)
    return inside / total if total else 0.0


def _function(frame: str) -> str:
    """`execute (grenier/handling.py:104)` without its line: one function, not one per line."""
    return _LINE_NUMBER.sub(")", frame)
