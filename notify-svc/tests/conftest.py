"""A house with two groups and people who are reached in different ways."""

from datetime import UTC, date, datetime

import pytest

from grenier.language import contracts, orders
from grenier.testing import NOON, House

STARTS = datetime(2026, 11, 26, 17, tzinfo=UTC)


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, "notify")
    keys = house.rooms["notify"].runtime.keys
    for group in ("g1", "g2"):
        house.record(
            f"group-{group}",
            contracts.GroupFounded(group_id=group, host_id="host", kind="buying_group", name=f"Groupe {group}"),
        )
    for person, digital, email in (("ann", True, "ann@example.org"), ("bob", False, ""), ("cat", True, "cat@example.org"),
                                   ("zoe", True, "zoe@example.org"), ("orga", True, "orga@example.org")):  # fmt: skip
        fields = {"first_name": person.title(), "last_name": "Martin", "phone": "0612345678"}
        sealed = keys.seal(person, fields | ({"email": email} if email else {}))
        house.record(f"person-{person}", contracts.PersonRegistered(person_id=person, sealed=sealed, digital=digital))
    for household, group, persons in (("h1", "g1", ["ann"]), ("h2", "g1", ["bob", "cat"]), ("h9", "g2", ["zoe"])):
        house.record(
            f"household-{household}",
            contracts.HouseholdFormed(household_id=household, group_id=group, person_ids=persons),
        )
    for person, role, kind, scope in (
        ("orga", "organiser", "group", "g1"),
        ("centre", "central_team", "federation", "host"),
    ):
        house.record(
            f"role-{person}",
            contracts.RoleAssigned(assignment_id=person, person_id=person, role=role, scope_kind=kind, scope_id=scope,
                                   valid_from=date(2026, 1, 1)),
        )  # fmt: skip
    item = orders.CatalogueItem(
        product_id="comte", facts=orders.ProductFacts(name="Comté", category="fromage", producer_id="p"),
        price_cents=1590, cost_cents=1300, max_per_group=3)  # fmt: skip
    house.record(
        "cycle-c1",
        orders.CycleScheduled(
            cycle_id="c1", window_id="w", group_id="g1", host_id="host", catalogue_id="k", month="2026-11",
            opens_at=NOON, closes_at=datetime(2026, 11, 12, 19, tzinfo=UTC), distribution_starts_at=STARTS,
            distribution_ends_at=STARTS, place="Maison de quartier", items=[item], tier_rates_bp={}),
    )  # fmt: skip
    return house


@pytest.fixture
def order(house):
    """Confirm an order of some comté for a household."""

    def confirm(household, quantity, actor="ann"):
        line = orders.OrderLine(
            product_id="comte", quantity=quantity, unit_price_cents=1590, amount_cents=1590 * quantity
        )
        house.record(
            "cycle-c1",
            orders.OrderConfirmed(cycle_id="c1", group_id="g1", order_id=f"o-{household}", household_id=household,
                                  tier="t", lines=[line], total_cents=1590 * quantity),
            actor=actor,
        )  # fmt: skip

    return confirm
