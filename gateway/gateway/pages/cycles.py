"""A group's order periods: orders in progress, unconfirmed drafts, regulation, settling."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access
from gateway.calls import ask, tell
from gateway.formats import money
from gateway.forms import Form
from gateway.pages import orders as words
from gateway.tables import Column, Table
from grenier.errors import Forbidden, GrenierError, NotFound, Unavailable

bp = Blueprint("cycles", __name__)
GROUP = "/groupes/<group_id>/periodes"


# -- a group's periods -------------------------------------------------------------------------------------------


@bp.get(GROUP)
@access(may="orders.read")
def index(group_id: str):
    rows = ask("orders", "cycles", group_id=group_id)["items"]
    for row in rows:
        row["name"] = words.cycle_name(row)
        row["state"] = words.state_of(row["status"])
        row["url"] = url_for("cycles.show", group_id=group_id, cycle_id=row["cycle_id"])
    columns = [
        Column("name", _("Mois"), link="url"),
        Column("state", _("État"), "state"),
        Column("closes_at", _("Clôture"), "instant"),
        Column("orders", _("Commandes"), "number"),
        Column("drafts", _("Brouillons"), "number"),
        Column("over_asked", _("Trop demandés"), "number"),
        Column("total_cents", _("Montant"), "money"),
    ]
    empty = (_("Aucune période"), _("L’équipe centrale programme les périodes de commande de tous les groupes."))
    table = Table("periods", _("Périodes de commande"), columns, rows, empty=empty)
    return table.export() or render_template("cycles/index.html", group_id=group_id, table=table)


@bp.get(GROUP + "/<cycle_id>")
@access(may="orders.read")
def show(group_id: str, cycle_id: str):
    """Orders in progress, and who has not confirmed yet (S1:33)."""
    page = ask("orders", "orders_of_cycle", cycle_id=cycle_id, offset=_offset())
    over = ask("orders", "over_asked", cycle_id=cycle_id)
    waiting = page["drafts"]
    names = words.names_of(households=[row["household_id"] for row in (*page["items"], *waiting)])
    table = _orders_table(group_id, page["items"], names)
    return table.export() or render_template(
        "cycles/show.html",
        group_id=group_id,
        page=page,
        cycle=page["cycle"],
        table=table,
        over=over,
        waiting=[{**row, "name": words.household_name(names, row["household_id"])} for row in waiting],
        steps=_steps(group_id, page["cycle"], over, len(waiting)),
        words=words,
    )


def _offset() -> int:
    text = request.args.get("offset", "0")
    return int(text) if text.isdecimal() and len(text) < 7 else 0


def _orders_table(group_id: str, rows: list[dict[str, Any]], names: Mapping[str, str]) -> Table:
    for row in rows:
        row["name"] = words.household_name(names, row["household_id"])
        row["url"] = url_for(
            "shop.summary", group_id=group_id, cycle_id=row["cycle_id"], household_id=row["household_id"]
        )
        row["what"] = ", ".join(f"{line['quantity']} × {line['name']}" for line in row["lines"])
        row["source"] = _("papier") if row["channel"] == "paper" else _("en ligne")
    columns = [
        Column("name", _("Foyer"), link="url"),
        Column("what", _("Produits"), sort=False),
        Column("source", _("Reçue")),
        Column("changed_at", _("Dernier changement"), "instant"),
        Column("total_cents", _("Montant"), "money", total=True),
    ]
    empty = (_("Aucune commande validée"), _("Les commandes apparaissent ici dès que les foyers les valident."))
    return Table("orders", _("Commandes validées"), columns, rows, empty=empty)


def _steps(group_id: str, cycle: Mapping[str, Any], over: Mapping[str, Any], drafts: int) -> list[dict[str, str]]:
    """The period as a line of steps: what is done, what is next."""
    order = ("scheduled", "open", "closed", "frozen")
    if cycle["status"] not in order:
        return []
    at, too_much = order.index(cycle["status"]), len(over["items"])
    late = cycle["status"] == "closed" and over["deadline"] < current_app.extensions["grenier"].clock.now().isoformat()
    address = {"group_id": group_id, "cycle_id": cycle["cycle_id"]}

    def state(place: int) -> str:
        return "done" if at > place else "current" if at == place else "todo"

    regulated = (
        "done" if at == 3 or (at == 2 and not too_much) else "late" if late else "current" if at == 2 else "todo"
    )
    frozen = "done" if at == 3 else "current" if at == 2 and not too_much else "todo"
    asked = ngettext("%(num)d produit trop demandé", "%(num)d produits trop demandés", too_much) if too_much else ""
    waiting = ngettext("%(num)d brouillon", "%(num)d brouillons", drafts) if drafts and at < 2 else ""
    return [
        {"label": _("Ouvrir"), "state": state(0), "detail": "", "url": ""},
        {"label": _("Commander"), "state": state(1), "detail": waiting, "url": ""},
        {"label": _("Réguler"), "state": regulated, "detail": asked, "url": url_for("cycles.over_asked", **address)},
        {"label": _("Arrêter"), "state": frozen, "detail": "", "url": ""},
    ]


# -- regulation --------------------------------------------------------------------------------------------------


@bp.get(GROUP + "/<cycle_id>/regulation")
@access(may="orders.regulate")
def over_asked(group_id: str, cycle_id: str):
    over = ask("orders", "over_asked", cycle_id=cycle_id)
    cycle = ask("orders", "cycle_state", cycle_id=cycle_id)
    return render_template("cycles/over_asked.html", group_id=group_id, cycle=cycle, over=over, words=words)


@bp.route(GROUP + "/<cycle_id>/regulation/<product_id>", methods=["GET", "POST"])
@access(may="orders.regulate")
def regulate(group_id: str, cycle_id: str, product_id: str):
    """Every rule side by side, who gets what; then the chosen one, with what it will do, before it is applied."""
    form = Form()
    address: dict[str, Any] = {"group_id": group_id, "cycle_id": cycle_id}
    chosen = str(form.value("rule") or request.args.get("rule", ""))
    if request.method == "POST" and (done := _regulate(form, chosen, product_id, address)):
        return done
    preview = ask("orders", "preview_regulation", cycle_id=cycle_id, product_id=product_id)
    names = words.names_of(households=[row["household_id"] for row in preview["households"]])
    for row in preview["households"]:
        row["name"] = words.household_name(names, row["household_id"])
    return form.render(
        "cycles/regulate.html",
        **address,
        preview=preview,
        rules=[name for name in words.RULES if name in preview["totals"]],
        chosen=chosen if chosen in preview["totals"] else "",
        effects=_effects(preview, chosen),
        words=words,
    )


def _regulate(form: Form, chosen: str, product_id: str, address: Mapping[str, Any]):
    try:
        tell("orders", "regulate", cycle_id=address["cycle_id"], product_id=product_id, rule=chosen)
    except (NotFound, Forbidden, Unavailable):
        raise
    except GrenierError as error:
        form.refuse(error)
        return None
    left = ask("orders", "over_asked", cycle_id=address["cycle_id"])["items"]
    flash(_("La régulation est appliquée ; chaque foyer concerné est prévenu de sa nouvelle quantité."), "success")
    return redirect(url_for("cycles.over_asked" if left else "cycles.show", **address))


def _effects(preview: Mapping[str, Any], chosen: str) -> list[str]:
    """What the chosen rule does to whom, in words."""
    if chosen not in preview["totals"]:
        return []
    changed = [row for row in preview["households"] if row["rules"][chosen] != row["asked"]]
    lines = [
        _(
            "%(name)s : %(before)s → %(after)s (%(from_amount)s → %(to_amount)s)",
            name=row["name"],
            before=row["asked"],
            after=row["rules"][chosen],
            from_amount=money(row["asked_cents"]),
            to_amount=money(row["amounts"][chosen]),
        )
        for row in changed
    ]
    told = ngettext("%(num)d foyer sera prévenu.", "%(num)d foyers seront prévenus.", len(changed))
    return [*lines, told]


@bp.route(GROUP + "/<cycle_id>/arreter", methods=["GET", "POST"])
@access(may="orders.regulate")
def freeze(group_id: str, cycle_id: str):
    form = Form()
    address: dict[str, Any] = {"group_id": group_id, "cycle_id": cycle_id}
    if request.method == "POST" and form.tell("orders", "freeze_aggregation", cycle_id=cycle_id):
        flash(
            _("Les commandes sont arrêtées : elles partent aux producteurs avec celles des autres groupes."), "success"
        )
        return redirect(url_for("cycles.show", **address))
    page = ask("orders", "orders_of_cycle", cycle_id=cycle_id)
    return form.render("cycles/freeze.html", **address, page=page, words=words)


@bp.route(GROUP + "/<cycle_id>/produits", methods=["GET", "POST"])
@access(may="orders.regulate")
def unavailable(group_id: str, cycle_id: str):
    """Which products fall away for this period (S0:36)."""
    form = Form()
    address: dict[str, Any] = {"group_id": group_id, "cycle_id": cycle_id}
    product_id = str(form.value("product_id"))
    if request.method == "POST" and form.tell("orders", "make_unavailable", cycle_id=cycle_id, product_id=product_id):
        flash(_("Le produit est retiré ; les foyers qui l’avaient commandé sont prévenus."), "success")
        return redirect(url_for("cycles.unavailable", **address))
    cycle = ask("orders", "cycle", cycle_id=cycle_id)
    named = next((item for item in cycle["items"] if item["product_id"] == request.args.get("produit")), None)
    return form.render("cycles/unavailable.html", **address, cycle=cycle, named=named, words=words)
