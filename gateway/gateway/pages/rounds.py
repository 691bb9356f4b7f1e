"""The order rounds of a contract for its coordinator: step by step from unavailable products to statements (S0:32-44)."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access
from gateway.calls import ask, tell
from gateway.formats import day
from gateway.forms import Form
from gateway.pages import orders as words
from gateway.pages.round_words import FLAWS, contents, gaps, limit_text, parcel_state
from gateway.tables import Column, Table
from gateway.whole_lists import whole_list
from grenier.errors import Forbidden, GrenierError, NotFound, Unavailable

bp = Blueprint("rounds", __name__)
CONTRACT = "/groupes/<group_id>/contrats/<contract_id>/commandes"
ROUND = CONTRACT + "/<cycle_id>"


# -- all rounds of a contract --------------------------------------------------------------------------------------


@bp.get(CONTRACT)
@access(may="orders.read")
def index(group_id: str, contract_id: str):
    found = ask("orders", "rounds", contract_id=contract_id)
    if found["contract"]["group_id"] != group_id:
        abort(404)
    rows = [
        {
            **row,
            "on": day(row["distribution_starts_at"]),
            "url": url_for(".show", group_id=group_id, contract_id=contract_id, cycle_id=row["cycle_id"]),
            "state": words.state_of(row["status"]),
        }
        for row in found["items"]
    ]
    columns = [
        Column("on", _("Livraison"), link="url", sort=False),
        Column("state", _("État"), "state"),
        Column("closes_at", _("Clôture"), "instant"),
        Column("orders", _("Commandes"), "number", total=True),
        Column("total_cents", _("Montant"), "money", total=True),
    ]
    empty = (_("Aucune période de commande"), _("Elles viennent du calendrier du contrat."))
    table = Table("rounds", _("Périodes de commande"), columns, rows, empty=empty)
    return table.export() or render_template(
        "rounds/index.html",
        group_id=group_id,
        contract=found["contract"],
        table=table,
        limit=limit_text(found["contract"]["floor_cents"]),
    )


# -- one round -----------------------------------------------------------------------------------------------------


@bp.get(ROUND)
@access(may="orders.read")
def show(group_id: str, contract_id: str, cycle_id: str):
    page = _round(group_id, contract_id, cycle_id)
    names = words.names_of(households=page["missing_household_ids"])
    missing = [words.household_name(names, household_id) for household_id in page["missing_household_ids"]]
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "cycle_id": cycle_id}
    return render_template(
        "rounds/show.html",
        page=page,
        missing=sorted(missing),
        address=address,
        steps=_steps(page, address),
        words=words,
    )


def _steps(page: dict[str, Any], address: dict[str, Any]) -> list[dict[str, str]]:
    """The round as a line of steps, each with where it is done: what is done, what is next."""
    at = {"scheduled": 0, "open": 1, "closed": 2, "frozen": 3}.get(page["status"], 9)
    sheet, boxes = page["supplier_order"], page["parcels"]
    sent = bool(sheet) and sheet["status"] != "placed"
    delivered = bool(boxes["total"]) and (boxes["closed"] or boxes["handed_over"] == boxes["total"])
    nothing = at == 3 and not sheet
    place = 3 + (sent or nothing) + (delivered or nothing) if at == 3 else at

    def step(number: int, label: str, endpoint: str, detail: str = "") -> dict[str, str]:
        state = "done" if place > number else "current" if place == number else "todo"
        return {"label": label, "state": state, "detail": detail, "url": url_for(endpoint, **address)}

    waiting = len(page["missing_household_ids"])
    missing = ngettext("%(num)d sans commande", "%(num)d sans commande", waiting) if at == 1 and waiting else ""
    parcels = f"{boxes['handed_over']}/{boxes['total']}" if boxes["total"] else ""
    away = sum(item["unavailable"] for item in page["items"])
    return [
        step(0, _("Indisponibles"), ".unavailable", str(away) if away else ""),
        step(1, _("Commander"), ".remind", missing),
        step(2, _("Arrêter"), ".freeze"),
        step(3, _("Envoyer"), ".sheet"),
        step(4, _("Colis"), ".parcels", parcels),
        step(5, _("Décomptes"), ".statements"),
    ]


@bp.route(ROUND + "/indisponibles", methods=["GET", "POST"])
@access(may="orders.regulate")
def unavailable(group_id: str, contract_id: str, cycle_id: str):
    """S0:36: what the producer does not have this time."""
    page, form = _round(group_id, contract_id, cycle_id), Form()
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "cycle_id": cycle_id}
    if request.method == "POST" and _try(form, "make_unavailable", cycle_id, product_id=str(form.value("product_id"))):
        flash(_("Le produit est retiré de cette commande ; les foyers qui l’avaient pris sont prévenus."), "success")
        return redirect(url_for(".unavailable", **address))
    named = next((item for item in page["items"] if item["product_id"] == request.args.get("produit")), None)
    return form.render("rounds/unavailable.html", page=page, address=address, named=named)


@bp.route(ROUND + "/relancer", methods=["GET", "POST"])
@access(may="orders.regulate")
def remind(group_id: str, contract_id: str, cycle_id: str):
    """S0:38: who has not ordered; they are called again when one says so."""
    page, form = _round(group_id, contract_id, cycle_id), Form()
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "cycle_id": cycle_id}
    chosen = request.form.getlist("household_id")
    if request.method == "POST" and _try(form, "remind_round", cycle_id, household_ids=chosen):
        text = ngettext("%(num)d foyer est rappelé.", "%(num)d foyers sont rappelés.", len(chosen))
        flash(_("%(told)s Le message ouvre leur bon de commande.", told=text), "success")
        return redirect(url_for(".show", **address))
    names = words.names_of(households=page["missing_household_ids"])
    rows = [(key, words.household_name(names, key)) for key in page["missing_household_ids"]]
    rows.sort(key=lambda row: row[1])
    return form.render("rounds/remind.html", page=page, address=address, rows=rows)


@bp.route(ROUND + "/arreter", methods=["GET", "POST"])
@access(may="orders.regulate")
def freeze(group_id: str, contract_id: str, cycle_id: str):
    page, form = _round(group_id, contract_id, cycle_id), Form()
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "cycle_id": cycle_id}
    if request.method == "POST" and _try(form, "freeze_aggregation", cycle_id):
        flash(_("Les commandes sont arrêtées. Relisez le bon du producteur, puis envoyez-le."), "success")
        return redirect(url_for(".sheet", **address))
    return form.render("rounds/freeze.html", page=page, address=address)


@bp.route(ROUND + "/bon", methods=["GET", "POST"])
@access(may="orders.regulate")
def sheet(group_id: str, contract_id: str, cycle_id: str):
    """S0:40: the producer's sheet, to read over, send, and note as confirmed."""
    page, form = _round(group_id, contract_id, cycle_id), Form()
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "cycle_id": cycle_id}
    brief = page["supplier_order"]
    if request.method == "POST" and brief:
        door = "send_supplier_order" if brief["status"] == "placed" else "acknowledge_supplier_order"
        tell("orders", door, supplier_order_id=brief["supplier_order_id"])
        sent = _("La commande est envoyée au producteur. Sa confirmation s’affichera ici.")
        flash(sent if brief["status"] == "placed" else _("La confirmation du producteur est notée."), "success")
        return redirect(url_for(".show", **address))
    order = ask("orders", "supplier_order", supplier_order_id=brief["supplier_order_id"]) if brief else None
    columns = [
        Column("name", _("Produit")),
        Column("unit_label", _("Unité")),
        Column("quantity", _("Quantité"), "number", total=True),
        Column("cost_cents", _("Montant"), "money", total=True),
    ]
    table = Table("bon", _("Bon du producteur"), columns, order["lines"] if order else [])
    shown = table.export() if order else None
    return shown or form.render("rounds/sheet.html", page=page, address=address, order=order, table=table)


