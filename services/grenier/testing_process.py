"""pytest plugin: what tests share by running in one process on one machine, kept from deciding what they say.

- What a service of another file told about its health is forgotten when a file begins.
- A file that leaves something of the house at work (a subscription, a timer) is in error: it would sleep on the clocks and
  write into the outputs of tests that follow.
- What tests have left open is closed now and then, so that a long run stays below a machine's limit of files.
- Processors: files whose tests mostly wait (for servers, for a patience to end) are played between those that compute, so
  that workers side by side have some of both.
- A machine that stands still (a paused virtual machine, a host that gives its processors to others) breaks every wait. A
  thread that wakes all the time sees that. A test that fails while the machine stood still is played again, with whatever it
  shares with others built anew, and the summary says RERUN; a test that fails on a machine that ran has failed (decision
  0036).
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from time import monotonic, sleep  # the real ones: tests put clocks of their own in the module's place

import pytest

from grenier import subscription
from grenier.health import HEALTH

ENDS_WITHIN_S = 5.0
MANY_FILES = 300
MOSTLY_WAIT = ("services", "infra")
WAKES_EVERY_S = 0.05
STOOD_STILL_S = 0.5
PLAYED_AGAIN = 2


class Stillness:
    """Whether the machine stood still since a test began, seen by a thread that should have woken."""

    def __init__(self) -> None:
        self._stood_still_at = float("-inf")
        self._test_began = float("-inf")
        threading.Thread(target=self._watch, name="stillness", daemon=True).start()

    def _watch(self) -> None:
        while True:
            slept_at = monotonic()
            sleep(WAKES_EVERY_S)
            if monotonic() - slept_at >= STOOD_STILL_S:
                self._stood_still_at = monotonic()

    def test_begins(self) -> None:
        self._test_began = monotonic()

    def during_this_test(self, error: BaseException | None = None) -> bool:
        """Asked after every test; `error`: what it failed with."""
        if error is not None:
            sleep(2 * WAKES_EVERY_S)  # a test may have woken, and failed, before the thread that watches
        return self._stood_still_at > self._test_began


STILLNESS = pytest.StashKey[Stillness]()
_module = ""


@pytest.fixture(autouse=True, scope="module")
def nothing_of_another_file() -> Iterator[None]:
    HEALTH.forget()
    yield
    until = monotonic() + ENDS_WITHIN_S
    while (left := at_work()) and monotonic() < until:
        sleep(WAKES_EVERY_S)
    assert not left, "this file leaves at work: " + ", ".join(left)


def at_work() -> list[str]:
    """Names of the threads that follow the log or act by the clock for a service."""
    frames = sys._current_frames()
    return sorted(
        thread.name
        for thread in threading.enumerate()
        if thread.ident in frames
        and any(
            frame.f_code.co_filename == subscription.__file__ for frame, _ in traceback.walk_stack(frames[thread.ident])
        )
        and thread is not threading.current_thread()
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STILLNESS] = Stillness()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    again = pytest.mark.flaky(reruns=PLAYED_AGAIN, condition=config.stash[STILLNESS].during_this_test)
    for item in items:
        item.add_marker(again)
    items[:] = dealt(items)


def dealt(items: list[pytest.Item]) -> list[pytest.Item]:
    """File by file, one that computes and one that waits in turn, each kind in the order it was collected in."""
    computing: dict[Path, list[pytest.Item]] = {}
    waiting: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files = waiting if item.nodeid.partition("/")[0] in MOSTLY_WAIT else computing
        files.setdefault(item.path, []).append(item)
    return [*chain.from_iterable(chain.from_iterable(zip_longest(computing.values(), waiting.values(), fillvalue=[])))]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if getattr(item, "execution_count", 1) > 1:
        end_what_is_shared(item)
    item.config.stash[STILLNESS].test_begins()


def end_what_is_shared(item: pytest.Item) -> None:
    """What the test has left half done in the house of its file would decide when it is played again: let it be built anew."""
    if isinstance(item, pytest.Function):
        fixtures = item._fixtureinfo.name2fixturedefs
        for fixture in reversed(list(chain.from_iterable(fixtures.values()))):
            fixture.finish(item._request)


def pytest_runtest_logfinish(nodeid: str, location: tuple[str, int | None, str]) -> None:
    """Databases and sockets of houses that nobody holds any more wait in cycles for the collector; at the end of a file."""
    global _module
    module, _, _ = nodeid.partition("::")
    if module != _module and len(os.listdir("/proc/self/fd")) > MANY_FILES:
        gc.collect()
    _module = module
