"""What is sent about contracts of a season: terms and acts. Amounts are cents, dates ISO local dates of the group."""

from marshmallow import fields, validate

from gateway.api.base import Flag, Schema
from gateway.api.shapes import HOUR, SHA256, day

ID = validate.Length(min=1, max=100)
REASON = validate.Length(min=1, max=500)
CENTS = validate.Range(min=0, max=100_000_000)
NUMBER = validate.Range(min=0, max=1_000_000)
FACTOR = validate.Range(min=1, max=1000)
KINDS = ("fixed_single", "fixed_multiple", "free_quantity_single", "free_quantity_multiple", "modular", "modular_fixed",
         "ordered")  # fmt: skip
MEANS = ("cheque", "transfer", "cash", "local_currency", "direct_debit", "online", "on_delivery")
OWN_NAME = {
    "description": "A UUID, a name for use inside this request, or left out: then it follows from what it names"
}


def instant(**more):
    return fields.AwareDateTime(format="iso", metadata={"example": "2026-11-12T19:00:00Z"}, **more)


def text(most: int, **more):
    return fields.String(validate=validate.Length(max=most), **more)


def number(described: str = "", **more):
    return fields.Integer(
        strict=True, validate=NUMBER, metadata={"description": described} if described else {}, **more
    )


# -- terms -------------------------------------------------------------------------------------------------------


class Option(Schema):
    option_id = fields.String(load_default="", validate=validate.Length(max=100), metadata=OWN_NAME)
    title = fields.String(required=True, validate=validate.Length(min=1, max=200))
    price_cents = fields.Integer(
        required=True,
        strict=True,
        validate=CENTS,
        metadata={"description": "Of one unit, of one kilogram when weighed"},
    )
    code = text(20)
    unit = fields.String(validate=validate.OneOf(["piece", "kg", "g", "l"]))
    net_weight_g = number()
    category = text(100)
    sale = fields.String(validate=validate.OneOf(["piece", "weighed"]))
    portion_g = number("Weighed goods are ordered in portions of so many grams")
    share_bp = number("Share of a whole basket: 10000 is one, 5000 half of one")
    quantities = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=1, max=1000)),
        validate=validate.Length(max=100),
        metadata={"description": "Numbers that may be chosen; empty: any"},
    )
    limit = number("At most so many at one delivery, over all households; 0: no limit")
    delivery_ids = fields.List(
        fields.String(validate=ID),
        validate=validate.Length(max=400),
        metadata={"description": "Delivered on these only; empty: on each"},
    )
    content = text(2000)


class Delivery(Schema):
    delivery_id = fields.String(load_default="", validate=validate.Length(max=100), metadata=OWN_NAME)
    on = day(required=True)
    starts = fields.String(validate=HOUR)
    ends = fields.String(validate=HOUR)
    place = text(200)
    factor_percent = fields.Integer(
        strict=True, validate=FACTOR, metadata={"description": "200: a double distribution that makes up for another"}
    )
    series = text(20, metadata={"description": "Semaine A or B"})
    cancelled = Flag()
    moved_from = day(allow_none=True)
    reason = text(500)


class Round(Schema):
    round_id = fields.String(load_default="", validate=validate.Length(max=100), metadata=OWN_NAME)
    delivery_id = fields.String(required=True, validate=ID)
    opens_at = instant(required=True)
    closes_at = instant(required=True)


class Payment(Schema):
    payee = text(200)
    means = fields.List(fields.String(validate=validate.OneOf(MEANS)), validate=validate.Length(min=1, max=7))
    calendar = fields.List(day(), validate=validate.Length(max=60))
    counts = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=1, max=24)), validate=validate.Length(max=24)
    )
    minimum_cheque_cents = fields.Integer(strict=True, validate=CENTS)
    splits_percent = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"[1-9]\d?")),
        values=fields.List(fields.Integer(strict=True, validate=validate.Range(min=1, max=100))),
        metadata={"description": "Own splits by number of cheques", "example": {"3": [50, 25, 25]}},
    )
    prepayment_cents = fields.Integer(strict=True, validate=CENTS)
    references = text(500)


