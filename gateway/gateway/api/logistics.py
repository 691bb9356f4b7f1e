"""Goods: pallets, deliveries, the distribution day, stock."""

from typing import Any

from flask import abort
from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Pages, Query, Schema
from gateway.calls import ask, tell

bp = ApiBlueprint("logistics", description="Pallets, deliveries, the distribution day, stock.")
GROUP = "/groups/<group_id>"
DAY = GROUP + "/distributions/<distribution_id>"
GUEST = DAY + "/households/<household_id>"

UNITS = validate.Range(min=0, max=1_000_000)
GRAMS = validate.Range(min=0, max=2_000_000)
TEXT = validate.Length(max=500)


def units(required: bool = True, **more: Any) -> fields.Integer:
    return fields.Integer(strict=True, required=required, validate=UNITS, **more)


def grams(required: bool = True, **more: Any) -> fields.Integer:
    return fields.Integer(strict=True, required=required, validate=GRAMS, **more)


class PickedLine(Schema):
    product_id = fields.String(required=True)
    quantity = units()
    reason = fields.String(load_default="", validate=TEXT)


class PickedLines(Schema):
    lines = fields.List(fields.Nested(PickedLine), load_default=list)


class ReceivedLine(Schema):
    product_id = fields.String(required=True)
    received = units(metadata={"description": "Total received so far"})
    reason = fields.String(load_default="", validate=TEXT)


class ReceivedLines(Schema):
    lines = fields.List(fields.Nested(ReceivedLine), load_default=list)


class SlotChoice(Schema):
    slot_id = fields.String(required=True)


class WeightOf(Schema):
    household_id = fields.String(required=True)
    weight_g = grams()


class Weights(Schema):
    weights = fields.List(fields.Nested(WeightOf), required=True)
    sure = fields.Boolean(load_default=False)


class Missing(Schema):
    product_id = fields.String(required=True)
    missing = units()


class Substitution(Schema):
    product_id = fields.String(required=True)
    quantity = units()
    substitute_id = fields.String(required=True)
    substitute_quantity = units()
    substitute_weight_g = grams(required=False, load_default=0)


class Surplus(Schema):
    product_id = fields.String(required=True)
    quantity = units()
    weight_g = grams(required=False, load_default=0)


class Seen(Schema):
    seen_total_cents = fields.Integer(strict=True, load_default=None, allow_none=True)


class Reason(Schema):
    reason = fields.String(required=True, validate=validate.Length(min=1, max=500))


class Outcome(Schema):
    outcome = fields.String(required=True, validate=validate.OneOf(["coming", "someone-else", "gives-up", "no-answer"]))


class CountedLine(Schema):
    product_id = fields.String(required=True)
    counted = units()


class Count(Schema):
    lines = fields.List(fields.Nested(CountedLine), required=True)


class AsOf(Query):
    as_of = fields.String(load_default="", metadata={"description": "A date, an instant, or a position of the log"})


class Scope(Pages):
    window_id = fields.String()
    host_id = fields.String()
    group_id = fields.String()


class Listed(Schema):
    """One page of a list; `total` counts all of it."""

    items = fields.List(fields.Dict())
    total = fields.Integer()


class Thing(Schema):
    class Meta:
        unknown = "include"


def page(rows: list[dict], query: dict[str, Any]) -> dict[str, Any]:
    start = query["offset"]
    return {"items": rows[start : start + query["limit"]], "total": len(rows)}


def day_of(group_id: str, distribution_id: str) -> dict[str, Any]:
    found = ask("logistics", "distribution", distribution_id=distribution_id)
    if found["group_id"] != group_id:
        abort(404)
    return found


# -- pallets and deliveries --------------------------------------------------------------------------------------


@bp.get("/pallets")
@access(may="logistics.read")
@bp.arguments(Scope, location="query")
@bp.response(200, Listed)
def list_pallets(query):
    """Pallets of a window, a group or a host organisation"""
    scope = {name: query[name] for name in ("window_id", "host_id", "group_id") if name in query}
    return page(ask("logistics", "pallets", **scope)["pallets"], query)


@bp.get("/pallets/<pallet_id>")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, Thing)
def read_pallet(query, pallet_id):
    """A pallet with its pick list"""
    return ask("logistics", "pallet", pallet_id=pallet_id)


