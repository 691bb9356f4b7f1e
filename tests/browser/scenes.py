"""Three moments of a month, built through the API in one process, for browsers to walk into.

open_window(folder)   a month lived to its end, the next with its window open
just_closed(folder)   the window has closed by itself, two products are over-asked, nobody has regulated yet
the_day(folder)       distribution day: the first group serves, the second waits for its delivery, the third for its pallet
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.demo import catalogue, federation, load, month
from gateway.demo.client import Api
from gateway.demo.federation import Federation, Group, Household
from gateway.demo.month import Calendar, Cycle
from gateway.identity import cookie_name
from tests.house_app import Site
from tests.lived_month import HOUSEHOLDS, LIMITS, TODAY, QuickStage, ShortWire, live


@dataclass
class Scene:
    """A site at one moment, and who is in it."""

    site: Site
    stage: QuickStage
    calendar: Calendar
    cycles: list[Cycle] = field(default_factory=list)
    served: list[str] = field(default_factory=list)  # households of the first group that have signed off and not paid

    @property
    def federation(self) -> Federation:
        return self.stage.federation

    @property
    def groups(self) -> list[Group]:
        return self.federation.groups

    def at(self, person_id: str) -> Api:
        return self.stage.at(person_id)

    def cookie(self, person_id: str) -> dict[str, str]:
        """Name and value of the cookie of somebody who has signed in."""
        name = cookie_name(self.site.house.settings)
        return {"name": name, "value": self.site.app.extensions["grenier"].sessions.open(person_id)}

    def who(self, role: str) -> str:
        """The person that the login page of the demonstration offers for a role (of the first group that has one)."""
        accounts = self.stage.api.get("/demo")["accounts"]
        return str(next(row["person_id"] for row in accounts if row["role"] == role))

    def distribution(self, group: Group) -> dict[str, Any]:
        return month.distribution_of(self.stage, group, self.calendar)

    def household(self, group: Group, household_id: str) -> Household:
        return next(home for home in group.households if home.household_id == household_id)


def open_window(folder: Path, households: int = HOUSEHOLDS) -> Scene:
    lived = live(Site(folder), households)
    assert isinstance(lived.stage, QuickStage)
    return Scene(lived.site, lived.stage, lived.current, lived.current_cycles)


def just_closed(folder: Path, households: int = HOUSEHOLDS) -> Scene:
    scene = _founded(folder, households)
    scene.stage.move_to(scene.calendar.closes_at + timedelta(minutes=5))
    month.wait_for(scene.stage, scene.calendar, "closed")
    scene.stage.move_to(scene.calendar.closes_at + timedelta(hours=12))
    return scene


def the_day(folder: Path, households: int = HOUSEHOLDS) -> Scene:
    scene = just_closed(folder, households)
    stage, calendar = scene.stage, scene.calendar
    for cycle in scene.cycles:
        month.regulate_all(stage, cycle, "prorata")
        month.freeze(stage, cycle)
    stage.move_to(calendar.distribution_starts_at - timedelta(days=2))
    first, second, _third = scene.groups
    deliveries = {group.group_id: _dispatched(scene, group) for group in (first, second)}
    stage.move_to(calendar.distribution_starts_at - timedelta(hours=3))
    month.receive(stage, first, deliveries[first.group_id])
    stage.move_to(calendar.distribution_starts_at + timedelta(minutes=5))
    day = scene.distribution(first)["distribution_id"]
    for household_id in sorted(scene.cycles[0].orders)[-2:]:
        month.check_in(stage, first, day, household_id)
        month.sign_off(stage, first, day, household_id)
        scene.served.append(household_id)
    return scene


def _founded(folder: Path, households: int) -> Scene:
    site = Site(folder)
    calendar = month.calendar_of(TODAY, -2, 5, 18)
    stage = QuickStage(Api(ShortWire(site)), Federation("", ""), pulse=site.tick)
    stage.move_to(calendar.opens_at - timedelta(days=2))
    stage.federation = federation.found(stage.api, load.SEED, households)
    month.import_products(stage, catalogue.products(), (calendar.opens_at - timedelta(days=60)).date().isoformat())
    month.release(stage, calendar)
    cycles = month.schedule(stage, calendar, LIMITS)
    stage.move_to(calendar.opens_at + timedelta(minutes=1))
    month.wait_for(stage, calendar, "open")
    for cycle in cycles:
        load.order(stage, cycle, share=0.9, drafts=1)
    return Scene(site, stage, calendar, cycles)


def _dispatched(scene: Scene, group: Group) -> dict[str, Any]:
    """The logistician prepares the pallets of one group and lets them go; the delivery."""
    logistician = scene.at(scene.federation.logistician)
    mine = {"window_id": scene.calendar.window_id, "limit": 200}
    for pallet in logistician.get("/pallets", **mine)["items"]:
        if pallet["group_id"] == group.group_id:
            logistician.put(f"/pallets/{pallet['pallet_id']}/prepared", lines=[])
    deliveries = logistician.get("/deliveries", **{**mine, "limit": 100})["items"]
    delivery: dict[str, Any] = next(row for row in deliveries if row["group_id"] == group.group_id)
    logistician.put(f"/deliveries/{delivery['delivery_id']}/dispatched")
    return delivery
