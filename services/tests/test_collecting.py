"""A process that runs for weeks gives back what it no longer needs, soon, and without a long pause."""

import gc
import threading
import time
import weakref

from grenier.collecting import collect_until


class Ring:
    def __init__(self):
        self.itself = self


def test_rings_left_behind_are_given_back_soon_and_what_was_there_is_looked_at_no_more():
    stopping = threading.Event()
    waiting = threading.Thread(target=collect_until, args=(stopping, 0.0, 0.01))
    gc.disable()  # what is given back here is given back by these collections alone
    try:
        waiting.start()
        until = time.monotonic() + 10
        while gc.get_freeze_count() == 0 and time.monotonic() < until:
            time.sleep(0.01)
        assert gc.get_freeze_count() > 10_000
        left = weakref.ref(Ring())
        while left() is not None and time.monotonic() < until:
            time.sleep(0.01)
        assert left() is None
    finally:
        stopping.set()
        waiting.join(10)
        gc.unfreeze()
        gc.enable()
    assert not waiting.is_alive()


def test_a_process_that_ends_at_once_waits_for_nothing():
    stopping = threading.Event()
    stopping.set()
    collect_until(stopping)
    assert gc.get_freeze_count() == 0
