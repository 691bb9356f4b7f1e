"""The OpenAPI document: every operation says what it does and for whom, every link can be followed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from gateway_fakes import make_gateway

from gateway.api import described


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
