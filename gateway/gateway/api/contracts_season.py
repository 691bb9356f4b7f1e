"""Contracts with producers over the API: draft, versions, the producer's answer, opening, deliveries, renewal (S0:17-25)."""

from gateway import printing
from gateway.access import access
from gateway.api import contracts_season_answers as a
from gateway.api import contracts_season_schemas as s
from gateway.api.base import ApiBlueprint, Done, Query
from gateway.calls import ask, ask_as_gateway, tell, tell_as_gateway
from gateway.limits_of import limit_source

bp = ApiBlueprint("season", description="Contracts with producers, from the draft to the end of the season.")

CONTRACT = "/contracts/<contract_id>"
DELIVERY = CONTRACT + "/deliveries/<delivery_id>"
ANSWERS_PER_SOURCE = 60  # an hour


# -- lists -------------------------------------------------------------------------------------------------------


@bp.get("/groups/<group_id>/contracts")
@access("person")
@bp.arguments(a.ListQuery, location="query")
@bp.response(200, a.Contracts)
def list_contracts(query, group_id):
    """Contracts of a group, newest season first; members see those that are opened or ended"""
    query.pop("after", None)
    return ask("contracts", "group_contracts", group_id=group_id, **query)


@bp.post("/groups/<group_id>/contracts")
@access("person")
@bp.arguments(s.NewContract)
@bp.response(201, a.Drafted)
def draft(body, group_id):
    """Record what a producer offers, as version 1 of a draft"""
    return tell("contracts", "draft_contract", group_id=group_id, **s.sent(body))


@bp.get("/groups/<group_id>/contracts-to-renew")
@access("person")
@bp.arguments(a.RenewQuery, location="query")
@bp.response(200, a.Contracts)
def to_renew(query, group_id):
    """Contracts that end soon, or have ended, and have no successor yet"""
    return ask("contracts", "contracts_to_renew", group_id=group_id, within_days=query["within_days"])


@bp.get("/groups/<group_id>/deliveries")
@access("person")
@bp.arguments(a.DaysQuery, location="query")
@bp.response(200, a.Days)
def deliveries(query, group_id):
    """Days of delivery of a group, from today on"""
    query.pop("after", None)
    return ask("contracts", "deliveries", group_id=group_id, **query)


@bp.get("/producers/<producer_id>/contracts")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, a.Contracts)
def of_producer(query, producer_id):
    """Contracts of a producer, for who answers for them"""
    return ask("contracts", "producer_contracts", producer_id=producer_id)


@bp.get("/public/groups/<group_id>/contracts")
@access("public")
@bp.response(200, a.PublicContracts)
def public(group_id):
    """Opened contracts of a group, for everybody"""
    return ask_as_gateway("contracts", "public_contracts", group_id=group_id)


@bp.post("/contract-dates")
@access("person")
@bp.arguments(a.DatesAsked)
@bp.response(200, a.DatesProposed)
def propose(body):
    """Dates of delivery from rhythms, with what looks strange about them; nothing is recorded"""
    return ask("contracts", "proposed_dates", **body)


# -- one contract ------------------------------------------------------------------------------------------------


@bp.get(CONTRACT)
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, a.Contract)
def read(query, contract_id):
    """A contract: terms, deliveries as they stand, what happened to it"""
    return ask("contracts", "contract", contract_id=contract_id)


@bp.get(CONTRACT + "/versions")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, a.Versions)
def versions(query, contract_id):
    """Versions of a contract, each with what it changed"""
    return ask("contracts", "contract_versions", contract_id=contract_id)


