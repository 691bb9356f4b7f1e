"""The distribution day: the list at the door, one household's order at the table, who did not come, the end (S1:64-82)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access, rule
from gateway.calls import ask, tell
from gateway.formats import money
from gateway.menus import nav_item
from gateway.pages.logistics_words import (
    DISTRIBUTION_STATES,
    OUTCOMES,
    act,
    group_name,
    household_names,
    refusal,
    whole,
)
from gateway.tables import Column, Table
from gateway.whole_lists import whole_list
from grenier.errors import Forbidden, Invalid, NotFound, Rejected

bp = Blueprint("distribution", __name__)
nav_item(lazy_gettext("Distributions"), "distribution.index", icon="scale", order=45, who=rule(may="logistics.read"))
DAY = "/groupes/<group_id>/distributions/<distribution_id>"


@bp.get("/groupes/<group_id>/distributions")
@access(may="logistics.read")
def index(group_id: str):
    rows = [
        {
            **row,
            "url": url_for(".board", group_id=group_id, distribution_id=row["distribution_id"]),
            "served_of": _("%(done)d sur %(all)d", done=row["served"], all=row["orders"]),
            "status": DISTRIBUTION_STATES[row["state"]],
        }
        for row in ask("logistics", "distributions", group_id=group_id)["distributions"]
    ]
    columns = [
        Column("starts_at", _("Date"), "instant", link="url"),
        Column("place", _("Lieu")),
        Column("served_of", _("Foyers servis")),
        Column("served_cents", _("Remis"), "money", total=True),
        Column("status", _("État"), "state"),
    ]
    empty = (
        _("Aucune distribution prévue"),
        _("Elle se prépare d’elle-même quand les commandes du groupe sont figées."),
    )
    table = Table("distributions", _("Distributions"), columns, rows, empty)
    exported = table.export()
    return exported or render_template(
        "distribution/index.html", table=table, group=group_name(group_id), group_id=group_id
    )


@bp.get(DAY)
@access(may="logistics.read")
def board(group_id: str, distribution_id: str):
    """The list at the door: who waits, who is still expected, who has been served."""
    day = day_of(group_id, distribution_id)
    names = household_names(row["household_id"] for row in day["households"])
    slots = {slot["slot_id"]: slot for slot in day["slots"]}
    guests = sorted(
        ({**row, "name": names[row["household_id"]], "slot": slots.get(row["slot_id"])} for row in day["households"]),
        key=lambda row: (row["slot"]["starts_at"] if row["slot"] else "", row["name"].casefold()),
    )
    parts = {state: [row for row in guests if row["state"] == state] for state in ("checked-in", "expected", "served")}
    short = ask("logistics", "shortages", distribution_id=distribution_id)["shortages"]
    status = DISTRIBUTION_STATES[day["state"]]
    return render_template(
        "distribution/board.html", day=day, parts=parts, short=short, group_id=group_id, status=status
    )


@bp.post(DAY + "/arrivees")
@access(may="logistics.distribute")
def arrive(group_id: str, distribution_id: str):
    """One tap at the door; the same tap takes it back."""
    household_id, undo = request.form.get("household_id", ""), request.form.get("undo") == "1"
    method = "undo_check_in" if undo else "check_in"
    success = _("Arrivée annulée.") if undo else _("Arrivée notée. Le foyer passe en tête de liste.")
    return act(method, board_url(group_id, distribution_id), success, distribution_id=distribution_id,
               household_id=household_id)  # fmt: skip


def at_the_table(view: Callable[..., Any]) -> Callable[..., Any]:
    """A number that is none is told where it was typed, and nothing is noted."""

    @wraps(view)
    def told(group_id: str, distribution_id: str, household_id: str) -> Any:
        try:
            return view(group_id, distribution_id, household_id)
        except Invalid as wrong:
            flash(refusal(wrong), "problem")
            return redirect(_table_url(group_id, distribution_id, household_id))

    return told


@bp.get(DAY + "/foyers/<household_id>")
@access(may="logistics.read")
def household(group_id: str, distribution_id: str, household_id: str):
    """One household's order at the table."""
    day_of(group_id, distribution_id)
    served = ask("logistics", "served_household", distribution_id=distribution_id, household_id=household_id)
    stock = ask("logistics", "inventory", distribution_id=distribution_id)["lines"]
    name = household_names([household_id])[household_id]
    here = {"group_id": group_id, "distribution_id": distribution_id, "household_id": household_id}
    odd = {"product_id": request.args.get("verifier", ""), "weight_g": request.args.get("poids", "")}
    left = {line["product_id"]: line for line in stock}
    return render_template("distribution/household.html", served=served, name=name, here=here, left=left, odd=odd)


@bp.post(DAY + "/foyers/<household_id>/peser")
@access(may="logistics.distribute")
@at_the_table
def weigh(group_id: str, distribution_id: str, household_id: str):
    grams, product_id = _number("weight_g"), request.form.get("product_id", "")
    asked: dict[str, str] = {}
    try:
        tell("logistics", "weigh_line", distribution_id=distribution_id, household_id=household_id,
             product_id=product_id, weight_g=grams, sure=request.form.get("sure") == "1")  # fmt: skip
        flash(_("Poids noté : le prix suit la balance."), "success")
    except (Rejected, Invalid) as refused:
        flash(refusal(refused), "problem")
        if refused.code == "weight-implausible":
            asked = {"verifier": product_id, "poids": str(grams)}
    return redirect(_table_url(group_id, distribution_id, household_id, **asked))


