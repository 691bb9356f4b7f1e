"""T8: however often and in whatever order a window of the log is delivered, the views are the same bytes.

The promise as it is kept: the wire (one subscription, one stream of HTTP/2) brings the events of the log in its order, at
least once. So between batches only repetitions and returns to older positions occur, and what lies behind the consumer's
position has been seen. Within a batch nothing depends on the order: the follower puts it right. Each window of at most
100 events is therefore one batch here, its events one to five times and shuffled, older windows again in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grenier.config import Settings
from grenier.log.protocol import CaughtUp, Checkpoint, Recorded
from grenier.projector import BEFORE_ALL, Projector
from grenier.readmodel import Database, dump
from grenier.runtime import keys_of, load_service
from grenier.subscription import Follower
from tests.sim.ground import STORES, standing
from tests.sim.judge_views import VIEWERS
from tests.sim.wires import Batch

if TYPE_CHECKING:
    from tests.sim.world import World

WINDOW = 100
MOST_TIMES = 5


class Views:
    """The views of one service in a database of their own, behind the product's follower."""

    def __init__(self, name: str, installation: Settings, address: str) -> None:
        self.service = load_service(name)
        STORES.clear(address)
        self._database = Database(address, name)
        self._projector = Projector(self._database, self.service.all_views, keys_of(self.service, installation))
        self.reads = self._projector.reads()
        self._follower = Follower(name, _NoLog(), self.reads, self)  # type: ignore[arg-type]

    def position(self) -> int:
        return self._projector.position()

    def take(self, batch: Sequence[Recorded], upto: int) -> None:
        self._projector.apply(batch, upto)

    def receive(self, items: Sequence[Any]) -> None:
        self._follower._take_batch(Batch(list(items)))

    def dump(self) -> bytes:
        assert not any(self._projector.parked_by_view().values())
        return dump(self._database, [table for view in self.service.all_views for table in view.tables])


class _NoLog:
    def subscribe(self, **_: Any) -> Any:
        raise AssertionError("fed by hand")


def windows(events: Sequence[Recorded], rng: Random) -> Iterator[list[Any]]:
    """The log as it may arrive: in windows, shuffled, doubled, older ones again, checkpoints in between."""
    start = 0
    while start < len(events):
        window = list(events[start : start + rng.randint(1, WINDOW)])
        start += len(window)
        items: list[Any] = [event for event in window for _ in range(rng.randint(1, MOST_TIMES))]
        if rng.random() < 0.5:
            older = rng.randrange(start)
            items += events[older : older + rng.randint(1, WINDOW)][: start - older]
        rng.shuffle(items)
        if rng.random() < 0.3:
            items += [Checkpoint(window[-1].position), CaughtUp(window[-1].position)]
        yield items
        if rng.random() < 0.2:
            yield [event for event in items if isinstance(event, Recorded)]


def once_in_order(name: str, installation: Settings, events: Sequence[Recorded]) -> bytes:
    views = Views(name, installation, f"once:{name}")
    views.receive(_wanted(views, events))
    return views.dump()


def often_in_disorder(name: str, installation: Settings, events: Sequence[Recorded], rng: Random) -> bytes:
    views = Views(name, installation, f"often:{name}")
    for items in windows(_wanted(views, events), rng):
        views.receive(items)
    assert views.position() > BEFORE_ALL
    return views.dump()


def _wanted(views: Views, events: Sequence[Recorded]) -> list[Recorded]:
    return [event for event in events if event.type.startswith(tuple(views.reads))]


def check(world: World, examples: int) -> None:
    """Hypothesis looks for a service and an order of delivery whose views differ; `world` has run, on its own ground."""
    events, once = world.log.everything(), dict[str, bytes]()

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(name=st.sampled_from(VIEWERS), rng=st.randoms(use_true_random=False))
    def same(name: str, rng: Random) -> None:
        if name not in once:
            once[name] = once_in_order(name, world.settings, events)
        assert often_in_disorder(name, world.settings, events, rng) == once[name], name

    with standing(world.ground):
        same()
