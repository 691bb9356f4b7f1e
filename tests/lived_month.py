"""A small federation that has lived a month: three groups of a few households, everything done through the API.

    lived = live(Site(folder))
    a, b = lived.groups[:2]            # two groups that have nothing to do with each other
    a.cycle_id, a.till_id, a.objects["order_id"] …

The first month is lived to its end (orders, regulation, pallets, distribution, till), the second has its window open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.demo import catalogue, federation, load, month
from gateway.demo.client import Api
from gateway.demo.federation import Federation, Group
from gateway.demo.month import Calendar, Cycle, Stage
from tests.house_app import Site

HOUSEHOLDS = 6
LIMITS = {load.COMTE: 2, "Miel de fleurs d'été": 1}
TODAY = datetime(2026, 11, 2, 12, 0, tzinfo=ZoneInfo("Europe/Paris"))


class ShortWire:
    """The API client's transport over a site: no sockets.

    All ids come from the keys of the commands: numbered by their order, they are the same in every run.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._keys: dict[str, str] = {}

    def __call__(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = dict(headers)
        if key := headers.get("Idempotency-Key"):
            headers["Idempotency-Key"] = self._keys.setdefault(key, f"lived-{len(self._keys)}")
        answer = self._site.app.test_client().open(path, method=method, data=body, headers=headers)
        return answer.status_code, dict(answer.headers), answer.get_data()


class QuickStage(Stage):
    """The clock of a site has moved as soon as it was told."""

    def move_to(self, now: datetime) -> None:
        self.api.post("/demo/clock", now=now.isoformat())
        self.pulse()


@dataclass
class Lived:
    site: Site
    stage: Stage
    past: Calendar
    current: Calendar
    past_cycles: list[Cycle] = field(default_factory=list)
    current_cycles: list[Cycle] = field(default_factory=list)

    @property
    def federation(self) -> Federation:
        return self.stage.federation

    @property
    def groups(self) -> list[Group]:
        return self.federation.groups

    def as_(self, person_id: str) -> Api:
        return self.stage.at(person_id)


def live(site: Site, households: int = HOUSEHOLDS, seed: int = load.SEED) -> Lived:
    """Two months in a few seconds; the same seed gives the same people and orders."""
    api = Api(ShortWire(site))
    past, current = month.calendar_of(TODAY, -44, -37, -24), month.calendar_of(TODAY, -2, 5, 18)
    stage = QuickStage(api, Federation("", ""), pulse=site.tick)
    stage.move_to(past.opens_at - timedelta(days=2))
    stage.federation = federation.found(api, seed, households)
    month.import_products(stage, catalogue.products(), (past.opens_at - timedelta(days=60)).date().isoformat())
    lived = Lived(site, stage, past, current)
    _past(lived)
    _current(lived)
    stage.move_to(TODAY.astimezone(UTC))
    return lived


def _past(lived: Lived) -> None:
    stage, past = lived.stage, lived.past
    lived.past_cycles = _open(stage, past)
    for cycle in lived.past_cycles:
        load.order(stage, cycle, share=0.9, drafts=1)
    stage.move_to(past.closes_at + timedelta(minutes=5))
    month.wait_for(stage, past, "closed")
    for cycle in lived.past_cycles:
        month.regulate_all(stage, cycle, "prorata")
        month.freeze(stage, cycle)
    stage.move_to(past.distribution_starts_at - timedelta(days=2))
    deliveries = month.prepare_and_dispatch(stage, past)
    stage.move_to(past.distribution_starts_at - timedelta(hours=3))
    for group in lived.groups:
        month.receive(stage, group, deliveries[group.group_id])
    stage.move_to(past.distribution_starts_at + timedelta(minutes=5))
    for group in lived.groups:
        load.distribute(stage, group, past)


def _current(lived: Lived) -> None:
    lived.stage.move_to(lived.current.opens_at - timedelta(days=1))
    lived.current_cycles = _open(lived.stage, lived.current)
    for cycle in lived.current_cycles:
        load.order(lived.stage, cycle, share=0.6, drafts=1)


def _open(stage: Stage, calendar: Calendar) -> list[Cycle]:
    month.release(stage, calendar)
    cycles = month.schedule(stage, calendar, LIMITS)
    stage.move_to(calendar.opens_at + timedelta(minutes=1))
    month.wait_for(stage, calendar, "open")
    return cycles
