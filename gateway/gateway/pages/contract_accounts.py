"""Accounts of a contract: balances, debts, provisions, statements, the settlement at its end (S0:42-49)."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import Schema, fields, validate

from gateway.access import access
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.pages.ledger_words import Euros, account_word, entry_word, household_label, names_for
from gateway.pages.my_balance import days_asked, why_balance
from gateway.pages.round_words import ANOMALIES
from gateway.tables import Column, Table
from gateway.whole_lists import whole_list
from grenier.errors import Rejected

bp = Blueprint("contract_accounts", __name__)
PAGE = 100
CONTRACT = "/groupes/<group_id>/contrats/<contract_id>/comptes"
ONE = CONTRACT + "/<household_id>"


class ProvisionForm(Schema):
    amount_cents = Euros(required=True, data_key="amount")
    number = fields.String(required=True, validate=validate.Length(max=40))
    bank = fields.String(load_default="", validate=validate.Length(max=80))


class ReasonForm(Schema):
    reason = fields.String(required=True, validate=validate.Length(max=500))


# -- all households ------------------------------------------------------------------------------------------------


@bp.get(CONTRACT)
@access(may="ledger.read")
def index(group_id: str, contract_id: str):
    """Every household with what it has, and what a supervisor should look at (S0:44)."""
    found = of_group(group_id, whole_list("ledger", "contract_accounts", contract_id=contract_id))
    odd = ask("ledger", "contract_anomalies", contract_id=contract_id)["items"]
    names = names_for(household_ids=[row["household_id"] for row in (*found["items"], *odd)])
    rows = [
        {
            **row,
            "name": household_label(names, row["household_id"]),
            "url": url_for(".statement", group_id=group_id, contract_id=contract_id, household_id=row["household_id"]),
            "state": ("problem", _("doit")) if row["balance_cents"] < 0 else ("good", _("à jour")),
        }
        for row in found["items"]
    ]
    columns = [
        Column("name", _("Foyer"), link="url"),
        Column("state", _("État"), "state"),
        Column("paid_cents", _("Versé"), "money", total=True),
        Column("charged_cents", _("Débité"), "money", total=True),
        Column("balance_cents", _("Solde"), "money", total=True),
        Column("committed_cents", _("Commandé, pas encore retiré"), "money"),
    ]
    empty = (_("Aucun foyer inscrit"), _("Les foyers apparaissent ici dès que leur inscription est confirmée."))
    table = Table("comptes", _("Comptes du contrat"), columns, rows, empty, page_size=PAGE)
    return table.export() or render_template(
        "contract_accounts/index.html",
        table=table,
        found=found,
        odd=[_flaw(row, names, group_id, contract_id) for row in odd if row["kind"] != "negative"],
        group_id=group_id,
        contract=found["contract"],
    )


def _flaw(row: dict[str, Any], names: dict[str, str], group_id: str, contract_id: str) -> dict[str, Any]:
    kind, word = ANOMALIES[row["kind"]]
    url = url_for(".statement", group_id=group_id, contract_id=contract_id, household_id=row["household_id"])
    return {**row, "name": household_label(names, row["household_id"]), "state": kind, "word": str(word), "url": url}


@bp.route(CONTRACT + "/soldes-debiteurs", methods=["GET", "POST"])
@access(may="ledger.read")
def negative(group_id: str, contract_id: str):
    """S0:47: who owes, then the messages; as often as needed."""
    found = of_group(group_id, whole_list("ledger", "contract_accounts", contract_id=contract_id, negative=True))
    if request.method == "POST":
        chosen = request.form.getlist("household_id")
        told = tell("ledger", "announce_negative", contract_id=contract_id, household_ids=chosen)["household_ids"]
        text = ngettext("%(num)d foyer est prévenu.", "%(num)d foyers sont prévenus.", len(told))
        flash(_("%(told)s Chaque message montre le solde et ouvre le relevé.", told=text), "success")
        return redirect(url_for(".index", group_id=group_id, contract_id=contract_id))
    names = names_for(household_ids=[row["household_id"] for row in found["items"]])
    rows = [{**row, "name": household_label(names, row["household_id"])} for row in found["items"]]
    return render_template("contract_accounts/negative.html", rows=rows, contract=found["contract"], group_id=group_id)


# -- one household -------------------------------------------------------------------------------------------------


@bp.get("/mon-compte/<household_id>/contrats/<contract_id>")
@access("person")
def mine(household_id: str, contract_id: str):
    """One's own account of a contract: what was paid, what was taken, line by line (S0:42-46)."""
    return _statement("", contract_id, household_id)


