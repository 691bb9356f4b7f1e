"""Feeds of the log: shared or own, nothing is missing, nothing waits for the slowest."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import pytest

from grenier import wire as module
from grenier.log.memory import MemoryLog
from grenier.log.protocol import NO_STREAM, CaughtUp, LogUnavailable, NewEvent, Recorded
from grenier.subscription import Follower
from grenier.wire import Feed, OwnFeed, Waiting, Wire

PATIENCE_S = 20.0


def write(log: MemoryLog, kind: str, count: int = 1) -> list[int]:
    """Each event in a stream of its own; their positions."""
    return [
        log.append(f"thing-{uuid4()}", [NewEvent(uuid4(), kind, b"{}", b"")], expected=NO_STREAM).position
        for _ in range(count)
    ]


def positions(feed: Feed, until: Callable[[list[int]], bool]) -> list[int]:
    """What a feed brings, without the repetitions that it may bring where past and present meet."""
    found: list[int] = []
    deadline = time.monotonic() + PATIENCE_S
    while not until(found):
        assert time.monotonic() < deadline, found
        for item in feed.gather(0.2, 0.0):
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, Recorded) and item.position > max(found, default=0):
                found.append(item.position)
    return found


@pytest.fixture
def log() -> Iterator[MemoryLog]:
    made = MemoryLog()
    yield made
    made.close()


@pytest.fixture
def wire(log: MemoryLog) -> Iterator[Wire]:
    made = Wire(log, ["orders.", "ledger."])
    yield made
    made.stop()


def test_past_and_present_without_a_gap(log: MemoryLog, wire: Wire) -> None:
    before = write(log, "orders.a", 5)
    writing = threading.Thread(target=lambda: write(log, "orders.b", 300))
    writing.start()
    feed = wire.open(before[1], ["orders."])
    found = positions(feed, lambda found: len(found) == 303)
    writing.join()
    assert found == [event.position for event in log.read_all(after=before[1])]


def test_each_gets_its_own_kinds_only(log: MemoryLog, wire: Wire) -> None:
    orders, ledger = wire.open(None, ["orders."]), wire.open(None, ["ledger."])
    expected = {"orders.": write(log, "orders.a", 2), "ledger.": write(log, "ledger.a", 3)}
    write(log, "notify.a")
    assert positions(orders, lambda found: len(found) == 2) == expected["orders."]
    assert positions(ledger, lambda found: len(found) == 3) == expected["ledger."]


def test_who_is_too_slow_loses_its_place_and_the_others_go_on(
    log: MemoryLog, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    slow, quick = wire.open(None, ["orders."]), wire.open(None, ["orders."])
    while not any(isinstance(item, CaughtUp) for item in slow.gather(0.1, 0.0)):
        pass
    written = write(log, "orders.a", 5)
    assert positions(quick, lambda found: len(found) == 5) == written
    for _ in range(4):
        written += write(log, "orders.a", 5)
        positions(quick, lambda found, upto=written[-1]: upto in found)  # type: ignore[misc]
    with pytest.raises(LogUnavailable, match="behind"):
        positions(slow, lambda found: False)
    assert positions(wire.open(None, ["orders."]), lambda found: len(found) == 25) == written


def test_a_lost_subscription_ends_every_feed_and_new_ones_begin(log: MemoryLog, wire: Wire) -> None:
    feed = wire.open(None, ["orders."])
    written = write(log, "orders.a", 2)
    assert positions(feed, lambda found: len(found) == 2) == written
    assert wire._subscription is not None
    wire._subscription.stop()
    with pytest.raises(LogUnavailable):
        positions(feed, lambda found: False)
    written += write(log, "orders.a")
    assert positions(wire.open(written[0], ["orders."]), lambda found: len(found) == 2) == written[1:]


def test_a_reader_far_ahead_waits_and_can_be_stopped(log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    written = write(log, "orders.a", 50)
    feed = OwnFeed(log.subscribe(after=None, types=["orders."]), "slow")
    time.sleep(0.1)
    assert len(feed._waiting) <= 11
    assert positions(feed, lambda found: len(found) == 50) == written
    feed.stop()


def test_a_batch_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 3)
    waiting = Waiting()
    for number in range(5):
        waiting.put(LogUnavailable(str(number)))
    assert [[str(item) for item in waiting.gather(0, 0)] for _ in range(3)] == [["0", "1", "2"], ["3", "4"], []]


class Noting:
    """A consumer that fails now and then."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.takes = 0

    def position(self) -> int:
        return self.seen[-1] if self.seen else -1

    def take(self, batch: Sequence[Recorded], upto: int) -> None:
        self.takes += 1
        if self.takes % 5 == 0:
            raise RuntimeError("now and then")
        self.seen += [event.position for event in batch if event.position > self.position()]


def test_a_follower_on_a_shared_wire_takes_everything_once_and_in_order(
    log: MemoryLog, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grenier.subscription.FIRST_PAUSE_S", 0.01)
    consumer = Noting()
    follower = Follower("noting", wire, ["orders."], consumer)
    thread = threading.Thread(target=follower.run)
    thread.start()
    written = []
    for _ in range(60):
        written += write(log, "orders.a", 3)
        time.sleep(0.005)
    deadline = time.monotonic() + PATIENCE_S
    while consumer.seen != written and time.monotonic() < deadline:
        time.sleep(0.02)
    follower.stop()
    thread.join(5)
    assert consumer.seen == written
