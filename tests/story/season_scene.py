"""What the steps of the season share: one AMAP, its three contracts, its calendar, and arithmetic of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from gateway.demo import federation, season_acts
from gateway.demo.client import Api
from gateway.demo.federation import Group, Household
from gateway.demo.month import Stage
from gateway.demo.season import ZONE, Contract, Dates, Season

HOUSEHOLDS = 60
PLACES = (("AMAP du Furan", "csa", "Salle des fêtes, place des Ursules"),)
THURSDAY = 3


@dataclass
class SeasonScene:
    """`paid`, `charged`: cents that each household has deposited for the jam and was charged, by our own count."""

    api: Api
    pulse: Callable[[], None] | None = None
    households: int = HOUSEHOLDS
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    stage: Stage = field(init=False)
    season: Season = field(init=False)
    notes: dict[str, Any] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)
    charged: dict[str, int] = field(default_factory=dict)
    numbers: int = 9_100_000
    now: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    story = "amap"

    def set_up(self) -> None:
        """Found a federation with one AMAP, or a new AMAP in the federation that a demonstration has."""
        self.tag, self.rng = uuid4().hex[:6], random.Random(11)
        dates = Dates(_thursday_from((self.started + timedelta(days=40)).astimezone(ZONE).date()))
        accounts = self.api.get("/demo")["accounts"]
        central = next((each["person_id"] for each in accounts if each["role"] == "central_team"), "")
        self.stage = Stage(self.api, federation.Federation("", ""))
        self.go(dates.first, -28)
        if central:
            found = federation.join(self.api, central, 11, self.households, self.tag, PLACES)
        else:
            found = federation.found(self.api, 11, self.households, places=PLACES)
        self.stage.federation = found
        if self.pulse is not None:
            self.stage.pulse = self.pulse
        self.season = Season(found.groups[0], dates)

    # -- who ---------------------------------------------------------------------------------------------------------

    @property
    def group(self) -> Group:
        return self.season.group

    @property
    def coordinator(self) -> Api:
        return self.stage.at(self.group.coordinator)

    def of(self, kind: str) -> list[Household]:
        """Who wants which contract: overlapping parts of the group, the last ones without a screen."""
        every, number = self.group.households, len(self.group.households)
        if kind == "vegetables":
            return every[: number * 2 // 3]
        if kind == "bread":
            return every[number // 4 : number // 4 + number * 2 // 5]
        return every[number // 2 :]

    def household(self, household_id: str) -> Household:
        return next(each for each in self.group.households if each.household_id == household_id)

    def persons(self, *household_ids: str) -> set[str]:
        return {person for each in household_ids for person in self.household(each).person_ids}

    # -- when --------------------------------------------------------------------------------------------------------

    def go(self, day: date, days: int = 0, hour: int = 10, minute: int = 0) -> None:
        """Make that hour, so many days after (or before) a day, the present, unless it is past; timers look."""
        there = datetime.combine(day + timedelta(days=days), datetime.min.time(), ZONE)
        self.now = max(self.now, there.replace(hour=hour, minute=minute).astimezone(UTC))
        self.stage.move_to(self.now)
        if self.pulse is not None:
            self.pulse()

    # -- what was said -----------------------------------------------------------------------------------------------

    def messages(self, template: str) -> list[dict[str, Any]]:
        """Each once: what is said while the pages are read moves the older ones on to the next page."""
        found: dict[str, dict[str, Any]] = {}
        organiser, seen = self.stage.at(self.group.organiser), 0
        while True:
            page = organiser.get(f"/groups/{self.group.group_id}/messages", limit=200, offset=seen)
            found |= {message["message_id"]: message for message in page["items"]}
            seen += len(page["items"])
            if seen >= page["total"] or not page["items"]:
                return [message for message in found.values() if message["template"] == template]

    def told(self, template: str, persons: set[str], known: int = 0) -> list[dict[str, Any]]:
        """Wait until exactly these persons were told once each; `known`: messages of this template that are older."""

        def all_told() -> list[dict[str, Any]] | None:
            found = self.messages(template)
            return found if len(found) - known >= len(persons) else None

        found: list[dict[str, Any]] = self.stage.until(f"{template} told to {len(persons)}", all_told)
        newest = sorted(found, key=lambda message: message["at"])[known:] if "at" in found[0] else found
        if not known:
            assert {message["person_id"] for message in newest} == persons, f"{template} went to others"
            assert len(newest) == len(persons), f"{template} was said twice"
        return newest

    # -- arithmetic of our own ---------------------------------------------------------------------------------------

    def price(self, contract: Contract, quantities: Mapping[str, int]) -> int:
        return sum(contract.price(option_id) * quantity for option_id, quantity in quantities.items())

    def balance(self, household_id: str) -> int:
        return self.paid.get(household_id, 0) - self.charged.get(household_id, 0)

    def deposit(self, household_id: str, cents: int) -> None:
        self.numbers += 1
        season_acts.deposit(self.stage, self.group, self.season.jam, household_id, cents, str(self.numbers))
        self.paid[household_id] = self.paid.get(household_id, 0) + cents


def _thursday_from(day: date) -> date:
    return day + timedelta(days=(THURSDAY - day.weekday()) % 7)


def euros(cents: int) -> str:
    return f"{cents / 100:.2f} €".replace(".", ",")