# -- parcels -------------------------------------------------------------------------------------------------------


@bp.route(ROUND + "/colis", methods=["GET", "POST"])
@access(may="logistics.distribute")
def parcels(group_id: str, contract_id: str, cycle_id: str):
    """S0:39: the list for the table, on a phone: what has come, what is missing, who has taken it."""
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "cycle_id": cycle_id}
    form = Form()
    if request.method == "POST" and _act_on_parcel(form, cycle_id):
        return redirect(url_for(".parcels", **address))
    found = whole_list("orders", "parcels", cycle_id=cycle_id)
    if (found["cycle"]["group_id"], found["cycle"]["contract_id"]) != (group_id, contract_id):
        abort(404)
    names = words.names_of(households=[row["household_id"] for row in found["items"]])
    rows = [
        {
            **row,
            "name": words.household_name(names, row["household_id"]),
            "shown": parcel_state(row),
            "contents": contents(row),
            "gaps": gaps(row),
        }
        for row in found["items"]
    ]
    rows.sort(key=lambda row: (row["state"] == "handed_over", row["name"]))
    return form.render("rounds/parcels.html", found=found, rows=rows, address=address)


def _act_on_parcel(form: Form, cycle_id: str) -> bool:
    act, household_id = request.form.get("act", ""), request.form.get("household_id", "")
    match act:
        case "all":
            return _try(form, "record_all_parcels", cycle_id)
        case "received":
            return _try(form, "record_parcel", cycle_id, household_id=household_id)
        case "hand-over":
            return _try(form, "hand_over_parcel", cycle_id, household_id=household_id)
    return False


