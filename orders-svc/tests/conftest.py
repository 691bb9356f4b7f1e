"""A federation small enough to count by hand: two groups, four households, a central team, two producers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from grenier.language import contracts as c
from grenier.testing import House

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 11, 12, 19, tzinfo=UTC)
DISTRIBUTION = datetime(2026, 11, 26, 17, tzinfo=UTC)
MONTH = "2026-11"


class Federation:
    """The house, with the words that tests use again and again."""

    def __init__(self, path: Path) -> None:
        self.house = House(path, "orders", now=OPENS - timedelta(days=3))
        self.found()

    def found(self) -> None:
        record = self.house.record
        tiers = [
            c.Tier(code="neighbourhood", name="Quartier"),
            c.Tier(code="solidarity", name="Solidaire", rate_bp=11_500),
        ]
        record("host-vrac", c.HostOrganisationRegistered(host_id="vrac", name="VRAC"),
               c.TiersDefined(host_id="vrac", tiers=tiers))  # fmt: skip
        for group in ("north", "south"):
            founded = c.GroupFounded(
                group_id=group, host_id="vrac", kind="buying_group", name=group.title(), place="Salle"
            )
            record(f"group-{group}", founded)
        record("group-far", c.GroupFounded(group_id="far", host_id="other", kind="csa", name="Far"))
        for producer in ("dairy", "mill"):
            registered = c.ProducerRegistered(producer_id=producer, host_id="vrac", name=producer.title())
            record(f"producer-{producer}", registered)
        self.household("amal", "north")
        self.household("brune", "north", tier="solidarity")
        self.household("chloe", "south")
        self.household("zoe", "far")
        self.role("ines", "organiser", "group", "north")
        self.role("omar", "organiser", "group", "south")
        self.role("team", "central_team", "federation", "vrac")
        self.role("cow", "producer", "producer", "dairy")

    def household(self, name: str, group: str, tier: str = "neighbourhood", until: date = date(2027, 8, 31)) -> None:
        self.house.record(
            f"household-h-{name}",
            c.HouseholdFormed(household_id=f"h-{name}", group_id=group, person_ids=[name]),
            c.MembershipGranted(membership_id=f"m-{name}", household_id=f"h-{name}", group_id=group, number=1, tier=tier,
                                valid_from=date(2026, 9, 1), valid_until=until),
        )  # fmt: skip

    def role(self, person: str, role: str, kind: Any, scope: str) -> None:
        assigned = c.RoleAssigned(
            assignment_id=f"r-{person}", person_id=person, role=role, scope_kind=kind, scope_id=scope,
            valid_from=date(2026, 1, 1),
        )  # fmt: skip
        self.house.record(f"person-{person}", assigned)

    def call(
        self, method: str, payload: dict[str, Any] | None = None, actor: str = "team", **more: Any
    ) -> dict[str, Any]:
        return self.house.call("orders", method, payload or {}, actor=actor, **more)

    # -- the month -----------------------------------------------------------------------------------------------

    def list_products(self) -> None:
        self.product("comte", "Comté", "dairy", 1590, 1300, sale="weighed", portion_g=250, category="Crèmerie")
        self.product("rice", "Riz", "mill", 100, 100, net_weight_g=1000, case_size=6, container=True)
        self.product("honey", "Miel", "mill", 750, 600)

    def product(self, key: str, name: str, producer: str, price: int, cost: int, **facts: Any) -> None:
        facts = {"name": name, "category": "Épicerie", "producer_id": producer, **facts}
        self.call("list_product", {"product_id": key, "host_id": "vrac", "facts": facts, "price_cents": price,
                                   "cost_cents": cost, "effective_from": "2026-01-01"})  # fmt: skip

    def release(self) -> None:
        items = [
            {"product_id": "comte", "max_per_group": 6},
            {"product_id": "rice", "max_per_household": 9},
            {"product_id": "honey", "stock_limit": 1},
        ]
        self.call("release_catalogue", {"catalogue_id": "cat", "host_id": "vrac", "month": MONTH, "items": items})

    def schedule(self, groups: tuple[str, ...] = ("north", "south"), **more: Any) -> None:
        day = {
            "distribution_starts_at": DISTRIBUTION.isoformat(),
            "distribution_ends_at": (DISTRIBUTION + timedelta(hours=3)).isoformat(),
        }
        payload = {
            "window_id": "w1",
            "catalogue_id": "cat",
            "opens_at": OPENS.isoformat(),
            "closes_at": CLOSES.isoformat(),
            "groups": [{"group_id": group, **day, **more} for group in groups],
        }
        self.call("schedule_window", payload)

    def at(self, now: datetime) -> None:
        self.house.clock.set(now)
        self.house.tick()

    def opened(self) -> Federation:
        self.list_products()
        self.release()
        self.schedule()
        self.at(OPENS)
        return self

    def cycle(self, group: str = "north") -> str:
        from orders_svc.window import cycle_id_of

        return cycle_id_of("w1", group)

    def confirm(self, name: str, group: str = "north", actor: str = "", **quantities: int) -> dict[str, Any]:
        return self.order("confirm_order", name, group, quantities, actor or name)

    def draft(self, name: str, group: str = "north", actor: str = "", **quantities: int) -> dict[str, Any]:
        return self.order("save_draft", name, group, quantities, actor or name)

    def order(
        self, door: str, name: str, group: str, wanted: dict[str, int], actor: str, **more: Any
    ) -> dict[str, Any]:
        lines = [{"product_id": product, "quantity": quantity} for product, quantity in wanted.items()]
        payload = {"cycle_id": self.cycle(group), "household_id": f"h-{name}", "lines": lines, **more}
        return self.call(door, payload, actor)


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    return Federation(tmp_path)


@pytest.fixture
def month(federation: Federation) -> Federation:
    """The window of November is open in both groups."""
    return federation.opened()
