"""What belongs to one group does not exist for strangers: every route, every method, every foreign role (T33, T34)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.house_app import Site
from tests.isolation import Try, World, example, form, leaks, plain, routes, row_of, schema_of, tries, world_of
from tests.isolation_rows import DEMO, FEDERATION, GROUP, LOCAL, OPEN_ACT, OWN, PUBLIC, ROWS, SHARED, Row
from tests.lived_month import live

ROLES = ("anonymous", "erased", "nobody", "producer", "member", "organiser", "coordinator", "treasurer", "volunteer")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world_of(live(Site(tmp_path_factory.mktemp("isolation"))))


def rows(world: World, *kinds: str) -> Iterator[tuple[Rule, Row]]:
    for rule in routes(world.app):
        row = row_of(rule)
        if row is not None and row.kind in kinds:
            yield rule, row


def ask(world: World, client: FlaskClient, attempt: Try, nowhere: bool = False) -> TestResponse:
    path = attempt.path(world.app, nowhere)
    if attempt.method in ("GET", "HEAD"):
        return client.open(path, method=attempt.method)
    ids = {name: attempt.swapped(name, nowhere) for name in attempt.values}
    if not path.startswith("/api/"):
        return client.open(path, method=attempt.method, data=form(ids))
    schema = schema_of(world.app, attempt.rule.endpoint, attempt.method)
    return client.open(path, method=attempt.method, json=example(schema, ids) if schema else None)


def test_every_route_has_a_row_and_every_row_a_route(world: World) -> None:
    there = {rule.endpoint for rule in routes(world.app)}
    assert sorted(there - set(ROWS)) == [], "say in isolation_rows.py what strangers may find there"
    assert sorted(set(ROWS) - there) == [], "rows without a route"


@pytest.mark.behaviour("S0:85")
@pytest.mark.parametrize("role", ROLES)
def test_the_matters_of_a_group_do_not_exist_for_strangers(world: World, role: str) -> None:
    """No success, no change, and the very answer that things get which do not exist."""
    person = world.strangers[role]
    client = world.client(person)
    log, wrong, tried = world.lived.site.house.log, [], 0
    for rule, row in rows(world, GROUP, FEDERATION):
        for attempt in tries(world, rule, row, role):
            head = log.head()
            answer, elsewhere = ask(world, client, attempt), ask(world, client, attempt, nowhere=True)
            where = f"{attempt.method} {rule.endpoint} {attempt.query}{sorted(attempt.own) or ''}: {answer.status_code}"
            tried += 1
            # To take out of one's own household who is not in it is harmless, and told the same of anybody.
            harmless = attempt.own and attempt.method == "DELETE"
            if answer.status_code >= 500 or (200 <= answer.status_code < 300 and not harmless):
                wrong.append(f"{where}: succeeds or fails")
            if log.head() != head:
                wrong.append(f"{where}: changed something")
            if found := leaks(world, answer, attempt):
                wrong.append(f"{where}: leaks {found[:3]}")
            if plain(answer) != plain(elsewhere):
                wrong.append(f"{where}: not as if it were not there ({elsewhere.status_code})")
    assert not wrong, "\n".join(wrong)
    assert tried > 300


@pytest.mark.parametrize("role", ROLES)
def test_common_matters_and_own_pages_tell_nothing_of_other_groups(world: World, role: str) -> None:
    client = world.client(world.strangers[role])
    wrong = []
    for rule, row in rows(world, SHARED, OWN, PUBLIC, GROUP):
        own = Row(row.kind, row.fill, row.queries if row.kind != GROUP else row.common)
        for attempt in tries(world, rule, own):
            if attempt.method != "GET":
                continue
            answer = ask(world, client, attempt)
            where = f"{attempt.method} {rule.endpoint} {attempt.query}"
            if row.kind != PUBLIC and role in ("anonymous", "erased") and answer.status_code != 401:
                wrong.append(f"{where}: {answer.status_code} to {role}")
            if answer.status_code >= 500 and rule.endpoint != "health.ready":
                wrong.append(f"{where}: {answer.status_code}")
            if found := leaks(world, answer, attempt):
                wrong.append(f"{where}: leaks {found[:3]}")
    assert not wrong, "\n".join(wrong)


def test_what_everybody_may_read_nobody_may_change(world: World) -> None:
    log, wrong = world.lived.site.house.log, []
    head = log.head()
    for role in ("anonymous", "member", "organiser"):
        client = world.client(world.strangers[role])
        for rule, row in rows(world, SHARED, PUBLIC):
            for attempt in tries(world, rule, row):
                if attempt.method != "GET":
                    ask(world, client, attempt)
                    if log.head() != head:
                        wrong.append(f"{role}: {attempt.method} {rule.endpoint}")
                        head = log.head()
    assert not wrong, "\n".join(wrong)


def test_those_who_belong_find_what_strangers_do_not(world: World) -> None:
    """The control: the addresses of the matrix are real ones."""
    clients = [world.client(person) for person in world.belonging]
    lost = []
    for rule, row in rows(world, GROUP, FEDERATION, SHARED):
        for attempt in tries(world, rule, row):
            if attempt.method != "GET":
                continue
            found = [ask(world, client, attempt).status_code for client in clients]
            if not {200, 302} & set(found):
                lost.append(f"{rule.endpoint} {attempt.query}: {found}")
    assert not lost, "\n".join(lost)


def test_acts_of_strangers_fail_for_who_they_are_not_for_what_they_wrote(world: World) -> None:
    """The control of the commands: bodies are good enough to reach the question of who asks."""
    client = world.client(world.strangers["organiser"])
    outcomes = [
        (rule.endpoint, ask(world, client, attempt).status_code)
        for rule, row in rows(world, GROUP, FEDERATION)
        for attempt in tries(world, rule, row)
        if attempt.method != "GET" and attempt.rule.rule.startswith("/api/")
    ]
    shape = sorted({endpoint for endpoint, status in outcomes if status not in (401, 403, 404)})
    assert len(shape) <= len(outcomes) // 10, shape


def test_demonstration_doors_do_not_exist_elsewhere(world: World) -> None:
    for rule, row in rows(world, DEMO):
        for attempt in tries(world, rule, row):
            for person in ("", world.lived.federation.central):
                assert ask(world, world.client(person), attempt).status_code == 404, rule.endpoint
    far = world.client("")
    far.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert {far.get(rule.rule).status_code for rule, _ in rows(world, LOCAL)} == {404}


def test_no_body_takes_a_field_that_is_not_described(world: World) -> None:
    """Mass assignment: privileged and unknown fields are errors, never dropped in silence."""
    client = world.client(world.lived.federation.central)
    head, wrong, seen = world.lived.site.house.log.head(), [], 0
    for rule, row in rows(world, GROUP, FEDERATION, OWN, SHARED, OPEN_ACT, PUBLIC):
        for attempt in tries(world, rule, row):
            schema = schema_of(world.app, rule.endpoint, attempt.method)
            if attempt.method == "GET" or schema is None or not rule.rule.startswith("/api/"):
                continue
            body = example(schema, world.objects) | {"is_admin": True, "role_of_actor": "central_team"}
            answer = client.open(attempt.path(world.app), method=attempt.method, json=body)
            seen += 1
            # Somebody without the role is refused before the body is read.
            if answer.status_code not in (422, 403, 404) or world.lived.site.house.log.head() != head:
                wrong.append(f"{rule.endpoint}: {answer.status_code}")
                head = world.lived.site.house.log.head()
    assert not wrong, "\n".join(wrong)
    assert seen > 40
