"""Python's collections in a process that runs for weeks (record 43).

What a process builds at its start, some 400,000 objects that live as long as it does, makes each full collection cost a
tenth of a second, so Python puts them off for ten minutes and more, and what only they give back piles up. Set aside,
those objects are looked at no more: a full collection looks at what is new alone, and can come often.
"""

from __future__ import annotations

import gc
import threading

BUILT_AFTER_S = 30.0
EVERY_S = 15.0


def collect_until(stopping: threading.Event, built_after_s: float = BUILT_AFTER_S, every_s: float = EVERY_S) -> None:
    """Wait for the end of the process; meanwhile set aside what it is made of, then collect all else again and again."""
    if stopping.wait(built_after_s):
        return
    gc.collect()
    gc.freeze()
    while not stopping.wait(every_s):
        gc.collect()
