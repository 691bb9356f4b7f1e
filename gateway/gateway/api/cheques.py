"""Cheques over the API: received, handed to the producer with the contracts, acknowledged, given back (S0:26-27)."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Pages, Query, Schema
from gateway.api.shapes import day
from gateway.api.subscriptions_answers import Link
from gateway.api.subscriptions_schemas import ID, LinkFor
from gateway.calls import ask, ask_as_gateway, tell, tell_as_gateway

bp = ApiBlueprint("cheques", description="Cheques of subscriptions, from expected to handed over.")

STATES = ("expected", "received", "handed_over", "returned")
MOST = 200


class ChequeQuery(Pages):
    contract_id = fields.String(validate=ID)
    household_id = fields.String(validate=ID, metadata={"description": "One's own household, or with the permission"})
    state = fields.String(validate=validate.OneOf(STATES))
    cash_on = day()
    cash_until = day()


class Cheque(Schema):
    cheque_id = fields.String()
    subscription_id = fields.String()
    contract_id = fields.String()
    group_id = fields.String()
    household_id = fields.String()
    amount_cents = fields.Integer()
    cash_on = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    number = fields.String()
    bank = fields.String()
    issued_on = fields.String()
    issuer = fields.String(metadata={"description": "The name on it, where it is not a member's"})
    latest_on = fields.String(metadata={"description": "The last day on which a bank takes it"})
    bundle_id = fields.String()
    reason = fields.String()
    changed_at = fields.String()
    changed_by = fields.String()


class StateSum(Schema):
    count = fields.Integer()
    total_cents = fields.Integer()


class Cheques(Schema):
    cheques = fields.Nested(Cheque, many=True)
    total = fields.Integer()
    total_cents = fields.Integer(metadata={"description": "Of all that match, on every page"})
    by_state = fields.Dict(keys=fields.String(), values=fields.Nested(StateSum))


class NewCheque(Schema):
    subscription_id = fields.String(required=True, validate=ID)
    cheque_id = fields.String(required=True, validate=ID)
    number = fields.String(required=True, validate=validate.Length(min=1, max=80))
    bank = fields.String(required=True, validate=validate.Length(max=80))
    issued_on = day(required=True)
    issuer = fields.String(validate=validate.Length(max=80))


class Receipt(Schema):
    at = fields.String(required=True, validate=validate.OneOf(["help_desk", "post", "distribution"]))
    cheques = fields.Nested(NewCheque, many=True, required=True, validate=validate.Length(min=1, max=MOST))


class RowError(Schema):
    row = fields.Integer()
    code = fields.String()
    messages = fields.Dict(metadata={"description": "By field"})
    facts = fields.Dict()


class Received(Done):
    received = fields.Integer()
    errors = fields.Nested(
        RowError, many=True, metadata={"description": "Those that were not received, with the reason"}
    )


class Returning(Schema):
    reason = fields.String(required=True, validate=validate.Length(min=1, max=500))


class NewSchedule(Schema):
    cheque_count = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=24))


class HandOver(Schema):
    on = day()
    cash_until = day(metadata={"description": "All that have come and may be cashed until then"})
    cheque_ids = fields.List(fields.String(validate=ID), validate=validate.Length(max=MOST))
    subscription_ids = fields.List(
        fields.String(validate=ID),
        validate=validate.Length(max=1000),
        metadata={"description": "Whose signed contracts go with them"},
    )


class HandedOver(Done):
    bundle_id = fields.String()
    total_cents = fields.Integer()
    cheques = fields.Integer()


class NamedSubscription(Schema):
    subscription_id = fields.String()
    household_id = fields.String()


class HandOverList(Schema):
    contract_id = fields.String()
    cheques = fields.Nested(Cheque, many=True)
    count = fields.Integer()
    total_cents = fields.Integer()
    subscriptions = fields.Nested(NamedSubscription, many=True)
    missing = fields.Nested(Cheque, many=True, metadata={"description": "Due until then, and not come"})


class UntilQuery(Query):
    cash_until = day()


class BundledCheque(Schema):
    subscription_id = fields.String()
    cheque_id = fields.String()
    household_id = fields.String()
    amount_cents = fields.Integer()


class BundleHead(Schema):
    bundle_id = fields.String()
    contract_id = fields.String()
    group_id = fields.String()
    producer_id = fields.String()
    on = fields.String()
    subscription_ids = fields.List(fields.String())
    total_cents = fields.Integer()
    handed_at = fields.String()
    handed_by = fields.String()
    received_at = fields.String(allow_none=True)
    received_by = fields.String()
    received_means = fields.String()


class Bundle(BundleHead):
    cheques = fields.Nested(Cheque, many=True)


class BundleRow(BundleHead):
    cheques = fields.Nested(BundledCheque, many=True)


class Bundles(Schema):
    bundles = fields.Nested(BundleRow, many=True)


class Acknowledgement(Schema):
    means = fields.String(required=True, validate=validate.OneOf(["tick", "paper"]))


class LinkedBundle(Schema):
    bundle_id = fields.String()
    group_id = fields.String()
    contract_id = fields.String()
    contract_title = fields.String()
    on = fields.String()
    total_cents = fields.Integer()
    cheques = fields.Integer()
    contracts = fields.Integer()
    received = fields.Boolean()


class Anomaly(Schema):
    subscription_id = fields.String()
    contract_id = fields.String()
    contract_title = fields.String()
    household_id = fields.String()
    amount_cents = fields.Integer()
    registered_at = fields.String()
    missing = fields.List(fields.String(), metadata={"description": "Whose signature is missing"})
    cheques_cents = fields.Integer()


class Anomalies(Schema):
    to_confirm = fields.Nested(Anomaly, many=True)
    waiting = fields.Nested(Anomaly, many=True)
    unsigned = fields.Nested(Anomaly, many=True)
    cheques_missing = fields.Nested(Cheque, many=True)
    cheques_late = fields.Nested(Cheque, many=True)
    to_hand_over = fields.Nested(Cheque, many=True)
    amounts_differ = fields.Nested(Anomaly, many=True)


class ContractQuery(Query):
    contract_id = fields.String(validate=ID)


# -- of a group --------------------------------------------------------------------------------------------------


@bp.get("/groups/<group_id>/cheques")
@access("member")
@bp.arguments(ChequeQuery, location="query")
@bp.response(200, Cheques)
def list_cheques(query, group_id):
    """Cheques by cashing date, with sums by state"""
    kept = {
        name: query[name] for name in ("contract_id", "household_id", "state", "cash_on", "cash_until") if name in query
    }
    found = ask("contracts", "cheques", group_id=group_id, **kept)
    rows = found["cheques"]
    return {**found, "total": len(rows), "cheques": rows[query["offset"] : query["offset"] + query["limit"]]}


@bp.post("/groups/<group_id>/cheques/received")
@access("member")
@bp.arguments(Receipt)
@bp.response(200, Received)
@bp.alt_response(409, description="`no-money-at-csa-distribution`")
def receive_cheques(body, group_id):
    """Receive cheques at a help desk or by post: those that are right, the others with their error"""
    return tell("contracts", "receive_cheques", group_id=group_id, **body)


@bp.get("/groups/<group_id>/season-anomalies")
@access("member")
@bp.arguments(ContractQuery, location="query")
@bp.response(200, Anomalies)
def list_anomalies(query, group_id):
    """What a coordinator has to look after: to confirm, unsigned, cheques missing"""
    kept = {"contract_id": query["contract_id"]} if "contract_id" in query else {}
    return ask("contracts", "anomalies", group_id=group_id, **kept)


# -- of a subscription -------------------------------------------------------------------------------------------


@bp.post("/subscriptions/<subscription_id>/cheques/<cheque_id>/return")
@access("person")
@bp.arguments(Returning)
@bp.response(200, Done)
@bp.alt_response(409, description="`cheque-expected`, `cheque-missing`")
def return_cheque(body, subscription_id, cheque_id):
    """Give a cheque back to the household"""
    return tell("contracts", "return_cheque", subscription_id=subscription_id, cheque_id=cheque_id, **body)


@bp.post("/subscriptions/<subscription_id>/schedule")
@access("person")
@bp.arguments(NewSchedule)
@bp.response(200, Done)
@bp.alt_response(409, description="`nothing-owed`, `cheque-too-small`, `calendar-too-short`, `cheque-too-late`")
def agree_schedule(body, subscription_id):
    """Agree on new cheques for what is still owed"""
    return tell("contracts", "agree_schedule", subscription_id=subscription_id, **body)


# -- to the producer ---------------------------------------------------------------------------------------------


@bp.get("/contracts/<contract_id>/hand-over-list")
@access("person")
@bp.arguments(UntilQuery, location="query")
@bp.response(200, HandOverList)
def hand_over_list(query, contract_id):
    """Cheques and signed contracts that may go to the producer, and what is missing"""
    kept = {"cash_until": query["cash_until"]} if "cash_until" in query else {}
    return ask("contracts", "hand_over_list", contract_id=contract_id, **kept)


@bp.get("/contracts/<contract_id>/bundles")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Bundles)
def list_bundles(query, contract_id):
    """What was handed to the producer, the latest first"""
    return ask("contracts", "bundles", contract_id=contract_id)


@bp.post("/contracts/<contract_id>/bundles")
@access("person")
@bp.arguments(HandOver)
@bp.response(201, HandedOver)
@bp.alt_response(409, description="`nothing-to-hand-over`, `cheque-expected`, `cheque-handed-over`, `cheque-returned`")
def hand_over(body, contract_id):
    """Hand contracts and cheques to the producer"""
    return tell("contracts", "hand_over_bundle", contract_id=contract_id, **body)


@bp.get("/bundles/<bundle_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Bundle)
def read_bundle(query, bundle_id):
    """One bundle with its cheques"""
    return ask("contracts", "bundle", bundle_id=bundle_id)


@bp.post("/bundles/<bundle_id>/receipt")
@access("person")
@bp.arguments(Acknowledgement)
@bp.response(200, Done)
def acknowledge(body, bundle_id):
    """The producer's receipt: ticked by the producer, or signed on paper"""
    return tell("contracts", "acknowledge_bundle", bundle_id=bundle_id, **body)


@bp.post("/bundles/<bundle_id>/receipt-link")
@access("person")
@bp.arguments(LinkFor)
@bp.response(200, Link)
def receipt_link(body, bundle_id):
    """A link by which the producer acknowledges without an account"""
    return ask("contracts", "bundle_link", bundle_id=bundle_id, **body)


@bp.get("/receipt-links/<token>")
@access("public")
@bp.arguments(Query, location="query")
@bp.response(200, LinkedBundle)
def read_receipt_link(query, token):
    """What the producer is about to acknowledge"""
    return ask_as_gateway("contracts", "bundle_by_link", token=token)


@bp.post("/receipt-links/<token>")
@access("public")
@bp.response(200, Done)
@bp.alt_response(409, description="`link-expired`")
def acknowledge_by_link(token):
    """The producer's receipt by link"""
    return tell_as_gateway("contracts", "acknowledge_bundle_by_link", token=token)
