"""Strangers and what they try: people, addresses, bodies, and how answers are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid5

import marshmallow as ma
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from grenier.config import Settings
from grenier.readmodel import fact_of
from tests import isolation_season
from tests.isolation_rows import ROWS, THINGS_OF_A_GROUP, Row
from tests.isolation_season import NOWHERE, SEASON
from tests.lived_month import Lived
from tests.readable import text_of

ANONYMOUS = ""
# Of a group's month: what an order round has of these stands in SEASON.
OF_THE_MONTH = ("order_id", "distribution_id", "supplier_order_id")


@dataclass
class World:
    """Group A with its objects, and strangers to it."""

    lived: Lived
    objects: dict[str, str]
    own: dict[str, str]  # the same names, of group B
    strangers: dict[str, str]  # role -> person id
    households: dict[str, str]  # role -> own household, of those who have one
    markers: frozenset[str]

    def client(self, person_id: str) -> FlaskClient:
        """Without cookies: what was said on one page must not be shown on the next."""
        client = self.app.test_client(use_cookies=False)
        if person_id:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.lived.site.token(person_id)}"
        return client

    @property
    def app(self) -> Flask:
        return self.lived.site.app

    @property
    def belonging(self) -> list[str]:
        """People of whom each may see something of group A's things; all of them together may see everything."""
        group, federation = self.lived.groups[0], self.lived.federation
        farmer = isolation_season.farmer(self.lived)
        return [group.households[1].person_id, group.organiser, group.treasurer, group.coordinator, farmer,
                federation.central, federation.logistician]  # fmt: skip


def world_of(lived: Lived) -> World:
    b = lived.groups[1]
    central = lived.stage.central
    nobody = central.post("/persons", group_id=b.group_id, first_name="Nils", last_name="Ohneort")["id"]
    erased = central.post("/persons", group_id=b.group_id, first_name="Fut", last_name="Gewesen")["id"]
    lived.site.token(erased)
    lived.as_(lived.federation.central).delete(f"/persons/{erased}")
    leave_traces(lived)
    strangers = {
        "anonymous": ANONYMOUS, "erased": erased, "nobody": nobody, "producer": lived.federation.producer_contact,
        "member": b.households[4].person_id, "organiser": b.organiser, "coordinator": b.coordinator,
        "treasurer": b.treasurer, "volunteer": b.volunteer,
    }  # fmt: skip
    households = {home.person_id: home.household_id for home in b.households}
    at_home = {role: households[person] for role, person in strangers.items() if person in households}
    world = World(lived, objects(lived, 0), objects(lived, 1), strangers, at_home, _markers(lived))
    _no_demonstration(lived)
    return world


def _no_demonstration(lived: Lived) -> None:
    """From now on an installation like any other: no list of people at the door, no clock to move."""
    was = lived.site.house.settings
    plain = Settings(data_dir=was.data_dir, kek=was.kek, session_secret=was.session_secret)
    lived.site.app.extensions["grenier"].settings = plain
    for room in lived.site.house.rooms.values():
        room.runtime.settings = plain


def leave_traces(lived: Lived) -> None:
    """What a quiet month does not have: somebody who asks to join, a slot taken, a call made."""
    group = lived.groups[0]
    join = {"first_name": "Quentin", "last_name": "Réverchaud-Tillier", "email": "quentin@reverchaud.example"}
    lived.stage.api.post(f"/groups/{group.group_id}/applications", charter_accepted=True, **join)
    member = lived.as_(group.households[1].person_id)
    activity = member.get(f"/groups/{group.group_id}/activities")["activities"][0]["activity_id"]
    slot = member.get(f"/activities/{activity}")["slots"][0]["slot_id"]
    member.put(f"/activities/{activity}/slots/{slot}/volunteers/{group.households[1].person_id}")
    isolation_season.leave_traces(lived)


