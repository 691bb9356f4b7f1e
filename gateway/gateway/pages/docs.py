"""The reference of the API as a page, made from the OpenAPI document; readable without a script."""

from typing import Any

from flask import Blueprint, current_app, jsonify, render_template
from markdown_it import MarkdownIt

from gateway.access import access
from gateway.api import described
from gateway.problems import CATALOGUE

bp = Blueprint("docs", __name__, url_prefix="/api/v1")
METHODS = ("get", "post", "put", "patch", "delete")


@bp.get("/openapi.json")
@access("public")
def openapi():
    return jsonify(document())


@bp.get("/docs")
@access("public")
def index():
    spec = document()
    info = MarkdownIt("js-default").render(spec["info"].get("description", ""))
    return render_template("docs/index.html", spec=spec, info=info, areas=_areas(spec), problems=CATALOGUE)


def document() -> dict[str, Any]:
    """OpenAPI 3.1; made once, for routes do not change while the program runs."""
    if "grenier-openapi" not in current_app.extensions:
        current_app.extensions["grenier-openapi"] = described.document(current_app._get_current_object())  # type: ignore[attr-defined]
    return current_app.extensions["grenier-openapi"]


def _areas(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Operations by tag, in the order of the tags, with references already followed."""
    areas = {tag["name"]: {**tag, "operations": []} for tag in spec.get("tags", [])}
    for path, methods in spec["paths"].items():
        for method in METHODS:
            operation = methods.get(method)
            if operation is None:
                continue
            parameters = [
                _followed(spec, p) for p in [*methods.get("parameters", []), *operation.get("parameters", [])]
            ]
            shown = {
                "method": method.upper(),
                "path": path,
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "parameters": parameters,
                "body": _properties(spec, operation.get("requestBody")),
                "responses": [
                    _response(spec, status, r)
                    for status, r in operation["responses"].items()
                    if not described.is_common(r)
                ],
            }
            for tag in operation["tags"]:
                areas[tag]["operations"].append(shown)
    return [area for area in areas.values() if area["operations"]]


def _response(spec: dict[str, Any], status: str, response: dict[str, Any]) -> dict[str, Any]:
    found = _followed(spec, response)
    return {"status": status, "description": found.get("description", ""), "fields": _properties(spec, found)}


def _properties(spec: dict[str, Any], holder: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Fields of a JSON body: name, type, whether it must be there, what it means."""
    content = (holder or {}).get("content", {})
    first: dict[str, Any] = next(iter(content.values()), {})
    schema = _followed(spec, first.get("schema", {}))
    if schema.get("type") == "array":
        schema = _followed(spec, schema.get("items", {}))
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "type": _type(spec, field),
            "required": name in required,
            "description": _followed(spec, field).get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _type(spec: dict[str, Any], field: dict[str, Any]) -> str:
    found = _followed(spec, field)
    kind = found.get("type", "object")
    kinds = [kind] if isinstance(kind, str) else [str(one) for one in kind]
    if "array" in kinds:
        return f"{_type(spec, found.get('items', {}))}[]"
    return " | ".join(kinds) + (f" ({found['format']})" if "format" in found else "")


def _followed(spec: dict[str, Any], thing: dict[str, Any]) -> dict[str, Any]:
    while isinstance(thing, dict) and "$ref" in thing:
        target: Any = spec
        for step in thing["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        thing = target
    return thing