@bp.get(ONE)
@access(may="ledger.read")
def statement(group_id: str, contract_id: str, household_id: str):
    return _statement(group_id, contract_id, household_id)


def _statement(group_id: str, contract_id: str, household_id: str):
    since, until, span = days_asked()
    found = ask("ledger", "contract_statement", contract_id=contract_id, household_id=household_id, **span)
    if group_id and found["group_id"] != group_id:
        abort(404)
    rows = [
        {
            **line,
            "what": entry_word(line),
            "url": _entry_url(line["entry_id"], household_id, group_id, contract_id),
            "note": line["reason"] or (_("annulée depuis") if line["reversed_by"] else ""),
        }
        for line in reversed(found["lines"])
    ]
    columns = [
        Column("at", _("Quand"), "instant"),
        Column("what", _("Quoi"), link="url"),
        Column("note", _("Remarque")),
        Column("effect_cents", _("Montant"), "movement"),
        Column("running_cents", _("Solde ensuite"), "money"),
    ]
    empty = (_("Aucune écriture"), _("Les provisions versées et les colis retirés apparaîtront ici."))
    table = Table("releve", _("Compte du contrat"), columns, rows, empty)
    return table.export() or render_template(
        "contract_accounts/statement.html",
        found=found,
        table=table,
        name=household_label(names_for(household_ids=[household_id]), household_id),
        group_id=group_id,
        household_id=household_id,
        contract=found["contract"],
        since=since,
        until=until,
        why=why_balance(found),
    )


def _entry_url(entry_id: str, household_id: str, group_id: str, contract_id: str) -> str:
    if not group_id:
        return url_for("balance.entry", household_id=household_id, entry_id=entry_id)
    return url_for(".entry", group_id=group_id, contract_id=contract_id, household_id=household_id, entry_id=entry_id)


@bp.get(ONE + "/ecritures/<entry_id>")
@access(may="ledger.read")
def entry(group_id: str, contract_id: str, household_id: str, entry_id: str):
    """One amount opened to the facts behind it."""
    from gateway.pages.my_balance import entry_page

    return entry_page(household_id, entry_id, group_id, contract_id)


@bp.route(ONE + "/provision", methods=["GET", "POST"])
@access(may="ledger.prepay")
def provision(group_id: str, contract_id: str, household_id: str):
    """S0:48: a cheque in advance, for this contract."""
    form = Form(ProvisionForm())
    ids: dict[str, Any] = {"household_id": household_id, "contract_id": contract_id}
    if request.method == "POST" and form.tell("ledger", "receive_prepayment", **ids):
        flash(_("Chèque de provision enregistré : il est au crédit du foyer sur ce contrat."), "success")
        return redirect(url_for(".statement", group_id=group_id, **ids))
    found = ask("ledger", "contract_statement", **ids)
    if found["group_id"] != group_id:
        abort(404)
    name = household_label(names_for(household_ids=[household_id]), household_id)
    return form.render("contract_accounts/provision.html", name=name, found=found, group_id=group_id, **ids)


@bp.route(ONE + "/ecritures/<entry_id>/extourner", methods=["GET", "POST"])
@access(may="ledger.prepay")
def reverse(group_id: str, contract_id: str, household_id: str, entry_id: str):
    """First what it would do; one's own mistakes, or (treasurer) anybody's."""
    form, ids = Form(ReasonForm()), {"household_id": household_id, "entry_id": entry_id}
    back: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "household_id": household_id}
    if request.method == "POST" and form.tell("ledger", "reverse_entry", **ids):
        flash(_("Écriture extournée : l’ancienne et la nouvelle se lisent toutes deux sur le relevé."), "success")
        return redirect(url_for(".statement", **back))
    try:
        shown = ask("ledger", "preview_reversal", **ids)
    except Rejected as refused:
        from gateway.pages.ledger_words import refusal_text

        flash(refusal_text(refused), "problem")
        return redirect(url_for(".statement", **back))
    if shown["entry"]["group_id"] != group_id:
        abort(404)
    names = names_for(household_ids=[household_id])
    postings = [{**row, "account": account_word(row["account"], names)} for row in shown["postings"]]
    return form.render(
        "accounts/reverse.html",
        shown=shown,
        postings=postings,
        what=entry_word(shown["entry"]),
        name=household_label(names, household_id),
        group_id=group_id,
        back_url=url_for(".statement", **back),
        **ids,
    )


def of_group(group_id: str, found: dict[str, Any]) -> dict[str, Any]:
    """The contract of another group does not exist under this address."""
    if found["contract"]["group_id"] != group_id:
        abort(404)
    return found
