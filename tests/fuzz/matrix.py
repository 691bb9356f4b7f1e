"""T33, as an attacker who has read the matrix: everything around the addresses that tests/test_isolation*.py try.

Ids of another group inside bodies and queries of one's own routes, HEAD and OPTIONS, stored ETags, ids in capitals,
exports, positions, somebody whose role was taken back. Whatever is named must look as if it did not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from grenier.handling import read_meta
from tests.isolation import NOWHERE, Try, World, example, form, leaks, plain, routes, row_of, schema_of, tries
from tests.isolation_rows import FEDERATION, GROUP, LAST_ACTS, OWN, SHARED, THINGS_OF_A_GROUP, Row
from tests.readable import text_of

STRANGERS = ("organiser", "treasurer", "coordinator", "member", "volunteer", "producer", "revoked")
FORMATS = ("csv", "xlsx", "ics", "pdf", "json")
# Answers of commands that wrote nothing: a repetition of what is already so.
OWN_ORDERS = ("api_orders.history", "shop.history")  # the latest order may well be the former member's own
FOREIGN = THINGS_OF_A_GROUP | {
    "subject_id",
    "person_ids",
    "household_ids",
    "group_ids",
    "entry_ids",
    "cheque_entry_ids",
}


@dataclass
class Tried:
    number: int = 0
    routes: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def say(self, attempt: Try, answer: TestResponse, what: str) -> None:
        self.problems.append(f"{attempt.method} {attempt.rule.endpoint} {attempt.query}: {answer.status_code} {what}")


def revoked(world: World) -> str:
    """A member of the other group who organised the first one until a moment ago."""
    if "revoked" not in world.strangers:
        central, group = world.lived.stage.central, world.lived.groups[0]
        person = world.lived.groups[1].households[5].person_id
        given = central.post(f"/groups/{group.group_id}/roles", person_id=person, role="organiser")
        world.lived.site.token(person)
        central.delete(f"/groups/{group.group_id}/roles/{person}/{given['assignment_id']}")
        world.strangers["revoked"] = person
        world.households["revoked"] = world.lived.groups[1].households[5].household_id
    return world.strangers["revoked"]


def around(world: World, role: str, formats: Sequence[str] = FORMATS, every: int = 1) -> Tried:
    """GET with a member's ETag, HEAD, OPTIONS, exports and capitals on everything of the first group."""
    found, client = Tried(), world.client(world.strangers[role])
    insider = world.client(world.lived.groups[0].organiser)
    for attempt in islice(_attempts(world, GROUP, FEDERATION), 0, None, every):
        path, nowhere = attempt.path(world.app), attempt.path(world.app, nowhere=True)
        found.routes.add(attempt.rule.endpoint)
        if attempt.method != "GET":
            _same(found, world, attempt, client.options(path), client.options(nowhere))
            continue
        _same(found, world, attempt, client.head(path), client.head(nowhere))
        tag = insider.get(path).headers.get("ETag")
        for headers in ({"If-None-Match": tag or "*"}, {"If-None-Match": "*"}):
            _same(found, world, attempt, client.get(path, headers=headers), client.get(nowhere, headers=headers))
        for wanted in formats if not path.startswith("/api/") else ():
            joint = "&" if "?" in path else "?"
            _same(
                found,
                world,
                attempt,
                client.get(f"{path}{joint}format={wanted}"),
                client.get(f"{nowhere}{joint}format={wanted}"),
            )
        for twisted in (
            path.replace(world.objects["group_id"], world.objects["group_id"].upper()),
            path + "/",
            path.replace("/api/", "/API/"),
        ):
            if twisted != path:
                _secret(found, world, attempt, client.get(twisted))
    return found


def _same(found: Tried, world: World, attempt: Try, answer: TestResponse, nowhere: TestResponse) -> None:
    found.number += 1
    if plain(answer) != plain(nowhere):
        found.say(attempt, answer, f"not as if it were not there ({nowhere.status_code})")
    if answer.headers.get("ETag") or answer.status_code in (206, 304):
        found.say(attempt, answer, "tells that the content is known")
    _secret(found, world, attempt, answer)


