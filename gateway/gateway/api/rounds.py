"""Order rounds of a contract and their parcels (S0:32-40). Orders themselves are those of any cycle: see `orders`."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Pages, Query, Schema
from gateway.api.orders import Answer, Listed
from gateway.calls import ask, tell

bp = ApiBlueprint("rounds", description="Order rounds of a contract: calls, the producer's sheet, parcels, statements.")

PARCEL = "/cycles/<cycle_id>/parcels/<household_id>"
IDS = fields.List(fields.String(validate=validate.Length(min=1, max=100)), validate=validate.Length(max=2000))


class Chosen(Schema):
    household_ids = IDS


class Gap(Schema):
    product_id = fields.String(required=True, validate=validate.Length(min=1, max=100))
    missing = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=999),
        metadata={"description": "Units of the order that are not there"},
    )
    flaw = fields.String(load_default="missing", validate=validate.OneOf(["missing", "damaged", "wrong"]))


class ParcelBody(Schema):
    missing = fields.List(fields.Nested(Gap), load_default=list, validate=validate.Length(max=200))


class Undo(Query):
    reason = fields.String(required=True, validate=validate.Length(min=1, max=500))


class FloorBody(Schema):
    floor_cents = fields.Integer(
        required=True,
        strict=True,
        allow_none=True,
        validate=validate.Range(min=-10_000_000, max=0),
        metadata={"description": "Lowest balance of the contract that orders may lead to; null: no limit"},
    )


class DoneFor(Done):
    household_ids = fields.List(fields.String())


@bp.get("/contracts/<contract_id>/rounds")
@access("person")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def rounds(query, contract_id):
    """The order rounds of a contract, by delivery, with orders, parcels and the producer's sheet"""
    found = ask("orders", "rounds", contract_id=contract_id)
    rows = found["items"]
    return {**found, "items": rows[query["offset"] : query["offset"] + query["limit"]], "total": len(rows)}


@bp.put("/contracts/<contract_id>/credit-floor")
@access("person")
@bp.arguments(FloorBody)
@bp.response(200, Done)
@bp.alt_response(409, description="`contract-without-rounds`: nobody orders in this contract")
def set_floor(body, contract_id):
    """Set how far into the red a household may order in this contract's rounds"""
    return tell("orders", "set_contract_floor", contract_id=contract_id, **body)


@bp.get("/cycles/<cycle_id>/round")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def read_round(query, cycle_id):
    """One round as its coordinator needs it: who has not ordered, the sheet, the parcels"""
    return ask("orders", "round", cycle_id=cycle_id)


@bp.post("/cycles/<cycle_id>/reminders")
@access("person")
@bp.arguments(Chosen)
@bp.response(200, DoneFor)
@bp.alt_response(409, description="`cycle-not-open`")
def remind(body, cycle_id):
    """Call those who have not ordered, once more; all of them, or those named"""
    return tell("orders", "remind_round", cycle_id=cycle_id, **body)


@bp.get("/cycles/<cycle_id>/parcels")
@access("person")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def parcels(query, cycle_id):
    """Parcel by parcel: expected, received, handed over, and what is missing"""
    return ask("orders", "parcels", cycle_id=cycle_id, limit=query["limit"], offset=query["offset"])


@bp.put(PARCEL)
@access("person")
@bp.arguments(ParcelBody)
@bp.response(200, Done)
@bp.alt_response(409, description="`parcel-handed-over`, `parcels-closed`, `more-than-ordered` or `product-unknown`")
def record_parcel(body, cycle_id, household_id):
    """Record what came for a household; nothing missing: all of it"""
    return tell("orders", "record_parcel", cycle_id=cycle_id, household_id=household_id, **body)


@bp.post("/cycles/<cycle_id>/parcels/received")
@access("person")
@bp.response(200, Done)
def record_all(cycle_id):
    """Record every parcel that nobody has said anything about as complete"""
    return tell("orders", "record_all_parcels", cycle_id=cycle_id)


@bp.post(PARCEL + "/hand-over")
@access("person")
@bp.response(200, Done)
def hand_over(cycle_id, household_id):
    """Hand a parcel over: the household has signed for it, its account is charged with what was there"""
    return tell("orders", "hand_over_parcel", cycle_id=cycle_id, household_id=household_id)


@bp.delete(PARCEL + "/hand-over")
@access("person")
@bp.arguments(Undo, location="query")
@bp.response(200, Done)
def undo_hand_over(query, cycle_id, household_id):
    """Take a hand-over back; the charge is reversed"""
    return tell("orders", "undo_hand_over", cycle_id=cycle_id, household_id=household_id, reason=query["reason"])


@bp.post("/cycles/<cycle_id>/statements")
@access("person")
@bp.response(200, DoneFor)
def issue_statements(cycle_id):
    """Tell every household how its account of the contract stands after this round"""
    return tell("ledger", "issue_statements", cycle_id=cycle_id)
