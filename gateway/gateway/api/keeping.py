"""Who keeps the baskets of those who cannot come, and the numbers on the baskets of a day (domain 1.5.1)."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Flag, Query, Schema
from gateway.api.shapes import DAY
from gateway.api.subscriptions_schemas import ID
from gateway.calls import ask, tell
from gateway.identity import person_id as caller
from grenier.errors import NotFound

bp = ApiBlueprint("keeping", description="Keepers of baskets, and the numbers on the baskets of a day.")
ME = "me"
ON = "/groups/<group_id>/keeping/<on>"


class KeepingDays(Schema):
    days = fields.List(fields.String(), metadata={"description": "Coming days on which something is handed out"})


class Keeper(Schema):
    person_id = fields.String()
    name = fields.String()
    phone = fields.String(
        metadata={"description": "For those whose baskets they keep, and who looks after the exchange"}
    )
    most = fields.Integer(metadata={"description": "Households at most"})
    left = fields.Integer()
    mine = fields.Boolean()


class Entrusted(Schema):
    household_id = fields.String()
    label = fields.String()
    name = fields.String()
    phone = fields.String()
    keeper_id = fields.String()
    mine = fields.Boolean()


class KeepingDay(Schema):
    on = fields.String()
    over = Flag()
    keepers = fields.Nested(Keeper, many=True)
    entrusted = fields.Nested(
        Entrusted, many=True, metadata={"description": "One's own, those one keeps; all of them for who looks after it"}
    )
    numbered = fields.Integer(metadata={"description": "Baskets that have a number"})
    may_manage = Flag()


class Most(Schema):
    most = fields.Integer(strict=True, load_default=3, validate=validate.Range(min=1, max=20))


class ToKeeper(Schema):
    keeper_id = fields.String(required=True, validate=ID)


def _on(text: str) -> str:
    """The day of the address, or nothing is there."""
    try:
        DAY(text)
        return fields.Date().deserialize(text).isoformat()
    except Exception as error:
        raise NotFound from error


def _who(person_id: str) -> str:
    return caller() if person_id == ME else person_id


@bp.get("/groups/<group_id>/keeping")
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, KeepingDays)
def list_days(query, group_id):
    """The coming days on which baskets are handed out"""
    return ask("contracts", "keeping_days", group_id=group_id)


@bp.get(ON)
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, KeepingDay)
def read_day(query, group_id, on):
    """Who keeps baskets on a day, and for whom"""
    return ask("contracts", "keeping_day", group_id=group_id, on=_on(on))


@bp.put(f"{ON}/keepers/<person_id>")
@access("member")
@bp.arguments(Most)
@bp.response(200, Done)
@bp.alt_response(409, description="`day-over`, `keeper-needed`")
def offer(body, group_id, on, person_id):
    """Keep the baskets of some households; `me`, or somebody of the group by who looks after the exchange"""
    return tell("contracts", "offer_keeping", group_id=group_id, on=_on(on), person_id=_who(person_id), **body)


@bp.delete(f"{ON}/keepers/<person_id>")
@access("member")
@bp.response(200, Done)
@bp.alt_response(409, description="`day-over`, `keeper-needed`")
def withdraw(group_id, on, person_id):
    """Keep none after all, while nobody counts on it"""
    return tell("contracts", "withdraw_keeping", group_id=group_id, on=_on(on), person_id=_who(person_id))


@bp.put(f"{ON}/baskets/<household_id>")
@access("member")
@bp.arguments(ToKeeper)
@bp.response(200, Done)
@bp.alt_response(409, description="`day-over`, `keeper-missing`, `keeper-full`, `nothing-that-day`")
def entrust(body, group_id, on, household_id):
    """Leave a household's baskets of the day to a keeper"""
    return tell("contracts", "entrust_baskets", group_id=group_id, on=_on(on), household_id=household_id, **body)


@bp.delete(f"{ON}/baskets/<household_id>")
@access("member")
@bp.response(200, Done)
@bp.alt_response(409, description="`day-over`")
def take_back(group_id, on, household_id):
    """The household comes itself"""
    return tell("contracts", "take_back_baskets", group_id=group_id, on=_on(on), household_id=household_id)


@bp.post(f"{ON}/numbers")
@access(may="contracts.exchange")
@bp.response(200, Done)
@bp.alt_response(409, description="`day-over`")
def number(group_id, on):
    """Number the baskets of a day in the order of the sign-off sheet; numbers that were given stay"""
    return tell("contracts", "number_baskets", group_id=group_id, on=_on(on))
