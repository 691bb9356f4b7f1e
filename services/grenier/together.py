"""Several independent things under way together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
FEW = 4  # not worth threads of their own


def each(do: Callable[[T], object], items: Collection[T], at_once: int, name: str) -> None:
    """`do` with each item, `at_once` of them under way together; 1: in order, in this thread.

    Raises the first failure, in order of the items. After a failure nothing more is begun; what was under way ends.
    """
    if at_once == 1 or len(items) < FEW:
        for item in items:
            do(item)
        return
    failed = threading.Event()

    def unless_failed(item: T) -> None:
        if failed.is_set():
            return
        try:
            do(item)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(at_once, name) as pool:
        for _ in pool.map(unless_failed, items):
            pass
