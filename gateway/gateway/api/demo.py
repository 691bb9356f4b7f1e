"""Demonstration installations only: move the clock, act as anybody. Elsewhere these routes do not exist."""

from datetime import timedelta
from pathlib import Path

from flask import current_app
from marshmallow import ValidationError, fields, validate, validates_schema

from gateway.access import access
from gateway.api.base import ApiBlueprint, Schema
from gateway.api.tokens import NewToken, shown
from gateway.formats import as_instant
from gateway.pages.demo import app_clock
from gateway.pages.login import demo_accounts

bp = ApiBlueprint("demo", url_prefix="/demo", description="Only in demonstration installations (404 elsewhere).")
MAX_ADVANCE_S = 400 * 24 * 3600


class ClockSchema(Schema):
    now = fields.AwareDateTime(format="iso")


class MoveClock(Schema):
    now = fields.AwareDateTime(format="iso", metadata={"description": "The instant that becomes the present"})
    advance_seconds = fields.Integer(strict=True, validate=validate.Range(min=0, max=MAX_ADVANCE_S))

    @validates_schema
    def one_of_both(self, data: dict, **_kwargs: object) -> None:
        if len(data) != 1:
            raise ValidationError("Give either now or advance_seconds.")


class Person(Schema):
    person_id = fields.String(required=True, validate=validate.Length(min=1, max=64))


@bp.get("/clock")
@access("demo")
@bp.response(200, ClockSchema)
def read_clock():
    """The present of this installation"""
    return {"now": app_clock().now()}


@bp.post("/clock")
@access("demo")
@bp.arguments(MoveClock)
@bp.response(200, ClockSchema)
def move_clock(body: dict):
    """Make an instant the present, or advance by some seconds"""
    clock = app_clock()
    moved = body["now"] if "now" in body else clock.now() + timedelta(seconds=body["advance_seconds"])
    clock.set(as_instant(moved))
    return {"now": clock.now()}


@bp.post("/tokens")
@access("demo")
@bp.arguments(Person)
@bp.response(201, NewToken)
def act_as(body: dict):
    """A token for any person, without a password"""
    token, secret = current_app.extensions["grenier"].tokens.issue(body["person_id"], "demo")
    return shown(token) | {"token": secret, "person_id": body["person_id"]}


class Account(Schema):
    person_id = fields.String()
    label = fields.String()
    role = fields.String()
    group = fields.String()


class Loaded(Schema):
    loaded = fields.Boolean(metadata={"description": "Whether the demonstration's data is all there"})
    accounts = fields.Nested(Account, many=True)


@bp.get("")
@access("demo")
@bp.response(200, Loaded)
def state():
    """Whether the demonstration is loaded, and one account for each role"""
    return {"loaded": _marker().exists(), "accounts": demo_accounts()}


@bp.put("/loaded")
@access("demo")
@bp.response(200, Loaded)
def mark_loaded():
    """The loader has come to its end; it is not started again"""
    _marker().touch()
    return {"loaded": True, "accounts": demo_accounts()}


def _marker() -> Path:
    return Path(current_app.extensions["grenier"].settings.data_dir) / "demonstration.loaded"
