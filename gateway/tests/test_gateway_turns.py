"""Who waits for a turn gets it in the order of coming, and what is given back is never lost (T11)."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gateway.turns import Turns

PATIENCE_S = 20.0
LONG_S = 30.0


def beside(pool: ThreadPoolExecutor, turns: Turns, patience_s: float = LONG_S) -> Future[bool]:
    """Somebody who waits; is in the queue when this returns."""
    before = turns.waiting
    found = pool.submit(turns.take, patience_s)
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.001)):
        if turns.waiting > before:
            return found
        pause.wait(0.001)
    raise TimeoutError


def test_so_many_hold_a_turn_and_who_may_not_wait_is_told_so_at_once() -> None:
    turns = Turns(2, 0)
    assert [turns.take(LONG_S) for _ in range(3)] == [True, True, False]
    turns.give_back()
    assert turns.take(LONG_S)
    assert not turns.full, "where nobody may ever wait there is no queue that could be full"


def test_who_comes_at_the_moment_a_turn_is_given_back_does_not_overtake() -> None:
    turns = Turns(1, 5)
    assert turns.take(0)
    with ThreadPoolExecutor(1) as pool:
        first = beside(pool, turns)
        turns.give_back()
        assert not turns.take(0), "the turn is whose it was promised, awake or not"
        assert first.result(PATIENCE_S)
    turns.give_back()
    assert turns.take(0)


def test_the_order_of_coming_is_the_order_of_the_turns() -> None:
    turns, done = Turns(1, 5), []
    assert turns.take(0)
    with ThreadPoolExecutor(5) as pool:
        for name in "abcde":
            beside(pool, turns).add_done_callback(lambda _, name=name: done.append(name))
        assert turns.full
        for at in range(1, 6):
            turns.give_back()
            pause = threading.Event()
            while len(done) < at:
                pause.wait(0.001)
    assert done == list("abcde")


def test_who_has_no_patience_left_leaves_the_queue_and_the_wait_is_told() -> None:
    told: list[float] = []
    turns = Turns(1, 1, told.append)
    assert turns.take(LONG_S)
    assert not told, "who had not to wait"
    assert not turns.take(0.01)
    assert len(told) == 1
    assert told[0] >= 0.01
    assert turns.waiting == 0


@pytest.mark.parametrize("patience_s", [0.0, 0.0005, 0.002])
def test_a_turn_that_comes_as_patience_ends_is_not_lost(patience_s: float) -> None:
    turns = Turns(2, 50)

    def often() -> int:
        taken = 0
        for _ in range(300):
            if turns.take(patience_s):
                taken += 1
                turns.give_back()
        return taken

    with ThreadPoolExecutor(8) as pool:
        assert sum(one.result(PATIENCE_S) for one in [pool.submit(often) for _ in range(8)]) > 0
    assert turns.waiting == 0
    assert [turns.take(0) for _ in range(3)] == [True, True, False]
