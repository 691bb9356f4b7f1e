"""Programs beside a load: they note things until their standard input ends, and print them as JSON then."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Program:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def told(self) -> Any:
        out, error = self._process.communicate(timeout=60)
        if self._process.returncode:
            raise RuntimeError(error[-2000:])
        return json.loads(out)


@contextmanager
def program(module: str, *words: str, ready: bool = False) -> Iterator[Program]:
    """`ready`: wait until it says so on standard error."""
    process = subprocess.Popen([sys.executable, "-m", module, *words], cwd=ROOT, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    assert process.stderr is not None
    try:
        if ready and (said := process.stderr.readline()) != "ready\n":
            raise RuntimeError(said + process.stderr.read()[-2000:])
        yield Program(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
