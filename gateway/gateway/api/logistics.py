"""The distribution day: slots, check-in, lines, sheets, sign-off, count."""

from typing import Any

from flask import abort

from gateway.access import access
from gateway.api import logistics_answers as answers
from gateway.api.base import ApiBlueprint, Done, Pages, Query
from gateway.api.logistics_schemas import (
    Count,
    Missing,
    Outcome,
    Reason,
    Seen,
    SlotChoice,
    Substitution,
    Surplus,
    Weights,
    listed,
    page,
)
from gateway.calls import ask, tell

bp = ApiBlueprint("distributions", description="The distribution day of a group.")
GROUP = "/groups/<group_id>"
DAY = GROUP + "/distributions/<distribution_id>"
GUEST = DAY + "/households/<household_id>"


def day_of(group_id: str, distribution_id: str) -> dict[str, Any]:
    found = ask("logistics", "distribution", distribution_id=distribution_id)
    if found["group_id"] != group_id:
        abort(404)
    return found


@bp.get(GROUP + "/distributions")
@access(may="logistics.read")
@bp.arguments(Pages, location="query")
@bp.response(200, listed(answers.DistributionBrief))
def list_distributions(query, group_id):
    """Distributions of a group, the latest first"""
    return page(ask("logistics", "distributions", group_id=group_id)["distributions"], query)


@bp.get("/households/<household_id>/distributions")
@access("person")
@bp.arguments(Pages, location="query")
@bp.response(200, listed(answers.OwnDistribution))
def list_own_distributions(query, household_id):
    """Distributions in which a household has an order"""
    return page(ask("logistics", "distributions", household_id=household_id)["distributions"], query)


@bp.get(DAY)
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, answers.Board)
def read_distribution(query, group_id, distribution_id):
    """The board of the day: households, slots, states"""
    return day_of(group_id, distribution_id)


@bp.get(DAY + "/absent")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, answers.Absent)
def read_absent(query, group_id, distribution_id):
    """Households with an order that have not come"""
    return _sheet("absent", group_id, distribution_id)


@bp.get(DAY + "/shortages")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, answers.Shortages)
def read_shortages(query, group_id, distribution_id):
    """Products that did not come in full, with each household's share"""
    return _sheet("shortages", group_id, distribution_id)


@bp.get(DAY + "/inventory")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, answers.Inventory)
def read_inventory(query, group_id, distribution_id):
    """Ordered, delivered, handed out, on hand, counted"""
    return _sheet("inventory", group_id, distribution_id)


@bp.get(DAY + "/sign-off-sheet")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, answers.SignOffSheet)
def read_sign_off_sheet(query, group_id, distribution_id):
    """Households by slot with what each takes"""
    return _sheet("signoff_sheet", group_id, distribution_id)


@bp.get(DAY + "/cutting-sheets")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, answers.CuttingSheets)
def list_cutting_sheets(query, group_id, distribution_id):
    """Products sold by weight"""
    return _sheet("cutting_sheets", group_id, distribution_id)


@bp.get(DAY + "/cutting-sheets/<product_id>")
@access(may="logistics.read")
@bp.arguments(Query, location="query")
@bp.response(200, answers.CuttingSheet)
def read_cutting_sheet(query, group_id, distribution_id, product_id):
    """Whole pieces into the ordered portions"""
    day_of(group_id, distribution_id)
    return ask("logistics", "cutting_sheet", distribution_id=distribution_id, product_id=product_id)


@bp.put(DAY + "/cutting-sheets/<product_id>/weights")
@access(may="logistics.distribute")
@bp.arguments(Weights)
@bp.response(200, Done)
def record_weights(body, group_id, distribution_id, product_id):
    """Weights of one product for some households"""
    return tell("logistics", "record_weights", distribution_id=distribution_id, product_id=product_id, **body)


@bp.get(GUEST)
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, answers.ServedHousehold)
def read_household(query, group_id, distribution_id, household_id):
    """A household's order on the day: shares, prices, what was done"""
    return ask("logistics", "served_household", distribution_id=distribution_id, household_id=household_id)


