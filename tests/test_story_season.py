"""A season of an AMAP, as tests: every step of the story, with fewer households than `make story STORY=amap` has."""

import pytest

from grenier.testing import NOON
from tests.house_app import SERVICES, Site
from tests.in_process import client_of, no_pauses
from tests.story.play import Step, Told, play, steps
from tests.story.season_scene import SeasonScene

HOUSEHOLDS = 14


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("season"))


@pytest.fixture(scope="module")
def told(site: Site) -> dict[str, Told]:
    no_pauses()
    return play(SeasonScene(client_of(site), pulse=site.tick, households=HOUSEHOLDS, started=NOON))


def as_parameter(step: Step) -> object:
    return pytest.param(step, id=step.name, marks=[pytest.mark.behaviour(*step.lines)])


@pytest.mark.parametrize("step", [as_parameter(step) for step in steps("amap")])
def test_step(told: dict[str, Told], step: Step) -> None:
    outcome = told.get(step.name)
    assert outcome is not None, "an earlier step failed"
    if outcome.error is not None:
        raise outcome.error
    assert outcome.said


@pytest.mark.parametrize("name", [*SERVICES, "gateway"])
def test_every_view_after_the_season_equals_a_replay(told: dict[str, Told], site: Site, name: str) -> None:
    assert site.house.dump(name) == site.house.rebuilt_dump(name)
