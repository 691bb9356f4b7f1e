"""Cycles, drafts and orders. Every route passes on to orders-svc, which authorises by household and group."""

from marshmallow import INCLUDE, fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Pages, Query, Schema
from gateway.calls import ask, tell

bp = ApiBlueprint("orders", description="A group's order cycles: the shop, drafts, orders, regulation.")

ORDER = "/cycles/<cycle_id>/orders/<household_id>"
RULES = ("prorata", "first_come", "per_household_cap", "lottery")


class Line(Schema):
    product_id = fields.String(required=True, validate=validate.Length(min=1, max=100))
    quantity = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=999),
        metadata={"description": "Order units: pieces, or portions of a weighed product"},
    )


class DraftBody(Schema):
    lines = fields.List(fields.Nested(Line), required=True, validate=validate.Length(max=200))


class OrderBody(Schema):
    lines = fields.List(fields.Nested(Line), required=True, validate=validate.Length(min=1, max=200))
    channel = fields.String(load_default="web", validate=validate.OneOf(["web", "paper"]))
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class Why(Query):
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class RuleBody(Schema):
    rule = fields.String(required=True, validate=validate.OneOf(RULES))


class Answer(Schema):
    """What the service answers, passed on as it is: described in its README; fields are only ever added."""

    class Meta:
        unknown = INCLUDE

    def dump(self, obj, *, many=None):
        return obj


class Listed(Answer):
    items = fields.List(fields.Dict())
    total = fields.Integer()


# -- cycles ------------------------------------------------------------------------------------------------------


@bp.get("/cycles/mine")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Listed)
def my_cycles(query):
    """My households' cycles: to come, open, waiting for distribution"""
    return ask("orders", "my_cycles")


@bp.get("/groups/<group_id>/cycles")
@access("member")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def cycles(query, group_id):
    """A group's order cycles, newest first"""
    rows = ask("orders", "cycles", group_id=group_id)["items"]
    return {"items": rows[query["offset"] : query["offset"] + query["limit"]], "total": len(rows)}


@bp.get("/cycles/<cycle_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def cycle(query, cycle_id):
    """One cycle with what is on offer in it"""
    return ask("orders", "cycle", cycle_id=cycle_id)


@bp.get("/cycles/<cycle_id>/shop/<household_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def shop(query, cycle_id, household_id):
    """What is on offer at a household's price, with its draft and order"""
    return ask("orders", "shop", cycle_id=cycle_id, household_id=household_id)


# -- orders and drafts -------------------------------------------------------------------------------------------


@bp.get("/cycles/<cycle_id>/orders")
@access("person")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def orders(query, cycle_id):
    """Confirmed orders of a cycle, and all unconfirmed drafts"""
    return ask("orders", "orders_of_cycle", cycle_id=cycle_id, limit=query["limit"], offset=query["offset"])


@bp.get(ORDER)
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def order(query, cycle_id, household_id):
    """A household's order in a cycle"""
    return ask("orders", "my_order", cycle_id=cycle_id, household_id=household_id)


@bp.put(ORDER)
@access("person")
@bp.arguments(OrderBody)
@bp.response(200, Done)
def confirm(body, cycle_id, household_id):
    """Confirm an order as a whole (first time, or changed)"""
    return tell("orders", "confirm_order", cycle_id=cycle_id, household_id=household_id, **body)


@bp.delete(ORDER)
@access("person")
@bp.arguments(Why, location="query")
@bp.response(200, Done)
def cancel(query, cycle_id, household_id):
    """Cancel an order while the cycle is open"""
    return tell("orders", "cancel_order", cycle_id=cycle_id, household_id=household_id, reason=query["reason"])


@bp.put("/cycles/<cycle_id>/drafts/<household_id>")
@access("person")
@bp.arguments(DraftBody)
@bp.response(200, Done)
def save_draft(body, cycle_id, household_id):
    """Keep a draft; it does not count until it is confirmed"""
    return tell("orders", "save_draft", cycle_id=cycle_id, household_id=household_id, **body)


@bp.delete("/cycles/<cycle_id>/drafts/<household_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Done)
def discard_draft(query, cycle_id, household_id):
    """Give up a draft"""
    return tell("orders", "discard_draft", cycle_id=cycle_id, household_id=household_id)


@bp.get("/orders/<order_id>/history")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def history(query, order_id):
    """What happened to an order: who, when, in which role, for whom"""
    return ask("orders", "order_history", order_id=order_id)


@bp.get("/households/<household_id>/orders")
@access("person")
@bp.arguments(Pages, location="query")
@bp.response(200, Listed)
def orders_of_household(query, household_id):
    """A household's orders, newest first"""
    limits = {"limit": query["limit"], "offset": query["offset"]}
    return ask("orders", "orders_of_household", household_id=household_id, **limits)


# -- after closing -----------------------------------------------------------------------------------------------


@bp.get("/cycles/<cycle_id>/over-asked")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Listed)
def over_asked(query, cycle_id):
    """Products asked over the group's maximum"""
    return ask("orders", "over_asked", cycle_id=cycle_id)


@bp.get("/cycles/<cycle_id>/regulation/<product_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
@bp.alt_response(409, description="`product-unknown`: not in this cycle's catalogue")
def preview_regulation(query, cycle_id, product_id):
    """What each rule would make of a product, household by household"""
    return ask("orders", "preview_regulation", cycle_id=cycle_id, product_id=product_id)


@bp.post("/cycles/<cycle_id>/regulation/<product_id>")
@access("person")
@bp.arguments(RuleBody)
@bp.response(200, Done)
def regulate(body, cycle_id, product_id):
    """Apply a rule; every household concerned is told"""
    return tell("orders", "regulate", cycle_id=cycle_id, product_id=product_id, **body)


@bp.put("/cycles/<cycle_id>/unavailable/<product_id>")
@access("person")
@bp.response(200, Done)
def make_unavailable(cycle_id, product_id):
    """Take a product out of the cycle and out of its orders"""
    return tell("orders", "make_unavailable", cycle_id=cycle_id, product_id=product_id)


@bp.post("/cycles/<cycle_id>/freeze")
@access("person")
@bp.response(200, Done)
def freeze(cycle_id):
    """Make the group's quantities final"""
    return tell("orders", "freeze_aggregation", cycle_id=cycle_id)
