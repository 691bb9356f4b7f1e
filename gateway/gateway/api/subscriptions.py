"""Subscriptions over the API: quote, register, confirm, sign, share, compose, end; who takes what; the families (S0:17, S0:28-30)."""

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Pages, Query
from gateway.api.shapes import day
from gateway.api.subscriptions_answers import (
    Baskets,
    Families,
    Link,
    LinkedSubscription,
    OwnBaskets,
    OwnSubscriptions,
    Quote,
    Recounted,
    Registered,
    SubscriptionDetail,
    Subscriptions,
)
from gateway.api.subscriptions_schemas import (
    Absences,
    Composition,
    Ending,
    LinkFor,
    LinkSignature,
    ListQuery,
    Reason,
    Registration,
    Sharers,
    Sign,
    Wish,
)
from gateway.calls import ask, ask_as_gateway, tell, tell_as_gateway

bp = ApiBlueprint("subscriptions", description="Who takes what of a contract: places, signatures, baskets of a date.")


class BasketsQuery(Query):
    from_on = day()
    until_on = day()


class AsOf(Pages):
    as_of = day(metadata={"description": "Left out: today"})


# -- of a contract -----------------------------------------------------------------------------------------------


@bp.post("/contracts/<contract_id>/quote")
@access("person")
@bp.arguments(Wish)
@bp.response(200, Quote)
@bp.alt_response(409, description="`sign-ups-closed`, `already-subscribed`, `no-delivery-left`…")
def quote(body, contract_id):
    """What a subscription would cost, and in which cheques"""
    return ask("contracts", "quote_subscription", contract_id=contract_id, **body)


@bp.get("/contracts/<contract_id>/subscriptions")
@access("person")
@bp.arguments(ListQuery, location="query")
@bp.response(200, Subscriptions)
def list_subscriptions(query, contract_id):
    """Subscriptions of a contract, in the order of their registration, with its places"""
    state = [query["state"]] if "state" in query else []
    page = {name: query[name] for name in ("limit", "offset")}
    return ask("contracts", "subscriptions", contract_id=contract_id, state=state, **page)


@bp.post("/contracts/<contract_id>/subscriptions")
@access("person")
@bp.arguments(Registration)
@bp.response(201, Registered)
@bp.alt_response(
    409,
    description="`sign-ups-closed`, `already-subscribed`, `below-minimum`, `membership-inactive`, `requires-contract`,"
    " `main-contract-missing`, `cheque-too-small`, `no-money-at-csa-distribution`…",
)
def register(body, contract_id):
    """Subscribe: with a place, or on the waiting list"""
    return tell("contracts", "register_subscription", contract_id=contract_id, **body)


@bp.get("/contracts/<contract_id>/deliveries/<delivery_id>/baskets")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Baskets)
def list_baskets(query, contract_id, delivery_id):
    """What each household takes at a delivery, with the totals for the producer"""
    return ask("contracts", "baskets", contract_id=contract_id, delivery_id=delivery_id)


# -- one subscription --------------------------------------------------------------------------------------------


