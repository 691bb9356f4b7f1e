"""T34: no body takes a field that is not its own, and no answer says more than the golden file allows for that role.

`keys.json` holds, for each reading route, the keys of its answers and the roles that were given them. A key that is not
there is a finding: look at it, then write the file anew with `python -m tests.fuzz keys`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from grenier.language.roles import PERMISSIONS
from tests.fuzz.cast import person_of
from tests.isolation import Try, World, example, routes, row_of, schema_of, tries
from tests.isolation_rows import DEMO, Row
from tests.readable import text_of

GOLDEN = Path(__file__).with_name("keys.json")
PRIVILEGED: dict[str, Any] = {
    "role": "central_team", "roles": ["central_team"], "actor": "nobody", "group_id": "elsewhere", "host_id": "elsewhere",
    "person_id": "somebody", "household_id": "another", "on_behalf_of": "another", "for": "another", "command_id": "5e9d7f3c",
    "status": "confirmed", "state": "closed", "version": 99, "position": 1, "created_at": "2020-01-01T00:00:00Z", "at": "2020-01-01T00:00:00Z",
    "price_cents": 1, "unit_price_cents": 1, "amount_cents": 1, "total_cents": 1, "balance_cents": 1, "is_admin": True, "after": 0,
    "credit_floor_cents": -10**9, "postings": [], "effect_cents": 1, "fingerprint": "x", "__class__": "x",
}  # fmt: skip
READERS = ("eater", "volunteer", "treasurer", "coordinator", "organiser", "logistician", "central_team", "producer",
           "territorial_coordinator", "volunteer_expert")  # fmt: skip
DYNAMIC = re.compile(r"^(\d+|.*[0-9a-f]{8}-[0-9a-f]{4}-.*)$")
ALSO_PERSONAL = frozenset({"notify.call"})  # who calls people sees their numbers


@dataclass
class Tried:
    number: int = 0
    routes: int = 0
    problems: list[str] = field(default_factory=list)


# -- what goes in ------------------------------------------------------------------------------------------------


def assigned(world: World, names: Collection[str] = tuple(PRIVILEGED)) -> Tried:
    """Each privileged name in each object of each body, as the first person who gets as far as the body."""
    found, log = Tried(), world.lived.site.house.log
    group, federation = world.lived.groups[0], world.lived.federation
    people = [
        world.client(person)
        for person in (federation.central, group.organiser, group.treasurer, federation.logistician, "")
    ]
    for attempt, schema in _bodies(world):
        body, path = example(schema, world.objects), attempt.path(world.app)
        client = next((one for one in people if _reads_bodies(one, attempt.method, path)), None)
        found.routes += 1
        if client is None:
            found.problems.append(f"{attempt.method} {attempt.rule.endpoint}: nobody gets as far as the body")
            continue
        head = log.head()
        for where, spoilt in _spoilt(body, schema, names):
            found.number += 1
            answer = client.open(path, method=attempt.method, json=spoilt, environ_overrides=_elsewhere(found.number))
            if answer.status_code != 422 or where not in json.dumps(answer.json.get("errors", {})):
                found.problems.append(f"{attempt.method} {attempt.rule.endpoint} {where}: {answer.status_code}")
        if log.head() != head:
            found.problems.append(f"{attempt.method} {attempt.rule.endpoint}: changed something")
    return found


def _bodies(world: World) -> Iterator[tuple[Try, Any]]:
    for rule in routes(world.app):
        row = row_of(rule)
        if row is None or row.kind == DEMO or not rule.rule.startswith("/api/"):
            continue
        for attempt in tries(world, rule, Row(row.kind, row.fill)):
            schema = schema_of(world.app, rule.endpoint, attempt.method)
            if attempt.method != "GET" and schema is not None:
                yield attempt, schema


def _reads_bodies(client: FlaskClient, method: str, path: str) -> bool:
    return client.open(path, method=method, json={"nobody_knows": 1}).status_code == 422


def _elsewhere(number: int) -> dict[str, str]:
    return {"REMOTE_ADDR": f"10.2.{number >> 8 & 255}.{number & 255}"}


def _spoilt(body: dict[str, Any], schema: Any, names: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The body with one name too many: on top, and in every object inside that has a shape of its own."""
    for name in names:
        if name not in schema.load_fields:
            yield name, body | {name: PRIVILEGED[name]}
    for key, inner in body.items():
        nested = getattr(schema.load_fields[key], "schema", None) or getattr(
            getattr(schema.load_fields[key], "inner", None), "schema", None
        )
        if nested is None:
            continue
        first = inner[0] if isinstance(inner, list) else inner
        for name, spoilt in _spoilt(first, nested, names):
            yield name, body | {key: [spoilt] if isinstance(inner, list) else spoilt}


# -- what comes out ----------------------------------------------------------------------------------------------


