"""Threads of a process compute one after another, and nobody waits for long (`grenier.baton`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from grenier.baton import Baton

ENOUGH_S = 30.0
FOR_EVER_S = 3_600.0


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(12) as made:
        yield made


def begun(pool: ThreadPoolExecutor, baton: Baton, do: Callable[[], object]) -> Future[object]:
    def run() -> object:
        baton.take()
        try:
            return do()
        finally:
            baton.give()

    return pool.submit(run)


def test_one_after_another(pool: ThreadPoolExecutor) -> None:
    baton, inside, most = Baton(FOR_EVER_S), [0], [0]

    def compute() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.001)
        inside[0] -= 1

    for one in [begun(pool, baton, compute) for _ in range(40)]:
        one.result(ENOUGH_S)
    assert most == [1]


def test_who_waits_for_something_lets_the_next_one_compute(pool: ThreadPoolExecutor) -> None:
    baton, answer, asked = Baton(FOR_EVER_S), threading.Event(), threading.Event()

    def ask() -> bool:
        with baton.down():
            asked.set()
            return answer.wait(ENOUGH_S)

    waiting = begun(pool, baton, ask)
    assert asked.wait(ENOUGH_S)
    assert begun(pool, baton, lambda: "computed").result(ENOUGH_S) == "computed"
    answer.set()
    assert waiting.result(ENOUGH_S) is True


def test_who_waited_has_it_again_before_computing(pool: ThreadPoolExecutor) -> None:
    baton, go, answer, asked = Baton(FOR_EVER_S), threading.Event(), threading.Event(), threading.Event()
    order: list[str] = []

    def ask() -> None:
        with baton.down():
            asked.set()
            answer.wait(ENOUGH_S)
        order.append("answered")

    def compute() -> None:
        answer.set()
        go.wait(0.2)  # the other one would come in here, if it could
        order.append("computed")

    waiting = begun(pool, baton, ask)
    assert asked.wait(ENOUGH_S)
    begun(pool, baton, compute).result(ENOUGH_S)
    waiting.result(ENOUGH_S)
    assert order == ["computed", "answered"]


def test_an_error_gives_it_on(pool: ThreadPoolExecutor) -> None:
    baton = Baton(FOR_EVER_S)

    def fails() -> None:
        with baton.down():
            raise LookupError

    with pytest.raises(LookupError):
        begun(pool, baton, fails).result(ENOUGH_S)
    assert begun(pool, baton, lambda: 1).result(ENOUGH_S) == 1


def test_nobody_waits_for_who_computes_long(pool: ThreadPoolExecutor) -> None:
    baton, ended, started = Baton(0.01), threading.Event(), threading.Event()

    def long() -> bool:
        started.set()
        return ended.wait(ENOUGH_S)

    document = begun(pool, baton, long)
    assert started.wait(ENOUGH_S)
    for one in [begun(pool, baton, lambda: 1) for _ in range(8)]:
        assert one.result(ENOUGH_S) == 1  # beside it
    ended.set()
    assert document.result(ENOUGH_S) is True
    baton.take()  # it was given back, by who had it and nobody else
    assert baton._thread.holds
    baton.give()


def test_while_one_computes_long_only_the_first_waits_at_all() -> None:
    baton, told = Baton(0.3), []
    baton.take()

    def beside() -> None:
        began = time.monotonic()
        baton.take()
        told.append(time.monotonic() - began)
        baton.give()

    for _ in range(2):
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join(ENOUGH_S)
    baton.give()
    assert told[0] >= 0.3
    assert not baton._kept_long, "who has it back starts anew"


def test_threads_that_run_without_it_wait_as_ever() -> None:
    baton = Baton(FOR_EVER_S)
    with baton.down():
        baton.sleep(0.0)
    baton.take()
    assert baton._thread.holds
    baton.give()
