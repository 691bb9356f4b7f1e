"""Where the storms are played: a real installation, a small federation whose order window is open, a till per group; the
AMAP has a season with its contracts.

with opened(folder, seed=1) as scene:
    crowd = Crowd(scene, clients=8); crowd.run(...)
    checks.check(scene, crowd.acts)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from gateway.demo import catalogue, federation, month, season_acts
from gateway.demo.client import Api, Http
from gateway.demo.federation import Group, Household
from gateway.demo.load import ZONE
from gateway.demo.month import Calendar, Cycle, Stage
from grenier.config import Settings
from grenier_infra.launcher.testing import Installation, installation
from tests.chaos import season
from tests.chaos.season import Season

HOUSEHOLDS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """One household and where it orders and pays. `till_id` is empty where no money may change hands (AMAP)."""

    group: Group
    home: Household
    cycle_id: str
    till_id: str


@dataclass
class Scene:
    running: Installation
    stage: Stage
    calendar: Calendar
    cycles: list[Cycle]
    seed: int
    tills: dict[str, str] = field(default_factory=dict)  # group -> till
    # Of commands: one number is one key, whoever of the scene's clients uses it.
    numbers: Iterator[int] = field(default_factory=count)
    season: Season | None = None

    @property
    def settings(self) -> Settings:
        """As the processes of the installation have them."""
        return Settings.from_env(self.running.env)

    @property
    def products(self) -> list[str]:
        return sorted(self.stage.federation.products.values())

    def places(self) -> list[Place]:
        return [
            Place(cycle.group, home, cycle.cycle_id, self.tills.get(cycle.group.group_id, ""))
            for cycle in self.cycles
            for home in cycle.group.households
        ]


@contextmanager
def opened(
    folder: Path, seed: int, *, households: int = HOUSEHOLDS, only: Sequence[str] = (), python: str = sys.executable,
    **env: str,
) -> Iterator[Scene]:  # fmt: skip
    """An installation of our own with its window open; stopped afterwards. `env` goes to all its processes."""
    with installation(folder, demo=True, only=only, python=python, **{"GRENIER_DEMO_LOAD": "0", **env}) as running:
        yield prepare(running, seed, households)


def prepare(running: Installation, seed: int, households: int = HOUSEHOLDS) -> Scene:
    """A small federation in an empty installation, its window open, a till open in each group that has one, a season in the other."""
    api = Api(Http(running.url), seed=f"chaos/{seed}")
    stage = Stage(api, federation.found(api, seed, households))
    today = datetime.now(UTC).astimezone(ZONE)
    calendar = month.calendar_of(today, 1, 8, 15)
    month.import_products(stage, catalogue.products(), (today - timedelta(days=60)).date().isoformat())
    month.release(stage, calendar)
    cycles = month.schedule(stage, calendar, {})
    lived = season.found(stage, calendar)
    stage.move_to(calendar.opens_at + timedelta(minutes=1))
    month.wait_for(stage, calendar, "open")
    season_acts.wait_for(stage, lived.group, lived.round_id, "open")
    scene = Scene(running, stage, calendar, cycles, seed, season=lived)
    for group in stage.federation.groups:
        if group.kind != "csa":
            opening = stage.at(group.treasurer).post(f"/groups/{group.group_id}/tills", float_cents=month.FLOAT_CENTS)
            scene.tills[group.group_id] = str(opening["id"])
    return scene
