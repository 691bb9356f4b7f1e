"""How a proof is run: in full or small, with which seeds, where."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp


@dataclass(frozen=True, slots=True)
class Form:
    """`scale` multiplies the counts of the long form, so that a proof can be tried with a hundredth of them.

    `kills` and `orders` are those of the long form when not given. A short form is for trying the proofs themselves;
    what `make test` runs are tests of their own.
    """

    folder: Path
    seeds: tuple[int, ...] = (1, 2, 3)
    kills: int = 200
    orders: int = 20_000
    scale: float = 1.0
    short: bool = False
    previous: str = ""  # of T10: the version before (see `versions.beside`)

    @property
    def seed(self) -> int:
        return self.seeds[0]

    @property
    def name(self) -> str:
        return "short" if self.short else "long" if self.scale == 1.0 else f"long × {self.scale:g}"

    def count(self, long: int, short: int) -> int:
        """How many times: 1,000 in full, 50 in short; at least one."""
        return short if self.short else max(1, round(long * self.scale))

    def seconds(self, long: float, short: float) -> float:
        """How long: one minute in full, some seconds in short."""
        return short if self.short else long * self.scale

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        """A folder of its own for one run, cleared afterwards: a long storm leaves gigabytes."""
        folder = Path(mkdtemp(prefix=f"{name}-", dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
