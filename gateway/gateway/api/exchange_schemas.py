"""What goes in and out of the exchange's routes."""

from typing import Any

from marshmallow import fields, validate

from gateway.api.base import Done, Flag, Query, Schema
from gateway.api.shapes import mail_address

AUDIENCES = ("takers", "federation", "named")
PHASES = ("none", "offered", "accepted", "collected", "cancelled", "expired")
STANDINGS = ("none", "pending", "active", "left")
INSTANT: dict[str, Any] = {"metadata": {"format": "date-time"}}
DAY: dict[str, Any] = {"metadata": {"format": "date"}}
SHORT = validate.Length(max=200)


class Settings(Schema):
    enabled = fields.Boolean()
    cutoff_hours = fields.Integer(metadata={"description": "Nobody asks or accepts later than this before the start"})
    federated = fields.Boolean(metadata={"description": "Baskets may be offered to takers of the other groups"})
    members_only = fields.Boolean()
    purge_months = fields.Integer(metadata={"description": "Who took whose basket is forgotten after so many months"})
    referent_id = fields.String()
    note = fields.String(metadata={"description": "Stands in the instructions that takers get"})
    mailbox = fields.String()
    tell_members = fields.Boolean()


class SettingsChange(Schema):
    enabled = Flag()
    cutoff_hours = fields.Integer(strict=True, validate=validate.Range(min=1, max=336))
    federated = Flag()
    members_only = Flag()
    purge_months = fields.Integer(strict=True, validate=validate.Range(min=6, max=120))
    referent_id = fields.String(validate=SHORT)
    note = fields.String(validate=validate.Length(max=2000))
    mailbox = mail_address()
    tell_members = Flag()


class Space(Schema):
    group_id = fields.String()
    group = fields.String()
    settings = fields.Nested(Settings)
    referent = fields.String()
    standing = fields.String(validate=validate.OneOf(STANDINGS))
    member = fields.Boolean()
    may_manage = fields.Boolean()
    pooled = fields.Boolean(metadata={"description": "The group shares baskets with other groups"})


class Part(Schema):
    option_id = fields.String()
    title = fields.String()
    quantity = fields.Integer()


class Basket(Schema):
    basket_id = fields.String()
    group_id = fields.String()
    group = fields.String()
    contract_id = fields.String()
    contract = fields.String()
    instructions = fields.String()
    subscription_id = fields.String()
    delivery_id = fields.String()
    on = fields.String(**DAY)
    starts_at = fields.String(**INSTANT)
    ends_at = fields.String(**INSTANT)
    closes_at = fields.String(**INSTANT)
    place = fields.String()
    parts = fields.Nested(Part, many=True)
    value_cents = fields.Integer()
    audience = fields.String(validate=validate.OneOf(AUDIENCES))
    phase = fields.String(validate=validate.OneOf(PHASES))
    offered_at = fields.String()
    accepted_at = fields.String()
    ended_at = fields.String()
    reason = fields.String()
    means = fields.String()
    amount_cents = fields.Integer()


class Offer(Basket):
    own = fields.Boolean()
    my_request = fields.String(metadata={"description": "State of my request, empty when I have not asked"})
    waiting = fields.Integer(metadata={"description": "How many wait for an answer"})


class Offers(Schema):
    offers = fields.Nested(Offer, many=True)
    takes = fields.Boolean()
    total = fields.Integer()


class OwnBasket(Schema):
    basket_id = fields.String()
    contract_id = fields.String()
    contract = fields.String()
    instructions = fields.String()
    subscription_id = fields.String()
    delivery_id = fields.String()
    household_id = fields.String()
    on = fields.String(**DAY)
    starts_at = fields.String(**INSTANT)
    ends_at = fields.String(**INSTANT)
    closes_at = fields.String(**INSTANT)
    place = fields.String()
    parts = fields.Nested(Part, many=True)
    value_cents = fields.Integer()
    phase = fields.String(validate=validate.OneOf(PHASES))
    too_late = fields.Boolean()


class MyBaskets(Schema):
    baskets = fields.Nested(OwnBasket, many=True)
    cutoff_hours = fields.Integer()


class Friend(Schema):
    first_name = fields.String(required=True, validate=validate.Length(min=1, max=200))
    last_name = fields.String(validate=SHORT)
    email = mail_address()
    phone = fields.String(validate=validate.Length(max=40))


