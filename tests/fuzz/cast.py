"""Who attacks, and with which ids: everybody whom the roles of `grenier.language.roles` know, in a month that was lived."""

from __future__ import annotations

from dataclasses import dataclass

from grenier.language.logistics import DistributionPlanned
from grenier.language.roles import FEDERATION_ROLES, GROUP_ROLES, OTHER_ROLES
from grenier.readmodel import fact_of
from tests.isolation import objects
from tests.isolation_season import SEASON
from tests.lived_month import Lived

ANONYMOUS, EATER, EX_MEMBER = "anonymous", "eater", "ex_member"
ROLES = (ANONYMOUS, EX_MEMBER, EATER, *GROUP_ROLES, *FEDERATION_ROLES, *OTHER_ROLES)
PLACES = {"place": ["Salle des fêtes"], "time_zone": ["Europe/Paris", "Indian/Reunion"], "phone_region": ["FR", "RE"]}
HOURS = {"starts": ["17:30", "18:00"], "ends": ["19:30", "20:00"]}


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


def distributions(lived: Lived, group_id: str) -> list[str]:
    """Of the month behind and of the month to come."""
    facts = (fact_of(recorded).event for recorded in lived.site.house.log.read_all())
    return [
        fact.distribution_id for fact in facts if isinstance(fact, DistributionPlanned) and fact.group_id == group_id
    ]


def ids(lived: Lived, person: str) -> dict[str, list[str]]:
    """Ids of the first group by name; never the attacker's own person, who is still needed."""
    group, federation = lived.groups[0], lived.federation
    found = {name: [value] for name, value in objects(lived, 0).items()}
    homes = [home for home in group.households if home.person_id != person]
    mine = [home.household_id for home in group.households if home.person_id == person]
    found["household_id"] = mine * 2 * len(homes) + [home.household_id for home in homes[3:]]
    found["person_id"] = [home.person_id for home in homes[3:]]
    found["product_id"] = list(federation.products.values())[:6]
    found["producer_id"] = list(federation.producers.values())[:3]
    found["host_id"] = [federation.host_id]
    found["scope_id"] = [federation.host_id, group.group_id]
    found["substitute_id"] = found["product_id"]
    found["holder_id"] = found["keeper_id"] = found["referent_id"] = found["co_person_id"] = found["person_id"]
    found["coordinator_id"] = [group.coordinator]
    found["contract_id"] = [SEASON["contract_id"]] * 2 + [SEASON["asked_contract_id"]]
    found["option_id"] = ["fig"]
    found["delivery_id"] = [SEASON["delivery_id"]] * 2 + found["goods_delivery_id"]
    found["cycle_id"] = found["cycle_id"] * 2 + found["round_cycle_id"]
    found["distribution_id"] = distributions(lived, group.group_id)
    found["role"] = ["organiser", "volunteer", "treasurer"]
    found["tier"] = ["neighbourhood", "solidarity", "boost"]
    found["valid_from"], found["valid_until"] = ["2026-11-02"], ["2027-11-02"]
    found["starts_at"] = found["opens_at"] = ["2026-11-20T17:00:00Z"]
    found["ends_at"] = found["closes_at"] = ["2026-11-20T19:00:00Z"]
    found["distribution_starts_at"], found["distribution_ends_at"] = ["2026-11-24T17:00:00Z"], ["2026-11-24T19:00:00Z"]
    return found | PLACES | HOURS
