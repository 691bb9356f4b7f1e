"""Everything on paper: the documents of a contract at one place, the group's own clauses, subscriptions from a spreadsheet."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from gateway import access as rules
from gateway import subscription_import, subscription_writing
from gateway.access import access
from gateway.calls import ask
from gateway.documents import clauses
from gateway.forms import Form
from gateway.pages.members_import import brought
from gateway.printing import today
from gateway.problems import CATALOGUE, register
from gateway.table_files import XLSX, response
from grenier.errors import GrenierError, NotFound

bp = Blueprint("papers", __name__)
CONTRACT = "/groupes/<group_id>/contrats/<contract_id>"
WORDS = {
    "contract": (lazy_gettext("Contrat"), lazy_gettext("Engagements des trois parties, mentions.")),
    "membership": (lazy_gettext("Bulletin d’adhésion"), lazy_gettext("Engagement et données personnelles.")),
    "sign_off": (lazy_gettext("Feuille d’émargement"), lazy_gettext("Message général et consignes du lieu.")),
    "order_form": (lazy_gettext("Bon de commande"), lazy_gettext("Contenants et paiement.")),
    "settlement": (lazy_gettext("Lettre de régularisation"), lazy_gettext("Formule de fin.")),
}
MANAGE = "contracts.manage-contracts"
MOST_TOLD = 8

if "too-many-clauses" not in CATALOGUE:
    register("too-many-clauses", lazy_gettext("Trop de clauses"), lazy_gettext("Un document a vingt clauses au plus."))


def contract_in(group_id: str, contract_id: str) -> dict[str, Any]:
    """The contract as the service tells it; NotFound where it is another group's."""
    found = ask("contracts", "contract", contract_id=contract_id)
    if found["group_id"] != group_id:
        raise NotFound
    return found


# -- documents of a contract -------------------------------------------------------------------------------------


@bp.get(CONTRACT + "/documents")
@access("member")
def contract(group_id: str, contract_id: str):
    """All that can be printed or taken away of a contract; what one may not have is not shown."""
    found = contract_in(group_id, contract_id)
    manages = _manages(group_id, contract_id)
    held = [each for each in found["terms"].get("deliveries", []) if not each.get("cancelled")]
    held.sort(key=lambda each: each["on"])
    return render_template(
        "papers/contract.html", contract=found, group_id=group_id, manages=manages, deliveries=held,
        following=next((each for each in held if each["on"] >= today().isoformat()), held[-1] if held else None),
        as_date=date.fromisoformat, rounds=found["terms"].get("rounds", []),
    )  # fmt: skip


def _manages(group_id: str, contract_id: str) -> bool:
    return any(
        rules.allows(rules.rule(may=MANAGE, scope=scope), {"group_id": group_id, "contract_id": contract_id})
        for scope in ("group", "contract")
    )


# -- subscriptions from a spreadsheet ----------------------------------------------------------------------------


@bp.route(CONTRACT + "/inscriptions/importer", methods=["GET", "POST"])
@access(may=MANAGE)
def import_subscriptions(group_id: str, contract_id: str):
    """A dry run that shows each row with its amount or its faults, then the real thing with the same rows."""
    contract, form = contract_in(group_id, contract_id), Form()
    rows: list[dict[str, Any]] = []
    content, unread = "", []
    if request.method == "POST":
        try:
            reader, wanted = subscription_import.read_subscriptions(brought(), contract)
            if request.form.get("step") == "write":
                return _written(group_id, contract, wanted)
            subscription_writing.check(contract_id, wanted)
            rows, content, unread = [each.shown(reader.sheet) for each in wanted], reader.sheet.as_csv(), reader.unread
        except GrenierError as error:
            form.refuse(error)
    correct = [row for row in rows if not row["errors"]]
    total = sum(row["amount_cents"] or 0 for row in correct)
    return form.render(
        "papers/import.html",
        contract=contract,
        group_id=group_id,
        rows=rows,
        correct=len(correct),
        total=total,
        content=content,
        unread=unread,
        most=subscription_import.MOST_HOUSEHOLDS,
    )


def _written(group_id: str, contract: dict[str, Any], wanted: list[subscription_import.Wanted]):
    done = subscription_writing.carry_out(contract, wanted)
    flash(ngettext("%(num)d inscription enregistrée.", "%(num)d inscriptions enregistrées.", done), "success")
    if left := [each for each in wanted if each.errors]:
        flash(ngettext("%(num)d ligne à revoir.", "%(num)d lignes à revoir.", len(left)), "attention")
    for each in left[:MOST_TOLD]:
        why = " ".join(message for _column, message in each.errors)
        flash(_("Ligne %(row)s, %(who)s : %(why)s", row=each.row, who=each.who, why=why), "attention")
    return redirect(url_for(".contract", group_id=group_id, contract_id=contract["contract_id"]))


@bp.get(CONTRACT + "/inscriptions/importer/modele.xlsx")
@access(may=MANAGE)
def import_template(group_id: str, contract_id: str):
    content = subscription_writing.template(contract_in(group_id, contract_id))
    return response(content, XLSX, "modele-inscriptions.xlsx")


# -- the group's own words ---------------------------------------------------------------------------------------


@bp.get("/groupes/<group_id>/textes")
@access(may="contracts.settings")
def words(group_id: str):
    """The documents whose clauses a group may write itself."""
    own = ask("contracts", "clauses", group_id=group_id)["clauses"]
    documents = [(name, *WORDS[name], len(own.get(name, {}))) for name in clauses.HOUSE]
    return render_template("papers/words.html", documents=documents, group_id=group_id)


@bp.route("/groupes/<group_id>/textes/<document>", methods=["GET", "POST"])
@access(may="contracts.settings")
def edit(group_id: str, document: str):
    """A field per clause; an empty one is the house's text, which stands below it."""
    parts = clauses.HOUSE.get(document)
    if parts is None:
        raise NotFound
    form = Form(initial=ask("contracts", "clauses", group_id=group_id)["clauses"].get(document, {}))
    if request.method == "POST":
        told = {name: str(form.value(name)).replace("\r\n", "\n").strip() for name in parts}
        for name, text in told.items():
            if len(text) > clauses.LONGEST:
                form.errors[name] = [_("Au plus %(max)s caractères.", max=clauses.LONGEST)]
        if not form.errors and form.tell(
            "contracts", "set_clauses", group_id=group_id, document=document, clauses=told
        ):
            flash(_("Textes enregistrés : les prochains documents les portent."), "success")
            return redirect(url_for(".words", group_id=group_id))
    return form.render("papers/edit.html", parts=parts, document=document, title=WORDS[document][0], group_id=group_id)
