"""Tokens: how a program signs in."""

from flask import current_app
from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Schema
from gateway.identity import person_id
from gateway.pages.login import TooMany, check_password, too_many
from gateway.security.audit import note
from gateway.security.passwords import MAX_LENGTH
from gateway.security.tokens import Token
from grenier.errors import Forbidden, NotFound

bp = ApiBlueprint("tokens", url_prefix="/tokens", description="Personal access tokens for programs.")


class Credentials(Schema):
    email = fields.String(required=True, validate=validate.Length(min=3, max=254))
    password = fields.String(required=True, validate=validate.Length(min=1, max=MAX_LENGTH))
    label = fields.String(load_default="API", validate=validate.Length(min=1, max=80))


class TokenSchema(Schema):
    id = fields.String()
    label = fields.String()
    created_at = fields.Integer(metadata={"description": "Unix seconds"})
    last_used_at = fields.Integer(allow_none=True, metadata={"description": "Unix seconds, to the hour"})


class NewToken(TokenSchema):
    token = fields.String(metadata={"description": "The secret; shown this once"})
    person_id = fields.String()


@bp.post("")
@access("public")
@bp.arguments(Credentials)
@bp.response(201, NewToken)
def make(body: dict):
    """Exchange an e-mail address and a password for a token"""
    try:
        person = check_password(body["email"], body["password"])
    except TooMany as limit:
        return too_many(limit)
    if person is None:
        raise Forbidden("wrong-credentials")
    token, secret = current_app.extensions["grenier"].tokens.issue(person, body["label"])
    note("token-made", person)
    return shown(token) | {"token": secret, "person_id": person}


@bp.get("")
@access("person")
@bp.response(200, TokenSchema(many=True))
def own():
    """My tokens, without their secrets"""
    return [shown(token) for token in current_app.extensions["grenier"].tokens.of(person_id())]


@bp.delete("/<token_id>")
@access("person")
@bp.response(204)
def revoke(token_id: str):
    """Make one of my tokens useless"""
    if not current_app.extensions["grenier"].tokens.revoke(person_id(), token_id):
        raise NotFound()
    note("token-revoked", person_id())


def shown(token: Token) -> dict:
    return {"id": token.id, "label": token.label, "created_at": token.created_at, "last_used_at": token.last_used_at}
