"""« À faire »: what the home page lists. Areas register functions; the page collects, sorts and shows.

    @task_source(rule(may="orders.regulate"))
    def to_regulate() -> Iterable[Task]:
        ...

A source runs only for people who fulfil its rule, in some scope. A source that cannot answer at the moment is named on the page;
the others still show.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from gateway.access import Rule, allows
from gateway.access import rule as make_rule
from gateway.formats import as_instant
from grenier.errors import GrenierError

URGENCIES = ("late", "soon", "normal", "info")


@dataclass(frozen=True)
class Task:
    """One thing to do. `deadline`: UTC instant; `minutes`: estimated time; `button`: the verb that does it."""

    title: str
    url: str
    button: str
    detail: str = ""
    deadline: datetime | str | None = None
    minutes: int | None = None
    urgency: str = "normal"  # one of URGENCIES; "soon" and "late" are also derived from the deadline
    icon: str = ""


Source = Callable[[], Iterable[Task]]
_SOURCES: dict[str, tuple[Source, Rule]] = {}
SOON_S = 24 * 3600


def task_source(declared: Rule | None = None) -> Callable[[Source], Source]:
    """Register a function that lists tasks of the signed-in person."""

    def register(source: Source) -> Source:
        _SOURCES[f"{source.__module__}.{source.__qualname__}"] = (source, declared or make_rule("person"))
        return source

    return register


def collect() -> tuple[list[Task], bool]:
    """(tasks, whether all sources answered), the most pressing first."""
    tasks: list[Task] = []
    complete = True
    for source, declared in _SOURCES.values():
        if not allows(declared, {}):
            continue
        try:
            tasks.extend(source())
        except GrenierError:
            complete = False
    return sorted(tasks, key=_order), complete


def urgency_of(task: Task) -> str:
    """The stated urgency, raised by a near or past deadline."""
    if task.deadline is None or task.urgency in ("late", "info"):
        return task.urgency
    left_s = (as_instant(task.deadline) - current_app.extensions["grenier"].clock.now()).total_seconds()
    if left_s < 0:
        return "late"
    return "soon" if left_s < SOON_S else task.urgency


def _order(task: Task) -> tuple[int, float, str]:
    instant = as_instant(task.deadline).timestamp() if task.deadline else float("inf")
    return URGENCIES.index(urgency_of(task)), instant, task.title
