"""Goods on their way and in store: pallets, deliveries, stock."""

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Pages, Query
from gateway.api.logistics_schemas import (
    AsOf,
    Delivery,
    MovementSchema,
    Pallet,
    PickedLines,
    ReceiptPreview,
    ReceivedLines,
    Scope,
    Stock,
    listed,
    page,
)
from gateway.calls import ask, tell

bp = ApiBlueprint("goods", description="Pallets, deliveries and stock.")
GROUP = "/groups/<group_id>"


def _scope(query: dict) -> dict:
    return {name: query[name] for name in ("window_id", "host_id", "group_id") if name in query}


@bp.get("/pallets")
@access(may="logistics.read")
@bp.arguments(Scope, location="query")
@bp.response(200, listed(Pallet))
def list_pallets(query):
    """Pallets of a window, a group or a host organisation"""
    return page(ask("logistics", "pallets", **_scope(query))["pallets"], query)


@bp.get("/pallets/<pallet_id>")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, Pallet)
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
@bp.response(200, listed(Delivery))
def list_deliveries(query):
    """Deliveries of a window, a group or a host organisation"""
    return page(ask("logistics", "deliveries", **_scope(query))["deliveries"], query)


@bp.get("/deliveries/<delivery_id>")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, Delivery)
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
@bp.response(200, ReceiptPreview)
def preview_receipt(body, delivery_id):
    """What receiving like this would mean for whom; changes nothing"""
    return ask("logistics", "preview_receipt", delivery_id=delivery_id, **body)


@bp.get(GROUP + "/stock")
@access(may="logistics.read")
@bp.arguments(AsOf, location="query")
@bp.response(200, Stock)
def read_stock(query, group_id):
    """Stock of a group, now or as of a moment"""
    return ask("logistics", "stock", group_id=group_id, as_of=query["as_of"])


@bp.get(GROUP + "/stock/movements")
@access(may="logistics.read")
@bp.arguments(Pages, location="query")
@bp.response(200, listed(MovementSchema))
def read_movements(query, group_id):
    """Movements behind the stock, the latest first"""
    return page(ask("logistics", "stock_movements", group_id=group_id)["movements"], query)
