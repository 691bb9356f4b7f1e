"""Dues campaigns over the API: open, pay at a help desk, follow, close (S0:51-53)."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Query, Schema
from gateway.api.contracts import AMOUNT
from gateway.api.shapes import day
from gateway.api.subscriptions_schemas import ID
from gateway.calls import ask, tell

bp = ApiBlueprint("dues", description="Membership dues of a period, collected at help desks.")


class NewCampaign(Schema):
    title = fields.String(required=True, validate=validate.Length(min=1, max=120))
    opens_on = day(required=True)
    closes_on = day(required=True)
    valid_from = day(required=True)
    valid_until = day(required=True)
    group_dues_cents = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=-1, max=10_000_000),
        metadata={"description": "-1: as much as one likes"},
    )
    network_dues_cents = fields.Integer(strict=True, validate=AMOUNT)
    activity_ids = fields.List(
        fields.String(validate=ID), validate=validate.Length(max=50), metadata={"description": "The help desks"}
    )


class Campaign(NewCampaign):
    campaign_id = fields.String()
    group_id = fields.String()
    closed_at = fields.String(allow_none=True)
    paid = fields.Integer(metadata={"description": "Households that have paid"})
    total_cents = fields.Integer()
    state = fields.String(validate=validate.OneOf(["coming", "open", "late", "closed"]))


class Campaigns(Schema):
    campaigns = fields.Nested(Campaign, many=True)


class DuesPayment(Schema):
    campaign_id = fields.String()
    household_id = fields.String()
    label = fields.String()
    membership_id = fields.String()
    group_dues_cents = fields.Integer()
    network_dues_cents = fields.Integer()
    gift_cents = fields.Integer()
    means = fields.String()
    number = fields.String()
    bank = fields.String()
    at = fields.String()
    by = fields.String()


class Missing(Schema):
    household_id = fields.String()
    label = fields.String()


class CampaignDetail(Campaign):
    payments = fields.Nested(DuesPayment, many=True)
    missing = fields.Nested(Missing, many=True, metadata={"description": "Members and families that have not paid"})


class NewPayment(Schema):
    household_id = fields.String(required=True, validate=ID)
    group_dues_cents = fields.Integer(required=True, strict=True, validate=AMOUNT)
    network_dues_cents = fields.Integer(strict=True, validate=AMOUNT)
    gift_cents = fields.Integer(strict=True, validate=AMOUNT)
    means = fields.String(validate=validate.OneOf(["cheque", "cash"]))
    number = fields.String(validate=validate.Length(max=80))
    bank = fields.String(validate=validate.Length(max=80))
    tier = fields.String(validate=validate.Length(max=40))


class Paid(Done):
    membership_id = fields.String()
    number = fields.Integer(metadata={"description": "The household's member number"})


@bp.get("/groups/<group_id>/dues-campaigns")
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, Campaigns)
def list_campaigns(query, group_id):
    """Dues campaigns of a group, the latest first"""
    return ask("contracts", "dues_campaigns", group_id=group_id)


@bp.post("/groups/<group_id>/dues-campaigns")
@access(may="contracts.settings")
@bp.arguments(NewCampaign)
@bp.response(201, Done)
def open_campaign(body, group_id):
    """Open a dues campaign"""
    return tell("contracts", "open_dues_campaign", group_id=group_id, **body)


@bp.get("/dues-campaigns/<campaign_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, CampaignDetail)
def read_campaign(query, campaign_id):
    """A campaign: who has paid what, and who has not"""
    return ask("contracts", "dues_campaign", campaign_id=campaign_id)


@bp.post("/dues-campaigns/<campaign_id>/payments")
@access("person")
@bp.arguments(NewPayment)
@bp.response(201, Paid)
@bp.alt_response(409, description="`dues-paid-already`, `campaign-closed`, `campaign-not-open`, `membership-overlaps`")
def pay(body, campaign_id):
    """Receive the dues of a household: its membership of the period follows"""
    return tell("contracts", "pay_dues", campaign_id=campaign_id, **body)


@bp.post("/dues-campaigns/<campaign_id>/close")
@access("person")
@bp.response(200, Done)
def close_campaign(campaign_id):
    """Close a dues campaign"""
    return tell("contracts", "close_dues_campaign", campaign_id=campaign_id)
