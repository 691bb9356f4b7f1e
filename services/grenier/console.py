"""Progress of a long piece of work: a bar on a terminal, now and then a line elsewhere (a log, a pipe)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[int, int, float], None]
LINE_EVERY_S = 2.0


@contextmanager
def progress(title: str) -> Iterator[Show]:
    """Yields `show(done, total, seconds)`: events done, events in all as far as known, seconds since the beginning."""
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}/s"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None, rate="0")
        yield lambda done, total, seconds: bar.update(task, completed=done, total=total, rate=_rate(done, seconds))


def _lines(title: str) -> Show:
    said = time.monotonic()

    def show(done: int, total: int, seconds: float) -> None:
        nonlocal said
        if time.monotonic() - said < LINE_EVERY_S:
            return
        said = time.monotonic()
        left = seconds * (total - done) / max(done, 1)
        print(f"{title} : {done}/{total} événements, {_rate(done, seconds)}/s, encore {left:.0f} s", file=sys.stderr)

    return show


def _rate(done: int, seconds: float) -> str:
    return f"{done / seconds:.0f}" if seconds > 0 else "0"
