"""What is asked and answered about contracts of a season: lists, one in full, versions, dates to propose."""

from marshmallow import INCLUDE, fields, validate

from gateway.api.base import Done, Query, Schema
from gateway.api.contracts_season_schemas import FACTOR, ID, KINDS, NUMBER, number, text
from gateway.api.shapes import COUNTRY, HOUR, day

STATUSES = ("drafted", "submitted", "changes_requested", "approved", "opened", "ended", "abandoned")


class Answered(Schema):
    """Answered as the service answers it; fields are only ever added."""

    class Meta:
        unknown = INCLUDE


# -- dates -------------------------------------------------------------------------------------------------------


def days(most: int = 400):
    return fields.List(day(), validate=validate.Length(max=most))


class Pattern(Schema):
    rhythm = fields.String(
        required=True, validate=validate.OneOf(["every", "weekly", "monthly", "nth_weekday", "list"])
    )
    anchor = day(allow_none=True)
    every_days = number()
    from_on = day(allow_none=True)
    until = day(allow_none=True)
    count = number()
    weekday = fields.Integer(
        strict=True, validate=validate.Range(min=-1, max=6), metadata={"description": "0 is Monday"}
    )
    nth = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=-5, max=5)), validate=validate.Length(max=6)
    )
    every_months = number()
    dates = days()
    skip = days()
    moves = fields.Dict(keys=day(), values=day(), metadata={"example": {"2026-11-11": "2026-11-10"}})
    factors = fields.Dict(
        keys=day(), values=fields.Integer(strict=True, validate=FACTOR), metadata={"example": {"2026-12-17": 200}}
    )
    stated_count = number("How many dates the paper says there are")
    series = text(20)
    starts = fields.String(validate=HOUR)
    ends = fields.String(validate=HOUR)
    place = text(200)
    # The last one: it takes the name of the function above.
    day = number("Of the month; its last one when the month is shorter")


class OrderWindow(Schema):
    opens_days_before = fields.Integer(required=True, strict=True, validate=NUMBER)
    closes_days_before = fields.Integer(required=True, strict=True, validate=NUMBER)
    opens_at = fields.String(validate=HOUR)
    closes_at = fields.String(validate=HOUR)


class DatesAsked(Schema):
    patterns = fields.Nested(Pattern, many=True, required=True, validate=validate.Length(min=1, max=12))
    group_id = fields.String(validate=ID)
    country = fields.String(validate=COUNTRY)
    subdivision = text(20, metadata={"description": "57, 6AE, 974…", "example": "974"})
    starts_on = day(allow_none=True)
    ends_on = day(allow_none=True)
    order_window = fields.Nested(OrderWindow, allow_none=True)


class DatesProposed(Answered):
    dates = fields.List(fields.Dict())
    months = fields.List(fields.Dict())
    count = fields.Integer()
    baskets_percent = fields.Integer(metadata={"description": "The sum of what the dates count: 100 is one basket"})
    warnings = fields.List(fields.Dict())
    rounds = fields.List(fields.Dict())


# -- answers -----------------------------------------------------------------------------------------------------


class Drafted(Done):
    terms = fields.Dict(metadata={"description": "With the ids of options, deliveries and rounds"})
    warnings = fields.List(fields.Dict())


class AddedDelivery(Done):
    delivery_id = fields.String()


class Submitted(Done):
    person_id = fields.String()
    document_sha256 = fields.String()
    token = fields.String(metadata={"description": "In a demonstration only; elsewhere the mail has it"})


class Summary(Answered):
    contract_id = fields.String()
    group_id = fields.String()
    producer_id = fields.String()
    producer = fields.String()
    coordinator_id = fields.String()
    title = fields.String()
    complement = fields.String()
    basket_kind = fields.String(validate=validate.OneOf(KINDS))
    status = fields.String(validate=validate.OneOf(STATUSES))
    version = fields.Integer()
    approved_version = fields.Integer(metadata={"description": "0: none"})
    starts_on = fields.String()
    ends_on = fields.String()
    sign_ups = fields.Dict(metadata={"description": "state (not_yet, open, closed), opens_on, closes_on"})
    deliveries = fields.Integer()
    deliveries_left = fields.Integer()
    next_on = fields.String(allow_none=True)
    subscriptions = fields.Dict(metadata={"description": "confirmed, to_confirm, waiting; for who manages it"})
    amount_cents = fields.Integer(metadata={"description": "Of all who have a place; for who manages it"})
    renews = fields.String()
    renewed_by = fields.String()


class Contract(Summary):
    terms = fields.Dict()
    months = fields.List(fields.Dict(), metadata={"description": "Deliveries as they stand now, by month"})
    steps = fields.List(fields.Dict(), metadata={"description": "What happened: at, what, version, actor, role, note"})
    warnings = fields.List(fields.Dict())
    submission = fields.Dict(allow_none=True)
    changes_wanted = fields.String()
    may = fields.Dict()


class Contracts(Schema):
    contracts = fields.Nested(Summary, many=True)


class Versions(Schema):
    versions = fields.List(
        fields.Dict(), metadata={"description": "Newest first, each with `changes` [{path, name, before, after}]"}
    )


class VersionAnswer(Answered):
    version = fields.Integer()
    status = fields.String()
    terms = fields.Dict()


class LinkedContract(Answered):
    contract_id = fields.String()
    version = fields.Integer()
    state = fields.String(validate=validate.OneOf(["waiting", "answered", "superseded"]))
    document_sha256 = fields.String()
    answer_until = fields.String()
    terms = fields.Dict()


class PublicContracts(Schema):
    contracts = fields.List(
        fields.Dict(), metadata={"description": "Opened contracts: title, producer, season, options, deliveries"}
    )


class Days(Schema):
    dates = fields.List(fields.Dict(), metadata={"description": "[{on, deliveries}]"})


class ListQuery(Query):
    status = fields.List(fields.String(validate=validate.OneOf(STATUSES)), validate=validate.Length(max=7))
    producer_id = fields.String(validate=ID)


class DaysQuery(Query):
    from_on = day()
    until_on = day()
    contract_id = fields.String(validate=ID)


class RenewQuery(Query):
    within_days = fields.Integer(load_default=60, validate=validate.Range(min=0, max=400))
