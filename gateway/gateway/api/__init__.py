"""The REST API under /api/v1: one module per area with a blueprint named `bp`, found and registered by itself."""

from flask import Flask

from gateway.api.base import ProblemApi, install_etags
from gateway.pages import blueprints

PREFIX = "/api/v1"


def install(app: Flask) -> ProblemApi:
    app.config.update(
        API_TITLE="Grenier",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={"info": {"description": DESCRIPTION, "license": {"name": "AGPL-3.0-or-later"}}},
    )
    api = ProblemApi(app)
    app.extensions["grenier-api"] = api
    install_etags(app)
    for blueprint in blueprints(__name__, __path__):
        api.register_blueprint(blueprint, url_prefix=PREFIX + (blueprint.url_prefix or ""))
    return api


DESCRIPTION = """\
Every act of the pages, for programs. Sign in with `Authorization: Bearer <token>` (see *tokens*); pages use their session
cookie and the header `X-CSRF-Token`.

Commands answer `{"id", "version", "position"}`. Send an `Idempotency-Key` with each: repeating it changes nothing.
Queries take `after=<position>` and wait until their view has seen it: you read what you wrote.
Amounts are integers in cents, weights integers in grams, instants UTC in ISO 8601, dates local to the group.
Refusals are `application/problem+json` (RFC 9457); compare `code`, never the words.
"""
