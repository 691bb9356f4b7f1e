"""The OpenAPI document, finished: what flask-smorest cannot know of a route is added from the route itself.

Who may come in is read from its access rule (`security`, 401, 403), what may be refused from its address and body
(404, 409, 413, 415, 422), where a command leads from `LINKS`. There is no `default` answer: a status that a route does
not name is a mistake, and `make fuzz` finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask

from gateway.access import Rule, rules_of
from gateway.problems import BY_STATUS

METHODS = ("get", "post", "put", "patch", "delete")
ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
ALWAYS = (422, 500, 503)  # `after` may be wrong anywhere; the services may be away
LIMITED = (
    "api_contracts.found_federation",
    "api_season.answer_by_link",
    "api_members.request_membership",
    "api_tokens.make",
)
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

# What a command has made → where it can be found: {argument: where its value stands}, and the routes that take it.
# Arguments that both addresses have are passed on by themselves.
LINKS: dict[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "api_contracts.found_group": ({"group_id": "id"}, ("api_contracts.read_group", "api_contracts.change_settings", "api_roles.group_roles")),
    "api_members.enrol": (
        {"household_id": "household_id", "membership_id": "membership_id", "person_id": "person_ids/0"},
        ("api_members.read_household", "api_members.change_tier", "api_members.end", "api_members.read_person", "api_ledger.balance"),
    ),
    "api_members.grant": ({"membership_id": "membership_id"}, ("api_members.change_tier", "api_members.end")),
    "api_members.register_person": (
        {"person_id": "id"},
        ("api_members.read_person", "api_members.change_person", "api_members.preview_erasure", "api_members.erase_person"),
    ),
    "api_members.form_household": ({"household_id": "id"}, ("api_members.read_household", "api_members.grant")),
    "api_members.request_membership": ({"application_id": "id"}, ("api_members.decide",)),
    "api_roles.assign_group_role": ({"assignment_id": "assignment_id", "person_id": "id"}, ("api_roles.revoke_group_role",)),
    "api_roles.assign_federation_role": (
        {"assignment_id": "assignment_id", "person_id": "id"}, ("api_roles.revoke_federation_role",),
    ),
    "api_tokens.make": ({"token_id": "id"}, ("api_tokens.revoke",)),
    "api_tills.open_till": (
        {"till_id": "id"},
        ("api_tills.till", "api_tills.payments", "api_tills.take_payment", "api_tills.count_cash", "api_tills.close_till"),
    ),
    "api_tills.take_payment": ({"entry_id": "entry_id"}, ("api_tills.reverse_payment", "api_ledger.explain")),
    "api_ledger.receive_prepayment": ({"entry_id": "entry_id"}, ("api_ledger.explain", "api_ledger.reverse_entry")),
    "api_ledger.receive_dues": ({"entry_id": "entry_id"}, ("api_ledger.explain", "api_ledger.reverse_entry")),
    "api_ledger.post_adjustment": ({"entry_id": "entry_id"}, ("api_ledger.explain", "api_ledger.reverse_entry")),
    "api_matching.plan": ({"activity_id": "id"}, ("api_matching.read_activity", "api_matching.call_volunteers")),
    "api_season.draft": (
        {"contract_id": "id"},
        ("api_season.read", "api_season.revise", "api_season.submit", "api_season.approve", "api_season.open_contract",
         "api_season.versions", "api_season.abandon"),
    ),
    "api_season.submit": ({"token": "token"}, ("api_season.read_link", "api_season.answer_by_link")),
    "api_season.renew": ({"contract_id": "id"}, ("api_season.read", "api_season.revise")),
    "api_orders.confirm": ({}, ("api_orders.order", "api_orders.cancel", "api_orders.shop")),
    "api_orders.save_draft": ({}, ("api_orders.shop", "api_orders.discard_draft")),
    "api_catalogue.list_product": ({}, ("api_catalogue.product", "api_catalogue.revise_price", "api_catalogue.withdraw_product")),
    "api_catalogue.release": ({}, ("api_catalogue.catalogue",)),
    "api_windows.schedule": ({}, ("api_windows.overview", "api_windows.aggregation")),
}  # fmt: skip


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
    for source in LINKS:
        _link(source, routes)
    spec["components"]["responses"] = {f"problem-{status}": _problem(status) for status in sorted(statuses)}
    return spec


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


def _link(source: str, routes: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    found, targets = LINKS[source]
    path, operation = routes[source]
    status = next(status for status in operation["responses"] if status.startswith("2"))
    links = operation["responses"][status].setdefault("links", {})
    for target in targets:
        wanted = re.findall(r"{(\w+)}", routes[target][0])
        links[_operation_id(target)] = {
            "operationId": _operation_id(target),
            "parameters": {
                name: f"$response.body#/{found[name]}" if name in found else f"$request.path.{name}"
                for name in wanted
                if name in found or f"{{{name}}}" in path
            },
        }


def _operation_id(endpoint: str) -> str:
    return endpoint.removeprefix("api_")
