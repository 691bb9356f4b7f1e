"""The proofs about death and return, in short, one after the other in one installation (T1, T2, T3, T10, T14, T15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.chaos import checks, t01_kills, t02_control, t03_answer_lost, t10_rolling, t14_disk_lost, t15_backup
from tests.chaos.acts import Act
from tests.chaos.stage import Scene, opened

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

# One of each kind; the long form restarts them all.
RESTARTED = ("eventnode", "broker", "gateway", "serve-orders", "work-ledger", "mailer")


@dataclass
class Played:
    """The installation and everything that was asked of it so far."""

    scene: Scene
    acts: list[Act] = field(default_factory=list)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with opened(tmp_path_factory.mktemp("chaos"), 1, GRENIER_TEST_SWITCHES="node-faults") as scene:
        yield Played(scene)


def shown(figures: dict[str, Any]) -> None:
    print("\n".join(f"{name:>20}  {value}" for name, value in figures.items()))


@pytest.mark.behaviour("S1:34")
@pytest.mark.proof("T1")
def test_nothing_is_lost_or_double_when_processes_are_killed(played: Played) -> None:
    figures, problems = t01_kills.storm(played.scene, kills=10, commands=400, before=played.acts)
    shown(figures)
    assert problems == []
    assert figures["acknowledged"] >= 400


@pytest.mark.proof("T3")
def test_a_lost_answer_is_given_again(played: Played) -> None:
    figures, problems, acts = t03_answer_lost.lose(played.scene, 25)
    played.acts += acts
    shown(figures)
    assert problems == []
    assert figures["answers_lost"] >= 25


@pytest.mark.proof("T10")
def test_a_rolling_restart_is_nobodys_error(played: Played) -> None:
    figures, problems, acts = t10_rolling.restart(played.scene, names=RESTARTED)
    played.acts += acts
    shown(figures)
    assert problems == []
    assert figures["restarts"] == len(RESTARTED)


@pytest.mark.proof("T14")
@pytest.mark.parametrize("service", ["ledger", "gateway"])
def test_a_lost_disk_comes_back_from_the_log(played: Played, service: str) -> None:
    problems = t14_disk_lost.lose(played.scene, service, played.acts).problems
    assert problems == []


def test_all_of_it_stands_in_the_log_once(played: Played) -> None:
    """What the proofs before asked for, judged together: log, books, balances, every view."""
    found = checks.check(played.scene, played.acts)
    assert found["problems"] == []
    assert (found["lost"], found["duplicates"]) == (0, 0)


@pytest.mark.proof("T15")
def test_a_backup_under_load_is_an_exact_prefix(played: Played, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("backup")
    figures, problems, acts, log = t15_backup.back_up(played.scene, folder / "kept")
    played.acts += acts
    put, found = t15_backup.bring_back(played.scene, folder / "kept", folder / "new", played.acts, log)
    shown(figures | put)
    assert problems + found == []


@pytest.mark.proof("T2")
def test_without_idempotency_the_same_would_double(played: Played) -> None:
    """Last: what it leaves in the books is wrong on purpose."""
    figures, problems = t02_control.beside(played.scene, kills=6, commands=200)
    shown(figures)
    assert problems == []
