"""Who may do what, and from which moment: midnight where the role holds, not midnight in Greenwich."""

import sys
import types
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from grenier.doors import Context
from grenier.errors import Forbidden, NotFound
from grenier.language import contracts
from grenier.runtime import Service
from grenier.testing import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    sys.modules["rooms_svc"], sys.modules["rooms_svc.wiring"] = (
        types.ModuleType("rooms_svc"),
        types.ModuleType("rooms_svc.wiring"),
    )
    service = Service("rooms", (), lambda runtime: types.SimpleNamespace(name="rooms"))
    sys.modules["rooms_svc.wiring"].service = lambda: service  # type: ignore[attr-defined]
    made = House(tmp_path, "rooms")
    made.record("host-h", contracts.HostOrganisationRegistered(host_id="h", name="H", time_zone="Europe/Paris"))
    for group, zone in (("paris", "Europe/Paris"), ("reunion", "Indian/Reunion")):
        made.record(
            f"group-{group}",
            contracts.GroupFounded(group_id=group, host_id="h", kind="csa", name=group, time_zone=zone),
        )
    return made


def assign(house: House, person: str, role: str, kind: str, scope: str, **dates: date) -> None:
    event = contracts.RoleAssigned(
        assignment_id=f"{person}-{role}",
        person_id=person,
        role=role,
        scope_kind=kind,
        scope_id=scope,
        **dates,  # type: ignore[arg-type]
    )
    house.record(f"roles-{person}-{role}", event)


@pytest.mark.parametrize(
    ("group", "instant", "holds"),
    [
        ("paris", datetime(2026, 11, 21, 22, 59, tzinfo=UTC), False),
        ("paris", datetime(2026, 11, 21, 23, 0, tzinfo=UTC), True),
        ("reunion", datetime(2026, 11, 21, 19, 59, tzinfo=UTC), False),
        ("reunion", datetime(2026, 11, 21, 20, 0, tzinfo=UTC), True),
        ("paris", datetime(2026, 11, 23, 22, 59, tzinfo=UTC), True),
        ("paris", datetime(2026, 11, 23, 23, 0, tzinfo=UTC), False),
    ],
)
def test_a_role_begins_and_ends_at_its_own_midnight(house: House, group: str, instant: datetime, holds: bool) -> None:
    assign(house, "ana", "treasurer", "group", group, valid_from=date(2026, 11, 22), valid_until=date(2026, 11, 23))
    house.clock.set(instant)
    assert house.rooms["rooms"].runtime.access.may("ana", "ledger.count", group_id=group) is holds


def test_strangers_see_nothing_and_members_are_told_what_is_not_theirs(house: House) -> None:
    access = house.rooms["rooms"].runtime.access
    assign(house, "ana", "volunteer", "group", "paris", valid_from=date(2026, 1, 1))
    assign(house, "eve", "central_team", "federation", "h", valid_from=date(2026, 1, 1))
    with pytest.raises(Forbidden):
        access.require(Context(actor="ana"), "ledger.count", group_id="paris")
    for stranger, group in (("ana", "reunion"), ("bob", "paris"), ("ana", "no-such-group"), ("", "paris")):
        with pytest.raises(NotFound):
            access.require(Context(actor=stranger), "logistics.read", group_id=group)
    assert access.require(Context(actor="eve"), "orders.windows", group_id="reunion") == "central_team"
    assert access.groups_where("eve", "orders.read") == ["paris", "reunion"]


def test_an_erased_person_has_no_place_left(house: House) -> None:
    access = house.rooms["rooms"].runtime.access
    assign(house, "ana", "volunteer", "group", "paris", valid_from=date(2026, 1, 1))
    house.record(
        "household-1", contracts.HouseholdFormed(household_id="1", group_id="paris", person_ids=["ana", "bob"])
    )
    house.record("person-ana", contracts.PersonErased(person_id="ana"))
    assert access.is_erased("ana")
    assert access.roles_of("ana") == []
    assert access.households_of("ana") == []
    assert access.persons_of("1") == ["bob"]
    assert house.dump("rooms") == house.rebuilt_dump("rooms")


def test_a_former_member_keeps_the_own_household_and_is_a_stranger_to_the_group(house: House) -> None:
    access = house.rooms["rooms"].runtime.access
    names = {"membership_id": "m", "household_id": "1", "group_id": "reunion"}
    granted = contracts.MembershipGranted(
        **names, number=1, tier="boost", valid_from=date(2026, 1, 1), valid_until=date(2026, 6, 30)
    )
    house.record("household-1", contracts.HouseholdFormed(household_id="1", group_id="reunion", person_ids=["ana"]))
    house.record("membership-m", granted)
    assert access.require_member(Context(actor="ana"), "reunion") == "eater", "run out, waiting for its renewal"
    house.record("membership-m", contracts.MembershipEnded(**names, on=date(2026, 11, 22)))
    house.clock.set(datetime(2026, 11, 21, 19, 59, tzinfo=UTC))
    assert access.belongs_to("ana", "reunion")
    house.clock.set(datetime(2026, 11, 21, 20, 0, tzinfo=UTC))  # midnight in Réunion
    for ask in (access.require_member, lambda *at: access.require(at[0], "ledger.read", group_id=at[1])):
        with pytest.raises(NotFound):
            ask(Context(actor="ana"), "reunion")
    assert access.require_household(Context(actor="ana"), "1", "ledger.read")["role"] == "eater"
    again = contracts.MembershipGranted(
        membership_id="m2", household_id="1", group_id="reunion", number=1, tier="boost",
        valid_from=date(2026, 12, 1), valid_until=date(2027, 6, 30),
    )  # fmt: skip
    house.record("membership-m2", again)
    assert access.belongs_to("ana", "reunion")
    assert house.dump("rooms") == house.rebuilt_dump("rooms")
