"""The contract's editor, one section a page; each section that is saved is a version of the draft."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access
from gateway.calls import ask
from gateway.forms import Form
from gateway.season import calendars, lookup, sections, words
from gateway.season.patterns import pattern_of, warning_word
from gateway.season.refusals import spoken
from gateway.season.typed import Typed
from grenier.errors import Invalid

bp = Blueprint("contract_editor", __name__)
EDITABLE = ("drafted", "submitted", "changes_requested", "approved")
MORE_ROWS = 5


@bp.route("/groupes/<group_id>/contrats/<contract_id>/modifier/<any(general, limites, calendrier, paniers, commandes, inscriptions, paiements):section>", methods=["GET", "POST"])  # fmt: skip
@access(may="contracts.manage-contracts")
def edit(group_id: str, contract_id: str, section: str):
    contract, zone = lookup.contract_of(group_id, contract_id), lookup.zone_of(group_id)
    if contract["status"] not in EDITABLE:
        abort(404)
    part = sections.SECTIONS[section]
    form = Form(initial=_initial(part.show(contract["terms"], zone)))
    warnings: list[str] = []
    if request.method == "POST":
        act = request.form.get("act", "save")
        if act == "save" and _save(form, contract, part, zone):
            return _next(group_id, contract, section)
        if act == "propose":
            warnings = _propose(form, group_id)
        if act == "more":
            form.typed["rows"] = str(Typed(form).whole("rows", most=calendars.MOST_ROWS) + MORE_ROWS)
    return form.render(
        "contracts/section.html",
        contract=contract,
        group_id=group_id,
        part=part,
        parts=sections.sections_of(contract["terms"]),
        deliveries=sections.rounds.kept(contract["terms"]),
        others=_others(group_id, contract_id) if section == "limites" else [],
        warnings=warnings or _warned(contract, section),
        labels=labels(form),
        words=words,
    )


def _initial(fields: dict[str, Any]) -> Any:
    """Lists become several values of one name, as a browser sends them."""
    from werkzeug.datastructures import MultiDict

    found: MultiDict[str, Any] = MultiDict()
    for name, value in fields.items():
        found.setlist(name, value) if isinstance(value, list) else found.add(name, value)
    return found


def _save(form: Form, contract: dict[str, Any], part: sections.Section, zone: str) -> bool:
    typed = Typed(form)
    terms, seen = part.read(typed, contract["terms"], zone), typed.whole("version") or contract["version"]
    if form.errors:
        return False
    if terms == contract["terms"]:
        return True
    answer = form.tell(
        "contracts", "revise_contract", contract_id=contract["contract_id"], terms=terms, from_version=seen
    )
    return bool(spoken(answer, form))


def _next(group_id: str, contract: dict[str, Any], section: str):
    """To the section after this one; after the last one to the contract."""
    names = [part.name for part in sections.sections_of(contract["terms"])]
    kind = request.form.get("basket_kind", contract["terms"].get("basket_kind"))
    if kind == "ordered" and "commandes" not in names:
        names.insert(names.index("paniers") + 1, "commandes")
    at = names.index(section)
    flash(_("Enregistré. Rien n’est public avant l’ouverture."), "success")
    address = {"group_id": group_id, "contract_id": contract["contract_id"]}
    if at + 1 < len(names):
        return redirect(url_for("contract_editor.edit", section=names[at + 1], **address))
    return redirect(url_for("contracts.show", **address))


def _propose(form: Form, group_id: str) -> list[str]:
    """Fill the list with the dates of the pattern; nothing is saved yet. Answers what looks strange about them."""
    typed = Typed(form)
    pattern = pattern_of(typed)
    if form.errors:
        return []
    try:
        found = ask("contracts", "proposed_dates", patterns=[pattern], group_id=group_id)
    except Invalid as wrong:
        form.refuse(wrong)
        return []
    kept = [delivery for _place, delivery in calendars.rows(typed)] if typed.chosen("pattern.add") else []
    known = {delivery["on"] for delivery in kept}
    proposed = [_row(date, pattern) for date in found["dates"]]
    rows = sorted([*kept, *(row for row in proposed if row["on"] not in known)], key=lambda row: str(row["on"]))
    for name in [name for name in form.typed if name.startswith("deliveries.")]:
        form.typed.poplist(name)
    for name, value in calendars.listed(rows).items():
        form.typed[name] = value
    flash(
        ngettext(
            "%(num)d date proposée : ajustez la liste, puis enregistrez.",
            "%(num)d dates proposées : ajustez la liste, puis enregistrez.",
            len(proposed),
        ),
        "message",
    )
    return [warning_word(warning) for warning in found.get("warnings", [])]


def _row(date: Any, pattern: dict[str, Any]) -> dict[str, Any]:
    told = date if isinstance(date, dict) else {"on": date}
    return {
        "delivery_id": "",
        "on": told["on"],
        "starts": told.get("starts") or pattern["starts"],
        "ends": told.get("ends") or pattern["ends"],
        "place": told.get("place") or pattern["place"],
        "factor_percent": told.get("factor_percent", 100),
        "series": told.get("series") or pattern.get("series", ""),
    }


def _warned(contract: dict[str, Any], section: str) -> list[str]:
    """What looks strange in the terms that are saved, where it can be changed."""
    about = {"calendrier": "deliveries", "paniers": "options", "paiements": "payment", "commandes": "rounds"}.get(
        section
    )
    found = contract.get("warnings") or []
    return [warning_word(warning) for warning in found if about and str(warning.get("field", "")).startswith(about)]


def _others(group_id: str, contract_id: str) -> list[tuple[str, str]]:
    """Other contracts of the group, for « only those who hold … »."""
    found = ask("contracts", "group_contracts", group_id=group_id)["contracts"]
    return [(row["contract_id"], row["title"]) for row in found if row["contract_id"] != contract_id]


def labels(form: Form) -> dict[str, str]:
    """Labels of fields for the summary of errors; rows are named by their number."""
    fixed = {
        "title": _("Produit"), "starts_on": _("Début"), "ends_on": _("Fin"), "farm_visits": _("Visites de la ferme"),
        "max_households": _("Foyers au plus"), "max_shares": _("Parts au plus"), "minimum": _("Montant minimum"),
        "absences_max": _("Absences au plus"), "absences_until": _("Absences jusqu’au"), "co_members_max": _("Co-adhérents au plus"),
        "opens_on": _("Ouverture des inscriptions"), "closes_on": _("Clôture des inscriptions"), "closes_hours_before": _("Heures avant la livraison"),
        "means": _("Moyens de paiement"), "calendar": _("Dates d’encaissement"), "splits": _("Répartitions"), "counts": _("Nombres de chèques"),
        "minimum_cheque": _("Chèque minimum"), "prepayment": _("Provision demandée"), "basket_kind": _("Type de panier"),
        "pattern.first": _("Première date"), "pattern.until": _("Dernière date"), "pattern.every": _("Rythme"), "payee": _("À l’ordre de"),
    }  # fmt: skip
    found = dict(fixed)
    for name in form.errors:
        parts = name.split(".")
        if len(parts) == 3 and parts[1].isdecimal():
            row = {
                "title": _("nom"), "price": _("prix"), "unit": _("unité"), "portion_g": _("portion"), "quantities": _("quantités possibles"),
                "limit": _("limite"), "on": _("date"), "starts": _("début"), "ends": _("fin"), "factor": _("coefficient"),
                "net_weight_g": _("poids net"), "share": _("part"), "price_cents": _("prix"), "factor_percent": _("coefficient"),
            }  # fmt: skip
            found[name] = _("Ligne %(num)s, %(field)s", num=int(parts[1]) + 1, field=row.get(parts[2], parts[2]))
        elif len(parts) == 3:
            found[name] = _("Ouverture") if parts[2] == "opens_at" else _("Clôture")
    return found