@bp.put("/pallets/<pallet_id>/prepared")
@access(may="logistics.pallets")
@bp.arguments(PickedLines)
@bp.response(200, Done)
def prepare_pallet(body, pallet_id):
    """Prepare a pallet; only lines that differ from the plan"""
    return tell("logistics", "prepare_pallet", pallet_id=pallet_id, **body)


@bp.get("/deliveries")
@access(may="logistics.read")
@bp.arguments(Scope, location="query")
@bp.response(200, Listed)
def list_deliveries(query):
    """Deliveries of a window, a group or a host organisation"""
    scope = {name: query[name] for name in ("window_id", "host_id", "group_id") if name in query}
    return page(ask("logistics", "deliveries", **scope)["deliveries"], query)


@bp.get("/deliveries/<delivery_id>")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, Thing)
def read_delivery(query, delivery_id):
    """A delivery note"""
    return ask("logistics", "delivery", delivery_id=delivery_id)


@bp.put("/deliveries/<delivery_id>/dispatched")
@access(may="logistics.dispatch")
@bp.response(200, Done)
def dispatch_delivery(delivery_id):
    """Send all prepared pallets of a group"""
    return tell("logistics", "dispatch_delivery", delivery_id=delivery_id)


@bp.put("/deliveries/<delivery_id>/received")
@access(may="logistics.receive")
@bp.arguments(ReceivedLines)
@bp.response(200, Done)
def receive_delivery(body, delivery_id):
    """Receive a delivery; only what differs from the note, as totals so far"""
    return tell("logistics", "receive_delivery", delivery_id=delivery_id, **body)


@bp.post("/deliveries/<delivery_id>/receipt-preview")
@access(may="logistics.receive")
@bp.arguments(ReceivedLines)
@bp.response(200, Thing)
def preview_receipt(body, delivery_id):
    """What receiving like this would mean for whom; changes nothing"""
    return ask("logistics", "preview_receipt", delivery_id=delivery_id, **body)


# -- the distribution day ----------------------------------------------------------------------------------------


@bp.get(GROUP + "/distributions")
@access(may="logistics.read")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def list_distributions(query, group_id):
    """Distributions of a group, the latest first"""
    return page(ask("logistics", "distributions", group_id=group_id)["distributions"], query)


@bp.get("/households/<household_id>/distributions")
@access("person")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def list_own_distributions(query, household_id):
    """Distributions in which a household has an order"""
    return page(ask("logistics", "distributions", household_id=household_id)["distributions"], query)


@bp.get(DAY)
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, Thing)
def read_distribution(query, group_id, distribution_id):
    """The board of the day: households, slots, states"""
    return day_of(group_id, distribution_id)


@bp.get(DAY + "/<any(absent,shortages,inventory,'sign-off-sheet','cutting-sheets'):sheet>")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, Thing)
def read_sheet(query, group_id, distribution_id, sheet):
    """A sheet of the day"""
    day_of(group_id, distribution_id)
    method = {"sign-off-sheet": "signoff_sheet", "cutting-sheets": "cutting_sheets"}.get(sheet, sheet)
    return ask("logistics", method, distribution_id=distribution_id)


@bp.get(DAY + "/cutting-sheets/<product_id>")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, Thing)
def read_cutting_sheet(query, group_id, distribution_id, product_id):
    """Whole pieces into the ordered portions"""
    day_of(group_id, distribution_id)
    return ask("logistics", "cutting_sheet", distribution_id=distribution_id, product_id=product_id)


@bp.put(DAY + "/cutting-sheets/<product_id>/weights")
@access(may="logistics.distribute")
@bp.arguments(Weights)
@bp.response(200, Done)
def record_weights(body, group_id, distribution_id, product_id):
    """Weights of one product for some households"""
    return tell("logistics", "record_weights", distribution_id=distribution_id, product_id=product_id, **body)


@bp.get(GUEST)
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, Thing)
def read_household(query, group_id, distribution_id, household_id):
    """A household's order on the day: shares, prices, what was done"""
    return ask("logistics", "served_household", distribution_id=distribution_id, household_id=household_id)


