"""Who the demonstration is: a host organisation, two buying groups and one AMAP of sixty households, and their roles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.demo import catalogue
from gateway.demo.client import Api
from gateway.demo.people import Crowd, Person

HOST = "VRAC Loire"
TIERS = [
    {"code": "neighbourhood", "name": "Quartier", "rate_bp": 10_000, "dues_cents": 100},
    {"code": "solidarity", "name": "Solidaire", "rate_bp": 11_500, "dues_cents": 2_000},
    {"code": "boost", "name": "Coup de pouce", "rate_bp": 5_000, "dues_cents": 100},
]
HOUSEHOLDS = 60
WITHOUT_SCREEN = 3


@dataclass(frozen=True)
class Household:
    household_id: str
    person_ids: tuple[str, ...]
    tier: str
    label: str
    digital: bool

    @property
    def person_id(self) -> str:
        return self.person_ids[0]


@dataclass
class Group:
    group_id: str
    name: str
    kind: str
    place: str
    households: list[Household] = field(default_factory=list)
    organiser: str = ""
    coordinator: str = ""
    treasurer: str = ""
    volunteer: str = ""


@dataclass
class Federation:
    """Ids by what people call them."""

    host_id: str
    central: str
    logistician: str = ""
    producer_contact: str = ""
    groups: list[Group] = field(default_factory=list)
    producers: dict[str, str] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)


GROUPS = (
    ("Montreynaud", "buying_group", "Maison de quartier de Montreynaud"),
    ("Tarentaize", "buying_group", "Centre social de Tarentaize"),
    ("AMAP des Crêts", "csa", "Salle des fêtes, rue de la Montat"),
)
ROLES_IN_GROUP = ("organiser", "coordinator", "treasurer", "volunteer")

Progress = Callable[[str], None]


def silent(_step: str) -> None:
    return None


def found(
    api: Api,
    seed: int = 2026,
    households: int = HOUSEHOLDS,
    progress: Progress = silent,
    places: Sequence[tuple[str, str, str]] = GROUPS,
) -> Federation:
    """Found everything through the API, as the central team would; the same seed gives the same federation."""
    crowd = Crowd(seed)
    first = Person("Claire", "Fontaine", "claire.fontaine@exemple.fr", crowd.phone())
    founded = api.post("/federation", name=HOST, person=first.payload(), tiers=TIERS)
    federation = Federation(founded["id"], founded["person_id"])
    central = api.as_(federation.central)
    progress(f"{HOST} : la structure porteuse")
    _groups(central, federation, crowd, households, progress, places=places)
    _roles(central, federation, crowd)
    _producers(central, federation)
    progress(f"{len(federation.producers)} producteurs")
    return federation


def join(
    api: Api,
    central: str,
    seed: int,
    households: int,
    tag: str,
    places: Sequence[tuple[str, str, str]] = GROUPS,
) -> Federation:
    """More groups, with people of their own, in a federation that is already there."""
    at = api.as_(central)
    known = at.get("/federation")
    federation = Federation(known["host"]["host_id"], central)
    crowd = Crowd(seed, domain=f"{tag}.exemple.fr")
    _groups(at, federation, crowd, households, silent, f" {tag}", places)
    _roles(at, federation, crowd)
    keys = {row["name"]: row["key"] for row in catalogue.producers()}
    federation.producers = {keys[row["name"]]: row["producer_id"] for row in known["producers"] if row["name"] in keys}
    accounts = api.get("/demo")["accounts"]
    federation.producer_contact = next(row["person_id"] for row in accounts if row["role"] == "producer")
    return federation


def _groups(
    central: Api,
    federation: Federation,
    crowd: Crowd,
    households: int,
    progress: Progress,
    suffix: str = "",
    places: Sequence[tuple[str, str, str]] = GROUPS,
) -> None:
    for name, kind, place in places:
        group_id = central.post("/groups", name=f"{name}{suffix}", kind=kind, place=place)["id"]
        group = Group(group_id, f"{name}{suffix}", kind, place)
        federation.groups.append(group)
        _enrol(central, group, crowd, households)
        progress(f"{name} : {len(group.households)} foyers")


def _enrol(central: Api, group: Group, crowd: Crowd, households: int) -> None:
    drawn: list[tuple[list[Person], str, bool]] = []
    for number in range(households):
        digital = number < households - WITHOUT_SCREEN
        tier = crowd.random.choices(["neighbourhood", "solidarity", "boost"], [6, 3, 1])[0]
        drawn.append((crowd.household(digital=digital), tier, digital))
    rows = [{"persons": [person.payload() for person in persons], "tier": tier} for persons, tier, _ in drawn]
    answer = central.post(f"/groups/{group.group_id}/households/import", rows=rows, dry_run=False)
    if answer["errors"]:
        raise ValueError(f"the demonstration's people are refused: {answer['errors'][:3]}")
    for (persons, tier, digital), enrolled in zip(drawn, answer["enrolled"], strict=True):
        label = " / ".join(dict.fromkeys(person.last_name for person in persons))
        ids = tuple(enrolled["person_ids"])
        group.households.append(Household(enrolled["household_id"], ids, tier, label, digital))


def _roles(central: Api, federation: Federation, crowd: Crowd) -> None:
    for group in federation.groups:
        for place, role in enumerate(ROLES_IN_GROUP):
            person_id = group.households[place].person_id
            body = {"person_id": person_id, "role": role}
            central.post(f"/groups/{group.group_id}/roles", **body)
            setattr(group, role, person_id)
    home = federation.groups[0].group_id
    for role in ("logistician", "territorial_coordinator", "volunteer_expert", "role_holder"):
        person_id = central.post("/persons", group_id=home, **crowd.person().payload())["id"]
        scope: dict[str, Any] = {"scope_kind": "federation", "scope_id": federation.host_id}
        central.post("/federation/roles", person_id=person_id, role=role, **scope)
        if role == "logistician":
            federation.logistician = person_id


def _producers(central: Api, federation: Federation) -> None:
    for row in catalogue.producers():
        federation.producers[row["key"]] = central.post("/producers", name=row["name"], place=row["place"])["id"]
    home = federation.groups[0].group_id
    contact = Person("Bernard", "Vuillet", "bernard.vuillet@exemple.fr", "04 65 71 12 34")
    federation.producer_contact = central.post("/persons", group_id=home, **contact.payload())["id"]
    scope = {"scope_kind": "producer", "scope_id": federation.producers["fruitiere"]}
    central.post("/federation/roles", person_id=federation.producer_contact, role="producer", **scope)
