"""Accounts of a contract: balances, statements, anomalies, prepayments, the settlement at its end (S0:42-49)."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Pages, Query, Schema
from gateway.api.ledger import AMOUNT, REASON, DoneEntry, StatementQuery
from gateway.api.orders import Answer, Listed
from gateway.api.rounds import Chosen, DoneFor
from gateway.calls import ask, tell

bp = ApiBlueprint("contract_accounts", description="What each household has in a contract, and how it is settled.")

CONTRACT = "/contracts/<contract_id>"
CENTS = validate.Range(min=-10_000_000, max=10_000_000)


class AccountsQuery(Pages):
    negative = fields.Boolean(load_default=False)


class ContractPrepayment(Schema):
    amount_cents = fields.Integer(required=True, strict=True, validate=AMOUNT)
    number = fields.String(required=True, validate=validate.Length(min=1, max=40))
    bank = fields.String(validate=validate.Length(max=80))
    holder_id = fields.String(
        validate=validate.Length(max=100),
        metadata={"description": "The person whose cheque it is, when it is somebody else's"},
    )


class Act(Schema):
    household_id = fields.String(required=True, validate=validate.Length(min=1, max=100))
    act = fields.String(required=True, validate=validate.OneOf(["refund", "request", "transfer"]))
    amount_cents = fields.Integer(
        required=True,
        strict=True,
        validate=CENTS,
        metadata={"description": "The balance as it was looked at, with its sign; refused when it has moved"},
    )
    means = fields.String(load_default="transfer", validate=validate.OneOf(["cheque", "transfer"]))
    number = fields.String(load_default="", validate=validate.Length(max=40))
    bank = fields.String(load_default="", validate=validate.Length(max=80))
    to_contract_id = fields.String(load_default="", validate=validate.Length(max=100))


class Settlement(Schema):
    acts = fields.List(fields.Nested(Act), required=True, validate=validate.Length(min=1, max=2000))


class DoneActs(Done):
    items = fields.List(fields.Dict())


class Why(Query):
    reason = fields.String(required=True, validate=REASON)


@bp.get(CONTRACT + "/accounts")
@access("person")
@bp.arguments(AccountsQuery, location="query")
@bp.response(200, Listed)
def accounts(query, contract_id):
    """Households of a contract with their balance in it, deepest in the red first"""
    page = query["offset"] // query["limit"] + 1
    return ask(
        "ledger",
        "contract_accounts",
        contract_id=contract_id,
        negative=query["negative"],
        page=page,
        size=query["limit"],
    )


@bp.get(CONTRACT + "/accounts/<household_id>")
@access("person")
@bp.arguments(StatementQuery, location="query")
@bp.response(200, Answer)
def statement(query, contract_id, household_id):
    """Every entry of a household in a contract with the running balance, and the statements it was sent"""
    span = {name: query[name].isoformat() for name in ("as_of", "since") if query.get(name)}
    return ask("ledger", "contract_statement", contract_id=contract_id, household_id=household_id, **span)


@bp.post(CONTRACT + "/accounts/<household_id>/prepayments")
@access("person")
@bp.arguments(ContractPrepayment)
@bp.response(201, DoneEntry)
def receive_prepayment(body, contract_id, household_id):
    """Receive a prepayment cheque for a contract"""
    return tell("ledger", "receive_prepayment", contract_id=contract_id, household_id=household_id, **body)


@bp.get(CONTRACT + "/anomalies")
@access("person")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def anomalies(query, contract_id):
    """What a supervisor should look at: debts, goods not collected, charges that differ from orders, missing deposits"""
    found = ask("ledger", "contract_anomalies", contract_id=contract_id)
    rows = found["items"]
    return {**found, "items": rows[query["offset"] : query["offset"] + query["limit"]], "total": len(rows)}


@bp.post(CONTRACT + "/negative-reminders")
@access("person")
@bp.arguments(Chosen)
@bp.response(200, DoneFor)
def remind_negative(body, contract_id):
    """Tell households that their balance in the contract is negative, as often as needed"""
    return tell("ledger", "announce_negative", contract_id=contract_id, **body)


@bp.get(CONTRACT + "/settlement")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def preview_settlement(query, contract_id):
    """What each household has or owes at the contract's end, and what is proposed; nothing is done"""
    return ask("ledger", "preview_settlement", contract_id=contract_id)


@bp.post(CONTRACT + "/settlement")
@access("person")
@bp.arguments(Settlement)
@bp.response(200, DoneActs)
@bp.alt_response(409, description="`balance-changed`: the balance is not the one that was looked at")
def settle(body, contract_id):
    """Refund, request a payment, or transfer to another contract, household by household"""
    return tell("ledger", "settle", contract_id=contract_id, **body)


@bp.post(CONTRACT + "/settlement/close")
@access("person")
@bp.response(200, Done)
@bp.alt_response(409, description="`settlement-open`: some balance is not zero yet")
def close_settlement(contract_id):
    """Close the books of a contract, once every balance is zero"""
    return tell("ledger", "close_settlement", contract_id=contract_id)


@bp.delete("/payment-requests/<request_id>")
@access("person")
@bp.arguments(Why, location="query")
@bp.response(200, Done)
def withdraw_request(query, request_id):
    """Withdraw a request for payment"""
    return tell("ledger", "withdraw_request", request_id=request_id, reason=query["reason"])


@bp.get("/households/<household_id>/contract-balances")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def balances(query, household_id):
    """What a household has in each of its contracts, and what belongs to none"""
    return ask("ledger", "contract_balances", household_id=household_id)
