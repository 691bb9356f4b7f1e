"""What lies in reserve, now and at any moment before, and the facts behind every figure."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access
from gateway.calls import ask
from gateway.formats import money, weight
from gateway.pages.distribution import DAY, day_of
from gateway.pages.logistics_words import OUTCOMES, ROLES, group_name, household_names, names_of
from gateway.tables import Column, Table
from grenier.errors import Invalid

bp = Blueprint("stock", __name__)


@bp.get("/groupes/<group_id>/stock")
@access(may="logistics.read")
def index(group_id: str):
    as_of, wrong = request.args.get("le", ""), ""
    try:
        found = ask("logistics", "stock", group_id=group_id, as_of=as_of)
    except Invalid:
        found, wrong = ask("logistics", "stock", group_id=group_id), _("Indiquez un jour.")
    columns = [
        Column("name", _("Produit")),
        Column("unit_label", _("Unité")),
        Column("quantity", _("En stock"), "number"),
    ]
    empty = (_("Le stock est vide"), _("Il se remplit à la réception d’une livraison."))
    rows = [line for line in found["lines"] if line["quantity"]]
    table = Table("stock", _("Stock du groupe"), columns, rows, empty)
    moves = _movements(group_id)
    return table.export() or render_template("stock/index.html", table=table, moves=moves, as_of=as_of, wrong=wrong,
                                             group=group_name(group_id), group_id=group_id)  # fmt: skip


def _movements(group_id: str) -> list[dict]:
    """The latest movements as entries of a timeline."""
    moves = ask("logistics", "stock_movements", group_id=group_id)["movements"][:60]
    people = names_of(move["actor"] for move in moves)
    households = household_names(
        move["other"].partition(":")[2] for move in moves if move["other"].startswith("household:")
    )
    return [
        {
            "at": move["at"],
            "text": _move_text(move, households),
            "who": people.get(move["actor"], ""),
            "role": ROLES.get(move["role"], ""),
        }
        for move in moves
    ]


def _move_text(move: dict, households: dict[str, str]) -> str:
    kind, _sep, place = move["other"].partition(":")
    facts = {
        "quantity": abs(move["delta"]),
        "name": move["name"] or move["product_id"],
        "who": households.get(place, ""),
    }
    came = move["delta"] > 0
    if kind == "household":
        return _("%(quantity)s × %(name)s rendus par %(who)s", **facts) if came else _(
            "%(quantity)s × %(name)s remis à %(who)s", **facts
        )  # fmt: skip
    if kind == "loss":
        return _("%(quantity)s × %(name)s retrouvés au comptage", **facts) if came else _(
            "%(quantity)s × %(name)s passés en perte", **facts
        )  # fmt: skip
    return _("%(quantity)s × %(name)s livrés", **facts) if came else _(
        "%(quantity)s × %(name)s ôtés de la réception", **facts
    )  # fmt: skip


@bp.get(DAY + "/historique")
@access("member")
def history(group_id: str, distribution_id: str):
    """What happened, by whom, in which role; of one household when `foyer` names it."""
    household_id = request.args.get("foyer", "")
    if household_id:
        served = ask("logistics", "served_household", distribution_id=distribution_id, household_id=household_id)
        items = {line["product_id"]: line["name"] for line in [*served["lines"], *served["served_lines"]]}
    else:
        items = {item["product_id"]: item["facts"]["name"] for item in day_of(group_id, distribution_id)["items"]}
    found = ask("logistics", "history", distribution_id=distribution_id, household_id=household_id)["entries"]
    people = names_of(entry["actor"] for entry in found)
    households = household_names(entry["household_id"] for entry in found)
    entries = [_entry(entry, people, households, items, one=bool(household_id)) for entry in found]
    name = households.get(household_id, "") if household_id else ""
    return render_template("stock/history.html", entries=entries, name=name, group_id=group_id,
                           distribution_id=distribution_id, household_id=household_id)  # fmt: skip


def _entry(entry: dict, people: dict, households: dict, items: dict, *, one: bool) -> dict[str, Any]:
    name = households.get(entry["household_id"], "")
    text = _event_text(entry["name"], entry["facts"], items)
    return {
        "at": entry["at"],
        "text": text if one or not name else _("%(name)s : %(text)s", name=name, text=text),
        "who": people.get(entry["actor"], "") or (_("le système") if entry["actor"].startswith("system:") else ""),
        "role": ROLES.get(entry["role"], ""),
        "for_whom": "",
    }


def _event_text(name: str, facts: dict[str, Any], items: dict[str, str]) -> str:
    product = items.get(facts.get("product_id", ""), facts.get("product_name", ""))
    other = items.get(facts.get("substitute_id", ""), "")
    match name.removeprefix("logistics."):
        case "distribution-planned":
            return _("distribution prévue, créneaux attribués")
        case "delivery-dispatched":
            return _("livraison partie de l’entrepôt")
        case "delivery-received":
            return _("livraison réceptionnée")
        case "shortage-declared":
            return _("%(product)s : %(available)s pour %(expected)s commandés, parts recalculées", product=product,
                     available=facts["available"], expected=facts["expected"])  # fmt: skip
        case "slot-chosen":
            return _("créneau choisi")
        case "household-checked-in":
            return _("arrivée notée")
        case "check-in-undone":
            return _("arrivée annulée")
        case "line-weighed":
            return _("%(product)s pesé : %(weight)s, %(amount)s", product=product, weight=weight(facts["weight_g"]),
                     amount=money(facts["amount_cents"]))  # fmt: skip
        case "shortage-recorded":
            return _("%(product)s : %(count)s en moins", product=product, count=facts["missing"])
        case "substitution-recorded":
            return _("%(product)s échangé contre %(other)s : %(amount)s", product=product, other=other,
                     amount=money(facts["amount_cents"]))  # fmt: skip
        case "surplus-sold":
            return _("RAB, %(product)s × %(count)s : %(amount)s", product=product, count=facts["quantity"],
                     amount=money(facts["amount_cents"]))  # fmt: skip
        case "signed-off":
            return _("émargé : %(amount)s", amount=money(facts["total_cents"]))
        case "sign-off-undone":
            return _("émargement annulé : %(reason)s", reason=facts["reason"])
        case "absent-called":
            return _("appelé : %(outcome)s", outcome=OUTCOMES.get(facts["outcome"], ""))
        case "stock-passed-on":
            return _("le reste passe à la distribution suivante")
        case "stock-taken-over":
            return _("le reste de la distribution précédente est repris")
        case "stock-counted":
            return _("stock compté")
        case "distribution-closed":
            served = ngettext("%(num)d foyer servi", "%(num)d foyers servis", facts["served"])
            absent = ngettext("%(num)d absent", "%(num)d absents", facts["absent"])
            return _("distribution terminée : %(served)s, %(absent)s", served=served, absent=absent)
    return name
