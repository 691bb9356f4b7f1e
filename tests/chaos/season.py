"""The season of the storms' AMAP: weekly vegetables with cheques and an exchange, jam whose order round is open.

Founded through the API in some seconds. What a household does in it are stories (`season_stories`), one act after the other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from gateway.demo import season_acts
from gateway.demo.federation import Group, Household
from gateway.demo.month import Calendar, Stage
from gateway.demo.season import ZONE, Contract, Dates, terms
from tests.chaos.acts import Act
from tests.chaos.season_stories import STORIES, Cast, Story

if TYPE_CHECKING:
    from tests.chaos.stage import Place

THURSDAY = 3
# The first basket is far enough ahead that no date is closed during the longest storm; the round opens with the window.
FIRST_IN_DAYS = 21
CHEQUES = 2


@dataclass
class Home:
    """A household in the season, and how far its stories have got."""

    cast: Cast
    _told: dict[str, tuple[Story, Act | None]] = field(default_factory=dict)

    def next_act(self, name: str, key: str, number: int, rng: random.Random) -> Act | None:
        """The act that follows in this story what its last act was told; None when that was never told anything."""
        if name not in self._told:
            story = STORIES[name](self.cast, rng)
            next(story)
            self._told[name] = story, None
        story, last = self._told[name]
        if last and not last.position:
            return None
        step = story.send((last, number))
        assert step is not None
        act = Act(step.kind, step.method, f"/api/v1{step.path}", step.person_id, key, dict(step.body), dict(step.facts))
        act.after = last.position if last else 0
        self._told[name] = story, act
        return act


@dataclass
class Season:
    """`position`: of the log when all was founded; `jars`: what may be ordered in the round."""

    group: Group
    vegetables: Contract
    jam: Contract
    homes: dict[str, Home] = field(default_factory=dict)
    position: int = 0

    @property
    def round_id(self) -> str:
        return self.jam.round_id(0)

    @property
    def jars(self) -> list[str]:
        return [str(option["option_id"]) for option in self.jam.terms["options"]]

    def has(self, place: Place) -> bool:
        return place.home.household_id in self.homes

    def home(self, place: Place) -> Home:
        return self.homes[place.home.household_id]


def found(stage: Stage, calendar: Calendar) -> Season:
    """Contracts open, every household subscribed and confirmed, cheques expected, everybody a taker of baskets."""
    group = next(each for each in stage.federation.groups if each.kind == "csa")
    opens = calendar.opens_at.astimezone(ZONE).date()
    first = opens + timedelta(days=FIRST_IN_DAYS)
    first += timedelta(days=(THURSDAY - first.weekday()) % 7)
    dates = Dates(first, (0, 4, 8), opens_days_before=(first - opens).days)
    season = Season(group, _opened(stage, group, "vegetables", dates), _opened(stage, group, "jam", dates))
    settings = {"enabled": True, "cutoff_hours": 24}
    space = f"/groups/{group.group_id}/exchange"
    season_acts.coordinator(stage, group).patch(f"{space}/settings", **settings)
    for home in group.households:
        _joins(stage, season, home)
        stage.at(home.person_id).put(f"{space}/takers/me")
    for place, home in enumerate(group.households):
        others = [each.person_id for each in (group.households * 2)[place + 1 : place + 3]]
        season.homes[home.household_id] = Home(_cast(season, home, others, opens))
    stage.until("the cheques are agreed", lambda: _agreed(stage, season))
    season.position = stage.api.position
    return season


def _opened(stage: Stage, group: Group, kind: str, dates: Dates) -> Contract:
    """Agreed on paper with one of the federation's producers."""
    wanted = terms(kind, dates)
    wanted["sign_up"]["absences_max"] = -1
    # A deposit would be credited when its cheque comes in; in the storms money is what its own commands say.
    wanted["payment"]["prepayment_cents"] = 0
    producer_id = sorted(stage.federation.producers.values())[0]
    by = season_acts.coordinator(stage, group)
    answer = by.post(f"/groups/{group.group_id}/contracts", producer_id=producer_id, terms=wanted)
    contract = Contract(kind, answer["id"], producer_id, "", answer["terms"])
    by.post(f"/contracts/{contract.contract_id}/approve", version=1)
    season_acts.open_contract(stage, group, contract)
    return contract


def _joins(stage: Stage, season: Season, home: Household) -> None:
    absent = {"absences": [season.vegetables.delivery(1)["delivery_id"]], "cheque_count": CHEQUES}
    for contract, lines, more in ((season.vegetables, {"PAN": 1}, absent), (season.jam, {}, {})):
        season_acts.subscribe(stage, season.group, contract, home, lines, "desk", **more)
        season_acts.confirm(stage, season.group, contract, home.household_id)


def _cast(season: Season, home: Household, others: list[str], today: date) -> Cast:
    deliveries = [str(each["delivery_id"]) for each in season.vegetables.terms["deliveries"]]
    return Cast(
        group_id=season.group.group_id, household_id=home.household_id, person_id=home.person_id,
        coordinator=season.group.coordinator, treasurer=season.group.treasurer, others=others,
        contract_id=season.vegetables.contract_id, jam_id=season.jam.contract_id,
        subscription_id=season.vegetables.subscriptions[home.household_id], left_out=deliveries[1::2],
        passed_on=deliveries[0::2], written_on=today.isoformat(), cheques=CHEQUES,
    )  # fmt: skip


def _agreed(stage: Stage, season: Season) -> bool:
    rows = season_acts.cheques(stage, season.group, season.vegetables)["cheques"]
    return len(rows) == CHEQUES * len(season.homes)
