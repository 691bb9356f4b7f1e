"""Orders to producers: the list, the sheet to print, sending and acknowledging (S1:131)."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from markupsafe import Markup, escape

from gateway.access import access, rule
from gateway.calls import ask
from gateway.forms import Form
from gateway.identity import places
from gateway.menus import nav_item
from gateway.pages import orders as words
from gateway.tables import Column, Table

bp = Blueprint("supply", __name__)


@bp.get("/periodes/<window_id>/fournisseurs")
@access(may="orders.suppliers")
def index(window_id: str):
    page = ask("orders", "supplier_orders", window_id=window_id)
    return _supplier_list(page["items"], window_id=window_id)


@bp.get("/commandes-fournisseurs")
@access(may="orders.supplier-orders")
def mine():
    """A producer's own orders."""
    mine = sorted({held.scope_id for held in places().roles if held.role == "producer"})
    rows = [row for key in mine for row in ask("orders", "supplier_orders", producer_id=key)["items"]]
    return _supplier_list(rows, window_id="")


nav_item(
    lazy_gettext("Commandes à préparer"),
    "supply.mine",
    icon="truck",
    order=20,
    who=rule(role="producer", scope="producer"),
)


def _supplier_list(rows: list[dict[str, Any]], window_id: str):
    for row in rows:
        row["name"] = row["producer_name"]
        row["when"] = words.month_name(row["month"])
        row["state"] = tuple(map(str, words.SUPPLIER_STATUS[row["status"]]))
        row["url"] = url_for("supply.show", supplier_order_id=row["supplier_order_id"])
    columns = [
        Column("name", _("Producteur"), link="url"),
        Column("when", _("Mois")),
        Column("state", _("État"), "state"),
        Column("line_count", _("Produits"), "number"),
        Column("weight_g", _("Poids"), "weight", total=True),
        Column("cost_cents", _("Coût"), "money", total=True),
    ]
    empty = (_("Aucune commande fournisseur"), _("Elles se font d’elles-mêmes quand tous les groupes ont arrêté."))
    table = Table("suppliers", _("Commandes fournisseurs"), columns, rows, empty=empty)
    return table.export() or render_template("supply/index.html", table=table, window_id=window_id)


@bp.route("/commandes-fournisseurs/<supplier_order_id>", methods=["GET", "POST"])
@access("person")
def show(supplier_order_id: str):
    """The sheet of one producer, to print, send and confirm."""
    form = Form()
    acts = {"send": "send_supplier_order", "acknowledge": "acknowledge_supplier_order"}
    act = acts.get(str(form.value("act")))
    if request.method == "POST" and act and form.tell("orders", act, supplier_order_id=supplier_order_id):
        flash(_("La commande est envoyée.") if act.startswith("send") else _("La commande est confirmée."), "success")
        return redirect(url_for("supply.show", supplier_order_id=supplier_order_id))
    order = ask("orders", "supplier_order", supplier_order_id=supplier_order_id)
    table = _supplier_lines(order)
    return table.export() or form.render("supply/show.html", order=order, table=table, words=words)


def _supplier_lines(order: dict[str, Any]) -> Table:
    names = order["group_names"]
    for line in order["lines"]:
        shares = [f"{escape(names.get(key, key))} {quantity}" for key, quantity in line["per_group"].items()]
        line["shares"] = Markup(" · ").join(Markup(share) for share in shares)  # noqa: S704 escaped above
    columns = [
        Column("name", _("Produit")),
        Column("unit_label", _("Unité")),
        Column("quantity", _("Quantité"), "number"),
        Column("cases", _("Colis"), "number"),
        Column("loose", _("À l’unité"), "number"),
        Column("shares", _("Par groupe"), "html", sort=False),
        Column("weight_g", _("Poids"), "weight", total=True),
        Column("cost_cents", _("Coût"), "money", total=True),
    ]
    return Table("supplier-order", _("Produits commandés"), columns, order["lines"])
