"""What the steps share: the federation, the calendar, what was ordered; and independent arithmetic to check answers with."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import uuid4

from gateway.demo import catalogue, federation, month
from gateway.demo.client import Api, ApiError
from gateway.demo.load import ZONE
from gateway.demo.month import Calendar, Cycle, Stage

COMTE, HONEY, OIL, SUGAR = "Comté 12 mois", "Miel de fleurs d'été", "Huile d'olive vierge extra", "Sucre de canne blond"
RATES = {tier["code"]: int(str(tier["rate_bp"])) for tier in federation.TIERS}
FACTS = {row["name"]: row for row in catalogue.products()}


def cents(value: Decimal) -> int:
    """Halves up, on decimals: another road to the same figures than the product's integers."""
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def unit_price(name: str, tier: str, prices: Mapping[str, int]) -> int:
    return cents(Decimal(prices[name]) * RATES[tier] / 10_000)


def line_amount(name: str, quantity: int, tier: str, prices: Mapping[str, int]) -> int:
    facts, unit = FACTS[name], unit_price(name, tier, prices)
    if facts["sale"] == "piece":
        return unit * quantity
    return cents(Decimal(unit) * quantity * facts["portion_g"] / 1000)


@dataclass
class Scene:
    api: Api
    pulse: Callable[[], None] | None = None
    households: int = 14
    stage: Stage = field(init=False)
    calendar: Calendar = field(init=False)
    cycles: list[Cycle] = field(default_factory=list)
    prices: dict[str, int] = field(default_factory=lambda: {name: row["price_cents"] for name, row in FACTS.items()})
    notes: dict[str, Any] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.tag = uuid4().hex[:6]
        self.rng = random.Random(7)

    story = "month"

    def set_up(self) -> None:
        set_up(self)

    # -- short words ---------------------------------------------------------------------------------------------

    @property
    def cycle(self) -> Cycle:
        """The first buying group's cycle: most of the story happens there."""
        return self.cycles[0]

    @property
    def group(self) -> federation.Group:
        return self.stage.federation.groups[0]

    @property
    def organiser(self) -> Api:
        return self.stage.at(self.group.organiser)

    @property
    def treasurer(self) -> Api:
        return self.stage.at(self.group.treasurer)

    def product(self, name: str) -> str:
        return self.stage.federation.products[name]

    def name_of(self, product_id: str) -> str:
        return next(name for name, known in self.stage.federation.products.items() if known == product_id)

    def household(self, household_id: str) -> federation.Household:
        return next(
            h for group in self.stage.federation.groups for h in group.households if h.household_id == household_id
        )

    def expected_total(self, quantities: Mapping[str, int], tier: str) -> int:
        return sum(line_amount(self.name_of(pid), quantity, tier, self.prices) for pid, quantity in quantities.items())

    def messages(self, template: str, group: federation.Group | None = None) -> list[dict[str, Any]]:
        """What was asked to be said with a template since the window of this story was scheduled."""
        place = group or self.group
        found: dict[str, dict[str, Any]] = {}
        seen = 0
        while True:
            # What is said meanwhile moves the older ones on to the next page: each counts once.
            answer = self.stage.at(place.organiser).get(f"/groups/{place.group_id}/messages", limit=200, offset=seen)
            found |= {message["message_id"]: message for message in answer["items"]}
            seen += len(answer["items"])
            if seen >= answer["total"] or not answer["items"]:
                break
        return [message for message in found.values() if message["template"] == template]

    def told(
        self, template: str, household_ids: set[str], group: federation.Group | None = None
    ) -> list[dict[str, Any]]:
        """Wait until every person of these households was told (by mail or on the call list), and nobody else."""
        persons = {person for household_id in household_ids for person in self.household(household_id).person_ids}

        def all_told() -> list[dict[str, Any]] | None:
            found = self.messages(template, group)
            return found if {message["person_id"] for message in found} >= persons else None

        found: list[dict[str, Any]] = self.stage.until(f"{template} told to {len(persons)} persons", all_told)
        assert {message["person_id"] for message in found} == persons, f"{template} went to somebody else too"
        assert len(found) == len(persons), f"{template} was said twice"
        return found


def refused(call: Callable[[], Any], code: str, status: int = 409) -> dict[str, Any]:
    """The call must be refused with this code."""
    try:
        answer = call()
    except ApiError as error:
        if (error.status, error.code) != (status, code):
            raise AssertionError(f"refused as {error}, expected {status} {code}") from error
        return error.problem
    raise AssertionError(f"expected {status} {code}, got {answer}")


def set_up(scene: Scene) -> None:
    """Found a federation, or join the one that a demonstration has; three groups of its own either way."""
    accounts = scene.api.get("/demo")["accounts"]
    central = next((account["person_id"] for account in accounts if account["role"] == "central_team"), None)
    now = scene.started.astimezone(ZONE)
    scene.calendar = story_calendar(now, scene.tag)
    stage = Stage(scene.api, federation.Federation("", ""))
    stage.move_to(scene.calendar.opens_at - timedelta(days=3))
    if central is None:
        stage.federation = federation.found(scene.api, 7, scene.households)
    else:
        stage.federation = federation.join(scene.api, central, 7, scene.households, scene.tag)
    if scene.pulse is not None:
        stage.pulse = scene.pulse
    scene.stage = stage
    if central is None:
        month.import_products(
            stage, catalogue.products(), (scene.calendar.opens_at - timedelta(days=60)).date().isoformat()
        )
    else:
        month.known_products(stage)


def story_calendar(now: datetime, tag: str) -> Calendar:
    """Far enough ahead that nothing of a loaded demonstration comes due on the way."""
    made = month.calendar_of(now, 40, 47, 60)
    return Calendar(
        made.month, made.opens_at, made.closes_at, made.distribution_starts_at, made.distribution_ends_at, tag
    )