@bp.get(GUEST + "/history")
@access("member")
@bp.arguments(Pages, location="query")
@bp.response(200, listed(answers.HistoryEntry))
def read_history(query, group_id, distribution_id, household_id):
    """The facts behind a household's figures"""
    found = ask("logistics", "history", distribution_id=distribution_id, household_id=household_id)
    return page(found["entries"], query)


@bp.put(GUEST + "/slot")
@access("member")
@bp.arguments(SlotChoice)
@bp.response(200, Done)
def choose_slot(body, group_id, distribution_id, household_id):
    """Choose a pick-up slot"""
    return _guest("choose_slot", distribution_id, household_id, body)


@bp.put(GUEST + "/check-in")
@access(may="logistics.distribute")
@bp.response(200, Done)
def check_in(group_id, distribution_id, household_id):
    """A household has arrived"""
    return _guest("check_in", distribution_id, household_id)


@bp.delete(GUEST + "/check-in")
@access(may="logistics.distribute")
@bp.response(200, Done)
def undo_check_in(group_id, distribution_id, household_id):
    """Take a check-in back"""
    return _guest("undo_check_in", distribution_id, household_id)


@bp.put(GUEST + "/missing")
@access(may="logistics.distribute")
@bp.arguments(Missing)
@bp.response(200, Done)
def record_shortage(body, group_id, distribution_id, household_id):
    """Units that the household goes without; 0 takes it back"""
    return _guest("record_shortage", distribution_id, household_id, body)


@bp.put(GUEST + "/substitution")
@access(may="logistics.distribute")
@bp.arguments(Substitution)
@bp.response(200, Done)
def record_substitution(body, group_id, distribution_id, household_id):
    """Exchange units of an ordered product for another one; 0 takes it back"""
    return _guest("record_substitution", distribution_id, household_id, body)


@bp.put(GUEST + "/surplus")
@access(may="logistics.distribute")
@bp.arguments(Surplus)
@bp.response(200, Done)
def sell_surplus(body, group_id, distribution_id, household_id):
    """What the household takes of a product beside its order; 0 takes it back"""
    return _guest("sell_surplus", distribution_id, household_id, body)


@bp.put(GUEST + "/sign-off")
@access(may="logistics.distribute")
@bp.arguments(Seen)
@bp.response(200, Done)
def sign_off(body, group_id, distribution_id, household_id):
    """Hand the goods over"""
    return _guest("sign_off", distribution_id, household_id, body)


@bp.post(GUEST + "/sign-off-undone")
@access(may="logistics.distribute")
@bp.arguments(Reason)
@bp.response(200, Done)
def undo_sign_off(body, group_id, distribution_id, household_id):
    """Take a sign-off back, with its reason"""
    return _guest("undo_sign_off", distribution_id, household_id, body)


@bp.post(GUEST + "/calls")
@access(may="logistics.distribute")
@bp.arguments(Outcome)
@bp.response(200, Done)
def log_call(body, group_id, distribution_id, household_id):
    """Log a call to a household that did not come"""
    return _guest("log_absent_call", distribution_id, household_id, body)


@bp.put(DAY + "/count")
@access(may="logistics.count")
@bp.arguments(Count)
@bp.response(200, Done)
def count_stock(body, group_id, distribution_id):
    """Count what is left"""
    return tell("logistics", "count_stock", distribution_id=distribution_id, **body)


@bp.put(DAY + "/closed")
@access(may="logistics.distribute")
@bp.response(200, Done)
def close_distribution(group_id, distribution_id):
    """End the day"""
    return tell("logistics", "close_distribution", distribution_id=distribution_id)


def _guest(method: str, distribution_id: str, household_id: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return tell("logistics", method, distribution_id=distribution_id, household_id=household_id, **(body or {}))


def _sheet(method: str, group_id: str, distribution_id: str) -> dict[str, Any]:
    day_of(group_id, distribution_id)
    return ask("logistics", method, distribution_id=distribution_id)
