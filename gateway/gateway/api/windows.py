"""Windows of all groups, the table product × group, supplier orders."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Query, Schema
from gateway.api.orders import Answer, Listed
from gateway.calls import ask, tell

bp = ApiBlueprint("windows", description="Order windows of all groups, the monthly table, orders to producers.")


def instant():
    return fields.AwareDateTime(required=True, format="iso", metadata={"example": "2026-11-12T19:00:00Z"})


class GroupPart(Schema):
    group_id = fields.String(required=True, validate=validate.Length(min=1, max=100))
    distribution_starts_at = instant()
    distribution_ends_at = instant()
    place = fields.String(load_default="", validate=validate.Length(max=200))
    max_per_group = fields.Dict(
        keys=fields.String(), values=fields.Integer(strict=True, validate=validate.Range(min=0, max=1_000_000)),
        load_default=dict,
    )  # fmt: skip


class WindowBody(Schema):
    catalogue_id = fields.String(required=True, validate=validate.Length(min=1, max=100))
    opens_at = instant()
    closes_at = instant()
    groups = fields.List(fields.Nested(GroupPart), required=True, validate=validate.Length(min=1, max=500))


class Whose(Query):
    window_id = fields.String(load_default="")
    host_id = fields.String(load_default="")
    producer_id = fields.String(load_default="")
    contract_id = fields.String(load_default="")


def _sent(value):
    """Instants as the services read them, however deep they stand."""
    if isinstance(value, dict):
        return {key: _sent(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sent(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


@bp.get("/hosts/<host_id>/windows")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Listed)
def windows(query, host_id):
    """Windows of a host organisation, newest first"""
    return ask("orders", "windows", host_id=host_id)


@bp.put("/windows/<window_id>")
@access("person")
@bp.arguments(WindowBody)
@bp.response(200, Done)
def schedule(body, window_id):
    """Open order and distribution periods for every group from one template; the id is the caller's"""
    return tell("orders", "schedule_window", window_id=window_id, **_sent(body))


@bp.get("/windows/<window_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def overview(query, window_id):
    """A window with the state of each group"""
    return ask("orders", "window_overview", window_id=window_id)


@bp.get("/windows/<window_id>/aggregation")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def aggregation(query, window_id):
    """Product × group and totals, live before the groups are frozen"""
    return ask("orders", "aggregation", window_id=window_id)


@bp.get("/supplier-orders")
@access("person")
@bp.arguments(Whose, location="query")
@bp.response(200, Listed)
def supplier_orders(query):
    """Supplier orders of a window, a host organisation, a producer or a contract (one of them is needed)"""
    where = {name: query[name] for name in ("window_id", "host_id", "producer_id", "contract_id")}
    return ask("orders", "supplier_orders", **where)


@bp.get("/supplier-orders/<supplier_order_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def supplier_order(query, supplier_order_id):
    """A supplier order with its lines per group"""
    return ask("orders", "supplier_order", supplier_order_id=supplier_order_id)


@bp.post("/supplier-orders/<supplier_order_id>/send")
@access("person")
@bp.response(200, Done)
def send(supplier_order_id):
    """Send a supplier order to its producer"""
    return tell("orders", "send_supplier_order", supplier_order_id=supplier_order_id)


@bp.post("/supplier-orders/<supplier_order_id>/acknowledge")
@access("person")
@bp.response(200, Done)
def acknowledge(supplier_order_id):
    """Confirm a supplier order as its producer (or for it)"""
    return tell("orders", "acknowledge_supplier_order", supplier_order_id=supplier_order_id)
