"""What is sent about subscriptions; answers: subscriptions_answers. Amounts are cents, dates ISO local dates of the group."""

from marshmallow import fields, validate

from gateway.api.base import Flag, Pages, Schema
from gateway.api.shapes import SHA256, day

ID = validate.Length(min=1, max=100)
REASON = validate.Length(max=500)
QUANTITY = validate.Range(min=0, max=1000)
STATES = ("waiting", "to_confirm", "confirmed", "declined", "ended")
MEANS = ("cheque", "transfer", "cash", "local_currency", "direct_debit", "online", "on_delivery")
PARTIES = ("member", "producer", "group")


def ids(most: int = 100) -> fields.List:
    return fields.List(fields.String(validate=ID), validate=validate.Length(max=most))


class Line(Schema):
    option_id = fields.String(required=True, validate=ID)
    quantity = fields.Integer(strict=True, validate=QUANTITY, metadata={"description": "At each delivery"})
    per_delivery = fields.Dict(
        keys=fields.String(validate=ID),
        values=fields.Integer(strict=True, validate=QUANTITY),
        metadata={"description": "Baskets composed delivery by delivery: {delivery_id: quantity}"},
    )


class WrittenCheque(Schema):
    """A cheque of a paper contract; what is left out is as the contract splits and cashes them."""

    amount_cents = fields.Integer(strict=True, validate=validate.Range(min=0, max=10_000_000_000))
    cash_on = day()


class Wish(Schema):
    """What a household wants to subscribe to."""

    household_id = fields.String(required=True, validate=ID)
    lines = fields.Nested(Line, many=True, validate=validate.Length(max=200))
    starts_on = day(metadata={"description": "Left out: from the next delivery that is still open"})
    cheque_count = fields.Integer(strict=True, validate=validate.Range(min=1, max=24))
    household_ids = fields.List(
        fields.String(validate=ID),
        validate=validate.Length(max=20),
        metadata={"description": "Households that share the basket, the one that signs first"},
    )
    anchor_delivery_id = fields.String(
        validate=ID, metadata={"description": "The delivery that the first of them fetches; then they take turns"}
    )
    co_person_ids = ids(10)
    absences = ids()
    series = fields.String(validate=validate.Length(max=20), metadata={"description": "Semaine A or B"})
    replaces = fields.String(validate=ID, metadata={"description": "The subscription that it replaces in mid-season"})
    means = fields.String(validate=validate.OneOf(MEANS))
    cheques = fields.Nested(
        WrittenCheque,
        many=True,
        validate=validate.Length(max=24),
        metadata={"description": "Written already, entered by who looks after the contract; instead of `cheque_count`"},
    )


class Registration(Wish):
    channel = fields.String(validate=validate.OneOf(["web", "desk", "coordinator"]))
    person_id = fields.String(validate=ID, metadata={"description": "Who signs for the household"})


class ListQuery(Pages):
    state = fields.String(validate=validate.OneOf(STATES))


class Reason(Schema):
    reason = fields.String(validate=REASON)


class Sign(Schema):
    party = fields.String(required=True, validate=validate.OneOf(PARTIES))
    means = fields.String(required=True, validate=validate.OneOf(["tick", "paper"]))
    document_sha256 = fields.String(
        validate=SHA256, metadata={"description": "Of the PDF that was seen; not for paper"}
    )
    person_id = fields.String(validate=ID, metadata={"description": "Who signed on paper"})


class LinkSignature(Schema):
    document_sha256 = fields.String(required=True, validate=SHA256)


class LinkFor(Schema):
    person_id = fields.String(required=True, validate=ID, metadata={"description": "Who will use the link"})


class Absences(Schema):
    delivery_ids = fields.List(fields.String(validate=ID), required=True, validate=validate.Length(max=100))


class Sharers(Schema):
    household_ids = fields.List(fields.String(validate=ID), required=True, validate=validate.Length(max=20))
    anchor_delivery_id = fields.String(validate=ID)


class Composition(Schema):
    quantities = fields.Dict(
        keys=fields.String(validate=ID),
        values=fields.Integer(strict=True, validate=QUANTITY),
        required=True,
        metadata={"description": "{option_id: number}, all of this delivery"},
    )


class Ending(Schema):
    on = day(required=True, metadata={"description": "The first day that is not taken"})
    reason = fields.String(required=True, validate=validate.Length(min=1, max=500))
    recompute = Flag(metadata={"description": "false: all that was signed remains due"})