def _secret(found: Tried, world: World, attempt: Try, answer: TestResponse) -> None:
    if answer.status_code >= 500:
        found.say(attempt, answer, "fails")
    if told := leaks(world, answer, attempt):
        found.say(attempt, answer, f"leaks {told[:2]}")


def smuggled(world: World, role: str) -> Tried:
    """Bodies with things of the first group, sent to routes of one's own: refused as if they were not there, or without effect on it."""
    found, log = Tried(), world.lived.site.house.log
    client = world.client(world.strangers[role])
    for attempt in _attempts(world, GROUP, OWN, SHARED, FEDERATION):
        if attempt.method == "GET" or attempt.rule.endpoint in LAST_ACTS:
            continue
        mine = {name: world.own.get(name, value) for name, value in attempt.values.items()}
        mine |= {"household_id": world.households.get(role) or mine["household_id"]}
        own = Try(attempt.rule, attempt.method, mine)
        head = log.head()
        answers = [_send(world, client, own, ids) for ids in (_foreign(world, mine), _nowhere(world, mine))]
        found.number += 1
        found.routes.add(attempt.rule.endpoint)
        if answers[0] is None or answers[1] is None:
            continue
        answer, nowhere = answers[0], answers[1]
        _secret(found, world, Try(own.rule, own.method, _foreign(world, mine)), answer)
        if answer.status_code >= 400 and plain(answer) != plain(nowhere):
            found.say(
                own,
                answer,
                f"{text_of(answer)[:160]} not as if it were not there ({nowhere.status_code})",
            )
        found.problems += [f"{attempt.method} {attempt.rule.endpoint}: {told}" for told in _touched(world, head)]
    return found


def _foreign(world: World, mine: dict[str, str]) -> dict[str, str]:
    return mine | {name: value for name, value in world.objects.items() if name in FOREIGN}


def _nowhere(world: World, mine: dict[str, str]) -> dict[str, str]:
    from uuid import uuid5

    return mine | {name: str(uuid5(NOWHERE, name)) for name in world.objects if name in FOREIGN}


def _send(world: World, client: FlaskClient, own: Try, ids: dict[str, str]) -> TestResponse | None:
    path = own.path(world.app)
    if not path.startswith("/api/"):
        kept = form(ids)
        return client.open(path, method=own.method, data=kept)
    schema = schema_of(world.app, own.rule.endpoint, own.method)
    if schema is None or not _names_things(schema):
        return None
    return client.open(path, method=own.method, json=example(schema, ids))


def _names_things(schema: Any) -> bool:
    for name, one in schema.load_fields.items():
        inner = getattr(one, "schema", None) or getattr(getattr(one, "inner", None), "schema", None)
        if name in FOREIGN or f"{name.removesuffix('s')}" in FOREIGN or (inner is not None and _names_things(inner)):
            return True
    return False


def _touched(world: World, head: int | None) -> Iterator[str]:
    """Events since then that belong to the first group, or carry an id of one of its things."""
    foreign = {value for name, value in world.objects.items() if name in THINGS_OF_A_GROUP} - set(world.own.values())
    for event in world.lived.site.house.log.read_all(after=head):
        body = event.data.decode() + event.stream
        if read_meta(event.metadata).group == world.objects["group_id"]:
            yield f"{event.type} in the other group"
        elif named := [value for value in foreign if value in body]:
            yield f"{event.type} names {named[:2]} of the other group"