@bp.get(GUEST + "/history")
@access("member")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def read_history(query, group_id, distribution_id, household_id):
    """The facts behind a household's figures"""
    found = ask("logistics", "history", distribution_id=distribution_id, household_id=household_id)
    return page(found["entries"], query)


@bp.put(GUEST + "/slot")
@access("member")
@bp.arguments(SlotChoice)
@bp.response(200, Done)
def choose_slot(body, group_id, distribution_id, household_id):
    """Choose a pick-up slot"""
    return _guest("choose_slot", distribution_id, household_id, body)


@bp.put(GUEST + "/check-in")
@access(may="logistics.distribute")
@bp.response(200, Done)
def check_in(group_id, distribution_id, household_id):
    """A household has arrived"""
    return _guest("check_in", distribution_id, household_id)


@bp.delete(GUEST + "/check-in")
@access(may="logistics.distribute")
@bp.response(200, Done)
def undo_check_in(group_id, distribution_id, household_id):
    """Take a check-in back"""
    return _guest("undo_check_in", distribution_id, household_id)


@bp.put(GUEST + "/missing")
@access(may="logistics.distribute")
@bp.arguments(Missing)
@bp.response(200, Done)
def record_shortage(body, group_id, distribution_id, household_id):
    """Units that the household goes without; 0 takes it back"""
    return _guest("record_shortage", distribution_id, household_id, body)


@bp.put(GUEST + "/substitution")
@access(may="logistics.distribute")
@bp.arguments(Substitution)
@bp.response(200, Done)
def record_substitution(body, group_id, distribution_id, household_id):
    """Exchange units of an ordered product for another one; 0 takes it back"""
    return _guest("record_substitution", distribution_id, household_id, body)


@bp.put(GUEST + "/surplus")
@access(may="logistics.distribute")
@bp.arguments(Surplus)
@bp.response(200, Done)
def sell_surplus(body, group_id, distribution_id, household_id):
    """What the household takes of a product beside its order; 0 takes it back"""
    return _guest("sell_surplus", distribution_id, household_id, body)


@bp.put(GUEST + "/sign-off")
@access(may="logistics.distribute")
@bp.arguments(Seen)
@bp.response(200, Done)
def sign_off(body, group_id, distribution_id, household_id):
    """Hand the goods over"""
    return _guest("sign_off", distribution_id, household_id, body)


@bp.post(GUEST + "/sign-off-undone")
@access(may="logistics.distribute")
@bp.arguments(Reason)
@bp.response(200, Done)
def undo_sign_off(body, group_id, distribution_id, household_id):
    """Take a sign-off back, with its reason"""
    return _guest("undo_sign_off", distribution_id, household_id, body)


@bp.post(GUEST + "/calls")
@access(may="logistics.distribute")
@bp.arguments(Outcome)
@bp.response(200, Done)
def log_call(body, group_id, distribution_id, household_id):
    """Log a call to a household that did not come"""
    return _guest("log_absent_call", distribution_id, household_id, body)


@bp.put(DAY + "/count")
@access(may="logistics.count")
@bp.arguments(Count)
@bp.response(200, Done)
def count_stock(body, group_id, distribution_id):
    """Count what is left"""
    return tell("logistics", "count_stock", distribution_id=distribution_id, **body)


@bp.put(DAY + "/closed")
@access(may="logistics.distribute")
@bp.response(200, Done)
def close_distribution(group_id, distribution_id):
    """End the day"""
    return tell("logistics", "close_distribution", distribution_id=distribution_id)


# -- stock -------------------------------------------------------------------------------------------------------


@bp.get(GROUP + "/stock")
@access(may="logistics.read")
@bp.arguments(AsOf, location="query")
@bp.response(200, Thing)
def read_stock(query, group_id):
    """Stock of a group, now or as of a moment"""
    return ask("logistics", "stock", group_id=group_id, as_of=query["as_of"])


@bp.get(GROUP + "/stock/movements")
@access(may="logistics.read")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def read_movements(query, group_id):
    """Movements behind the stock, the latest first"""
    return page(ask("logistics", "stock_movements", group_id=group_id)["movements"], query)


def _guest(method: str, distribution_id: str, household_id: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return tell("logistics", method, distribution_id=distribution_id, household_id=household_id, **(body or {}))
