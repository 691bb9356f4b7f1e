"""Steps in the order of their files; each is a function of the scene that raises when a figure is wrong."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.story.scene import Scene
    from tests.story.season_scene import SeasonScene

Act = Callable[["Scene"], str] | Callable[["SeasonScene"], str]
STORIES = {
    "month": ("steps_orders", "steps_goods", "steps_day"),
    "amap": (
        "season_contracts", "season_cheques", "season_rounds", "season_gatherings", "season_changes", "season_end",
        "season_papers", "season_winter",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    title: str
    lines: tuple[str, ...]
    act: Act

    @property
    def name(self) -> str:
        return f"{self.act.__module__.rpartition('.')[2].removeprefix('steps_')}-{self.act.__name__}"


_STEPS: dict[str, list[Step]] = {}


def step(title: str, *lines: str) -> Callable[[Act], Act]:
    """The next step of the story; `lines`: what it shows of the source documents."""

    def enter(act: Act) -> Act:
        _STEPS.setdefault(act.__module__.rpartition(".")[2], []).append(Step(title, lines, act))
        return act

    return enter


def steps(story: str = "month") -> list[Step]:
    for chapter in STORIES[story]:
        importlib.import_module(f"tests.story.{chapter}")
    return [each for chapter in STORIES[story] for each in _STEPS[chapter]]


@dataclass
class Told:
    """What became of a step: `said` when it went well, `error` when not, neither when it was not reached."""

    step: Step
    said: str = ""
    error: Exception | None = None
    seconds: float = 0.0


def play(scene: Scene | SeasonScene, on_step: Callable[[Told], None] = lambda told: None) -> dict[str, Told]:
    """Set up and play; stops at the first step that fails."""
    scene.set_up()
    result: dict[str, Told] = {}
    for each in steps(scene.story):
        told = Told(each)
        result[each.name] = told
        started = time.perf_counter()
        try:
            told.said = each.act(scene) or "fait"  # type: ignore[arg-type]
        except Exception as error:  # a failed check, a refusal, a timeout: all end the story and are shown
            told.error = error
        told.seconds = time.perf_counter() - started
        on_step(told)
        if told.error is not None:
            break
    return result
