"""Tills over the API: open, take payments, count, explain, close. Amounts are integer cents."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Query, Schema
from gateway.api.ledger import AMOUNT, MEANS, REASON, Cheque, DoneEntry, Reason
from gateway.calls import ask, tell

bp = ApiBlueprint("tills", description="The cash desk of a distribution, from its float to the closed envelope.")


class OpenTill(Schema):
    float_cents = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=10_000_000))
    distribution_id = fields.String(validate=validate.Length(max=100))


class Payment(Schema):
    household_id = fields.String(required=True, validate=validate.Length(min=1, max=100))
    means = fields.String(required=True, validate=MEANS)
    amount_cents = fields.Integer(required=True, strict=True, validate=AMOUNT)
    cheque = fields.Nested(Cheque)


class Count(Schema):
    coins = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"\d{1,5}")),
        values=fields.Integer(strict=True, validate=validate.Range(min=0, max=100_000)),
        required=True,
        metadata={"description": "Pieces by denomination in cents", "example": {"5000": 1, "200": 3}},
    )
    cheque_entry_ids = fields.List(fields.String(), metadata={"description": "Payments whose cheques lie here"})


class Explain(Schema):
    explanation = fields.String(required=True, validate=REASON)


class Till(Schema):
    till_id = fields.String()
    group_id = fields.String()
    distribution_id = fields.String()
    state = fields.String(validate=validate.OneOf(["open", "closed"]))
    float_cents = fields.Integer()
    cash_cents = fields.Integer(metadata={"description": "Expected cash, float included"})
    cheques_cents = fields.Integer()
    cheques = fields.Integer()
    payments = fields.Integer()
    taken_cash_cents = fields.Integer()
    opened_at = fields.String()
    opened_by = fields.String()
    counted_cents = fields.Integer(allow_none=True)
    counted_at = fields.String(allow_none=True)
    counted_by = fields.String(allow_none=True)
    count_is_current = fields.Integer()
    coins = fields.Dict()
    cheque_entries = fields.List(fields.String())
    difference_cents = fields.Integer(allow_none=True)
    explained = fields.Integer()
    explained_cents = fields.Integer()
    explanation = fields.String(allow_none=True)
    closed_at = fields.String(allow_none=True)
    closed_by = fields.String(allow_none=True)


class Tills(Schema):
    items = fields.Nested(Till, many=True)


class TillPayment(Schema):
    entry_id = fields.String()
    till_id = fields.String()
    household_id = fields.String()
    means = fields.String()
    amount_cents = fields.Integer()
    cheque_number = fields.String()
    cheque_bank = fields.String()
    at = fields.String()
    actor = fields.String()
    role = fields.String()
    position = fields.Integer()
    reversed_by = fields.String()
    reason = fields.String()


class Payments(Schema):
    items = fields.Nested(TillPayment, many=True)


@bp.get("/groups/<group_id>/tills")
@access(may="ledger.read")
@bp.arguments(Query, location="query")
@bp.response(200, Tills)
def tills(query, group_id):
    """Tills of a group, latest first"""
    return ask("ledger", "tills", group_id=group_id)


@bp.post("/groups/<group_id>/tills")
@access(may="ledger.till")
@bp.arguments(OpenTill)
@bp.response(201, Done)
@bp.alt_response(409, description="`till-already-open` (which one: `facts.till_id`) or `no-money-at-csa-distribution`")
def open_till(body, group_id):
    """Open a till with its float; a group has one open at a time"""
    return tell("ledger", "open_till", group_id=group_id, **body)


@bp.get("/groups/<group_id>/tills/<till_id>")
@access(may="ledger.read")
@bp.arguments(Query, location="query")
@bp.response(200, Till)
def till(query, group_id, till_id):
    """A till: what it should hold, what was counted"""
    return ask("ledger", "till", till_id=till_id)


@bp.get("/groups/<group_id>/tills/<till_id>/payments")
@access(may="ledger.read")
@bp.arguments(Query, location="query")
@bp.response(200, Payments)
def payments(query, group_id, till_id):
    """Payments of a till, in order"""
    return ask("ledger", "payments", till_id=till_id)


@bp.post("/groups/<group_id>/tills/<till_id>/payments")
@access(may="ledger.till")
@bp.arguments(Payment)
@bp.response(201, DoneEntry)
@bp.alt_response(409, description="`till-closed` or `no-money-at-csa-distribution`")
def take_payment(body, group_id, till_id):
    """Take a payment in cash or by cheque"""
    return tell("ledger", "take_payment", till_id=till_id, **body)


@bp.post("/groups/<group_id>/tills/<till_id>/payments/<entry_id>/reversal")
@access(may="ledger.till")
@bp.arguments(Reason)
@bp.response(201, DoneEntry)
@bp.alt_response(409, description="`already-reversed`, `entry-unknown` or `till-closed`")
def reverse_payment(body, group_id, till_id, entry_id):
    """Reverse a payment while the till is open"""
    return tell("ledger", "reverse_payment", till_id=till_id, entry_id=entry_id, **body)


@bp.put("/groups/<group_id>/tills/<till_id>/count")
@access(may="ledger.count")
@bp.arguments(Count)
@bp.response(200, Done)
def count_cash(body, group_id, till_id):
    """Count cash by denomination and the cheques that lie there"""
    return tell("ledger", "count_cash", till_id=till_id, **body)


@bp.put("/groups/<group_id>/tills/<till_id>/explanation")
@access(may="ledger.count")
@bp.arguments(Explain)
@bp.response(200, Done)
@bp.alt_response(409, description="`count-first`, `count-outdated` or `nothing-to-explain`")
def explain_difference(body, group_id, till_id):
    """Explain the difference of the count, which posts it"""
    return tell("ledger", "explain_difference", till_id=till_id, **body)


@bp.put("/groups/<group_id>/tills/<till_id>/closed")
@access(may="ledger.count")
@bp.response(200, Done)
@bp.alt_response(409, description="`count-first`, `count-outdated`, `difference-unexplained` or `cheques-missing`")
def close_till(group_id, till_id):
    """Close a counted till"""
    return tell("ledger", "close_till", till_id=till_id)