def objects(lived: Lived, index: int) -> dict[str, str]:
    """An id for every name of an argument: what the log last said of this group (and first of the federation)."""
    group, federation = lived.groups[index], lived.federation
    found: dict[str, str] = {}
    for recorded in lived.site.house.log.read_all():
        fact = fact_of(recorded)
        scope = {getattr(fact.event, name, "") for name in ("group_id", "scope_id")} | {fact.meta.group}
        of_a_round = bool(getattr(fact.event, "contract_id", ""))
        for name in getattr(fact.event, "__struct_fields__", ()):
            value = getattr(fact.event, name)
            if name in OF_THE_MONTH and of_a_round:
                continue
            if name.endswith("_id") and isinstance(value, str) and value and group.group_id in scope:
                found[name] = value
        if group.group_id in scope and not of_a_round and getattr(fact.event, "slots", None):
            found["slot_id"] = fact.event.slots[0].slot_id  # type: ignore[attr-defined]
    household = group.households[1]
    central = lived.stage.central
    goods = lived.as_(group.organiser).get("/deliveries", group_id=group.group_id)["items"]
    orders = central.get("/supplier-orders", window_id=lived.past.window_id)["items"]
    others = [row for row in orders if row["producer_id"] != federation.producers["fruitiere"]]
    tokens = lived.as_(group.organiser).get("/tokens")
    treasurer = lived.as_(group.treasurer)
    payments = treasurer.get(f"/groups/{group.group_id}/tills/{found['till_id']}/payments")["items"]
    entry = treasurer.get(f"/households/{household.household_id}/statement")["lines"][0]["entry_id"]
    return found | {
        "group_id": group.group_id, "host_id": federation.host_id, "household_id": household.household_id,
        "person_id": household.person_id, "other_id": household.person_id, "asker_id": group.households[2].person_id,
        "entry_id": entry, "payment_id": payments[0]["entry_id"],
        "cycle_id": lived.current_cycles[index].cycle_id, "past_cycle_id": lived.past_cycles[index].cycle_id,
        "product_id": federation.products["Comté 12 mois"], "catalogue_id": lived.current.catalogue_id,
        "window_id": lived.past.window_id, "supplier_order_id": others[0]["supplier_order_id"],
        "producer_id": others[0]["producer_id"], "token_id": _first_token(tokens), "duty": "regulate",
        "code": "announcement", "lang": "fr", "language": "fr", "secret": "x" * 43, "token": "x" * 43,
        "filename": "grenier.css", "mail_id": "1", "contract_section": "calendrier", "delivery_change": "deplacer",
        "form": "pdf", "on": isolation_season.delivery_day(lived).isoformat(), "document": "contract", "version": "1",
        "goods_delivery_id": goods[0]["delivery_id"], "round_cycle_id": SEASON["round_id"],
        "asked_contract_id": SEASON["asked_contract_id"], "other_home_id": group.households[2].household_id,
        "farm_id": isolation_season.farm_of(lived),
    }  # fmt: skip


def _first_token(tokens: Any) -> str:
    rows = tokens if isinstance(tokens, list) else next(value for value in tokens.values() if isinstance(value, list))
    return str(rows[0].get("id") or rows[0]["token_id"])


def _markers(lived: Lived) -> frozenset[str]:
    """What must not be read by strangers: ids of the group's things, names and addresses of its people."""
    group, other = lived.groups[0], lived.groups[1]
    mine, theirs = objects(lived, 0), objects(lived, 1)
    things = {value for name, value in mine.items() if name in THINGS_OF_A_GROUP and value != theirs.get(name)}
    # Opened contracts and their dates stand on the public page.
    published = (
        lived.site.app.test_client().get(f"/api/v1/public/groups/{group.group_id}/contracts").get_data(as_text=True)
    )
    things = {value for value in things if value not in published}
    people = lived.as_(group.organiser).get(f"/groups/{group.group_id}/members")["households"]
    known = {
        str(person[field])
        for household in people for person in household["persons"] for field in ("person_id", "name", "email", "phone")
        if person.get(field)
    }  # fmt: skip
    households = {household.household_id for household in group.households}
    same_names = lived.as_(other.organiser).get(f"/groups/{other.group_id}/members")["households"]
    public = {person["name"] for household in same_names for person in household["persons"]}
    return frozenset((things | known | households | {"Réverchaud-Tillier", "quentin@reverchaud"}) - public)


# -- addresses and bodies ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Try:
    """One request. `nowhere`: the same one about things that do not exist; `ids`: what tells the two apart."""

    rule: Rule
    method: str
    values: Mapping[str, str]
    query: str = ""
    own: frozenset[str] = frozenset()  # names of what is the stranger's own

    def path(self, app: Flask, nowhere: bool = False) -> str:
        values = {name: self.swapped(name, nowhere) for name in self.rule.arguments}
        _, path = self.rule.build({name: _typed(value) for name, value in values.items()}, append_unknown=False) or (
            0,
            "",
        )
        query = self.query.format_map({name: self.swapped(name, nowhere) for name in self.values}) if self.query else ""
        return path + (f"?{query}" if query else "")

    def swapped(self, name: str, nowhere: bool) -> str:
        strange = name in THINGS_OF_A_GROUP or name in (
            "group_id",
            "token_id",
            "supplier_order_id",
            "window_id",
            "host_id",
        )
        kept = self.own and name in {*self.own, "host_id", "window_id"}
        return str(uuid5(NOWHERE, name)) if nowhere and strange and not kept else self.values[name]


