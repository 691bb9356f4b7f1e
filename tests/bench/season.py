"""What Grenier is asked in a benchmark: a federation of three groups and enough open cycles for every order to be a first one.

season = prepare(api, households=120, windows=8)
season.orders(300)     # requests for load.py, none of them twice: the next 300 pairs of cycle and household
season.balances()      # one request per household, to be repeated
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from gateway.demo import catalogue, federation, month
from gateway.demo.client import Api
from gateway.demo.month import Calendar, Cycle, Stage

LINES = 8
SEED = 2026
ZONE = ZoneInfo("Europe/Paris")
Request = dict[str, Any]


@dataclass
class Season:
    stage: Stage
    tokens: dict[str, str]
    waiting: Iterator[tuple[Cycle, federation.Household]] = field(repr=False)

    def orders(self, count: int) -> list[Request]:
        """PUT requests of `LINES` lines, each for a household that has not ordered in that cycle yet."""
        rng = random.Random(SEED)
        products = sorted(self.stage.federation.products.values())
        found = []
        for cycle, household in islice(self.waiting, count):
            lines = [{"product_id": each, "quantity": rng.randint(1, 3)} for each in rng.sample(products, LINES)]
            path = f"/api/v1{month.order_path(cycle, household)}"
            then = f"/api/v1/households/{household.household_id}/balance?after={{position}}"
            request = self._request("PUT", path, household, json.dumps({"lines": lines}))
            found.append(request | {"then": then, "household_id": household.household_id})
        if len(found) < count:
            raise RuntimeError(f"only {len(found)} of {count} orders are left: prepare more windows")
        return found

    def balances(self) -> list[Request]:
        return [
            self._request("GET", f"/api/v1/households/{household.household_id}/balance", household)
            for group in self.stage.federation.groups
            for household in group.households
        ]

    def _request(self, method: str, path: str, household: federation.Household, body: str | None = None) -> Request:
        headers = {"Authorization": f"Bearer {self.tokens[household.person_id]}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return {"method": method, "path": path, "headers": headers, "body": body}


def prepare(api: Api, households: int, windows: int) -> Season:
    """Everything through the API, as the central team would; ends with every window open."""
    today = datetime.now(ZONE)
    calendars = [_calendar(today, number) for number in range(windows)]
    stage = Stage(api, federation.Federation("", ""))
    stage.move_to(calendars[0].opens_at - timedelta(days=1))
    stage.federation = federation.found(api, SEED, households)
    month.import_products(stage, catalogue.products(), (calendars[0].opens_at - timedelta(days=60)).date().isoformat())
    cycles = []
    for calendar in calendars:
        month.release(stage, calendar)
        cycles.append(month.schedule(stage, calendar, {}))
    stage.move_to(calendars[0].opens_at + timedelta(minutes=1))
    for calendar in calendars:
        month.wait_for(stage, calendar, "open")
    stage.move_to(today.astimezone(UTC))
    tokens = {
        household.person_id: api.post("/demo/tokens", person_id=household.person_id)["token"]
        for group in stage.federation.groups
        for household in group.households
    }
    return Season(stage, tokens, _pairs(cycles))


def _calendar(today: datetime, number: int) -> Calendar:
    plain = month.calendar_of(today, -2, 5, 18)
    return Calendar(
        plain.month,
        plain.opens_at,
        plain.closes_at,
        plain.distribution_starts_at,
        plain.distribution_ends_at,
        tag=f"bench{number}",
    )


def _pairs(windows: list[list[Cycle]]) -> Iterator[tuple[Cycle, federation.Household]]:
    """Window after window; the groups take turns, as they do in an evening when all of them order."""
    for cycles in windows:
        for households in zip(*(cycle.group.households for cycle in cycles), strict=True):
            yield from zip(cycles, households, strict=True)
