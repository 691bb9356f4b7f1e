"""Balances, statements, prepayments and corrections over the API. Amounts are integer cents; credits are positive."""

from flask import Response, abort, current_app
from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Pages, Query, Schema
from gateway.calls import ask, tell, up_to_own_writes
from gateway.identity import person_id
from grenier.doors import Context

MEANS = validate.OneOf(["cash", "cheque"])
AMOUNT = validate.Range(min=1, max=10_000_000)
JOURNALS = {"hledger": "journal", "beancount": "beancount"}
REASON = validate.Length(min=1, max=500)

bp = ApiBlueprint("ledger", description="Balances with the facts behind them, prepayments, corrections.")


class AsOf(Query):
    as_of = fields.AwareDateTime(metadata={"description": "The past instant to answer for"})


class StatementQuery(AsOf):
    since = fields.AwareDateTime(metadata={"description": "Show entries from this instant on"})


class Entry(Schema):
    entry_id = fields.String()
    kind = fields.String(metadata={"example": "goods-charged"})
    at = fields.String()
    position = fields.Integer()
    event_id = fields.String()
    cause = fields.String(metadata={"description": "Id of the event that caused it"})
    actor = fields.String()
    role = fields.String()
    on_behalf_of = fields.String()
    group_id = fields.String()
    household_id = fields.String()
    effect_cents = fields.Integer(metadata={"description": "What it does to the household's balance"})
    amount_cents = fields.Integer()
    running_cents = fields.Integer(metadata={"description": "The balance after it (statements only)"})
    touches_eater = fields.Integer()
    till_id = fields.String()
    distribution_id = fields.String()
    order_id = fields.String()
    means = fields.String()
    cheque_number = fields.String()
    cheque_bank = fields.String()
    reason = fields.String()
    reverses = fields.String()
    reversed_by = fields.String()
    contract_id = fields.String(metadata={"description": "The contract it speaks of"})
    to_contract_id = fields.String(metadata={"description": "Where a transfer goes to"})
    cycle_id = fields.String()
    holder_id = fields.String(metadata={"description": "Whose cheque it was"})
    lines = fields.List(fields.Dict())


class BalanceSchema(Schema):
    household_id = fields.String()
    group_id = fields.String()
    balance_cents = fields.Integer()
    committed_cents = fields.Integer(metadata={"description": "Confirmed orders not charged yet"})
    position = fields.Integer(allow_none=True, metadata={"description": "Of the account's last entry"})
    at = fields.String()
    as_of = fields.String()
    last = fields.Nested(Entry, allow_none=True)


class PendingOrder(Schema):
    order_id = fields.String()
    cycle_id = fields.String()
    amount_cents = fields.Integer()
    at = fields.String()
    actor = fields.String()
    role = fields.String()
    month = fields.String(allow_none=True)
    contract_id = fields.String(allow_none=True)
    title = fields.String(allow_none=True, metadata={"description": "Of the contract"})
    distribution_starts_at = fields.String(allow_none=True)


class Statement(Schema):
    household_id = fields.String()
    group_id = fields.String()
    as_of = fields.String()
    since = fields.String()
    opening_cents = fields.Integer()
    closing_cents = fields.Integer()
    lines = fields.Nested(Entry, many=True)
    pending = fields.Nested(PendingOrder, many=True)
    committed_cents = fields.Integer()


class Posting(Schema):
    account = fields.String()
    amount_cents = fields.Integer()


class FactSchema(Schema):
    name = fields.String()
    at = fields.String()
    actor = fields.String()
    role = fields.String()
    on_behalf_of = fields.String()
    position = fields.Integer()
    event_id = fields.String()
    entry_id = fields.String()
    household_id = fields.String()
    order_id = fields.String()
    distribution_id = fields.String()
    body = fields.Dict()


class Explanation(Schema):
    entry = fields.Nested(Entry)
    postings = fields.Nested(Posting, many=True)
    lines = fields.List(fields.Dict())
    facts = fields.Nested(FactSchema, many=True)


class Account(Schema):
    household_id = fields.String()
    group_id = fields.String()
    tier = fields.String()
    valid_until = fields.String(allow_none=True)
    balance_cents = fields.Integer()
    committed_cents = fields.Integer()
    at = fields.String(allow_none=True)
    last_entry_id = fields.String(allow_none=True)


class AccountsQuery(Pages):
    negative = fields.Boolean(load_default=False)


class Accounts(Schema):
    items = fields.Nested(Account, many=True)
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()
    sum_cents = fields.Integer()
    negative = fields.Integer(metadata={"description": "Households in the red"})
    negative_cents = fields.Integer()


class DoneEntry(Done):
    entry_id = fields.String()


class Cheque(Schema):
    number = fields.String(required=True, validate=validate.Length(min=1, max=40))
    bank = fields.String(validate=validate.Length(max=80))


class Prepayment(Schema):
    amount_cents = fields.Integer(required=True, strict=True, validate=AMOUNT)
    number = fields.String(required=True, validate=validate.Length(min=1, max=40))
    bank = fields.String(validate=validate.Length(max=80))


class Dues(Schema):
    amount_cents = fields.Integer(required=True, strict=True, validate=AMOUNT)
    means = fields.String(required=True, validate=MEANS)
    membership_id = fields.String(validate=validate.Length(max=100))
    cheque = fields.Nested(Cheque)


