"""Who attacks, and with which ids: everybody whom the roles of `grenier.language.roles` know, in a month that was lived."""

from __future__ import annotations

from dataclasses import dataclass

from grenier.language.roles import FEDERATION_ROLES, GROUP_ROLES, OTHER_ROLES
from tests.isolation import _objects
from tests.lived_month import Lived

ANONYMOUS, EATER, EX_MEMBER = "anonymous", "eater", "ex_member"
ROLES = (ANONYMOUS, EX_MEMBER, EATER, *GROUP_ROLES, *FEDERATION_ROLES, *OTHER_ROLES)
PLACES = {"place": ["Salle des fêtes"], "time_zone": ["Europe/Paris", "Indian/Reunion"], "phone_region": ["FR", "RE"]}


@dataclass(frozen=True)
class Player:
    """`ids`: values by name of a path, query or body field, so that many requests meet what is really there."""

    role: str
    person_id: str
    ids: dict[str, list[str]]


def player(lived: Lived, role: str) -> Player:
    person = person_of(lived, role)
    return Player(role, person, ids(lived, person))


def person_of(lived: Lived, role: str) -> str:
    """A person id ("" for nobody) who holds this role and, in the group, no other."""
    group, federation = lived.groups[0], lived.federation
    named = {
        ANONYMOUS: "", EATER: group.households[4].person_id, "central_team": federation.central,
        "logistician": federation.logistician, "producer": federation.producer_contact,
    }  # fmt: skip
    if role in named:
        return named[role]
    if role in GROUP_ROLES:
        return str(getattr(group, role))
    if role == EX_MEMBER:
        return _former(lived)
    if role == "occasional_taker":
        person = group.households[5].person_id
        lived.stage.central.post(f"/groups/{group.group_id}/roles", person_id=person, role=role)
        return person
    held = lived.stage.central.get("/federation/roles")["roles"]
    return str(next(row["person_id"] for row in held if row["role"] == role))


def _former(lived: Lived) -> str:
    """Somebody whose membership ended today and whose role was taken back."""
    group, central = lived.groups[0], lived.stage.central
    household = group.households[5]
    given = central.post(f"/groups/{group.group_id}/roles", person_id=household.person_id, role="organiser")
    central.delete(f"/groups/{group.group_id}/roles/{household.person_id}/{given['assignment_id']}")
    membership = central.get(f"/households/{household.household_id}")["membership_id"]
    central.post(f"/memberships/{membership}/end")
    return household.person_id


def ids(lived: Lived, person: str) -> dict[str, list[str]]:
    """Ids of the first group by name; never the attacker's own person, who is still needed."""
    group, federation = lived.groups[0], lived.federation
    found = {name: [value] for name, value in _objects(lived, 0).items()}
    homes = [home for home in group.households if home.person_id != person]
    mine = [home.household_id for home in group.households if home.person_id == person]
    found["household_id"] = mine * 3 + [home.household_id for home in homes[3:]] or found["household_id"]
    found["person_id"] = [home.person_id for home in homes[3:]]
    found["product_id"] = list(federation.products.values())[:6]
    found["producer_id"] = list(federation.producers.values())[:3]
    found["host_id"] = [federation.host_id]
    found["scope_id"] = [federation.host_id, group.group_id]
    found["substitute_id"] = found["product_id"]
    found["role"] = ["organiser", "volunteer", "treasurer"]
    found["tier"] = ["neighbourhood", "solidarity", "boost"]
    found["valid_from"], found["valid_until"] = ["2026-11-02"], ["2027-11-02"]
    found["starts_at"] = found["opens_at"] = ["2026-11-20T17:00:00Z"]
    found["ends_at"] = found["closes_at"] = ["2026-11-20T19:00:00Z"]
    found["distribution_starts_at"], found["distribution_ends_at"] = ["2026-11-24T17:00:00Z"], ["2026-11-24T19:00:00Z"]
    return found | PLACES
