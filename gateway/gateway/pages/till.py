"""The till of a distribution: float, payments, the count by denomination, the difference, closing (S1:74-78, S1:90-92)."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from gateway.access import access, rule
from gateway.calls import ask, tell
from gateway.formats import as_instant, money
from gateway.forms import Form
from gateway.identity import current_group
from gateway.menus import nav_item
from gateway.pages.ledger_words import (
    MEANS,
    Euros,
    household_label,
    names_for,
    refusal_text,
    role_word,
    typed_euros,
)
from gateway.pages.till_words import payment_errors, thanks
from gateway.tables import Column, Table
from grenier.errors import GrenierError, Invalid, Rejected

bp = Blueprint("till", __name__)
nav_item(lazy_gettext("Caisse"), "till.index", icon="calculator", order=54, who=rule(may="ledger.till"))

HERE = "/groupes/<group_id>/caisse"
ONE = HERE + "/<till_id>"
NOTES = (50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500)
COINS = (200, 100, 50, 20, 10, 5, 2, 1)
# Of those served today, who waits longest comes first; older debts stand apart.
QUEUE_SIZE = 200


class OpenForm(Schema):
    float_cents = Euros(required=True, data_key="float", positive=False)


class PaymentForm(Schema):
    amount_cents = Euros(required=True, data_key="amount")
    means = fields.String(required=True, validate=validate.OneOf(list(MEANS)))
    tendered_cents = Euros(data_key="tendered")
    number = fields.String(load_default="", validate=validate.Length(max=40))
    bank = fields.String(load_default="", validate=validate.Length(max=80))


class ExplanationForm(Schema):
    explanation = fields.String(required=True, validate=validate.Length(max=500))


class ReasonForm(Schema):
    reason = fields.String(required=True, validate=validate.Length(max=500))


# -- opening and paying --------------------------------------------------------------------------------------------


@bp.get(HERE)
@access(may="ledger.read")
def index(group_id: str):
    """The open till with who is to pay; before that, opening it. `foyer` names the household that stands at the desk."""
    till = ask("ledger", "current_till", group_id=group_id)["till"]
    household_id = request.args.get("foyer", "")
    if till is None:
        return _closed_desk(Form(OpenForm(), {"float": ""}), group_id)
    if household_id:
        return _desk(Form(PaymentForm()), till, group_id, household_id)
    return render_template("till/open.html", **_open_page(till, group_id))


@bp.post(HERE + "/ouvrir")
@access(may="ledger.till")
def open_till(group_id: str):
    form = Form(OpenForm())
    day = _day_of_today(group_id)
    more = {"distribution_id": day["distribution_id"]} if day else {}
    if form.tell("ledger", "open_till", group_id=group_id, **more):
        flash(_("La caisse est ouverte. Les foyers servis apparaissent d’eux-mêmes."), "success")
        return redirect(url_for(".index", group_id=group_id))
    if form.refusal and form.refusal["code"] == "till-already-open":
        flash(_("La caisse était déjà ouverte : c’est celle-ci."), "attention")
        return redirect(url_for(".index", group_id=group_id))
    return _closed_desk(form, group_id)


@bp.post(ONE + "/paiements")
@access(may="ledger.till")
def pay(group_id: str, till_id: str):
    """One payment; the change is said, never stored."""
    till, household_id = _till(group_id, till_id), request.form.get("household_id", "")
    form = Form(PaymentForm())
    values = form.load()
    if values is not None and not (wrong := payment_errors(values)):
        tendered, number, bank = values.pop("tendered_cents", None), values.pop("number"), values.pop("bank")
        cheque = {"cheque": {"number": number, "bank": bank}} if values["means"] == "cheque" else {}
        try:
            tell("ledger", "take_payment", till_id=till_id, household_id=household_id, **values, **cheque)
        except (Rejected, Invalid) as refused:
            form.refuse(refused)
        else:
            flash(thanks(values, tendered), "success")
            return redirect(url_for(".index", group_id=group_id))
    elif values is not None:
        form.errors = wrong
    return _desk(form, till, group_id, household_id)


@bp.route(ONE + "/paiements/<entry_id>/annuler", methods=["GET", "POST"])
@access(may="ledger.till")
def reverse(group_id: str, till_id: str, entry_id: str):
    """What undoing a payment means, then undoing it; both stay readable."""
    till, form = _till(group_id, till_id), Form(ReasonForm())
    if request.method == "POST" and form.tell("ledger", "reverse_payment", till_id=till_id, entry_id=entry_id):
        flash(_("Paiement annulé : le solde du foyer est redevenu ce qu’il était."), "success")
        return redirect(url_for(".index", group_id=group_id))
    payment = next((row for row in _payments(till_id) if row["entry_id"] == entry_id), None)
    if payment is None:
        abort(404)
    balance = ask("ledger", "balance", household_id=payment["household_id"])["balance_cents"]
    return form.render("till/reverse.html", till=till, payment=payment, balance=balance, group_id=group_id)


# -- counting and closing ------------------------------------------------------------------------------------------


@bp.route(ONE + "/compter", methods=["GET", "POST"])
@access(may="ledger.count")
def count(group_id: str, till_id: str):
    """S1:90-92: notes, coins, cheques one by one; then the difference, its explanation, the end."""
    till, form = _till(group_id, till_id), Form()
    if till["state"] == "closed":
        return redirect(url_for(".report", group_id=group_id, till_id=till_id))
    if request.method == "POST" and (coins := _coins(form)) is not None:
        cheques = request.form.getlist("cheque")
        try:
            tell("ledger", "count_cash", till_id=till_id, coins=coins, cheque_entry_ids=cheques)
        except (Rejected, Invalid) as refused:
            form.refuse(refused)
        else:
            return _back_to_count(group_id, till_id)
    return _count_page(form, till, group_id)


@bp.post(ONE + "/expliquer")
@access(may="ledger.count")
def explain(group_id: str, till_id: str):
    till, form = _till(group_id, till_id), Form(ExplanationForm())
    if form.tell("ledger", "explain_difference", till_id=till_id):
        flash(_("Écart expliqué et porté à son compte. La caisse peut être fermée."), "success")
        return _back_to_count(group_id, till_id)
    return _count_page(form, till, group_id)


def _count_page(form: Form, till: dict[str, Any], group_id: str) -> Response:
    """What was counted last while it still holds, or what was typed and refused."""
    current = till["count_is_current"]
    counted = {int(value): pieces for value, pieces in (till["coins"] or {}).items()} if current else {}
    expected = [row for row in _payments(till["till_id"]) if row["means"] == "cheque" and not row["reversed_by"]]
    present = till["cheque_entries"] if current else []
    recounting = form.sent and form.schema is None
    return form.render(
        "till/count.html",
        till=till,
        group_id=group_id,
        notes=NOTES,
        coins=COINS,
        labels={"explanation": _("D’où vient l’écart ?"), **{f"c{value}": money(value) for value in (*NOTES, *COINS)}},
        counted=counted,
        recounting=recounting,
        cheques=expected,
        present=request.form.getlist("cheque") if recounting else present,
        missing=[row for row in expected if row["entry_id"] not in present],
    )


@bp.post(ONE + "/fermer")
@access(may="ledger.count")
def close(group_id: str, till_id: str):
    _till(group_id, till_id)
    try:
        tell("ledger", "close_till", till_id=till_id)
    except (Rejected, Invalid) as refused:
        flash(refusal_text(refused), "problem")
        return _back_to_count(group_id, till_id)
    flash(
        _("Caisse fermée. Imprimez le bordereau et glissez-le dans l’enveloppe avec l’argent et les chèques."),
        "success",
    )
    return redirect(url_for(".report", group_id=group_id, till_id=till_id))


@bp.get(ONE)
@access(may="ledger.read")
def report(group_id: str, till_id: str):
    """The till on one page: for the envelope and for whoever verifies it."""
    till = _till(group_id, till_id)
    rows = _payments(till_id)
    persons = names_for([till["opened_by"], till["counted_by"] or "", till["closed_by"] or ""])
    for row in rows:
        row["means_word"] = str(MEANS[row["means"]])
        row["state"] = ("off", _("annulé")) if row["reversed_by"] else ("good", _("reçu"))
        row["counted_cents"] = 0 if row["reversed_by"] else row["amount_cents"]
    columns = [
        Column("name", _("Foyer")),
        Column("means_word", _("Moyen")),
        Column("cheque", _("Chèque")),
        Column("state", _("État"), "state"),
        Column("at", _("Quand"), "instant"),
        Column("counted_cents", _("Montant"), "money", total=True),
    ]
    empty = (_("Aucun paiement"), _("Cette caisse n’a rien reçu."))
    table = Table("paiements", _("Paiements"), columns, rows, empty)
    exported = table.export()
    return exported or render_template("till/report.html", till=till, table=table, group_id=group_id, persons=persons)


# -- shared --------------------------------------------------------------------------------------------------------


def _open_page(till: dict[str, Any], group_id: str) -> dict[str, Any]:
    """Who is to pay (served and in the red), who paid last, what lies in the till."""
    wanted = request.args.get("q", "").strip()
    owing = ask("ledger", "accounts", group_id=group_id, negative=True, size=QUEUE_SIZE)["items"]
    payments = _payments(till["till_id"])
    names = names_for(household_ids=[row["household_id"] for row in owing])
    for row in owing:
        row["name"] = household_label(names, row["household_id"])
    since = as_instant(till["opened_at"])
    served = [row for row in owing if row["at"] and (as_instant(row["at"]) - since).total_seconds() > -6 * 3600]
    found = ask("contracts", "members", group_id=group_id, search=wanted)["households"] if wanted else []
    return {
        "till": till,
        "group_id": group_id,
        "waiting": sorted(served, key=lambda row: row["at"]),
        "owing": [row for row in owing if row not in served],
        "payments": payments[::-1],
        "found": found,
        "wanted": wanted,
    }


def _closed_desk(form: Form, group_id: str) -> Response:
    """No till is open: its float, and those of former distributions."""
    group = current_group()
    rows = [
        {
            **row,
            "url": url_for(".report", group_id=group_id, till_id=row["till_id"]),
            "status": ("good", _("fermée")) if row["state"] == "closed" else ("attention", _("ouverte")),
        }
        for row in ask("ledger", "tills", group_id=group_id)["items"]
    ]
    columns = [
        Column("opened_at", _("Ouverte"), "instant", link="url"),
        Column("payments", _("Paiements"), "number"),
        Column("taken_cash_cents", _("Espèces reçues"), "money"),
        Column("cheques_cents", _("Chèques"), "money"),
        Column("explained_cents", _("Écart"), "movement"),
        Column("status", _("État"), "state"),
    ]
    table = Table("caisses", _("Caisses précédentes"), columns, rows)
    is_csa = group is not None and group.kind == "csa"
    return form.render("till/closed.html", group_id=group_id, table=table, is_csa=is_csa, day=_day_of_today(group_id))


def _desk(form: Form, till: dict[str, Any], group_id: str, household_id: str) -> Response:
    """One household at the desk: what it owes and why, cash or cheque."""
    if till["state"] != "open":
        flash(_("Cette caisse est fermée."), "attention")
        return redirect(url_for(".report", group_id=group_id, till_id=till["till_id"]))
    balance = ask("ledger", "balance", household_id=household_id)
    if balance["group_id"] != group_id:
        abort(404)
    due = max(-balance["balance_cents"], 0)
    if not form.sent:
        form.typed.setdefault("amount", typed_euros(due) if due else "")
    name = household_label(names_for(household_ids=[household_id]), household_id)
    return form.render(
        "till/desk.html", till=till, group_id=group_id, household_id=household_id, name=name, balance=balance, due=due
    )


def _till(group_id: str, till_id: str) -> dict[str, Any]:
    till = ask("ledger", "till", till_id=till_id)
    if till["group_id"] != group_id:
        abort(404)
    return till


def _payments(till_id: str) -> list[dict[str, Any]]:
    """Payments with the names that the desk knows them by."""
    rows = ask("ledger", "payments", till_id=till_id)["items"]
    names = names_for([row["actor"] for row in rows], [row["household_id"] for row in rows])
    for row in rows:
        row["name"] = household_label(names, row["household_id"])
        row["who"] = names.get(row["actor"], "")
        row["role_word"] = role_word(row["role"])
        row["cheque"] = " ".join(part for part in (row["cheque_number"], row["cheque_bank"]) if part)
    return rows


def _coins(form: Form) -> dict[str, int] | None:
    """Pieces by denomination as typed; None with the form's errors when something is no whole number."""
    found = {}
    for value in (*NOTES, *COINS):
        text = "".join(request.form.get(f"c{value}", "").split()) or "0"
        if not text.isdecimal() or len(text) > 5:
            form.errors[f"c{value}"] = [_("Un nombre entier est attendu.")]
        else:
            found[str(value)] = int(text)
    return None if form.errors else found


def _back_to_count(group_id: str, till_id: str) -> Response:
    return redirect(url_for(".count", group_id=group_id, till_id=till_id) + "#ecart")


def _day_of_today(group_id: str) -> dict[str, Any] | None:
    """The group's distribution that is under way, so that the till belongs to it; None when it cannot be told."""
    try:
        days = ask("logistics", "distributions", group_id=group_id)["distributions"]
    except GrenierError:
        return None
    under_way = [day for day in days if day["state"] == "received"]
    return max(under_way, key=lambda day: str(day["starts_at"]), default=None)