def _typed(value: str) -> Any:
    return int(value) if value.isdigit() else value


def tries(world: World, rule: Rule, row: Row, role: str = "") -> Iterator[Try]:
    """With everything of group A; then the stranger's own group and household in front of things of group A."""
    filled = world.objects | {name: world.objects[source] for name, source in row.fill.items()}
    things = rule.arguments & THINGS_OF_A_GROUP
    home = {"group_id": world.own["group_id"], "household_id": world.households.get(role, "")}
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        for query in row.queries if method == "GET" else ("",):
            yield Try(rule, method, filled, query)
        if not home["household_id"]:
            continue
        for own in ({"group_id"}, {"group_id", "household_id"}):
            if own & rule.arguments and things - own:
                yield Try(rule, method, filled | {name: home[name] for name in own}, own=frozenset(own))


def schema_of(app: Flask, endpoint: str, method: str) -> ma.Schema | None:
    """The JSON body of an API route, as its documentation has it."""
    view = app.view_functions[endpoint]
    parameters = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    found = next((p["schema"] for p in parameters if isinstance(p, dict) and p.get("in") == "json"), None)
    return found() if isinstance(found, type) else found


def example(schema: ma.Schema, objects: Mapping[str, str]) -> dict[str, Any]:
    """A body that passes the schema, with the given ids where they fit."""
    return {
        (field.data_key or name): _value(name, field, objects)
        for name, field in schema.load_fields.items()
        if field.required or name in objects
    }


def _value(name: str, field: ma.fields.Field, objects: Mapping[str, str]) -> Any:
    if name in objects and isinstance(field, ma.fields.String):
        return objects[name]
    match field:
        case ma.fields.Nested():
            inner = example(field.schema, objects)
            return [inner] if field.many else inner
        case ma.fields.List():
            singular = name.removesuffix("s")
            return [_value(singular, field.inner, objects)]
        case ma.fields.Boolean():
            return True
        case ma.fields.Integer():
            return 1
        case ma.fields.AwareDateTime() | ma.fields.DateTime():
            return "2026-11-20T17:00:00+01:00"
        case ma.fields.Date():
            return "2026-11-20"
        case ma.fields.Dict():
            return {objects["product_id"]: 1}
    choices = [v.choices for v in field.validators if isinstance(v, ma.validate.OneOf)]
    return next(iter(choices[0])) if choices else WORDS.get(name, "mot")


WORDS = {
    "month": "2026-11", "on": "2026-11-20", "starts_at": "2026-11-20T17:00:00Z", "ends_at": "2026-11-20T19:00:00Z",
    "valid_from": "2026-11-20", "valid_until": "2027-11-20", "email": "x@exemple.fr", "tier": "solidarity", "role": "volunteer",
    "opens_at": "2026-11-20T17:00:00Z", "closes_at": "2026-11-22T17:00:00Z",
}  # fmt: skip


def form(objects: Mapping[str, str]) -> dict[str, str]:
    """A form that has every field which any page may look for."""
    words = {"amount": "5,00", "quantity": "1", "role": "volunteer", "reason": "essai", "rule": "prorata", "name": "Essai",
             "first_name": "Ada", "last_name": "Essai", "step": "confirm", "confirm": "1", "decision": "accept",
             "tier": "solidarity", "means": "cash", "subject": "Essai", "body": "Essai", "outcome": "reached"}  # fmt: skip
    return dict(objects) | words | {f"q-{objects['product_id']}": "1"}


# -- answers -----------------------------------------------------------------------------------------------------

NOISE = re.compile(
    r"urn:uuid:[0-9a-f-]{36}|(?<=value=\")[^\"]{20,}(?=\")|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|content=\"[^\"]{20,}\""
)


def plain(answer: TestResponse) -> tuple[int, str]:
    """Status and body without the number of the request, its form tokens and the ids it asked for itself."""
    return answer.status_code, NOISE.sub("·", text_of(answer))


def leaks(world: World, answer: TestResponse, attempt: Try) -> list[str]:
    """What of group A stands in the body, but for ids that the request itself named (the login page keeps the form)."""
    body = text_of(answer)
    asked = set(attempt.values.values()) if attempt.method != "GET" else attempt.path(world.app)
    return sorted(marker for marker in world.markers if marker in body and marker not in asked)


def routes(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule))


def row_of(rule: Rule) -> Row | None:
    return ROWS.get(rule.endpoint)
