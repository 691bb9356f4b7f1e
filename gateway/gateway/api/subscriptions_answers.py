"""What is answered about subscriptions. Amounts are cents, dates ISO local dates of the group."""

from marshmallow import fields, validate

from gateway.api.base import Done, Schema
from gateway.api.subscriptions_schemas import STATES, Line


class NamedCheque(Schema):
    cheque_id = fields.String()
    amount_cents = fields.Integer()
    cash_on = fields.String()


class Registered(Done):
    subscription_id = fields.String()
    waiting = fields.Boolean(metadata={"description": "There was no place left"})
    state = fields.String(validate=validate.OneOf(STATES))
    amount_cents = fields.Integer()
    cheques = fields.Nested(
        NamedCheque, many=True, metadata={"description": "To be received once it is confirmed, by their ids"}
    )


class Recounted(Done):
    amount_cents = fields.Integer(metadata={"description": "What the subscription costs from now on, in all"})


class PlannedChequeSchema(Schema):
    amount_cents = fields.Integer()
    cash_on = fields.String()


class ChequeOption(Schema):
    count = fields.Integer()
    text = fields.String(metadata={"example": "3 chèques de 30,00 € et 1 chèque de 33,45 €"})
    cheques = fields.Nested(PlannedChequeSchema, many=True)


class RefusedCount(Schema):
    count = fields.Integer()
    code = fields.String(validate=validate.OneOf(["cheque-too-small", "calendar-too-short", "cheque-too-late"]))


class OptionPlaces(Schema):
    option_id = fields.String()
    limit = fields.Integer()
    taken = fields.Integer()


class Places(Schema):
    max_households = fields.Integer(metadata={"description": "0: no limit"})
    taken = fields.Integer(metadata={"description": "At the fullest delivery"})
    left = fields.Integer(allow_none=True, metadata={"description": "null: no limit"})
    waiting = fields.Integer()
    max_shares_bp = fields.Integer()
    shares_bp = fields.Integer()
    options = fields.Nested(OptionPlaces, many=True)


class QuotedDelivery(Schema):
    delivery_id = fields.String()
    on = fields.String()
    starts = fields.String()
    ends = fields.String()
    factor_percent = fields.Integer()


class QuotedLine(Schema):
    option_id = fields.String()
    title = fields.String()
    units_percent = fields.Integer(metadata={"description": "Hundredths of units over all deliveries"})
    amount_cents = fields.Integer()


class Quote(Schema):
    amount_cents = fields.Integer()
    due_cents = fields.Integer(metadata={"description": "What is paid when signing: the amount, or a deposit"})
    starts_on = fields.String()
    deliveries = fields.Nested(QuotedDelivery, many=True)
    lines = fields.Nested(QuotedLine, many=True)
    minimum_cents = fields.Integer()
    waiting = fields.Boolean()
    places = fields.Nested(Places)
    cheque_options = fields.Nested(ChequeOption, many=True)
    refused_counts = fields.Nested(RefusedCount, many=True)
    warnings = fields.List(fields.String(), metadata={"description": "What signing now would be refused for"})


class Subscription(Schema):
    subscription_id = fields.String()
    contract_id = fields.String()
    contract_title = fields.String()
    contract_state = fields.String()
    group_id = fields.String()
    producer_id = fields.String()
    household_id = fields.String()
    person_id = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    position = fields.Integer(
        allow_none=True, metadata={"description": "On the waiting list, from 1 on; null: not waiting"}
    )
    lines = fields.Nested(Line, many=True)
    starts_on = fields.String()
    ends_on = fields.String(allow_none=True, metadata={"description": "First day that is not taken; null: to the end"})
    amount_cents = fields.Integer()
    channel = fields.String()
    means = fields.String()
    household_ids = fields.List(fields.String())
    anchor_delivery_id = fields.String()
    co_person_ids = fields.List(fields.String())
    absences = fields.List(fields.String())
    series = fields.String()
    replaces = fields.String()
    replaced_by = fields.String()
    signed = fields.Dict(metadata={"description": "{party: instant}"})
    reason = fields.String()
    registered_at = fields.String()


