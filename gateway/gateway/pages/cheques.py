"""Cheques of the group: expected, received at a desk, handed to the producer with their list, given back (S0:26-27)."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from gateway.access import access, rule
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.menus import nav_item
from gateway.pages.members_words import act, refusal
from gateway.season import lookup, words
from gateway.season.refusals import say, spoken
from gateway.season.typed import Typed
from gateway.tables import Column, Table
from grenier.errors import Invalid, Rejected

bp = Blueprint("cheques", __name__)
PAGE = 100
nav_item(
    lazy_gettext("Chèques"),
    "cheques.index",
    icon="banknotes",
    order=19,
    who=rule(may="contracts.cheques"),
    kinds=("csa",),
)
BASE = "/groupes/<group_id>/cheques"
AT_ONCE = 200


def _contracts(group_id: str) -> dict[str, str]:
    """Titles of the group's contracts that are or were open."""
    found = ask("contracts", "group_contracts", group_id=group_id, status=["opened", "ended"])["contracts"]
    return {row["contract_id"]: row["title"] for row in found}


def _found(group_id: str, **wanted: str) -> dict[str, Any]:
    return ask("contracts", "cheques", group_id=group_id, **{name: value for name, value in wanted.items() if value})


@bp.get(BASE)
@access(may="contracts.cheques")
def index(group_id: str):
    contract_id, state = request.args.get("contrat", ""), request.args.get("etat", "")
    titles = _contracts(group_id)
    if contract_id not in titles:
        contract_id = ""
    found = _found(group_id, contract_id=contract_id, state=state if state in words.CHEQUE_STATES else "")
    rows = found["cheques"]
    names = lookup.household_names(rows)
    told = [
        {
            "home": words.home_of(names, row["household_id"]),
            "contract": titles.get(row["contract_id"], ""),
            "cash_on": lookup.as_date(row["cash_on"]),
            "amount_cents": row["amount_cents"],
            "number": row["number"],
            "bank": row["bank"],
            "issuer": row.get("issuer") or "",
            "state": words.cheque_state(row["state"]),
            "url": url_for("cheques.show", group_id=group_id, subscription_id=row["subscription_id"], cheque_id=row["cheque_id"]),
        }
        for row in rows
    ]  # fmt: skip
    columns = [
        Column("home", _("Foyer"), link="url"),
        Column("contract", _("Contrat")),
        Column("cash_on", _("Encaissement"), "date"),
        Column("amount_cents", _("Montant"), "money", total=True),
        Column("number", _("Numéro")),
        Column("bank", _("Banque")),
        Column("issuer", _("Émetteur")),
        Column("state", _("État"), "state"),
    ]
    empty = (_("Aucun chèque"), _("Les chèques d’une inscription sont attendus dès qu’elle est confirmée."))
    table = Table("cheques", _("Chèques du groupe"), columns, told, empty, page_size=PAGE)
    return table.export() or render_template(
        "cheques/index.html", group_id=group_id, table=table, by_state=found["by_state"], titles=titles,
        contract_id=contract_id, state=state, states=words.CHEQUE_STATES,
    )  # fmt: skip


# -- bulk entry --------------------------------------------------------------------------------------------------


@bp.route(f"{BASE}/recevoir", methods=["GET", "POST"])
@access(may="contracts.cheques")
def receive(group_id: str):
    """Those expected, household by household; a line with a number is received, the others stay expected."""
    contract_id = request.values.get("contrat", "")
    titles = _contracts(group_id)
    form = Form(initial={"issued_on": lookup.today(group_id)})
    rows = _expected(group_id, contract_id if contract_id in titles else "")
    if request.method == "POST" and (lying := _lying(form, rows)) and not form.errors:
        try:
            answer = tell("contracts", "receive_cheques", group_id=group_id, at="help_desk", cheques=lying)
        except (Rejected, Invalid) as refused:
            form.refuse(refused)
        else:
            return _told(form, group_id, contract_id, rows, lying, answer)
    elif request.method == "POST" and not form.errors:
        form.errors["number"] = [_("Donnez au moins un numéro de chèque.")]
    return form.render("cheques/receive.html", group_id=group_id, rows=rows, titles=titles, contract_id=contract_id)