@bp.route(ROUND + "/colis/<household_id>", methods=["GET", "POST"])
@access(may="logistics.distribute")
def parcel(group_id: str, contract_id: str, cycle_id: str, household_id: str):
    """What is missing in one parcel: it is not charged."""
    form = Form()
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "cycle_id": cycle_id}
    found = whole_list("orders", "parcels", cycle_id=cycle_id)
    row = next((each for each in found["items"] if each["household_id"] == household_id), None)
    if row is None or (found["cycle"]["group_id"], found["cycle"]["contract_id"]) != (group_id, contract_id):
        abort(404)
    if request.method == "POST":
        missing = [_gap(form, line) for line in row["lines"]]
        if _try(form, "record_parcel", cycle_id, household_id=household_id, missing=missing):
            flash(_("Le colis est noté. Ce qui manque ne sera pas débité."), "success")
            return redirect(url_for(".parcels", **address))
    names = words.names_of(households=[household_id])
    name = words.household_name(names, household_id)
    flaws = [(key, str(word)) for key, word in FLAWS.items()]
    return form.render("rounds/parcel.html", row=row, name=name, flaws=flaws, address=address)


def _gap(form: Form, line: dict[str, Any]) -> dict[str, Any]:
    typed = str(form.value(f"missing-{line['product_id']}") or "0")
    flaw = str(form.value(f"flaw-{line['product_id']}") or "missing")
    return {
        "product_id": line["product_id"],
        "missing": int(typed) if typed.isdecimal() and len(typed) < 4 else 0,
        "flaw": flaw if flaw in FLAWS else "missing",
    }


@bp.route(ROUND + "/decomptes", methods=["GET", "POST"])
@access(may="ledger.prepay")
def statements(group_id: str, contract_id: str, cycle_id: str):
    """S0:42: what each household would be told now."""
    page = _round(group_id, contract_id, cycle_id)
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "cycle_id": cycle_id}
    if request.method == "POST":
        told = tell("ledger", "issue_statements", cycle_id=cycle_id)["household_ids"]
        text = ngettext("%(num)d décompte est envoyé.", "%(num)d décomptes sont envoyés.", len(told))
        flash(_("%(told)s Chacun ouvre le compte du contrat, ligne par ligne.", told=text), "success")
        return redirect(url_for("contract_accounts.index", group_id=group_id, contract_id=contract_id))
    found = whole_list("ledger", "contract_accounts", contract_id=contract_id)
    return render_template("rounds/statements.html", page=page, address=address, found=found)


# -- shared --------------------------------------------------------------------------------------------------------


def _round(group_id: str, contract_id: str, cycle_id: str) -> dict[str, Any]:
    """The round, when it is one of this contract and group; else it does not exist."""
    page: dict[str, Any] = ask("orders", "round", cycle_id=cycle_id)
    if (page["group_id"], page["contract_id"]) != (group_id, contract_id):
        abort(404)
    return page


def _try(form: Form, door: str, cycle_id: str, **payload: Any) -> bool:
    """A command whose refusal stands on the page instead of replacing it."""
    try:
        tell("orders", door, cycle_id=cycle_id, **payload)
    except (NotFound, Forbidden, Unavailable):
        raise
    except GrenierError as error:
        form.refuse(error)
        return False
    return True
