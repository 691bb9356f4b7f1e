"""Accounts: a household's statement with the facts behind each line, the group's accounts, prepayments, reversals (S0:42-53)."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from marshmallow import Schema, fields, validate

from gateway.access import access, rule
from gateway.calls import ask, tell
from gateway.formats import money
from gateway.forms import Form
from gateway.menus import nav_item
from gateway.pages.ledger_words import (
    Euros,
    account_word,
    entry_word,
    household_label,
    names_for,
    refusal_text,
)
from gateway.pages.my_balance import entry_page, statement_page
from gateway.problems import answer
from gateway.tables import Column, Table
from gateway.whole_lists import whole_list
from grenier.errors import Rejected

bp = Blueprint("accounts", __name__)
nav_item(lazy_gettext("Comptes"), "accounts.index", icon="book-open", order=55, who=rule(may="ledger.read"))

OURS = "/groupes/<group_id>/comptes/<household_id>"
PAGE = 100


class PrepaymentForm(Schema):
    amount_cents = Euros(required=True, data_key="amount")
    number = fields.String(required=True, validate=validate.Length(max=40))
    bank = fields.String(load_default="", validate=validate.Length(max=80))


class DuesForm(Schema):
    amount_cents = Euros(required=True, data_key="amount")
    means = fields.String(required=True, validate=validate.OneOf(["cash", "cheque"]))
    number = fields.String(load_default="", validate=validate.Length(max=40))
    bank = fields.String(load_default="", validate=validate.Length(max=80))


class AdjustmentForm(Schema):
    amount_cents = Euros(required=True, data_key="amount", positive=False)
    reason = fields.String(required=True, validate=validate.Length(max=500))


class ReasonForm(Schema):
    reason = fields.String(required=True, validate=validate.Length(max=500))


# -- one household ------------------------------------------------------------------------------------------------


@bp.get(OURS)
@access(may="ledger.read")
def household(group_id: str, household_id: str):
    return statement_page(household_id, group_id)


@bp.get(OURS + "/ecritures/<entry_id>")
@access(may="ledger.read")
def group_entry(group_id: str, household_id: str, entry_id: str):
    return entry_page(household_id, entry_id, group_id)


# -- the group's accounts ------------------------------------------------------------------------------------------


@bp.get("/groupes/<group_id>/comptes")
@access(may="ledger.read")
def index(group_id: str):
    """Every household of the group, deepest in the red first; searched by name."""
    offset = max(request.args.get("offset", 0, type=int), 0)
    wanted, negative = request.args.get("q", "").strip(), request.args.get("debiteurs") == "1"
    members = _members(group_id, wanted) if wanted else None
    found = ask(
        "ledger",
        "accounts",
        group_id=group_id,
        negative=negative,
        page=offset // PAGE + 1,
        size=PAGE,
        **({"household_ids": list(members)} if members is not None else {}),
    )
    names = members or names_for(household_ids=[row["household_id"] for row in found["items"]])
    rows = [
        {
            **row,
            "name": household_label(names, row["household_id"]),
            "url": url_for(".household", group_id=group_id, household_id=row["household_id"]),
            "state": ("problem", _("doit")) if row["balance_cents"] < 0 else ("good", _("à jour")),
        }
        for row in found["items"]
    ]
    columns = [
        Column("name", _("Foyer"), link="url"),
        Column("state", _("État"), "state"),
        Column("balance_cents", _("Solde"), "money", total=True),
        Column("committed_cents", _("Commandé, pas encore retiré"), "money"),
        Column("at", _("Dernière écriture"), "instant"),
    ]
    empty = (_("Aucun foyer"), _("Aucun foyer ne correspond à votre recherche."))
    table = _unfiltered(Table, "comptes", _("Comptes du groupe"), columns, rows, empty)
    exported = table.export()
    return exported or render_template(
        "accounts/index.html", table=table, found=found, group_id=group_id, offset=offset, limit=PAGE, negative=negative
    )


@bp.route("/groupes/<group_id>/comptes/soldes-debiteurs", methods=["GET", "POST"])
@access(may="ledger.read")
def negative(group_id: str):
    """S0:47: tell the households in the red; first who they are, then the messages."""
    found = whole_list("ledger", "accounts", group_id=group_id, negative=True)
    if request.method == "POST":
        chosen = request.form.getlist("household_id")
        told = tell("ledger", "announce_negative", group_id=group_id, household_ids=chosen)["household_ids"]
        text = ngettext("%(num)d foyer est prévenu.", "%(num)d foyers sont prévenus.", len(told))
        flash(_("%(told)s Chaque message montre le solde et ouvre le relevé.", told=text), "success")
        return redirect(url_for(".index", group_id=group_id))
    names = names_for(household_ids=[row["household_id"] for row in found["items"]])
    rows = [{**row, "name": household_label(names, row["household_id"])} for row in found["items"]]
    return render_template("accounts/negative.html", rows=rows, found=found, group_id=group_id)


@bp.get("/groupes/<group_id>/comptes/balance-generale")
@access(may="ledger.read")
def trial(group_id: str):
    """All accounts of the group; what one side gives another has received, so the sum is zero."""
    found = ask("ledger", "trial_balance", group_id=group_id)
    eaters = [row["account"].partition(":")[2] for row in found["accounts"] if row["account"].startswith("eater:")]
    names = names_for(household_ids=eaters)
    rows = [{**row, "account": account_word(row["account"], names)} for row in found["accounts"]]
    columns = [Column("account", _("Compte")), Column("balance_cents", _("Solde"), "movement", total=True)]
    table = Table("balance", _("Balance générale"), columns, rows)
    exported = table.export()
    return exported or render_template("accounts/trial.html", table=table, group_id=group_id, total=found["sum_cents"])


# -- entries by hand -----------------------------------------------------------------------------------------------


@bp.route(OURS + "/provision", methods=["GET", "POST"])
@access(may="ledger.prepay")
def prepayment(group_id: str, household_id: str):
    """S0:48: a cheque in advance."""
    form = Form(PrepaymentForm())
    if request.method == "POST" and form.tell("ledger", "receive_prepayment", household_id=household_id):
        flash(_("Chèque de provision enregistré : il est au crédit du foyer."), "success")
        return redirect(url_for(".household", group_id=group_id, household_id=household_id))
    return _entry_form(form, "accounts/prepayment.html", group_id, household_id)


@bp.route(OURS + "/cotisation", methods=["GET", "POST"])
@access(may="ledger.prepay")
def dues(group_id: str, household_id: str):
    """S0:51-53: membership dues; they do not touch the balance."""
    form = Form(DuesForm(), {"means": "cheque"})
    values = form.load() if request.method == "POST" else None
    if values is not None:
        number, bank = values.pop("number"), values.pop("bank")
        cheque = {"cheque": {"number": number, "bank": bank}} if values["means"] == "cheque" else {}
        if values["means"] == "cheque" and not number:
            form.errors = {"number": [_("Un chèque a un numéro.")]}
        else:
            tell("ledger", "receive_dues", household_id=household_id, **values, **cheque)
            flash(_("Cotisation de %(amount)s enregistrée.", amount=money(values["amount_cents"])), "success")
            return redirect(url_for(".household", group_id=group_id, household_id=household_id))
    return _entry_form(form, "accounts/dues.html", group_id, household_id)


@bp.route(OURS + "/correction", methods=["GET", "POST"])
@access(may="ledger.correct")
def adjustment(group_id: str, household_id: str):
    form = Form(AdjustmentForm())
    if request.method == "POST" and form.tell("ledger", "post_adjustment", household_id=household_id):
        flash(_("Correction enregistrée. Son motif se lit sur le relevé du foyer."), "success")
        return redirect(url_for(".household", group_id=group_id, household_id=household_id))
    return _entry_form(form, "accounts/adjustment.html", group_id, household_id)


@bp.route(OURS + "/ecritures/<entry_id>/extourner", methods=["GET", "POST"])
@access(may="ledger.prepay")
def reverse(group_id: str, household_id: str, entry_id: str):
    """First what it would do, then the reversal; nothing is ever edited."""
    form, ids = Form(ReasonForm()), {"household_id": household_id, "entry_id": entry_id}
    if request.method == "POST" and form.tell("ledger", "reverse_entry", **ids):
        flash(_("Écriture extournée : l’ancienne et la nouvelle se lisent toutes deux sur le relevé."), "success")
        return redirect(url_for(".household", group_id=group_id, household_id=household_id))
    try:
        shown = ask("ledger", "preview_reversal", **ids)
    except Rejected as refused:
        flash(refusal_text(refused), "problem")
        return redirect(url_for(".group_entry", group_id=group_id, household_id=household_id, entry_id=entry_id))
    if shown["entry"]["group_id"] != group_id:
        return answer("not-found", 404)
    names = names_for(household_ids=[household_id])
    postings = [{**row, "account": account_word(row["account"], names)} for row in shown["postings"]]
    return form.render(
        "accounts/reverse.html",
        shown=shown,
        postings=postings,
        what=entry_word(shown["entry"]),
        name=household_label(names, household_id),
        group_id=group_id,
        **ids,
    )


# -- shared --------------------------------------------------------------------------------------------------------


def _entry_form(form: Form, template: str, group_id: str, household_id: str):
    now = ask("ledger", "balance", household_id=household_id)
    if now["group_id"] != group_id:
        abort(404)
    name = household_label(names_for(household_ids=[household_id]), household_id)
    return form.render(template, name=name, balance=now, group_id=group_id, household_id=household_id)


def _members(group_id: str, wanted: str) -> dict[str, str]:
    """Households of the group whose persons' names match, with their labels."""
    found = whole_list("contracts", "members", group_id=group_id, search=wanted)
    return {row["household_id"]: row["label"] for row in found["households"]}


def _unfiltered(make: Any, *arguments: Any) -> Table:
    """The search was made by the services (names are theirs): the table must not filter the rows a second time."""
    table: Table = make(*arguments[:3], [], *arguments[4:])
    table.rows = arguments[3]
    return table
