"""The shared catalogue: products, prices with their dates, imports, monthly releases."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Flag, Pages, Query, Schema
from gateway.api.orders import Answer, Listed
from gateway.api.shapes import MONTH
from gateway.calls import ask, tell

bp = ApiBlueprint("catalogue", description="Products and prices of a host organisation, the same for all its groups.")

MOST = 10_000_000
TEXT = validate.Length(max=200)


def cents():
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=MOST))


def count(default: int = 0):
    return fields.Integer(load_default=default, strict=True, validate=validate.Range(min=0, max=1_000_000))


class Facts(Schema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=200))
    category = fields.String(required=True, validate=validate.Length(min=1, max=200))
    producer_id = fields.String(required=True, validate=validate.Length(min=1, max=100))
    sale = fields.String(load_default="piece", validate=validate.OneOf(["piece", "weighed"]))
    unit_label = fields.String(load_default="pièce", validate=TEXT)
    portion_g = count()
    net_weight_g = count()
    case_size = count(1)
    whole_piece_g = count()
    organic = Flag(load_default=False)
    origin = fields.String(load_default="", validate=TEXT)
    container = Flag(load_default=False, metadata={"description": "People bring their own container"})


class ProductBody(Schema):
    facts = fields.Nested(Facts, required=True)
    price_cents = cents()
    cost_cents = cents()
    effective_from = fields.Date(required=True)


class FactsBody(Schema):
    facts = fields.Nested(Facts, required=True)


class PriceBody(Schema):
    price_cents = cents()
    cost_cents = cents()
    effective_from = fields.Date(required=True)
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class Row(Facts):
    price_cents = cents()
    cost_cents = cents()


class ImportBody(Schema):
    effective_from = fields.Date(required=True)
    rows = fields.List(fields.Nested(Row), required=True, validate=validate.Length(min=1, max=2000))
    dry_run = Flag(load_default=False)


class Chosen(Schema):
    product_id = fields.String(required=True, validate=validate.Length(min=1, max=100))
    max_per_household = count()
    max_per_group = count()
    stock_limit = count()


class ReleaseBody(Schema):
    month = fields.String(required=True, validate=MONTH, metadata={"example": "2026-11"})
    items = fields.List(fields.Nested(Chosen), metadata={"description": "Left out: every product that has a price"})


class OnDay(Pages):
    on = fields.Date(metadata={"description": "Prices in force on this day; today when left out"})


def _sent(body: dict) -> dict:
    """Dates as the services read them."""
    return {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in body.items()}


@bp.get("/hosts/<host_id>/products")
@access("person")
@bp.arguments(OnDay, location="query")
@bp.response(200, Listed)
def products(query, host_id):
    """Products on offer, with the price in force and the next one"""
    day = {"on": query["on"].isoformat()} if query.get("on") else {}
    page = ask("orders", "products", host_id=host_id, **day)
    rows = page["items"]
    return {**page, "items": rows[query["offset"] : query["offset"] + query["limit"]], "total": len(rows)}


@bp.put("/hosts/<host_id>/products/<product_id>")
@access("person")
@bp.arguments(ProductBody)
@bp.response(200, Done)
def list_product(body, host_id, product_id):
    """Add a product with its first price; the id is the caller's"""
    return tell("orders", "list_product", host_id=host_id, product_id=product_id, **_sent(body))


@bp.post("/hosts/<host_id>/products/import")
@access("person")
@bp.arguments(ImportBody)
@bp.response(200, Answer)
def import_products(body, host_id):
    """Add many products, all or none; dry_run only reads them over"""
    verb = ask if body["dry_run"] else tell
    return verb("orders", "import_products", host_id=host_id, **_sent(body))


@bp.get("/products/<product_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def product(query, product_id):
    """A product with its price history"""
    return ask("orders", "product", product_id=product_id)


@bp.put("/products/<product_id>")
@access("person")
@bp.arguments(FactsBody)
@bp.response(200, Done)
def change_product(body, product_id):
    """Change what a product is; released catalogues stay as they are"""
    return tell("orders", "change_product", product_id=product_id, **body)


@bp.delete("/products/<product_id>")
@access("person")
@bp.response(200, Done)
def withdraw_product(product_id):
    """Take a product off the catalogue"""
    return tell("orders", "withdraw_product", product_id=product_id)


@bp.post("/products/<product_id>/prices")
@access("person")
@bp.arguments(PriceBody)
@bp.response(200, Done)
def revise_price(body, product_id):
    """Revise a price from a date on"""
    return tell("orders", "revise_price", product_id=product_id, **_sent(body))


@bp.get("/hosts/<host_id>/catalogues")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Listed)
def catalogues(query, host_id):
    """Released catalogues, the latest month first"""
    return ask("orders", "catalogues", host_id=host_id)


@bp.put("/hosts/<host_id>/catalogues/<catalogue_id>")
@access("person")
@bp.arguments(ReleaseBody)
@bp.response(200, Done)
def release(body, host_id, catalogue_id):
    """Release the month's products and prices for all groups"""
    return tell("orders", "release_catalogue", host_id=host_id, catalogue_id=catalogue_id, **body)


@bp.get("/catalogues/<catalogue_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Answer)
def catalogue(query, catalogue_id):
    """A released catalogue with its items"""
    return ask("orders", "catalogue", catalogue_id=catalogue_id)
