"""The season of the storms: its stories follow one another, a repetition is told the same, and the checks find what they look for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
import pytest

from gateway.demo import catalogue, federation, month, season_acts
from gateway.demo.month import Stage
from gateway.demo.season import ZONE
from grenier.log.protocol import Recorded
from tests.chaos import checks, checks_season, season
from tests.chaos.acts import Act
from tests.chaos.season_stories import STORIES
from tests.house_app import Site
from tests.in_process import client_of, no_pauses

NOW = datetime(2026, 11, 19, 9, tzinfo=UTC)
HOUSEHOLDS = 5
STEPS = 9


class Played:
    """One household's stories, told by turns over the API; then every command once more with its key."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.stage = Stage(client_of(site, seed="storm"), federation.Federation("", ""), site.tick)
        self.stage.federation = federation.found(self.stage.api, 1, HOUSEHOLDS)
        month.import_products(self.stage, catalogue.products(), "2026-09-01")
        calendar = month.calendar_of(NOW.astimezone(ZONE), 1, 8, 15)
        self.season = season.found(self.stage, calendar)
        self.stage.move_to(calendar.opens_at + timedelta(minutes=1))
        season_acts.wait_for(self.stage, self.season.group, self.season.round_id, "open")
        self.acts: list[Act] = []
        home, numbers = next(iter(self.season.homes.values())), count()
        for _ in range(STEPS):
            for name in STORIES:
                number = next(numbers)
                act = home.next_act(name, f"key-{number}", number, random.Random(number))
                assert act is not None
                self.acts.append(act)
                act.answer = self.ask(act)
                act.position = act.answer["position"]
        site.tick()
        self.again = [self.ask(act) for act in self.acts]
        self.events = list(site.house.log.read_all())

    def ask(self, act: Act) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {self.stage.at(act.person_id)._token}", "Idempotency-Key": act.key}
        answer = self.site.app.test_client().open(act.url, method=act.method, json=act.body, headers=headers)
        found: dict[str, object] = answer.get_json()
        assert answer.status_code < 300, f"{act.kind} {act.path}: {answer.status_code} {found}"
        return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    no_pauses()
    return Played(Site(tmp_path_factory.mktemp("storm"), now=NOW))


def test_every_kind_of_act_of_the_season_is_in_the_stories(played: Played) -> None:
    assert {act.kind for act in played.acts} == set(checks_season.LEFT)


@pytest.mark.behaviour("S0:26")
def test_a_repetition_however_late_is_told_what_the_first_was(played: Played) -> None:
    """New cheques that were agreed have come and gone meanwhile: nothing is owed any more, and the answer is the same."""
    first = [(act.kind, act.answer["version"], act.position) for act in played.acts]
    assert [(act.kind, told["version"], told["position"]) for act, told in zip(played.acts, played.again, strict=True)] == first  # fmt: skip


def test_a_quiet_season_has_no_problems(played: Played) -> None:
    assert checks_season.check(played.acts, played.events, played.season, played.site.house.settings) == []
    assert checks.identities(played.events) == checks.books(played.events) == []
    assert checks.money_kept(played.acts, played.events) == []
    assert checks.shown(played.acts, played.events, played.site.house.settings) == []


@pytest.mark.parametrize("kind", list(checks_season.LEFT))
def test_what_is_lost_or_another_is_found(played: Played, kind: str) -> None:
    act = next(act for act in played.acts if act.kind == kind)
    without = [event for event in played.events if event.position != act.position]
    assert f"{kind} acknowledged but not in the log: {act.key} at {act.position}" in kept(played, without)
    other = Act(kind, "", "", "", act.key, {}, {**act.facts, next(iter(act.facts)): "another"}, act.position)
    assert f"{kind} acknowledged but not in the log: {act.key} at {act.position}" in checks_season.kept([other], played.events, played.season)  # fmt: skip


@pytest.mark.parametrize("kind", list(checks_season.COUNTED))
def test_what_was_done_twice_is_found(played: Played, kind: str) -> None:
    event = event_of(played, kind)
    found = kept(played, [*played.events, event])
    assert any("command carried out twice" in problem for problem in found)
    assert any(f"times {event.type} in the log" in problem for problem in found)


def test_a_second_taker_and_one_who_had_not_asked_are_found(played: Played) -> None:
    at = next(place for place, event in enumerate(played.events) if event.type == "contracts.taker-accepted")
    accepted = played.events[at]
    assert any("two takers" in problem for problem in checks_season.takers([*played.events[: at + 1], accepted]))
    asked = [event for event in played.events[:at] if event.type == "contracts.basket-requested"]
    unasked = [event for event in played.events[: at + 1] if event not in asked]
    assert any("had not asked" in problem for problem in checks_season.takers(unasked))


@pytest.mark.parametrize("kind", ["receipt", "bundle", "return"])
def test_a_cheque_that_moves_back_or_twice_is_found(played: Played, kind: str) -> None:
    event = event_of(played, kind)
    assert checks_season.custody([*played.events, event])
    assert checks_season.custody([each for each in played.events if each is not event]) or kind == "return"


def test_a_contracts_account_that_differs_from_its_entries_is_found(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(checks_season, "soon", lambda holds: holds())
    event = event_of(played, "deposit")
    tilted = msgspec.structs.replace(event, data=event.data.replace(b'"amount_cents":-', b'"amount_cents":-1', 1))
    found = checks_season.accounts([*played.events, tilted], played.site.house.settings)
    assert any("not what their entries make" in problem for problem in found)
    assert any("sum to" in problem for problem in found)


def kept(played: Played, events: list[Recorded]) -> list[str]:
    return checks_season.kept(played.acts, events, played.season)


def event_of(played: Played, kind: str) -> Recorded:
    act = next(act for act in played.acts if act.kind == kind)
    return next(event for event in played.events if event.position == act.position)