def asked(world: World, role: str) -> Tried:
    """Query parameters that name things of the first group, on one's own routes: the same bytes as for things that are not."""
    found, client = Tried(), world.client(world.strangers[role])
    for attempt in _attempts(world, GROUP, OWN, SHARED, FEDERATION):
        parameters = _query_names(world, attempt)
        if attempt.method != "GET" or not parameters:
            continue
        mine = {name: world.own.get(name, value) for name, value in attempt.values.items()}
        path = Try(attempt.rule, "GET", mine).path(world.app)
        for name, thing in parameters:
            query, nothing = f"{name}={world.objects[thing]}", f"{name}={_nowhere(world, {}).get(thing, str(NOWHERE))}"
            _same_query(found, world, Try(attempt.rule, "GET", mine | {thing: world.objects[thing]}, query),
                        client.get(f"{path}?{query}"), client.get(f"{path}?{nothing}"))  # fmt: skip
    return found


def _query_names(world: World, attempt: Try) -> list[tuple[str, str]]:
    view = world.app.view_functions[attempt.rule.endpoint]
    parameters = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    schema = next((p["schema"] for p in parameters if isinstance(p, dict) and p.get("in") == "query"), None)
    names = schema.load_fields if schema is not None and not isinstance(schema, type) else {}
    things = {"subject_id": "cycle_id", "group": "group_id", "producer_id": "producer_id"}
    known = {name: things.get(name) or (name.removesuffix("s") if name.endswith("_ids") else name) for name in names}
    # The names of groups are public.
    return [(name, thing) for name, thing in known.items() if thing in FOREIGN | {"group_id"} and name != "group_ids"]


def _same_query(found: Tried, world: World, attempt: Try, answer: TestResponse, nowhere: TestResponse) -> None:
    found.number += 1
    found.routes.add(attempt.rule.endpoint)
    body, other = (text_of(one) for one in (answer, nowhere))
    if answer.status_code != nowhere.status_code or (
        answer.status_code < 400 and len(body) != len(other) and "next_after" not in body
    ):
        found.say(attempt, answer, f"not as if it were not there ({nowhere.status_code})")
    _secret(found, world, attempt, answer)


def former(world: World) -> Tried:
    """Somebody whose membership of the first group has ended: keeps the own account, reads and does nothing else there."""
    found = Tried()
    group, central = world.lived.groups[0], world.lived.stage.central
    household = group.households[5]
    membership = central.get(f"/households/{household.household_id}")["membership_id"]
    central.post(f"/memberships/{membership}/end")
    world.lived.site.clock.set(world.lived.site.clock.now() + timedelta(days=2))
    client, log = world.client(household.person_id), world.lived.site.house.log
    own = {household.household_id, household.person_id, group.group_id}
    people = world.lived.as_(group.organiser).get(f"/groups/{group.group_id}/members")["households"]
    others = {p["name"] for home in people if home["household_id"] != household.household_id for p in home["persons"]}
    for attempt in _attempts(world, GROUP, FEDERATION):
        if attempt.rule.endpoint in OWN_ORDERS:
            continue
        found.number += 1
        found.routes.add(attempt.rule.endpoint)
        head = log.head()
        path = attempt.path(world.app)
        answer = client.get(path) if attempt.method == "GET" else _act(world, client, attempt)
        told = [word for word in (world.markers | others) - own if word in text_of(answer) and word not in path]
        if told and answer.status_code < 400:
            found.say(attempt, answer, f"tells {told[:2]}")
        if log.head() != head:
            found.say(attempt, answer, "changed something")
    return found


def _act(world: World, client: FlaskClient, attempt: Try) -> TestResponse:
    path = attempt.path(world.app)
    if not path.startswith("/api/"):
        return client.open(path, method=attempt.method, data=form(dict(attempt.values)))
    schema = schema_of(world.app, attempt.rule.endpoint, attempt.method)
    return client.open(path, method=attempt.method, json=example(schema, attempt.values) if schema else None)


def _attempts(world: World, *kinds: str) -> Iterator[Try]:
    for rule in routes(world.app):
        row = row_of(rule)
        if row is not None and row.kind in kinds:
            yield from tries(world, rule, Row(row.kind, row.fill, row.queries))