class Adjustment(Schema):
    amount_cents = fields.Integer(required=True, strict=True, validate=validate.Range(min=-10_000_000, max=10_000_000))
    reason = fields.String(required=True, validate=REASON)


class Reason(Schema):
    reason = fields.String(required=True, validate=REASON)


class TrialLine(Schema):
    account = fields.String()
    group_id = fields.String()
    balance_cents = fields.Integer()


class TrialBalance(Schema):
    accounts = fields.Nested(TrialLine, many=True)
    sum_cents = fields.Integer(metadata={"description": "Zero, always"})


# -- accounts ------------------------------------------------------------------------------------------------------


@bp.get("/households/<household_id>/balance")
@access("person")
@bp.arguments(AsOf, location="query")
@bp.response(200, BalanceSchema)
@bp.alt_response(404, description="No such household, or none of yours")
def balance(query, household_id):
    """Balance of a household, today or as of a past instant"""
    if query.get("as_of"):
        return ask("ledger", "balance", household_id=household_id, as_of=query["as_of"].isoformat())
    projection = current_app.extensions["grenier"].balances
    if projection is None:
        return ask("ledger", "balance", household_id=household_id)
    # From the gateway's own projection: no call to a service.
    return up_to_own_writes(lambda after: projection.of(household_id, Context(actor=person_id(), after=after)))


@bp.get("/households/<household_id>/statement")
@access("person")
@bp.arguments(StatementQuery, location="query")
@bp.response(200, Statement)
@bp.alt_response(404, description="No such household, or none of yours")
def statement(query, household_id):
    """Every entry of a household's account with the running balance"""
    span = {name: query[name].isoformat() for name in ("as_of", "since") if query.get(name)}
    return ask("ledger", "statement", household_id=household_id, **span)


@bp.get("/entries/<entry_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Explanation)
@bp.alt_response(404, description="No such entry, or none of yours")
def explain(query, entry_id):
    """One entry with its postings and the chain of facts behind it"""
    return ask("ledger", "explain", entry_id=entry_id)


@bp.get("/groups/<group_id>/accounts")
@access(may="ledger.read")
@bp.arguments(AccountsQuery, location="query")
@bp.response(200, Accounts)
def accounts(query, group_id):
    """Households of a group with their balances, deepest in the red first"""
    page = query["offset"] // query["limit"] + 1
    return ask("ledger", "accounts", group_id=group_id, negative=query["negative"], page=page, size=query["limit"])


@bp.post("/groups/<group_id>/households/<household_id>/prepayments")
@access(may="ledger.prepay")
@bp.arguments(Prepayment)
@bp.response(201, DoneEntry)
def receive_prepayment(body, group_id, household_id):
    """Receive a prepayment cheque"""
    return tell("ledger", "receive_prepayment", household_id=household_id, **body)


@bp.post("/groups/<group_id>/households/<household_id>/dues")
@access(may="ledger.prepay")
@bp.arguments(Dues)
@bp.response(201, DoneEntry)
def receive_dues(body, group_id, household_id):
    """Receive membership dues"""
    if body.get("membership_id"):
        memberships = ask("contracts", "household", household_id=household_id)["memberships"]
        if body["membership_id"] not in [row["membership_id"] for row in memberships]:
            abort(404)
    return tell("ledger", "receive_dues", household_id=household_id, **body)


@bp.post("/groups/<group_id>/households/<household_id>/adjustments")
@access(may="ledger.correct")
@bp.arguments(Adjustment)
@bp.response(201, DoneEntry)
def post_adjustment(body, group_id, household_id):
    """Correct a balance, with a reason; positive in favour of the household"""
    return tell("ledger", "post_adjustment", household_id=household_id, **body)


@bp.post("/groups/<group_id>/households/<household_id>/entries/<entry_id>/reversal")
@access(may="ledger.prepay")
@bp.arguments(Reason)
@bp.response(201, DoneEntry)
@bp.alt_response(409, description="`already-reversed`, `reversal-is-final` or `entry-unknown`")
def reverse_entry(body, group_id, household_id, entry_id):
    """Reverse an entry, one's own or (treasurer) anybody's; nothing is ever edited"""
    return tell("ledger", "reverse_entry", household_id=household_id, entry_id=entry_id, **body)


@bp.get("/groups/<group_id>/trial-balance")
@access(may="ledger.read")
@bp.arguments(Query, location="query")
@bp.response(200, TrialBalance)
def trial_balance(query, group_id):
    """All accounts of a group; their sum is zero"""
    return ask("ledger", "trial_balance", group_id=group_id)


class JournalQuery(Query):
    form = fields.String(load_default="hledger", validate=validate.OneOf(list(JOURNALS)))


@bp.get("/groups/<group_id>/journal")
@access(may="ledger.read")
@bp.arguments(JournalQuery, location="query")
@bp.response(200, content_type="text/plain")
def journal(query, group_id):
    """The group's books as a journal of hledger or beancount, with what every account comes to each month"""
    text = ask("ledger", "export_journal", group_id=group_id, form=query["form"])["journal"]
    response = Response(text, mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="grenier.{JOURNALS[query["form"]]}"'
    return response
