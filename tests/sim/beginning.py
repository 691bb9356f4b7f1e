"""The founded federation as every run of this process begins with it; the same in every process."""

from __future__ import annotations

from dataclasses import dataclass

from grenier.runtime import load_service
from tests.sim.founding import Cast, Founder
from tests.sim.ground import STORES
from tests.sim.judge_views import VIEWERS, keep_replayed
from tests.sim.wires import Books
from tests.sim.world import World


@dataclass(frozen=True)
class Beginning:
    """What every run starts from."""

    images: dict[str, bytes]
    log: Books
    cast: Cast
    monotonic_s: float
    position: int
    # What the mail server had taken by then.
    mails: dict[str, int]


_beginning: Beginning | None = None


def the_beginning() -> Beginning:
    """Founded once per process, through the doors, with nothing going wrong."""
    global _beginning
    if _beginning is None:
        world = World("founding")
        world.weather.calm()
        for name in VIEWERS:
            load_service(name)
        with world.standing():
            STORES.reset({})
            for process in world.processes:
                process.start()
            world.cast = Founder(world).found()
            world.settle()
            if world.broken:
                raise AssertionError(world.broken)
            keep_replayed(world)
            _beginning = Beginning(
                STORES.images(),
                world.log,
                world.cast,
                world.ground.monotonic_s,
                world.clients.position,
                dict(world.post.taken),
            )
    return _beginning