@bp.get("/subscriptions/<subscription_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, SubscriptionDetail)
def read_subscription(query, subscription_id):
    """A subscription with its cheques, signatures and history"""
    return ask("contracts", "subscription", subscription_id=subscription_id)


@bp.post("/subscriptions/<subscription_id>/confirm")
@access("person")
@bp.response(200, Done)
@bp.alt_response(409, description="`subscription-waiting`, `subscription-declined`, `subscription-ended`")
def confirm(subscription_id):
    """Confirm it: from now on the household belongs to the contract"""
    return tell("contracts", "confirm_subscription", subscription_id=subscription_id)


@bp.post("/subscriptions/<subscription_id>/place")
@access("person")
@bp.response(200, Done)
@bp.alt_response(409, description="`no-place-left`")
def give_place(subscription_id):
    """Give a place to somebody who waits"""
    return tell("contracts", "give_place", subscription_id=subscription_id)


@bp.post("/subscriptions/<subscription_id>/decline")
@access("person")
@bp.arguments(Reason)
@bp.response(200, Done)
@bp.alt_response(409, description="`subscription-confirmed`: end it instead")
def decline(body, subscription_id):
    """Decline it, as the coordinator"""
    return tell("contracts", "decline_subscription", subscription_id=subscription_id, **body)


@bp.post("/subscriptions/<subscription_id>/withdraw")
@access("person")
@bp.arguments(Reason)
@bp.response(200, Done)
@bp.alt_response(409, description="`subscription-confirmed`: ask the coordinator")
def withdraw(body, subscription_id):
    """Withdraw one's own, before it is confirmed"""
    return tell("contracts", "withdraw_subscription", subscription_id=subscription_id, **body)


@bp.post("/subscriptions/<subscription_id>/signatures")
@access("person")
@bp.arguments(Sign)
@bp.response(200, Done)
@bp.alt_response(409, description="`subscription-waiting`, `subscription-declined`")
def sign(body, subscription_id):
    """Sign by ticking, or record what was signed on paper"""
    return tell("contracts", "sign_subscription", subscription_id=subscription_id, **body)


@bp.post("/subscriptions/<subscription_id>/signature-link")
@access("person")
@bp.arguments(LinkFor)
@bp.response(200, Link)
def signature_link(body, subscription_id):
    """A link by which the producer signs without an account"""
    return ask("contracts", "signature_link", subscription_id=subscription_id, **body)


@bp.get("/signature-links/<token>")
@access("public")
@bp.arguments(Query, location="query")
@bp.response(200, LinkedSubscription)
def read_signature_link(query, token):
    """What the producer is about to sign"""
    return ask_as_gateway("contracts", "signature_by_link", token=token)


@bp.post("/signature-links/<token>")
@access("public")
@bp.arguments(LinkSignature)
@bp.response(200, Done)
@bp.alt_response(409, description="`link-expired`")
def sign_by_link(body, token):
    """The producer's signature by link"""
    return tell_as_gateway("contracts", "sign_by_link", token=token, **body)


@bp.put("/subscriptions/<subscription_id>/absences")
@access("person")
@bp.arguments(Absences)
@bp.response(200, Done)
@bp.alt_response(409, description="`delivery-closed`, `absences-change-amount`")
def set_absences(body, subscription_id):
    """The deliveries that are left out, all of them"""
    return tell("contracts", "set_absences", subscription_id=subscription_id, **body)


@bp.put("/subscriptions/<subscription_id>/sharers")
@access("person")
@bp.arguments(Sharers)
@bp.response(200, Done)
@bp.alt_response(409, description="`sharing-not-agreed`: propose it to them first")
def set_sharers(body, subscription_id):
    """The households that share the basket and take turns"""
    return tell("contracts", "set_sharers", subscription_id=subscription_id, **body)


@bp.put("/subscriptions/<subscription_id>/baskets/<delivery_id>")
@access("person")
@bp.arguments(Composition)
@bp.response(200, Recounted)
@bp.alt_response(409, description="`delivery-closed`, `basket-not-composed`, `below-minimum`, `no-place-left`")
def compose_basket(body, subscription_id, delivery_id):
    """Compose the basket of one delivery"""
    return tell("contracts", "compose_basket", subscription_id=subscription_id, delivery_id=delivery_id, **body)


@bp.post("/subscriptions/<subscription_id>/end")
@access("person")
@bp.arguments(Ending)
@bp.response(200, Recounted)
@bp.alt_response(409, description="`subscription-to-confirm`, `subscription-waiting`: decline it instead")
def end(body, subscription_id):
    """End it before the season does"""
    return tell("contracts", "end_subscription", subscription_id=subscription_id, **body)


# -- of a household, of a group ----------------------------------------------------------------------------------


@bp.get("/households/<household_id>/subscriptions")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, OwnSubscriptions)
def list_own(query, household_id):
    """Subscriptions of a household, those it shares among them"""
    return ask("contracts", "subscriptions_of_household", household_id=household_id)


@bp.get("/households/<household_id>/baskets")
@access("person")
@bp.arguments(BasketsQuery, location="query")
@bp.response(200, OwnBaskets)
def list_own_baskets(query, household_id):
    """What a household finds at its coming deliveries"""
    dates = {name: query[name] for name in ("from_on", "until_on") if name in query}
    return ask("contracts", "household_baskets", household_id=household_id, **dates)


@bp.get("/groups/<group_id>/families")
@access("member")
@bp.arguments(AsOf, location="query")
@bp.response(200, Families)
def list_families(query, group_id):
    """The families with a running subscription, today or as of a date"""
    day = {"as_of": query["as_of"]} if "as_of" in query else {}
    found = ask("contracts", "household_register", group_id=group_id, **day)
    return {**found, "households": found["households"][query["offset"] : query["offset"] + query["limit"]]}
