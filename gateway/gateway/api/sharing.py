"""Sharing a basket over the API: propose it to another household, answer, withdraw, leave (S0:28)."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Query, Schema
from gateway.api.shapes import mail_address
from gateway.api.subscriptions_schemas import ID, Line
from gateway.calls import ask, tell

bp = ApiBlueprint("sharing", description="Baskets that households share: nobody without having said yes.")
STATES = ("open", "accepted", "declined", "withdrawn", "lapsed")


class Proposing(Schema):
    email = mail_address(
        required=True,
        metadata={"description": "Of somebody of the other household; whether it is known here is not told"},
    )
    anchor_delivery_id = fields.String(
        validate=ID, metadata={"description": "The first turn of the household that signed; left out: as it is now"}
    )


class Leaving(Schema):
    household_id = fields.String(required=True, validate=ID)


class Proposed(Done):
    proposal_id = fields.String()


class Proposal(Schema):
    proposal_id = fields.String()
    subscription_id = fields.String()
    contract_id = fields.String()
    contract_title = fields.String()
    contract_complement = fields.String()
    contract_state = fields.String()
    group_id = fields.String()
    household_id = fields.String(metadata={"description": "Signed the subscription"})
    person_id = fields.String(metadata={"description": "Proposed it"})
    to_household_id = fields.String(metadata={"description": "Empty for who proposed it, until there is a yes"})
    answered_by = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    proposed_at = fields.String()
    answered_at = fields.String(allow_none=True)
    anchor_delivery_id = fields.String()
    household_ids = fields.List(
        fields.String(), metadata={"description": "Who shares it now, the one that signed first"}
    )
    lines = fields.Nested(Line, many=True)
    amount_cents = fields.Integer()
    starts_on = fields.String()


class Proposals(Schema):
    proposals = fields.Nested(Proposal, many=True)


class Turn(Schema):
    delivery_id = fields.String()
    on = fields.String()
    starts = fields.String()
    ends = fields.String()
    place = fields.String()
    mine = fields.Boolean(metadata={"description": "The household of whoever asks would fetch it"})


class ProposalDetail(Proposal):
    asked = fields.Boolean(metadata={"description": "It was proposed to a household of whoever asks"})
    turns = fields.Nested(Turn, many=True)


@bp.post("/subscriptions/<subscription_id>/sharing-proposals")
@access("person")
@bp.arguments(Proposing)
@bp.response(201, Proposed)
@bp.alt_response(
    409, description="`sharing-open`, `sharing-already`, `sharing-full`, `sharing-over`, `contract-ended`…"
)
def propose(body, subscription_id):
    """Propose to another household of the group to share the basket"""
    return tell("contracts", "propose_sharing", subscription_id=subscription_id, **body)


@bp.get("/subscriptions/<subscription_id>/sharing-proposals")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Proposals)
def list_of_subscription(query, subscription_id):
    """What was proposed with a basket, the latest first"""
    return ask("contracts", "sharing_of_subscription", subscription_id=subscription_id)


@bp.get("/households/<household_id>/sharing-proposals")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Proposals)
def list_to_answer(query, household_id):
    """What a household was asked and has not answered"""
    return ask("contracts", "sharing_to_answer", household_id=household_id)


@bp.get("/sharing-proposals/<proposal_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, ProposalDetail)
def read_proposal(query, proposal_id):
    """A proposal, with the dates on which one would fetch the basket"""
    return ask("contracts", "sharing_proposal", proposal_id=proposal_id)


@bp.post("/sharing-proposals/<proposal_id>/accept")
@access("person")
@bp.response(200, Done)
@bp.alt_response(
    409,
    description="`sharing-answered`, `sharing-over`, `membership-inactive`, `subscription-ended`, `contract-ended`…",
)
def accept(proposal_id):
    """Say yes: from now on the household takes its turns"""
    return tell("contracts", "accept_sharing", proposal_id=proposal_id)


@bp.post("/sharing-proposals/<proposal_id>/decline")
@access("person")
@bp.response(200, Done)
@bp.alt_response(409, description="`sharing-answered`")
def decline(proposal_id):
    """Say no"""
    return tell("contracts", "decline_sharing", proposal_id=proposal_id)


@bp.post("/sharing-proposals/<proposal_id>/withdraw")
@access("person")
@bp.response(200, Done)
@bp.alt_response(409, description="`sharing-answered`")
def withdraw(proposal_id):
    """Take one's proposal back"""
    return tell("contracts", "withdraw_sharing", proposal_id=proposal_id)


@bp.post("/subscriptions/<subscription_id>/leave-sharing")
@access("person")
@bp.arguments(Leaving)
@bp.response(200, Done)
@bp.alt_response(409, description="`sharing-signer`")
def leave(body, subscription_id):
    """Share a basket no longer"""
    return tell("contracts", "leave_sharing", subscription_id=subscription_id, **body)
