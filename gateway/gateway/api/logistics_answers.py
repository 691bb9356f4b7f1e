"""What the routes of the distribution day answer."""

from marshmallow import fields

from gateway.api.base import Schema
from gateway.api.logistics_schemas import many


class Slot(Schema):
    slot_id = fields.String()
    tier = fields.String()
    starts_at = fields.String()
    ends_at = fields.String()


class DistributionBrief(Schema):
    distribution_id = fields.String()
    cycle_id = fields.String()
    contract_id = fields.String(
        metadata={"description": "Of a contract's order round; empty for a month's distribution"}
    )
    title = fields.String(metadata={"description": "The contract's title; empty for a month's distribution"})
    group_id = fields.String()
    month = fields.String()
    starts_at = fields.String()
    ends_at = fields.String()
    place = fields.String()
    state = fields.String(metadata={"description": "planned, received, closed"})
    orders = fields.Integer()
    checked_in = fields.Integer()
    served = fields.Integer()
    absent = fields.Integer()
    served_cents = fields.Integer()


class OwnDistribution(DistributionBrief):
    my_state = fields.String()
    my_slot_id = fields.String()
    my_ordered_cents = fields.Integer()
    my_total_cents = fields.Integer(allow_none=True)


class BoardHousehold(Schema):
    household_id = fields.String()
    tier = fields.String()
    order_id = fields.String()
    slot_id = fields.String()
    state = fields.String(metadata={"description": "expected, checked-in, served"})
    lines = fields.Integer()
    ordered_cents = fields.Integer()
    total_cents = fields.Integer(allow_none=True)
    sign_off_id = fields.String(allow_none=True)
    call = fields.String(allow_none=True, metadata={"description": "Outcome of the last call"})
    called_at = fields.String(allow_none=True)


class Board(DistributionBrief):
    delivery_id = fields.String()
    slots = many(Slot)
    households = many(BoardHousehold)
    counted_at = fields.String(allow_none=True)
    closed_at = fields.String(allow_none=True)


class ServiceLine(Schema):
    product_id = fields.String()
    name = fields.String()
    unit_label = fields.String()
    sale = fields.String()
    ordered = fields.Integer()
    allotted = fields.Integer()
    missing = fields.Integer()
    replaced = fields.Integer()
    quantity = fields.Integer()
    weight_g = fields.Integer()
    weighed = fields.Boolean()
    unit_price_cents = fields.Integer()
    amount_cents = fields.Integer()


class ServedLine(Schema):
    product_id = fields.String()
    name = fields.String()
    quantity = fields.Integer()
    weight_g = fields.Integer()
    unit_price_cents = fields.Integer()
    amount_cents = fields.Integer()
    kind = fields.String(metadata={"description": "ordered, substitute, surplus"})


class ServedHousehold(Schema):
    household_id = fields.String()
    order_id = fields.String()
    tier = fields.String()
    state = fields.String()
    slot = fields.Nested(Slot, allow_none=True)
    lines = many(ServiceLine)
    served_lines = many(ServedLine)
    ordered_cents = fields.Integer()
    total_cents = fields.Integer()
    sign_off_id = fields.String(allow_none=True)


class Absent(Schema):
    households = many(BoardHousehold)


class Share(Schema):
    household_id = fields.String()
    ordered = fields.Integer()
    allotted = fields.Integer()


class Shortage(Schema):
    distribution_id = fields.String()
    product_id = fields.String()
    name = fields.String()
    expected = fields.Integer()
    available = fields.Integer()
    shares = many(Share)


class Shortages(Schema):
    shortages = many(Shortage)


class InventoryLine(Schema):
    product_id = fields.String()
    name = fields.String()
    unit_label = fields.String()
    ordered = fields.Integer()
    delivered = fields.Integer()
    handed_out = fields.Integer()
    on_hand = fields.Integer()
    awaited = fields.Integer()
    promised = fields.Integer()
    counted = fields.Integer(allow_none=True)


class Inventory(Schema):
    counted_at = fields.String(allow_none=True)
    lines = many(InventoryLine)


class ProductTotal(Schema):
    product_id = fields.String()
    name = fields.String()
    unit_label = fields.String()
    quantity = fields.Integer()


class SignOffSheet(Schema):
    starts_at = fields.String()
    ends_at = fields.String()
    place = fields.String()
    households = many(ServedHousehold)
    totals = many(ProductTotal)


class CuttingProduct(Schema):
    product_id = fields.String()
    name = fields.String()
    portions = fields.Integer()
    weighed = fields.Integer()


class CuttingSheets(Schema):
    products = many(CuttingProduct)


class PortionGroup(Schema):
    weight_g = fields.Integer()
    portions = fields.Integer()


class CuttingLine(ServiceLine):
    household_id = fields.String()
    slot_id = fields.String()
    ordered_g = fields.Integer()
    served = fields.Boolean()


class CuttingSheet(Schema):
    product_id = fields.String()
    name = fields.String()
    groups = many(PortionGroup)
    portions = fields.Integer()
    total_g = fields.Integer()
    margin_g = fields.Integer()
    whole_piece_g = fields.Integer()
    pieces = fields.Integer()
    plan = fields.List(fields.List(fields.Integer()), metadata={"description": "Grams of each cut, piece by piece"})
    rest_g = fields.Integer()
    lines = many(CuttingLine)


class HistoryEntry(Schema):
    position = fields.Integer()
    at = fields.String()
    name = fields.String()
    event_id = fields.String()
    household_id = fields.String()
    actor = fields.String()
    role = fields.String()
    for_whom = fields.String()
    facts = fields.Dict()
