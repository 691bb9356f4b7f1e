"""The OpenAPI document: every operation says what it does and for whom, every link can be followed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from gateway_fakes import make_gateway

from gateway.api import described
from gateway.calls import MAX_KEY


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return make_gateway(tmp_path_factory.mktemp("described"))


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    return described.document(app)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        yield from ((path, methods[name]) for name in described.METHODS if name in methods)


def test_every_operation_has_words_and_refusals(document: dict[str, Any]) -> None:
    poor = [
        (path, operation["operationId"])
        for path, operation in operations(document)
        if not operation.get("summary")
        or not operation.get("description")
        or not {"422", "500", "503"} <= set(operation["responses"])
        or (operation.get("security") != [] and not {"401", "403"} <= set(operation["responses"]))
    ]
    assert not poor


def test_every_whole_number_of_a_request_has_a_highest_value(document: dict[str, Any]) -> None:
    """What the columns of the views do not hold would be refused by the database, after the fact was written."""
    endless = [
        (path, name)
        for path, operation in operations(document)
        for media in operation.get("requestBody", {}).get("content", {}).values()
        for name, schema in _leaves(document, media["schema"], ())
        if "integer" in _types(schema) and not {"maximum", "enum"} & set(schema)
    ]
    assert not endless


def test_a_pattern_holds_the_whole_text_and_is_read_alike_everywhere(document: dict[str, Any]) -> None:
    """JSON Schema looks for a pattern anywhere in a text, and knows neither Python's \\Z nor its digits of other scripts."""
    patterns = {
        schema["pattern"]
        for path, operation in operations(document)
        for media in operation.get("requestBody", {}).get("content", {}).values()
        for name, schema in _leaves(document, media["schema"], ())
        if "pattern" in schema
    }
    assert len(patterns) > 4
    assert not [
        one for one in patterns if not (one.startswith("^") and one.endswith("$")) or "\\d" in one or "\\Z" in one
    ]


def test_a_body_is_required_where_a_field_of_it_is(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert paths["/api/v1/activities/{activity_id}/cancel"]["post"]["requestBody"]["required"] is False
    assert paths["/api/v1/persons"]["post"]["requestBody"]["required"] is True


def test_a_key_is_described_and_refused_where_it_cannot_be_one(app: Flask, document: dict[str, Any]) -> None:
    """A new secret address is another one each time: no key makes it the same. A key that is none is refused there, too."""
    told = {
        method: [one["name"] for one in document["paths"]["/api/v1/me/calendar-link"][method].get("parameters", [])]
        for method in ("post", "delete")
    }
    assert told == {"post": [], "delete": ["Idempotency-Key"]}
    bearer = {"Authorization": "Bearer " + app.extensions["grenier"].tokens.issue("p-nadia", "t")[1]}
    for method in ("post", "delete"):
        answer = app.test_client().open(
            "/api/v1/me/calendar-link",
            method=method,
            headers=bearer | {"Idempotency-Key": "x" * (MAX_KEY + 1)},
        )
        assert answer.status_code == 422
        assert answer.get_json()["errors"] == {"Idempotency-Key": ["Au plus 200 caractères."]}


def _types(schema: dict[str, Any]) -> list[str]:
    told = schema.get("type", [])
    return [told] if isinstance(told, str) else told


def _leaves(
    document: dict[str, Any], schema: dict[str, Any], seen: tuple[str, ...], at: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside, with its path; a schema that contains itself is looked at once."""
    reference = schema.get("$ref", "")
    if reference:
        if reference not in seen:
            whole = document["components"]["schemas"][reference.rpartition("/")[2]]
            yield from _leaves(document, whole, (*seen, reference), at)
        return
    yield at, schema
    inside = [(f"{at}.{name}", each) for name, each in schema.get("properties", {}).items()]
    inside += [(f"{at}[]", schema[word]) for word in ("items", "additionalProperties") if isinstance(schema.get(word), dict)]  # fmt: skip
    inside += [(at, each) for word in ("allOf", "anyOf", "oneOf") for each in schema.get(word, [])]
    for name, each in inside:
        yield from _leaves(document, each, seen, name)


def test_a_description_says_who_may_call(document: dict[str, Any]) -> None:
    told = {operation["operationId"]: operation["description"] for _path, operation in operations(document)}
    assert (
        told["season.list_contracts"].endswith("or for the federation: coordinator, organiser.")
        or told["season.list_contracts"]
    )
    assert "treasurer" in told["tills.open_till"]
    assert told["season.read_link"] == "Anybody, without signing in."


def test_every_link_gives_all_that_its_target_asks_for(document: dict[str, Any]) -> None:
    known = {operation["operationId"]: path for path, operation in operations(document)}
    followed = 0
    for path, operation in operations(document):
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                given = link["parameters"]
                asked = set(re.findall(r"{(\w+)}", known[link["operationId"]]))
                assert set(given) == asked, (operation["operationId"], link["operationId"])
                fields = _fields(document, answer)
                for value in given.values():
                    kind, _, name = value.rpartition("/" if "#" in value else ".")
                    assert not kind.startswith("$response") or value.split("/")[1] in fields, (path, value)
                    assert not kind.startswith("$request") or f"{{{name}}}" in path, (path, value)
                followed += 1
    assert followed > 100


def _fields(document: dict[str, Any], answer: dict[str, Any]) -> set[str]:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return set(document["components"]["schemas"].get(name, {}).get("properties", {}))


@pytest.mark.parametrize(
    "area", ["season", "subscriptions", "cheques", "exchange", "questions", "rounds", "dues", "contract_accounts"]
)
def test_each_area_of_the_season_leads_somewhere(document: dict[str, Any], area: str) -> None:
    leading = [
        operation["operationId"]
        for _path, operation in operations(document)
        for answer in operation["responses"].values()
        if answer.get("links") and operation["operationId"].startswith(f"{area}.")
    ]
    assert leading
