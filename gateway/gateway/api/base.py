"""What every API module is built from: strict schemas, a blueprint that documents the common headers, problems in the spec.

bp = ApiBlueprint("cycles", url_prefix="/cycles", description="Order cycles")

@bp.get("/<cycle_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, CycleSchema)
def read_cycle(query, cycle_id): ...
"""

import hashlib
import threading
from typing import Any

import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask, Response, request
from flask_smorest import Api, Blueprint
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from gateway.calls import MAX_KEY, MAX_POSITION, idempotency_key
from grenier.errors import Invalid

PROBLEM_JSON = "application/problem+json"
UNSAFE = ("post", "put", "patch", "delete")


class Schema(ma.Schema):
    """Base of all request and response schemas: an unknown field is an error, never silently dropped.

    A response schema with `unknown = "include"` answers what the service answered, described fields or not.
    """

    class Meta:
        unknown = ma.RAISE

    @ma.post_dump(pass_original=True)
    def keep_what_is_not_described(self, data: dict, original: Any, **_kwargs: object) -> dict:
        open_ended = self.unknown == ma.INCLUDE and isinstance(original, dict)
        return {**original, **data} if open_ended else data


class Flag(ma.fields.Boolean):
    """True or false in a JSON body, and nothing that could be taken for it (0, "no", "off")."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Query(Schema):
    """Query parameters of every reading route; areas derive theirs from it."""

    after = ma.fields.Integer(
        strict=False,
        validate=ma.validate.Range(min=0, max=MAX_POSITION),
        metadata={"description": "Wait until the view has seen this log position (answered by a command)."},
    )


class Pages(Query):
    """Lists that may be long: `limit` rows from `offset` on."""

    limit = ma.fields.Integer(load_default=100, validate=ma.validate.Range(min=1, max=500))
    offset = ma.fields.Integer(load_default=0, validate=ma.validate.Range(min=0, max=1_000_000))


class Done(Schema):
    """What a command answers: the stream's id and version, and the log position to read after."""

    id = ma.fields.String()
    version = ma.fields.Integer()
    position = ma.fields.Integer()


class ProblemSchema(Schema):
    type = ma.fields.String(
        required=True, metadata={"description": "Address that explains the code", "example": "/problems/invalid"}
    )
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    code = ma.fields.String(required=True, metadata={"description": "Stable; compare this"})
    detail = ma.fields.String()
    instance = ma.fields.String(metadata={"description": "Correlation id of the request"})
    errors = ma.fields.Dict(metadata={"description": "Messages by field"})
    facts = ma.fields.Dict(metadata={"description": "Figures of the refusal"})


class StrictParser(FlaskParser):
    """Unknown fields are errors wherever they stand, the query included."""

    def __init__(self) -> None:
        super().__init__()
        self.DEFAULT_UNKNOWN_BY_LOCATION = {}

    def _raw_load_json(self, req: Any) -> Any:
        """JSON nested so deeply that no parser follows it is malformed like any other."""
        try:
            return super()._raw_load_json(req)
        except RecursionError:
            raise BadRequest from None


