"""What the routes of goods take and answer."""

from typing import Any

from marshmallow import fields, validate

from gateway.api.base import Flag, Pages, Query, Schema

UNITS = validate.Range(min=0, max=1_000_000)
GRAMS = validate.Range(min=0, max=2_000_000)
TEXT = validate.Length(max=500)
OUTCOMES = ("coming", "someone-else", "gives-up", "no-answer")


def units(required: bool = True, **more: Any) -> fields.Integer:
    return fields.Integer(strict=True, required=required, validate=UNITS, **more)


def grams(required: bool = True, **more: Any) -> fields.Integer:
    return fields.Integer(strict=True, required=required, validate=GRAMS, **more)


def many(schema: type[Schema]) -> fields.List:
    return fields.List(fields.Nested(schema))


def page(rows: list[dict], query: dict[str, Any]) -> dict[str, Any]:
    """One page of a list, with the number of all its rows."""
    start = query["offset"]
    return {"items": rows[start : start + query["limit"]], "total": len(rows)}


def listed(schema: type[Schema]) -> Schema:
    """`{items, total}` of something."""
    name = f"{schema.__name__}List"
    return Schema.from_dict({"items": many(schema), "total": fields.Integer()}, name=name)()  # type: ignore[return-value]


# -- requests ----------------------------------------------------------------------------------------------------


class PickedLine(Schema):
    product_id = fields.String(required=True)
    quantity = units()
    reason = fields.String(load_default="", validate=TEXT)


class PickedLines(Schema):
    lines = fields.List(fields.Nested(PickedLine), load_default=list)


class ReceivedLine(Schema):
    product_id = fields.String(required=True)
    received = units(metadata={"description": "Total received so far"})
    reason = fields.String(load_default="", validate=TEXT, metadata={"description": "missing, damaged, other"})


class ReceivedLines(Schema):
    lines = fields.List(fields.Nested(ReceivedLine), load_default=list)


class SlotChoice(Schema):
    slot_id = fields.String(required=True)


class WeightOf(Schema):
    household_id = fields.String(required=True)
    weight_g = grams()


class Weights(Schema):
    weights = fields.List(fields.Nested(WeightOf), required=True)
    sure = Flag(load_default=False, metadata={"description": "Accept weights far from what was ordered"})


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
    seen_total_cents = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=-1_000_000_000, max=1_000_000_000),
        metadata={"description": "Refused when it has changed"},
    )


class Reason(Schema):
    reason = fields.String(required=True, validate=validate.Length(min=1, max=500))


class Outcome(Schema):
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))


class CountedLine(Schema):
    product_id = fields.String(required=True)
    counted = units()


class Count(Schema):
    lines = fields.List(fields.Nested(CountedLine), required=True)


class AsOf(Query):
    as_of = fields.String(load_default="", metadata={"description": "A date, an instant, or a position of the log"})


class Scope(Pages):
    """Exactly one of the three."""

    window_id = fields.String()
    host_id = fields.String()
    group_id = fields.String()


# -- answers -----------------------------------------------------------------------------------------------------


class PalletLine(Schema):
    product_id = fields.String()
    name = fields.String()
    unit_label = fields.String()
    quantity = fields.Integer()
    cases = fields.Integer()
    loose = fields.Integer()
    case_size = fields.Integer()
    weight_g = fields.Integer()
    producer_id = fields.String()


class PickedDifference(Schema):
    product_id = fields.String()
    planned = fields.Integer()
    picked = fields.Integer()
    reason = fields.String()


class Pallet(Schema):
    pallet_id = fields.String()
    delivery_id = fields.String()
    window_id = fields.String()
    group_id = fields.String()
    month = fields.String()
    number = fields.Integer()
    state = fields.String(metadata={"description": "planned, prepared, dispatched"})
    weight_g = fields.Integer()
    lines = many(PalletLine)
    prepared = fields.List(fields.Nested(PalletLine), allow_none=True)
    differences = fields.List(fields.Nested(PickedDifference), allow_none=True)
    prepared_at = fields.String(allow_none=True)


class DeliveryLine(Schema):
    product_id = fields.String()
    name = fields.String()
    unit_label = fields.String()
    expected = fields.Integer()
    received = fields.Integer(allow_none=True)
    missing = fields.Integer()
    reason = fields.String()


class Delivery(Schema):
    delivery_id = fields.String()
    distribution_id = fields.String()
    window_id = fields.String()
    group_id = fields.String()
    month = fields.String()
    state = fields.String(metadata={"description": "planned, prepared, dispatched, received"})
    pallets = fields.Integer()
    pallets_prepared = fields.Integer()
    weight_g = fields.Integer()
    missing = fields.Integer(metadata={"description": "Products of which something is missing"})
    lines = many(DeliveryLine)
    dispatched_at = fields.String(allow_none=True)
    received_at = fields.String(allow_none=True)


class ShortagePreview(Schema):
    product_id = fields.String()
    name = fields.String()
    expected = fields.Integer()
    available = fields.Integer()
    households = fields.Integer()


class ReceiptPreview(Schema):
    shortages = many(ShortagePreview)
    households = fields.List(fields.String())


class StockLine(Schema):
    product_id = fields.String()
    name = fields.String(allow_none=True)
    unit_label = fields.String(allow_none=True)
    quantity = fields.Integer()


class Stock(Schema):
    place = fields.String()
    as_of = fields.String()
    lines = many(StockLine)


class MovementSchema(Schema):
    position = fields.Integer()
    at = fields.String()
    product_id = fields.String()
    name = fields.String(allow_none=True)
    other = fields.String(metadata={"description": "Where it came from or went"})
    delta = fields.Integer()
    event = fields.String()
    event_id = fields.String()
    actor = fields.String()
    role = fields.String()