def answered(world: World, readers: Collection[str] = READERS) -> dict[str, dict[str, set[str]]]:
    """{endpoint: {key path: roles}} of every reading API route, asked as every role about the first group."""
    seen: dict[str, dict[str, set[str]]] = {}
    for role in readers:
        client = world.client(person_of(world.lived, role))
        for attempt in _reads(world):
            answer = client.get(attempt.path(world.app))
            if answer.status_code == 200 and "json" in (answer.mimetype or ""):
                kept = seen.setdefault(attempt.rule.endpoint, {})
                for key in _keys(json.loads(answer.get_data())):
                    kept.setdefault(key, set()).add(role)
    return seen


def _reads(world: World) -> Iterator[Try]:
    for rule in routes(world.app):
        row = row_of(rule)
        if row is not None and row.kind != DEMO and rule.rule.startswith("/api/") and rule.endpoint != "docs.openapi":
            yield from (one for one in tries(world, rule, row) if one.method == "GET")


def _keys(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{'*' if DYNAMIC.match(key) else key}".lstrip(".")
            yield here
            yield from _keys(inner, here)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner, f"{path}[]")


def golden() -> dict[str, dict[str, str]]:
    return dict(json.loads(GOLDEN.read_text())) if GOLDEN.exists() else {}


def write(seen: Mapping[str, Mapping[str, set[str]]]) -> None:
    """`{endpoint: {"roles": "keys"}}`: few lines, so that a change of what is told is seen in a review.

    What was known stays: some keys are told in some months only. A key that is told no more is taken out by hand.
    """
    seen = {endpoint: {key: set(roles) for key, roles in keys.items()} for endpoint, keys in seen.items()}
    for endpoint, key, role in _known():
        seen.setdefault(endpoint, {}).setdefault(key, set()).add(role)
    compact: dict[str, dict[str, str]] = {}
    for endpoint in sorted(seen):
        by_roles: dict[str, list[str]] = {}
        for key, roles in seen[endpoint].items():
            by_roles.setdefault(" ".join(role for role in READERS if role in roles), []).append(key)
        compact[endpoint] = {roles: " ".join(sorted(keys)) for roles, keys in sorted(by_roles.items())}
    GOLDEN.write_text(json.dumps(compact, indent=1, ensure_ascii=False) + "\n")


def _known() -> set[tuple[str, str, str]]:
    """(endpoint, key, role) of the golden file."""
    return {
        (endpoint, key, role)
        for endpoint, groups in golden().items() for roles, keys in groups.items() for key in keys.split() for role in roles.split()
    }  # fmt: skip


def extra(seen: Mapping[str, Mapping[str, set[str]]]) -> list[str]:
    """Keys that the golden file does not know for that endpoint and role."""
    allowed = _known()
    return sorted(
        f"{endpoint} tells {role} {key}"
        for endpoint, keys in seen.items() for key, roles in keys.items() for role in roles if (endpoint, key, role) not in allowed
    )  # fmt: skip


def personal(world: World, readers: Collection[str] = READERS) -> Tried:
    """Addresses and numbers of other households, in the API and on pages, to roles that may not read members."""
    found = Tried()
    for role in readers:
        if PERMISSIONS.get(role, frozenset()) & (ALSO_PERSONAL | {"contracts.read-members"}):
            continue
        person = person_of(world.lived, role)
        client, private, printed = world.client(person), _private(world, person), _on_contracts(world)
        for rule in routes(world.app):
            row = row_of(rule)
            for attempt in tries(world, rule, row) if row is not None and row.kind != DEMO else ():
                if attempt.method != "GET":
                    continue
                found.number += 1
                page = text_of(client.get(attempt.path(world.app)))
                told = sorted(word for word in private if word in page and word not in printed)
                found.problems += [f"{rule.endpoint} tells {role} {word}" for word in told[:2]]
    return found


def _on_contracts(world: World) -> str:
    """A contract tells its parties whom they deal with: its coordinator and its producer, as it is printed."""
    group = world.lived.groups[0]
    api = world.lived.as_(group.organiser)
    people = [row["coordinator_id"] for row in api.get(f"/groups/{group.group_id}/contracts")["contracts"]]
    return " ".join(str(api.get(f"/persons/{person_id}")) for person_id in people)


def _private(world: World, person: str) -> set[str]:
    """E-mail addresses, phone numbers and postal addresses of everybody else in the first group."""
    group = world.lived.groups[0]
    households = world.lived.as_(group.organiser).get(f"/groups/{group.group_id}/members", limit=500)["households"]
    mine = {one["household_id"] for one in households if any(p["person_id"] == person for p in one["persons"])}
    return {
        str(one[name])
        for household in households if household["household_id"] not in mine
        for one in household["persons"] for name in ("email", "phone", "address") if one.get(name)
    }  # fmt: skip