@bp.get(CONTRACT + "/versions/<int:version>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, a.VersionAnswer)
def version(query, contract_id, version):
    """The terms of one version"""
    return ask("contracts", "contract_version", contract_id=contract_id, version=version)


@bp.post(CONTRACT + "/revise")
@access("person")
@bp.arguments(s.Revision)
@bp.response(200, a.Drafted)
@bp.alt_response(409, description="`contract-version-changed`, `contract-opened`, `contract-ended`…")
def revise(body, contract_id):
    """Other terms, as a new version that needs a new approval"""
    return tell("contracts", "revise_contract", contract_id=contract_id, **s.sent(body))


@bp.post(CONTRACT + "/renew")
@access("person")
@bp.arguments(s.Renewal)
@bp.response(201, a.Drafted)
@bp.alt_response(409, description="`contract-renewed`, `contract-not-opened`")
def renew(body, contract_id):
    """A draft for the next season: the same terms, the dates shifted"""
    return tell("contracts", "renew_contract", contract_id=contract_id, **body)


# -- the producer ------------------------------------------------------------------------------------------------


@bp.post(CONTRACT + "/submit")
@access("person")
@bp.arguments(s.Submission)
@bp.response(200, a.Submitted)
@bp.alt_response(409, description="`contract-version-changed`, `contract-approved`, `contract-opened`…")
def submit(body, contract_id):
    """Send the newest version to the producer's contact, who answers by a personal link"""
    if "document_sha256" not in body:
        # The very bytes that the page behind the link shows.
        body = {**body, "document_sha256": printing.contract_to_sign(contract_id)[1]}
    return tell("contracts", "submit_contract", contract_id=contract_id, **s.sent(body))


@bp.get("/producer-answers/<token>")
@access("public")
@bp.response(200, a.LinkedContract)
@bp.alt_response(409, description="`link-expired`")
def read_link(token):
    """What the producer is asked: terms and document of the version that was sent"""
    return ask_as_gateway("contracts", "producer_contract", token=token)


@bp.post("/producer-answers/<token>")
@access("public")
@bp.arguments(s.LinkAnswer)
@bp.response(200, Done)
@bp.alt_response(
    409, description="`link-expired`, `document-differs`, `contract-version-changed`, `answer-not-awaited`…"
)
def answer_by_link(body, token):
    """Approve this version, or say what should be different; without an account"""
    limit_source("producer-answer-api", at_most=ANSWERS_PER_SOURCE)
    return tell_as_gateway("contracts", "producer_answer", token=token, **body)


@bp.post(CONTRACT + "/answer")
@access("person")
@bp.arguments(s.AccountAnswer)
@bp.response(200, Done)
@bp.alt_response(409, description="`document-differs`, `contract-version-changed`, `answer-not-awaited`…")
def answer(body, contract_id):
    """The same, signed in as the producer"""
    return tell("contracts", "answer_contract", contract_id=contract_id, **body)


@bp.post(CONTRACT + "/approve")
@access("person")
@bp.arguments(s.PaperApproval)
@bp.response(200, Done)
@bp.alt_response(409, description="`contract-version-changed`, `contract-opened`…")
def approve(body, contract_id):
    """Record that the producer has signed this version on paper"""
    return tell("contracts", "approve_contract", contract_id=contract_id, **body)


# -- the season --------------------------------------------------------------------------------------------------


@bp.post(CONTRACT + "/open")
@access("person")
@bp.arguments(s.Version)
@bp.response(200, Done)
@bp.alt_response(409, description="`contract-not-approved`, `contract-version-changed`…")
def open_contract(body, contract_id):
    """Publish it: refused before the producer has approved exactly this version"""
    return tell("contracts", "open_contract", contract_id=contract_id, **body)


@bp.post(CONTRACT + "/close-sign-ups")
@access("person")
@bp.response(200, Done)
def close_sign_ups(contract_id):
    """Nobody subscribes any more"""
    return tell("contracts", "close_sign_ups", contract_id=contract_id)


@bp.post(CONTRACT + "/reopen-sign-ups")
@access("person")
@bp.arguments(s.Reopening)
@bp.response(200, Done)
def reopen_sign_ups(body, contract_id):
    """People may subscribe until another day"""
    return tell("contracts", "reopen_sign_ups", contract_id=contract_id, **body)


@bp.post(CONTRACT + "/end")
@access("person")
@bp.response(200, Done)
@bp.alt_response(409, description="`deliveries-left`, `contract-not-opened`")
def end(contract_id):
    """The season is over: accounts are settled from here"""
    return tell("contracts", "end_contract", contract_id=contract_id)


@bp.post(CONTRACT + "/abandon")
@access("person")
@bp.arguments(s.Abandonment)
@bp.response(200, Done)
@bp.alt_response(409, description="`contract-opened`, `contract-ended`")
def abandon(body, contract_id):
    """Give up a contract that was never opened"""
    return tell("contracts", "abandon_contract", contract_id=contract_id, **body)


@bp.post(CONTRACT + "/deliveries")
@access("person")
@bp.arguments(s.Adding)
@bp.response(201, a.AddedDelivery)
@bp.alt_response(
    409,
    description="`contract-not-opened`, `contract-ended`, `delivery-needs-round`, `delivery-planned-then`, "
    "`delivery-not-cancelled`, `delivery-made-up`, `no-place-left`",
)
def add(body, contract_id):
    """One more delivery after the opening: subscribers take it, for what they have signed, and are told"""
    return tell("contracts", "add_delivery", contract_id=contract_id, **s.sent(body))


@bp.post(DELIVERY + "/move")
@access("person")
@bp.arguments(s.Moving)
@bp.response(200, Done)
@bp.alt_response(
    409,
    description="`contract-not-opened`, `contract-ended`, `delivery-cancelled`, `delivery-missing`, `delivery-planned-then`",
)
def move(body, contract_id, delivery_id):
    """Another day, hour or place for one delivery; everybody it touches is told"""
    return tell("contracts", "move_delivery", contract_id=contract_id, delivery_id=delivery_id, **body)


@bp.post(DELIVERY + "/cancel")
@access("person")
@bp.arguments(s.Cancelling)
@bp.response(200, Done)
@bp.alt_response(409, description="`contract-not-opened`, `contract-ended`, `delivery-missing`")
def cancel(body, contract_id, delivery_id):
    """One delivery does not take place; everybody it touches is told"""
    return tell("contracts", "cancel_delivery", contract_id=contract_id, delivery_id=delivery_id, **body)


@bp.post(DELIVERY + "/count")
@access("person")
@bp.arguments(s.Counting)
@bp.response(200, Done)
@bp.alt_response(409, description="`contract-not-opened`, `contract-ended`, `delivery-cancelled`, `delivery-missing`")
def count(body, contract_id, delivery_id):
    """What one delivery counts: 200 percent make up for another one"""
    return tell("contracts", "count_delivery", contract_id=contract_id, delivery_id=delivery_id, **body)
