"""The basket exchange (S4): the space of a group, its takers, offered baskets, and the links of its mails."""

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Query
from gateway.api.exchange_schemas import (
    Accepted,
    Asked,
    BasketToOffer,
    Cancelled,
    Enrolled,
    Exchanged,
    ExchangedQuery,
    MyBaskets,
    MyExchanges,
    NewTaker,
    Offers,
    OneBasket,
    Place,
    PublicSpace,
    SettingsChange,
    Settled,
    Space,
    Takers,
    TakersQuery,
)
from gateway.calls import ask, tell
from gateway.limits_of import limit_source

bp = ApiBlueprint("exchange", description="Baskets that absent members give up, and who takes them.")
LINKS_PER_HOUR = 60


@bp.get("/groups/<group_id>/exchange")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Space)
def read_space(_query, group_id):
    """How the group runs its exchange, and what I am in it"""
    return ask("contracts", "exchange", group_id=group_id)


@bp.patch("/groups/<group_id>/exchange/settings")
@access("person")
@bp.arguments(SettingsChange)
@bp.response(200, Done)
def change_settings(body, group_id):
    """Change how the exchange is run

    Those who may manage the exchange, and the referent whom the settings name. What is left out stays.
    """
    return tell("contracts", "change_exchange_settings", group_id=group_id, **body)


@bp.get("/groups/<group_id>/exchange/offers")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Offers)
def list_offers(_query, group_id):
    """Baskets on offer, by date

    With those of the other groups where the groups share. Who offers is told once both sides agree.
    """
    return ask("contracts", "exchange_offers", group_id=group_id)


@bp.get("/groups/<group_id>/exchange/my-baskets")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, MyBaskets)
def list_my_baskets(_query, group_id):
    """My household's baskets to come, which I may offer"""
    return ask("contracts", "my_baskets", group_id=group_id)


@bp.post("/groups/<group_id>/exchange/baskets")
@access("person")
@bp.arguments(BasketToOffer)
@bp.response(200, Done)
def offer_basket(body, group_id):
    """Offer my basket of a date

    To the takers of the group, to those of all groups that share, or to somebody by name, who gets the instructions.
    """
    return tell("contracts", "offer_basket", group_id=group_id, **body)


@bp.get("/groups/<group_id>/exchange/exchanged")
@access("person")
@bp.arguments(ExchangedQuery, location="query")
@bp.response(200, Exchanged)
def list_exchanged(query, group_id):
    """Baskets that somebody else fetches: holder and taker, for the sign-off sheet"""
    query.pop("after", None)
    if "on" in query:
        query["on"] = query["on"].isoformat()
    return ask("contracts", "exchanged", group_id=group_id, **query)


# -- takers --------------------------------------------------------------------------------------------------------


@bp.get("/groups/<group_id>/exchange/takers")
@access("person")
@bp.arguments(TakersQuery, location="query")
@bp.response(200, Takers)
def list_takers(query, group_id):
    """Who takes baskets, how many in a period, and the period's figures"""
    query.pop("after", None)
    days = {name: day.isoformat() for name, day in query.items()}
    return ask("contracts", "exchange_takers", group_id=group_id, **days)


@bp.post("/groups/<group_id>/exchange/takers")
@access("person")
@bp.arguments(NewTaker)
@bp.response(200, Enrolled)
def enrol_taker(body, group_id):
    """Enrol somebody

    By the referent: a taker at once. By a member: once the person has said yes to the mail they get.
    """
    return tell("contracts", "enrol_taker", group_id=group_id, **body)


@bp.put("/groups/<group_id>/exchange/takers/me")
@access("person")
@bp.response(200, Done)
def enrol(group_id):
    """Enrol as a taker"""
    return tell("contracts", "enrol_as_taker", group_id=group_id)


@bp.delete("/groups/<group_id>/exchange/takers/me")
@access("person")
@bp.response(200, Done)
def leave(group_id):
    """Leave the list of takers"""
    return tell("contracts", "leave_exchange", group_id=group_id)


@bp.delete("/groups/<group_id>/exchange/takers/<person_id>")
@access("person")
@bp.response(200, Done)
def remove_taker(group_id, person_id):
    """Take somebody off the list"""
    return tell("contracts", "leave_exchange", group_id=group_id, person_id=person_id)


# -- baskets -------------------------------------------------------------------------------------------------------


@bp.get("/exchanges")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, MyExchanges)
def my_exchanges(_query):
    """Baskets I offered with who asks, baskets I asked for, where I am a taker"""
    return ask("contracts", "my_exchanges")


