"""The API's manners: problems, idempotency, reading one's writes, ETags, the document; on fakes."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from gateway_fakes import NOW, make_gateway
from marshmallow import fields

from gateway import calls
from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Query, Schema, expected_version
from gateway.app import finish
from gateway.calls import MAX_POSITION, ask, ask_as_gateway, tell
from grenier.errors import Forbidden, Invalid, NotFound, Rejected, Unavailable

REFUSALS = [
    (Rejected("cycle-not-open", closes_at="2026-11-26"), 409),
    (NotFound(), 404),
    (Forbidden(), 403),
    (Invalid(fields={"quantity": ["too many"]}), 422),
    (Unavailable(retry_after=7), 503),
]


class Offer(Schema):
    quantity = fields.Integer(required=True, strict=True)


@pytest.fixture
def shop(tmp_path):
    """An application with one command and one query more."""
    app = make_gateway(tmp_path)
    bp = ApiBlueprint("shop", url_prefix="/shop/<shop_id>", description="For the tests")

    @bp.post("")
    @access("person")
    @bp.arguments(Offer)
    @bp.response(200, Done)
    def confirm(body, shop_id):
        """Confirm"""
        tell("orders", "confirm", shop_id=shop_id, **body)
        return tell("orders", "confirm_again", shop_id=shop_id, version=expected_version())

    @bp.get("")
    @access("person")
    @bp.arguments(Query, location="query")
    @bp.response(200)
    def read(query, shop_id):
        """Read"""
        return ask("orders", "shop", shop_id=shop_id)

    app._got_first_request = False
    app.extensions["grenier-api"].register_blueprint(bp, url_prefix="/api/v1/shop/<shop_id>")
    finish(app)
    rpc = app.fakes["rpc"]
    rpc.answers["orders", "confirm"] = lambda **_: {"id": "s1", "version": 3, "position": 41}
    rpc.answers["orders", "confirm_again"] = lambda **_: {"id": "s1", "version": 4, "position": 42}
    rpc.answers["orders", "shop"] = lambda **_: {"id": "s1", "version": 4, "name": "Épicerie"}
    return app


def bearer_of(app, person_id="p-nadia"):
    return {"Authorization": "Bearer " + app.extensions["grenier"].tokens.issue(person_id, "t")[1]}


def post(app, headers, key="k1", shop="s1", quantity=2, raw=None):
    body = raw if raw is not None else json.dumps({"quantity": quantity})
    named = {**headers, **({"Idempotency-Key": key} if key else {})}
    return app.test_client().post(f"/api/v1/shop/{shop}", data=body, content_type="application/json", headers=named)


def contexts(app, method="confirm", service="orders"):
    return [context for _payload, context in app.fakes["rpc"].named(service, method)]


def test_a_repeated_request_is_the_same_command(shop):
    headers = bearer_of(shop)
    post(shop, headers)
    post(shop, headers, raw='{ "quantity" : 2 }')
    first, second = contexts(shop)
    assert first["command_id"] == second["command_id"]
    assert first["fingerprint"] == second["fingerprint"]
    assert UUID(first["command_id"]).version == 5


def test_other_content_person_key_or_address_is_noticed(shop):
    nadia, paul = bearer_of(shop), bearer_of(shop, "p-paul")
    post(shop, nadia)
    post(shop, nadia, quantity=3)
    post(shop, paul)
    post(shop, nadia, key="k2")
    post(shop, nadia, shop="s2")
    post(shop, nadia, key="")
    post(shop, nadia, key="")
    same, other, *rest = contexts(shop)
    assert (same["command_id"], same["fingerprint"] == other["fingerprint"]) == (other["command_id"], False)
    ids = [same["command_id"], *(context["command_id"] for context in rest)]
    assert len(set(ids)) == len(ids)


def test_two_commands_of_one_request_have_two_ids_each_time_the_same(shop):
    headers = bearer_of(shop)
    post(shop, headers)
    post(shop, headers)
    first, second = contexts(shop), contexts(shop, "confirm_again")
    assert first[0]["command_id"] != second[0]["command_id"]
    assert second[0]["command_id"] == second[1]["command_id"]


def test_services_learn_actor_correlation_and_deadline(shop):
    answer = post(shop, bearer_of(shop))
    (context,) = contexts(shop)
    assert context["actor"] == "p-nadia"
    assert context["correlation_id"] == answer.headers["X-Correlation-Id"]
    assert isinstance(context["deadline"], float)


def test_the_session_reads_its_writes_and_programs_get_the_position(shop):
    answer = post(shop, bearer_of(shop))
    assert answer.headers["Grenier-Position"] == "42"
    sessions = shop.extensions["grenier"].sessions
    secret = sessions.open("p-nadia")
    with shop.test_request_context("/", headers={"Cookie": f"grenier-8400={secret}"}):
        tell("orders", "confirm_again", shop_id="s1")
        tell("orders", "confirm", shop_id="s1")
    assert sessions.find(secret).position == 42
    with shop.test_request_context("/?after=7", headers={"Cookie": f"grenier-8400={secret}"}):
        ask("orders", "shop", shop_id="s1")
    with shop.test_request_context("/?after=70", headers={"Cookie": f"grenier-8400={secret}"}):
        ask("orders", "shop", shop_id="s1")
    assert [context["after"] for context in contexts(shop, "shop")] == [42, 70]


def test_who_is_not_signed_in_reads_what_an_address_was_told_of_and_asks_for_a_link_without_waiting(shop):
    def afters(method: str) -> list[int | None]:
        return [context.get("after") for context in contexts(shop, method, "contracts")]

    client = shop.test_client()
    assert client.get("/api/v1/groups?after=70").status_code == 200
    assert client.get("/api/v1/groups").status_code == 200
    assert afters("public_groups") == [70, None]
    assert client.get("/api/v1/groups?after=soon").status_code == 422
    with shop.test_request_context("/login?after=70", method="POST"):
        ask_as_gateway("contracts", "person_by_email", email="nadia@example.org")
    assert afters("person_by_email") == [None]


@pytest.mark.parametrize("value", ["-1", "soon", "1e9", "9" * 30, "²", str(MAX_POSITION + 1)])
def test_a_senseless_position_is_refused(shop, value):
    answer = shop.test_client().get(f"/api/v1/shop/s1?after={value}", headers=bearer_of(shop))
    assert answer.status_code == 422
    assert "after" in answer.json["errors"]
    assert "position of the log" not in answer.text, "said in French"


def test_the_last_position_is_one(shop):
    assert shop.test_client().get(f"/api/v1/shop/s1?after={MAX_POSITION}", headers=bearer_of(shop)).status_code == 200


@pytest.mark.parametrize(("error", "status"), REFUSALS, ids=lambda value: getattr(value, "code", None))
def test_refusals_of_services_become_problems(shop, error, status):
    def refuse(**_):
        raise error

    shop.fakes["rpc"].answers["orders", "shop"] = refuse
    answer = shop.test_client().get("/api/v1/shop/s1", headers=bearer_of(shop))
    assert answer.status_code == answer.json["status"] == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == error.code
    assert answer.json["type"] == f"/problems/{error.code}"
    assert answer.json["title"]
    if status == 422:
        assert answer.json["errors"] == {"quantity": ["too many"]}
    if status == 503:
        assert answer.headers["Retry-After"] == "7"
    if status == 409:
        assert answer.json["facts"] == {"closes_at": "2026-11-26"}


def test_every_way_to_be_wrong_is_a_problem(shop):
    headers, client = bearer_of(shop), shop.test_client()
    found = [
        client.get("/api/v1/nope"),
        client.put("/api/v1/shop/s1", headers=headers),
        client.post("/api/v1/shop/s1", headers=headers, data="x", content_type="text/plain"),
        client.post("/api/v1/shop/s1", headers=headers, data="{", content_type="application/json"),
        client.post("/api/v1/shop/s1", headers=headers, json={}),
        client.post("/api/v1/shop/s1", headers=headers, json={"quantity": 1, "price_cents": 1}),
        client.post("/api/v1/shop/s1", headers=headers, json={"quantity": "2"}),
        client.post("/api/v1/shop/s1", headers=headers, json=[1]),
        client.get("/api/v1/shop/s1?colour=red", headers=headers),
        client.post("/api/v1/shop/s1", headers={**headers, "Idempotency-Key": "k" * 300}, json={"quantity": 1}),
        client.post("/api/v1/shop/s1", headers={**headers, "If-Match": "later"}, json={"quantity": 1}),
        client.get("/api/v1/me"),
    ]
    assert [answer.status_code for answer in found] == [404, 405, 415, 400, 422, 422, 422, 422, 422, 422, 422, 401]
    for answer in found:
        assert answer.mimetype == "application/problem+json"
        assert {"type", "title", "status", "code", "detail", "instance"} <= set(answer.json)
    assert set(found[5].json["errors"]) == {"price_cents"}


def test_problems_speak_the_language_of_the_caller(client):
    assert client.get("/api/v1/me", headers={"Accept-Language": "fr"}).json["title"] == "Connexion nécessaire"
    assert client.get("/api/v1/me", headers={"Accept-Language": "en"}).json["title"] == "Sign in first"


def test_every_problem_has_a_page(client):
    from gateway.problems import CATALOGUE

    for code in CATALOGUE:
        assert client.get(f"/problems/{code}").status_code == 200
    assert client.get("/problems/nonsense").status_code == 404


def test_answers_are_not_sent_twice(shop):
    headers = bearer_of(shop)
    first = shop.test_client().get("/api/v1/shop/s1", headers=headers)
    assert first.headers["ETag"].startswith('"4-')
    again = shop.test_client().get("/api/v1/shop/s1", headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_etag_of_what_was_read_names_the_version_to_change(shop):
    post(shop, {**bearer_of(shop), "If-Match": '"4-0123456789abcdef"'})
    (payload, _context) = shop.fakes["rpc"].named("orders", "confirm_again")[0]
    assert payload["version"] == 4


def test_the_document_is_openapi_3_1_and_names_idempotency_and_problems(shop):
    spec = shop.test_client().get("/api/v1/openapi.json").json
    assert spec["openapi"] == "3.1.0"
    operation = spec["paths"]["/api/v1/shop/{shop_id}"]["post"]
    assert "Idempotency-Key" in [parameter.get("name") for parameter in operation["parameters"]]
    problem = spec["components"]["responses"]["problem-422"]["content"]
    assert list(problem) == ["application/problem+json"]
    page = shop.test_client().get("/api/v1/docs").text
    assert "/api/v1/shop/{shop_id}" in page
    assert "quantity" in page


def test_the_demo_clock_moves_through_the_api(tmp_path):
    app = make_gateway(tmp_path)
    client = app.test_client()
    assert client.get("/api/v1/demo/clock").json["now"] == NOW.isoformat()
    assert client.post("/api/v1/demo/clock", json={"advance_seconds": 3600}).json["now"] == "2026-11-23T10:30:00+00:00"
    assert client.post("/api/v1/demo/clock", json={"now": "2026-12-01T08:00:00Z"}).status_code == 200
    assert app.fakes["clock"].now().day == 1
    for body in (
        {},
        {"now": "2026-12-01T08:00:00"},
        {"advance_seconds": -1},
        {"advance_seconds": 1, "now": "2026-12-01T08:00:00Z"},
    ):
        assert client.post("/api/v1/demo/clock", json=body).status_code == 422


def test_modules_of_the_gateway_do_not_import_services():
    for path in Path(calls.__file__).parent.rglob("*.py"):
        for service in ("contracts", "orders", "ledger", "logistics", "notify", "matching"):
            assert f"import {service}_svc" not in path.read_text()
            assert f"from {service}_svc" not in path.read_text()