@bp.post(DAY + "/foyers/<household_id>/manque")
@access(may="logistics.distribute")
@at_the_table
def missing(group_id: str, distribution_id: str, household_id: str):
    payload = {"product_id": request.form.get("product_id", ""), "missing": _number("missing")}
    success = _("Manque noté : il n’est pas facturé.") if payload["missing"] else _("Manque annulé.")
    return _line("record_shortage", group_id, distribution_id, household_id, success, **payload)


@bp.post(DAY + "/foyers/<household_id>/echange")
@access(may="logistics.distribute")
@at_the_table
def swap(group_id: str, distribution_id: str, household_id: str):
    payload = {
        "product_id": request.form.get("product_id", ""),
        "quantity": _number("quantity"),
        "substitute_id": request.form.get("substitute_id", ""),
        "substitute_quantity": _number("substitute_quantity"),
        "substitute_weight_g": _number("substitute_weight_g"),
    }
    success = _("Échange noté.") if payload["quantity"] else _("Échange annulé.")
    return _line("record_substitution", group_id, distribution_id, household_id, success, **payload)


@bp.post(DAY + "/foyers/<household_id>/rab")
@access(may="logistics.distribute")
@at_the_table
def surplus(group_id: str, distribution_id: str, household_id: str):
    payload = {
        "product_id": request.form.get("product_id", ""),
        "quantity": _number("quantity"),
        "weight_g": _number("weight_g"),
    }
    success = _("RAB ajouté au total.") if payload["quantity"] else _("RAB retiré.")
    return _line("sell_surplus", group_id, distribution_id, household_id, success, **payload)


@bp.post(DAY + "/foyers/<household_id>/emarger")
@access(may="logistics.distribute")
@at_the_table
def sign_off(group_id: str, distribution_id: str, household_id: str):
    seen = whole(request.form.get("seen_total_cents"))
    success = _("Émargé : %(total)s. Ce montant est porté au compte du foyer.", total=money(seen or 0))
    return _line("sign_off", group_id, distribution_id, household_id, success, seen_total_cents=seen)


@bp.post(DAY + "/foyers/<household_id>/annuler")
@access(may="logistics.distribute")
@at_the_table
def undo_sign_off(group_id: str, distribution_id: str, household_id: str):
    reason = request.form.get("reason", "").strip()
    success = _("Émargement annulé : les produits reviennent au stock et la somme est extournée.")
    return _line("undo_sign_off", group_id, distribution_id, household_id, success, reason=reason)


@bp.get(DAY + "/absents")
@access(may="logistics.distribute")
def absent(group_id: str, distribution_id: str):
    """S1:68-70: who to call, and what they said."""
    day = day_of(group_id, distribution_id)
    rows = ask("logistics", "absent", distribution_id=distribution_id)["households"]
    names = household_names(row["household_id"] for row in rows)
    slots = {slot["slot_id"]: slot for slot in day["slots"]}
    phones = _phones(group_id)
    calls = [
        {
            **row,
            "name": names[row["household_id"]],
            "slot": slots.get(row["slot_id"]),
            "persons": phones.get(row["household_id"], []),
        }
        for row in rows
    ]
    return render_template("distribution/absent.html", day=day, calls=calls, outcomes=OUTCOMES, group_id=group_id)


@bp.post(DAY + "/absents")
@access(may="logistics.distribute")
def log_call(group_id: str, distribution_id: str):
    back = url_for(".absent", group_id=group_id, distribution_id=distribution_id)
    payload = {"household_id": request.form.get("household_id", ""), "outcome": request.form.get("outcome", "")}
    return act("log_absent_call", back, _("Appel noté."), distribution_id=distribution_id, **payload)


@bp.get(DAY + "/fin")
@access(may="logistics.distribute")
def closing(group_id: str, distribution_id: str):
    """What ending the day means, before it is ended."""
    day = day_of(group_id, distribution_id)
    left = [line for line in ask("logistics", "inventory", distribution_id=distribution_id)["lines"] if line["on_hand"]]
    return render_template("distribution/closing.html", day=day, left=left, group_id=group_id)


@bp.post(DAY + "/fin")
@access(may="logistics.distribute")
def close(group_id: str, distribution_id: str):
    success = _("Distribution terminée. Il reste à faire la caisse et à remplir le tableau de suivi.")
    return act("close_distribution", board_url(group_id, distribution_id), success, distribution_id=distribution_id)


def day_of(group_id: str, distribution_id: str) -> dict:
    """The board of a distribution, when it is this group's."""
    day = ask("logistics", "distribution", distribution_id=distribution_id)
    if day["group_id"] != group_id:
        abort(404)
    return day


def board_url(group_id: str, distribution_id: str) -> str:
    return url_for("distribution.board", group_id=group_id, distribution_id=distribution_id)


def _line(method: str, group_id: str, distribution_id: str, household_id: str, success: str, **payload: object):
    back = _table_url(group_id, distribution_id, household_id)
    return act(method, back, success, distribution_id=distribution_id, household_id=household_id, **payload)


def _table_url(group_id: str, distribution_id: str, household_id: str, **more: str) -> str:
    here = {"group_id": group_id, "distribution_id": distribution_id, "household_id": household_id}
    return url_for("distribution.household", **here, **more)  # type: ignore[arg-type]


def _number(name: str) -> int:
    """What was typed there, 0 when nothing was."""
    return whole(request.form.get(name)) or 0


def _phones(group_id: str) -> dict[str, list[dict]]:
    """Telephone numbers by household, for those who may read the members of the group; nobody else needs them here."""
    try:
        members = whole_list("contracts", "members", group_id=group_id)["households"]
    except (Forbidden, NotFound):
        return {}
    return {row["household_id"]: [person for person in row["persons"] if person.get("phone")] for row in members}
