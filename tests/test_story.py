"""The month of the federation, as tests: every step of the story, citing the lines of the source documents it shows."""

from pathlib import Path

import pytest

from grenier.testing import NOON
from tests.house_app import SERVICES, Site
from tests.in_process import client_of, no_pauses
from tests.story.play import Step, Told, play, steps
from tests.story.scene import Scene


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def told(site: Site) -> dict[str, Told]:
    no_pauses()
    return play(Scene(client_of(site), pulse=site.tick, started=NOON))


def as_parameter(step: Step) -> object:
    return pytest.param(step, id=step.name, marks=[pytest.mark.behaviour(*step.lines)])


@pytest.mark.parametrize("step", [as_parameter(step) for step in steps()])
def test_step(told: dict[str, Told], step: Step) -> None:
    outcome = told.get(step.name)
    assert outcome is not None, "an earlier step failed"
    if outcome.error is not None:
        raise outcome.error
    assert outcome.said


@pytest.mark.parametrize("name", [*SERVICES, "gateway"])
def test_every_view_after_the_month_equals_a_replay(told: dict[str, Told], site: Site, name: str) -> None:
    assert site.house.dump(name) == site.house.rebuilt_dump(name)


@pytest.mark.slow
def test_the_month_over_real_processes(tmp_path: Path) -> None:
    from gateway.demo.client import Api, Http
    from grenier_infra.launcher.testing import installation

    with installation(tmp_path / "data", demo=True, GRENIER_DEMO_LOAD="0") as running:
        found = play(Scene(Api(Http(running.url))))
        failed = [told for told in found.values() if told.error is not None]
        if failed:
            raise failed[0].error  # type: ignore[misc]
        assert len(found) == len(steps())