@bp.get("/baskets/<basket_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, OneBasket)
def read_basket(_query, basket_id):
    """One basket, as its holder or as a taker

    Contacts of the other side, and for the taker the instruction note, once both sides agree.
    """
    return ask("contracts", "basket", basket_id=basket_id)


@bp.post("/baskets/<basket_id>/request")
@access("person")
@bp.response(200, Done)
def request_basket(basket_id):
    """Ask for a basket"""
    return tell("contracts", "request_basket", basket_id=basket_id)


@bp.post("/baskets/<basket_id>/withdraw")
@access("person")
@bp.response(200, Done)
def withdraw_request(basket_id):
    """Withdraw my request, or give the basket back"""
    return tell("contracts", "withdraw_request", basket_id=basket_id)


@bp.post("/baskets/<basket_id>/accept")
@access("person")
@bp.arguments(Accepted)
@bp.response(200, Done)
def accept_taker(body, basket_id):
    """Give my basket to one of those who ask

    The others are told no by the same act.
    """
    return tell("contracts", "accept_taker", basket_id=basket_id, **body)


@bp.post("/baskets/<basket_id>/decline")
@access("person")
@bp.arguments(Accepted)
@bp.response(200, Done)
def decline_taker(body, basket_id):
    """Decline one request"""
    return tell("contracts", "decline_taker", basket_id=basket_id, **body)


@bp.post("/baskets/<basket_id>/cancel")
@access("person")
@bp.arguments(Cancelled)
@bp.response(200, Done)
def cancel_offer(body, basket_id):
    """Cancel my offer, with a word to those concerned"""
    return tell("contracts", "cancel_offer", basket_id=basket_id, **body)


@bp.post("/baskets/<basket_id>/collect")
@access("person")
@bp.response(200, Done)
def collect_basket(basket_id):
    """The taker is there and signs in the holder's name"""
    return tell("contracts", "collect_basket", basket_id=basket_id)


@bp.post("/baskets/<basket_id>/settle")
@access("person")
@bp.arguments(Settled)
@bp.response(200, Done)
def settle_exchange(body, basket_id):
    """How the two arranged it: free, cash between them, or otherwise; no account moves"""
    return tell("contracts", "settle_exchange", basket_id=basket_id, **body)


# -- without signing in --------------------------------------------------------------------------------------------


@bp.get("/public/groups/<group_id>/exchange")
@access("public")
@bp.arguments(Query, location="query")
@bp.response(200, PublicSpace)
def read_public_space(_query, group_id):
    """Where to write to become a taker of this group"""
    return ask("contracts", "public_exchange", group_id=group_id)


@bp.get("/exchange-links/baskets/<token>")
@access("public")
@bp.arguments(Query, location="query")
@bp.response(200, Asked)
def read_basket_link(_query, token):
    """The basket that a mail's link is about"""
    return ask("contracts", "basket_by_link", token=token)


@bp.post("/exchange-links/baskets/<token>/request")
@access("public")
@bp.response(200, Done)
def request_by_link(token):
    """Ask for the basket of a mail, without signing in"""
    limit_source("exchange-link", at_most=LINKS_PER_HOUR)
    return tell("contracts", "request_by_link", token=token)


@bp.post("/exchange-links/baskets/<token>/withdraw")
@access("public")
@bp.response(200, Done)
def withdraw_by_link(token):
    """Withdraw the request for the basket of a mail, or give it back"""
    limit_source("exchange-link", at_most=LINKS_PER_HOUR)
    return tell("contracts", "withdraw_by_link", token=token)


@bp.get("/exchange-links/places/<token>")
@access("public")
@bp.arguments(Query, location="query")
@bp.response(200, Place)
def read_place_link(_query, token):
    """The list that a mail's link for leaving or for saying yes is about"""
    return ask("contracts", "taker_by_link", token=token)


@bp.post("/exchange-links/places/<token>/leave")
@access("public")
@bp.response(200, Done)
def leave_by_link(token):
    """Leave the list by the link of a mail"""
    limit_source("exchange-link", at_most=LINKS_PER_HOUR)
    return tell("contracts", "leave_by_link", token=token)


@bp.post("/exchange-links/places/<token>/confirm")
@access("public")
@bp.response(200, Done)
def confirm_by_link(token):
    """Say yes to having been enrolled by somebody"""
    limit_source("exchange-link", at_most=LINKS_PER_HOUR)
    return tell("contracts", "confirm_taker", token=token)
