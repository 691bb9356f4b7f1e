"""The OpenAPI document, finished: what flask-smorest cannot know of a route is added from the route itself.

Who may come in is read from its access rule (`security`, 401, 403), what may be refused from its address and body
(404, 409, 413, 415, 422), where a command leads from `leads.py`. There is no `default` answer: a status that a route does
not name is a mistake, and `make fuzz` finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask

from gateway.access import Rule, rules_of
from gateway.api.leads import LINKS, link
from gateway.problems import BY_STATUS

METHODS = ("get", "post", "put", "patch", "delete")
ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
ALWAYS = (422, 500, 503)  # `after` may be wrong anywhere; the services may be away
LIMITED = (
    "api_contracts.found_federation",
    "api_season.answer_by_link",
    "api_members.request_membership",
    "api_tokens.make",
    "api_questions.answer_link",
    "api_exchange.request_by_link",
    "api_exchange.withdraw_by_link",
    "api_exchange.leave_by_link",
    "api_exchange.confirm_by_link",
)
WHO = {
    "public": "Anybody, without signing in.",
    "person": "Who is signed in; the service decides by their roles and household what they may do.",
    "member": "Members of the group: a household or a role in it.",
    "household": "Members of a household.",
    "demo": "Anybody, in demonstration installations only.",
    "local": "Programs on the same machine.",
}
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "POST /api/v1/tokens"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "session",
        "description": "The cookie of the pages, with X-CSRF-Token",
    },
}
RETRY = {"Retry-After": {"description": "Seconds", "schema": {"type": "string", "pattern": "^[0-9]+$"}}}


def document(app: Flask) -> dict[str, Any]:
    """OpenAPI 3.1 of all API routes; pure, the caller keeps it."""
    spec: dict[str, Any] = app.extensions["grenier-api"].spec.to_dict()
    spec["components"]["securitySchemes"] = SCHEMES
    spec["security"] = [{"token": []}, {"session": []}]
    statuses: set[int] = set()
    routes = {endpoint: (path, operation) for endpoint, path, operation in _operations(app, spec)}
    rules = rules_of(app)
    for endpoint, (path, operation) in routes.items():
        operation["operationId"] = _operation_id(endpoint)
        statuses |= _refusals(endpoint, path, operation, rules[endpoint])
        if rules[endpoint].kind in ("public", "demo"):
            operation["security"] = []
        _without_body(spec, operation)
        operation["description"] = _told(operation.get("description", ""), rules[endpoint])
    for source in LINKS:
        link(source, routes, _operation_id)
    spec["components"]["responses"] = {f"problem-{status}": _problem(status) for status in sorted(statuses)}
    return spec


def _without_body(spec: Mapping[str, Any], operation: dict[str, Any]) -> None:
    """Where no field is needed, no body is: flask-smorest calls every body required."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        name = schema.get("$ref", "").rpartition("/")[2]
        needed = (spec["components"]["schemas"][name] if name else schema).get("required")
        operation["requestBody"]["required"] = bool(needed)


def _told(words: str, rule: Rule) -> str:
    """What the route says of itself, and who may call it."""
    roles = ", ".join(sorted(rule.roles))
    where = "a producer" if rule.scope == "producer" else f"the {rule.scope}"
    who = WHO.get(rule.kind) or f"Who holds one of these roles in {where}, or for the federation: {roles}."
    return f"{words}\n\n{who}".strip()


def is_common(response: Mapping[str, Any]) -> bool:
    """Whether this is one of the refusals that most routes have (the page of the reference need not repeat them)."""
    return str(response.get("$ref", "")).startswith("#/components/responses/problem-")


def _operations(app: Flask, spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for rule in app.url_map.iter_rules():
        path = ARGUMENT.sub(r"{\1}", rule.rule)
        for method in METHODS:
            if method.upper() in (rule.methods or ()) and method in spec["paths"].get(path, {}):
                yield rule.endpoint, path, spec["paths"][path][method]


def _refusals(endpoint: str, path: str, operation: dict[str, Any], rule: Rule) -> set[int]:
    """Name every refusal of a route that it does not name itself; answers their statuses."""
    possible = set(ALWAYS)
    if rule.kind != "public":
        possible |= {404} if rule.kind == "demo" else {401, 403}
    if "{" in path or any(p.get("name", "").endswith("_id") for p in operation.get("parameters", [])):
        possible.add(404)
    if "requestBody" in operation:
        possible |= {400, 413, 415}
    if "Idempotency-Key" in [p.get("name") for p in operation.get("parameters", [])]:
        possible |= {404, 409, 415}
    if endpoint in LIMITED:
        possible |= {403, 429}
    responses = operation["responses"]
    responses.pop("default", None)
    possible |= {int(status) for status in responses if int(status) >= 400}
    for status in sorted(possible):
        if str(status) not in responses or "content" not in responses[str(status)]:
            told = responses.get(str(status), {}).get("description")
            common = told is None or "$ref" in responses.get(str(status), {})
            responses[str(status)] = (
                {"$ref": f"#/components/responses/problem-{status}"}
                if common
                else _problem(status) | {"description": told}
            )
    return possible


def _problem(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": f"`{BY_STATUS[status]}` or a problem of its own",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in (429, 503):
        found["headers"] = RETRY
    return found


def _operation_id(endpoint: str) -> str:
    return endpoint.removeprefix("api_")