class ApiBlueprint(Blueprint):
    """A blueprint whose unsafe routes document Idempotency-Key."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, *, url_prefix: str = "", description: str = "") -> None:
        super().__init__(f"api_{name}", "gateway", url_prefix=url_prefix, description=description)
        self.tag = name
        self._prepare_doc_cbks.append(self._idempotency_doc)
        self.before_request(_check_key)

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **options: Any
    ) -> None:
        options["tags"] = options.get("tags") or [self.tag]
        super().add_url_rule(rule, endpoint, view_func, *args, **options)

    def arguments(self, schema: Any, **options: Any) -> Any:
        """One instance for all requests: a class would be instantiated, with copies of its fields, for each of them."""
        made = schema() if isinstance(schema, type) and issubclass(schema, ma.Schema) else schema
        return super().arguments(made, **options)

    @staticmethod
    def unkeyed(view: Any) -> Any:
        """For an act whose repetition is another act, whatever its key: the key is not described."""
        view._apidoc = {**getattr(view, "_apidoc", {}), "unkeyed": True}
        return view

    @staticmethod
    def _idempotency_doc(doc: dict[str, Any], doc_info: Any, *, method: str, **_: Any) -> dict[str, Any]:
        if method in UNSAFE and not doc_info.get("unkeyed"):
            header = {
                "in": "header",
                "name": "Idempotency-Key",
                "required": False,
                "schema": {"type": "string", "maxLength": MAX_KEY},
                "description": "Made by the client, one per act; repeating it changes nothing.",
            }
            doc.setdefault("parameters", []).append(header)
        return doc


def _check_key() -> None:
    """A key that cannot be one is refused wherever it is sent, also where nothing would be written under it."""
    if request.method.lower() in UNSAFE:
        idempotency_key()


class ProblemApi(Api):
    """flask-smorest with RFC 9457 problems: the application answers them itself, the document describes them.

    The description is made when somebody asks for it: it is half of the time that an application takes to start.
    """

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask) -> None:
        self._undescribed: list[tuple[Blueprint, str, list | None]] = []
        self._describing = threading.RLock()
        super().__init__(app, spec_kwargs={"marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=schema_name)})

    def _register_error_handlers(self) -> None:
        """All errors of the application go through `gateway.problems`."""

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_JSON
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = "application/json"

    def register_blueprint(self, blp: Blueprint, *, parameters: list | None = None, **options: Any) -> None:
        name = options.get("name", blp.name)
        self._app.extensions["flask-smorest"]["blp_name_to_api"][name] = self
        self._app.register_blueprint(blp, **options)
        self._undescribed.append((blp, name, parameters))

    @property
    def spec(self) -> Any:
        with self._describing:
            while self._undescribed:
                blp, name, parameters = self._undescribed.pop(0)
                blp.register_views_in_doc(self, self._app, self._spec, name=name, parameters=parameters)
                self._spec.tag({"name": name.removeprefix("api_"), "description": blp.description})
            return self._spec

    @spec.setter
    def spec(self, made: Any) -> None:
        self._spec = made


def schema_name(schema: Any) -> str:
    """The area and the class: areas need not agree on the names of their schemas."""
    kind = resolve_schema_cls(schema)
    assert isinstance(kind, type)
    area = kind.__module__.rpartition(".")[2]
    name = kind.__name__.removesuffix("Schema")
    return name if area == "base" else f"{area}.{name}"


def expected_version() -> int | None:
    """The version named by If-Match ("12", or an ETag of ours, "12-5f0c…"), or None when the client does not mind."""
    text = request.headers.get("If-Match", "").strip()
    if text in ("", "*"):
        return None
    number = text.removeprefix("W/").strip('"').split("-")[0]
    if not number.isdecimal() or len(number) > 18:
        raise Invalid(fields={"If-Match": ['The version of the thing as a quoted number, such as "12".']})
    return int(number)


def with_etag(response: Response) -> Response:
    """Answers of reading routes carry the version (or a hash of the content) and are not sent twice."""
    if request.method in ("GET", "HEAD") and response.status_code == 200 and response.mimetype == "application/json":
        content = response.get_data()
        # Most answers carry no version: then there is no need to parse them once more.
        body = response.get_json(silent=True) if b'"version"' in content else None
        version = body.get("version") if isinstance(body, dict) else None
        digest = hashlib.sha256(content).hexdigest()[:16]
        response.set_etag(f"{version}-{digest}" if isinstance(version, int) else digest)
        response.headers["Cache-Control"] = "private, no-cache"
        response.make_conditional(request)
    return response


def install_etags(app: Flask) -> None:
    @app.after_request
    def etags(response: Response) -> Response:
        return with_etag(response) if request.path.startswith("/api/") else response