class SignUp(Schema):
    opens_on = day(allow_none=True)
    closes_on = day(allow_none=True)
    closes_hours_before = number()
    max_households = number("0: no limit")
    max_shares_bp = number("0: no limit")
    minimum_cents = fields.Integer(strict=True, validate=CENTS)
    absences_max = fields.Integer(strict=True, validate=validate.Range(min=-1, max=400))
    absences_from = day(allow_none=True)
    absences_until = day(allow_none=True)
    co_members_max = number()
    requires_contract_id = text(100)
    main_contract = Flag()


class Terms(Schema):
    """All that is agreed with the producer: what the printed contract says, as data."""

    title = fields.String(required=True, validate=validate.Length(min=1, max=200))
    starts_on = day(required=True)
    ends_on = day(required=True)
    basket_kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    options = fields.Nested(Option, many=True, validate=validate.Length(max=300))
    deliveries = fields.Nested(Delivery, many=True, validate=validate.Length(max=400))
    rounds = fields.Nested(Round, many=True, validate=validate.Length(max=60))
    payment = fields.Nested(Payment)
    sign_up = fields.Nested(SignUp)
    complement = text(200)
    description = text(5000)
    producer_note = text(5000)
    farm_visits = number()
    instructions = text(5000)
    mention = text(2000)


# -- acts --------------------------------------------------------------------------------------------------------


class NewContract(Schema):
    producer_id = fields.String(required=True, validate=ID)
    terms = fields.Nested(Terms, required=True)
    coordinator_id = fields.String(validate=ID, metadata={"description": "Left out: who records it"})


class Revision(Schema):
    terms = fields.Nested(Terms, required=True)
    from_version = fields.Integer(
        required=True, strict=True, validate=NUMBER, metadata={"description": "The version that was looked at"}
    )


class Renewal(Schema):
    starts_on = day()
    ends_on = day()
    title = text(200)


class Version(Schema):
    version = fields.Integer(required=True, strict=True, validate=NUMBER)


class Submission(Version):
    person_id = fields.String(validate=ID, metadata={"description": "Left out: who holds the role of the producer"})
    document_sha256 = fields.String(
        validate=SHA256, metadata={"description": "Left out: that of the contract as the house prints it"}
    )
    answer_until = instant()


class PaperApproval(Version):
    person_id = fields.String(validate=ID)
    document_sha256 = fields.String(validate=SHA256)


class LinkAnswer(Schema):
    answer = fields.String(required=True, validate=validate.OneOf(["approve", "changes"]))
    comment = text(5000)
    document_sha256 = fields.String(
        validate=SHA256, metadata={"description": "Of the document that was seen; needed to approve"}
    )


class AccountAnswer(LinkAnswer):
    version = fields.Integer(required=True, strict=True, validate=NUMBER)


class Reopening(Schema):
    closes_on = day(required=True)


class Abandonment(Schema):
    reason = text(500)


class Moving(Schema):
    on = day(required=True)
    reason = fields.String(required=True, validate=REASON)
    starts = fields.String(validate=HOUR)
    ends = fields.String(validate=HOUR)
    place = text(200)


class Adding(Moving):
    factor_percent = fields.Integer(
        strict=True,
        validate=FACTOR,
        metadata={"description": "100: one delivery; what was signed before stays due as it was"},
    )
    series = text(20)
    replaces_delivery_id = text(64, metadata={"description": "The cancelled delivery that the new date makes up for"})
    # A contract of the kind `ordered` has an order round for each delivery; the others have none.
    opens_at = instant()
    closes_at = instant()


class Cancelling(Schema):
    reason = fields.String(required=True, validate=REASON)


class Counting(Schema):
    factor_percent = fields.Integer(required=True, strict=True, validate=FACTOR)
    reason = fields.String(required=True, validate=REASON)


def sent(value):
    """Instants as the services read them, however deep they stand."""
    if isinstance(value, dict):
        return {key: sent(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [sent(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