class BasketToOffer(Schema):
    contract_id = fields.String(required=True, validate=SHORT)
    subscription_id = fields.String(required=True, validate=SHORT)
    delivery_id = fields.String(required=True, validate=SHORT)
    audience = fields.String(validate=validate.OneOf(AUDIENCES))
    friend = fields.Nested(Friend, metadata={"description": "For audience named"})


class Contact(Schema):
    name = fields.String()
    email = fields.String()
    phone = fields.String()


class Note(Schema):
    place = fields.String()
    starts_at = fields.String(**INSTANT)
    ends_at = fields.String(**INSTANT)
    bring_bags = fields.Boolean()
    parts = fields.Nested(Part, many=True)
    sign_as = fields.String()
    instructions = fields.String()
    note = fields.String()


class Request(Schema):
    person_id = fields.String()
    name = fields.String()
    state = fields.String()
    asked_at = fields.String(**INSTANT)


class Offered(Basket):
    requests = fields.Nested(Request, many=True)
    other = fields.Nested(Contact, allow_none=True)


class Asked(Basket):
    state = fields.String()
    other = fields.Nested(Contact, allow_none=True)
    note = fields.Nested(Note, allow_none=True)


class OneBasket(Offered):
    state = fields.String()
    note = fields.Nested(Note, allow_none=True)
    as_ = fields.String(data_key="as", attribute="as", validate=validate.OneOf(("holder", "taker")))


class TakesIn(Schema):
    group_id = fields.String()
    group = fields.String()
    standing = fields.String(validate=validate.OneOf(STANDINGS))


class MyExchanges(Schema):
    offered = fields.Nested(Offered, many=True)
    asked = fields.Nested(Asked, many=True)
    takes_in = fields.Nested(TakesIn, many=True)


class Accepted(Schema):
    person_id = fields.String(required=True, validate=SHORT)


class Cancelled(Schema):
    message = fields.String(validate=validate.Length(max=1000))


class Settled(Schema):
    means = fields.String(required=True, validate=validate.OneOf(("free", "cash", "other")))
    amount_cents = fields.Integer(strict=True, validate=validate.Range(min=0, max=100_000))


class NewTaker(Schema):
    person_id = fields.String(validate=SHORT, metadata={"description": "A person of the group; for the referent"})
    first_name = fields.String(validate=SHORT)
    last_name = fields.String(validate=SHORT)
    email = mail_address()
    phone = fields.String(validate=validate.Length(max=40))


class Enrolled(Done):
    person_id = fields.String()


class TakersQuery(Query):
    from_on = fields.Date()
    until_on = fields.Date()


class Taker(Schema):
    person_id = fields.String()
    name = fields.String()
    email = fields.String()
    phone = fields.String()
    standing = fields.String(validate=validate.OneOf(STANDINGS))
    by = fields.String()
    enrolled_at = fields.String()
    left_at = fields.String()
    baskets = fields.Integer()


class Figures(Schema):
    offered = fields.Integer()
    taken = fields.Integer()
    collected = fields.Integer()
    cancelled = fields.Integer()
    expired = fields.Integer()


class Takers(Schema):
    takers = fields.Nested(Taker, many=True)
    figures = fields.Nested(Figures)
    from_on = fields.String(**DAY)
    until_on = fields.String(**DAY)
    active = fields.Integer()


class ExchangedQuery(Query):
    on = fields.Date()
    delivery_id = fields.String(validate=SHORT)


class ExchangedBasket(Schema):
    basket_id = fields.String()
    contract_id = fields.String()
    delivery_id = fields.String()
    subscription_id = fields.String()
    household_id = fields.String()
    on = fields.String(**DAY)
    starts_at = fields.String(**INSTANT)
    parts = fields.Nested(Part, many=True)
    holder = fields.String(metadata={"description": "In whose name to sign"})
    taker_id = fields.String()
    taker = fields.String()
    collected = fields.Boolean()


class Exchanged(Schema):
    baskets = fields.Nested(ExchangedBasket, many=True)


class PublicSpace(Schema):
    group_id = fields.String()
    group = fields.String()
    mailbox = fields.String()
    members_only = fields.Boolean()


class Place(Schema):
    kind = fields.String(validate=validate.OneOf(("leave", "confirm")))
    group_id = fields.String()
    group = fields.String()
    standing = fields.String(validate=validate.OneOf(STANDINGS))