class Subscriptions(Schema):
    subscriptions = fields.Nested(Subscription, many=True)
    total = fields.Integer()
    places = fields.Nested(Places)


class OwnSubscriptions(Schema):
    subscriptions = fields.Nested(Subscription, many=True)


class OwnCheque(PlannedChequeSchema):
    cheque_id = fields.String()
    state = fields.String()
    number = fields.String()
    bank = fields.String()
    issued_on = fields.String()
    reason = fields.String()


class Signature(Schema):
    subscription_id = fields.String()
    party = fields.String()
    person_id = fields.String()
    means = fields.String()
    document_sha256 = fields.String()
    at = fields.String()


class HistoryEntry(Schema):
    subscription_id = fields.String()
    revision = fields.Integer()
    event_id = fields.String()
    event = fields.String()
    at = fields.String()
    actor = fields.String()
    role = fields.String()


class SubscriptionDetail(Subscription):
    cheques = fields.Nested(OwnCheque, many=True)
    signatures = fields.Nested(Signature, many=True)
    history = fields.Nested(HistoryEntry, many=True)


class LinkedSubscription(Schema):
    subscription_id = fields.String()
    contract_id = fields.String()
    group_id = fields.String()
    household_id = fields.String()
    person_id = fields.String()
    contract_title = fields.String()
    amount_cents = fields.Integer()
    state = fields.String()
    signed = fields.Dict()


class Link(Schema):
    token = fields.String()
    expires_at = fields.String()


class BasketLine(Schema):
    option_id = fields.String()
    code = fields.String()
    title = fields.String()
    quantity = fields.Integer()
    units_percent = fields.Integer(metadata={"description": "With the delivery's factor: 150 is one and a half"})


class Basket(Schema):
    subscription_id = fields.String()
    household_id = fields.String()
    picker_household_id = fields.String(metadata={"description": "Whose turn it is to fetch a shared basket"})
    household_ids = fields.List(fields.String())
    person_id = fields.String()
    co_person_ids = fields.List(fields.String())
    lines = fields.Nested(BasketLine, many=True)
    shares_bp = fields.Integer()
    absent = fields.Boolean()


class BasketTotal(Schema):
    option_id = fields.String()
    code = fields.String()
    title = fields.String()
    units_percent = fields.Integer()
    baskets = fields.Integer()


class Delivery(QuotedDelivery):
    place = fields.String()
    series = fields.String()
    cancelled = fields.Boolean()
    moved_from = fields.String(allow_none=True)
    reason = fields.String()


class Baskets(Schema):
    contract_id = fields.String()
    delivery = fields.Nested(Delivery)
    baskets = fields.Nested(Basket, many=True)
    totals = fields.Nested(BasketTotal, many=True)
    shares_bp = fields.Integer()


class OwnBasket(Schema):
    contract_id = fields.String()
    subscription_id = fields.String()
    title = fields.String()
    delivery_id = fields.String()
    on = fields.String()
    starts = fields.String()
    ends = fields.String()
    place = fields.String()
    lines = fields.Nested(BasketLine, many=True)
    absent = fields.Boolean()
    picker_household_id = fields.String()
    mine = fields.Boolean(metadata={"description": "Whether this household fetches it"})


class OwnBaskets(Schema):
    baskets = fields.Nested(OwnBasket, many=True)


class RegisterPerson(Schema):
    person_id = fields.String()
    first_name = fields.String()
    last_name = fields.String()
    name = fields.String()
    email = fields.String()
    phone = fields.String()
    address = fields.String()
    language = fields.String()
    digital = fields.Boolean()


class HeldContract(Schema):
    contract_id = fields.String()
    title = fields.String()
    since = fields.String()
    until = fields.String()


class Family(Schema):
    household_id = fields.String()
    label = fields.String()
    number = fields.Integer()
    persons = fields.Nested(RegisterPerson, many=True)
    contracts = fields.Nested(HeldContract, many=True)


class Families(Schema):
    as_of = fields.String()
    households = fields.Nested(Family, many=True)
    total = fields.Integer()