def _expected(group_id: str, contract_id: str) -> list[dict[str, Any]]:
    rows = _found(group_id, contract_id=contract_id, state="expected")["cheques"]
    names, titles = lookup.household_names(rows), _contracts(group_id)
    told = [
        {**row, "home": words.home_of(names, row["household_id"]), "contract": titles.get(row["contract_id"], "")}
        for row in rows
    ]
    return sorted(told, key=lambda row: (row["home"].casefold(), row["contract"], row["cash_on"]))[:AT_ONCE]


def _lying(form: Form, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cheques that are on the table: a bank typed once holds for the lines of a household below it."""
    typed, found = Typed(form), []
    banks: dict[str, str] = {}
    issued_on = typed.day("issued_on", required=True)
    for row in rows:
        at = f"{row['cheque_id']}."
        bank = typed.text(at + "bank", longest=80) or banks.get(row["household_id"], "")
        banks[row["household_id"]] = bank
        number = typed.text(at + "number", longest=40)
        if not number:
            continue
        if not bank:
            typed.wrong(at + "bank", _("Quelle banque ?"))
        found.append(
            {"subscription_id": row["subscription_id"], "cheque_id": row["cheque_id"], "number": number, "bank": bank,
             "issued_on": issued_on, "issuer": typed.text(at + "issuer", longest=120)}
        )  # fmt: skip
    return found


def _told(
    form: Form,
    group_id: str,
    contract_id: str,
    rows: list[dict[str, Any]],
    lying: list[dict[str, Any]],
    answer: dict[str, Any],
):
    if answer["received"]:
        flash(ngettext("%(num)d chèque reçu.", "%(num)d chèques reçus.", answer["received"]), "success")
    if not answer["errors"]:
        return redirect(url_for("cheques.index", group_id=group_id, contrat=contract_id or None))
    for error in answer["errors"]:
        cheque = lying[error["row"]]
        fields = error["messages"] or {"number": [refusal(Rejected(error["code"], **(error.get("facts") or {})))]}
        for name, messages in fields.items():
            form.errors[f"{cheque['cheque_id']}.{name}"] = [say(message) for message in messages]
    refused = {lying[error["row"]]["cheque_id"] for error in answer["errors"]}
    done = {cheque["cheque_id"] for cheque in lying} - refused
    rows = [row for row in rows if row["cheque_id"] not in done]
    return form.render(
        "cheques/receive.html", group_id=group_id, rows=rows, titles=_contracts(group_id), contract_id=contract_id
    )


# -- one cheque --------------------------------------------------------------------------------------------------


def _one(group_id: str, subscription_id: str, cheque_id: str) -> dict[str, Any] | None:
    found = lookup.subscription_of(group_id, subscription_id)
    cheque = next((row for row in found["cheques"] if row["cheque_id"] == cheque_id), None)
    return {**cheque, "subscription": found} if cheque else None


@bp.route(f"{BASE}/<subscription_id>/<cheque_id>", methods=["GET", "POST"])
@access(may="contracts.cheques")
def show(group_id: str, subscription_id: str, cheque_id: str):
    """One cheque and where it is; given back with its reason."""
    cheque = _one(group_id, subscription_id, cheque_id)
    if cheque is None:
        return redirect(url_for("cheques.index", group_id=group_id))
    form = Form()
    if request.method == "POST":
        reason = Typed(form).text("reason", required=True, longest=300)
        if not form.errors and spoken(
            form.tell(
                "contracts", "return_cheque", subscription_id=subscription_id, cheque_id=cheque_id, reason=reason
            ),
            form,
        ):
            flash(_("Chèque rendu. Convenez d’un nouvel échéancier pour ce qui reste dû."), "success")
            return redirect(request.path)
    names = lookup.household_names([cheque["subscription"]])
    home = words.home_of(names, cheque["subscription"]["household_id"])
    return form.render("cheques/show.html", group_id=group_id, cheque=cheque, home=home, words=words)


@bp.post(f"{BASE}/<subscription_id>/echeancier")
@access(may="contracts.cheques")
def agree(group_id: str, subscription_id: str):
    """What is still owed, in so many new cheques."""
    lookup.subscription_of(group_id, subscription_id)
    count = request.form.get("cheque_count", "1")
    number = int(count) if count.isdecimal() and len(count) < 3 else 1
    back = url_for("cheques.receive", group_id=group_id)
    done = _("Nouvel échéancier convenu : les chèques sont attendus.")
    return act("contracts", "agree_schedule", back, done, subscription_id=subscription_id, cheque_count=number)


# -- handing over ------------------------------------------------------------------------------------------------


@bp.route(f"{BASE}/remettre/<contract_id>", methods=["GET", "POST"])
@access(may="contracts.cheques")
def hand_over(group_id: str, contract_id: str):
    """S0:27: the list for a cashing date, printed, signed, and all of it handed over at once."""
    contract = lookup.contract_of(group_id, contract_id)
    form = Form(initial={"on": lookup.today(group_id)})
    cash_until = Typed(form).day("cash_until") if form.sent else request.args.get("jusquau") or None
    wanted = {"cash_until": cash_until} if cash_until else {}
    try:
        found = ask("contracts", "hand_over_list", contract_id=contract_id, **wanted)
    except Invalid:
        found = ask("contracts", "hand_over_list", contract_id=contract_id)
    if request.method == "POST":
        typed = Typed(form)
        chosen = set(typed.several("cheque_ids"))
        subscriptions = set(typed.several("subscription_ids"))
        payload = {
            "cheque_ids": [row["cheque_id"] for row in found["cheques"] if row["cheque_id"] in chosen],
            "subscription_ids": [row["subscription_id"] for row in found["subscriptions"] if row["subscription_id"] in subscriptions],
            "on": typed.day("on", required=True),
        }  # fmt: skip
        if not payload["cheque_ids"] and not payload["subscription_ids"]:
            form.errors["cheque_ids"] = [_("Cochez au moins un chèque ou un contrat.")]
        if not form.errors and spoken(
            form.tell("contracts", "hand_over_bundle", contract_id=contract_id, **payload), form
        ):
            flash(_("Remis au producteur. Il peut en accuser réception par son lien, ou signer la liste."), "success")
            return redirect(url_for("cheques.bundles", group_id=group_id, contract_id=contract_id))
    names = lookup.household_names([*found["cheques"], *found["subscriptions"], *found["missing"]])
    return form.render(
        "cheques/hand_over.html", group_id=group_id, contract=contract, found=found, names=names, cash_until=cash_until or "",
        calendar=contract["terms"]["payment"].get("calendar") or [], words=words,
    )  # fmt: skip


@bp.get(f"{BASE}/remises/<contract_id>")
@access(may="contracts.cheques")
def bundles(group_id: str, contract_id: str):
    contract = lookup.contract_of(group_id, contract_id)
    found = ask("contracts", "bundles", contract_id=contract_id)["bundles"]
    return render_template("cheques/bundles.html", group_id=group_id, contract=contract, bundles=found, words=words)


@bp.post(f"{BASE}/remises/<contract_id>/<bundle_id>/recu")
@access(may="contracts.cheques")
def received(group_id: str, contract_id: str, bundle_id: str):
    """The producer signed the list on paper."""
    back = url_for("cheques.bundles", group_id=group_id, contract_id=contract_id)
    done = _("Réception notée, signée sur papier.")
    return act("contracts", "acknowledge_bundle", back, done, bundle_id=bundle_id, means="paper")


@bp.route("/producteur/remise/<token>", methods=["GET", "POST"])
@access("public")
def receipt(token: str):
    """The producer's receipt by a signed link; opening it changes nothing."""
    from gateway.calls import ask_as_gateway

    found = ask_as_gateway("contracts", "bundle_by_link", token=token)
    form = Form()
    if request.method == "POST" and spoken(form.tell("contracts", "acknowledge_bundle_by_link", token=token), form):
        return render_template("cheques/receipt.html", found=found, form=form, done=True)
    return form.render("cheques/receipt.html", found=found, done=False)
