"""A list of households brought along as XLSX or CSV: read over first, each fault at its row and column, then enrolled."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway import member_import
from gateway.access import access
from gateway.calls import ask
from gateway.forms import Form
from gateway.member_enrolment import enrol, look_over
from gateway.pages.members import bp
from gateway.pages.members_words import spoken
from gateway.spreadsheets import MOST_BYTES, Sheet, workbook
from gateway.table_files import XLSX, response
from grenier.errors import GrenierError

SHOWN: dict[str, Any] = {"columns": member_import.SHOWN, "most": member_import.MOST_HOUSEHOLDS}


@bp.get("/groupes/<group_id>/membres/importer")
@access(may="contracts.manage-members")
def import_form(group_id: str):
    group = ask("contracts", "group", group_id=group_id)
    return render_template("members/import.html", group=group, form=Form(), told=None, lines=[], **SHOWN)


@bp.get("/groupes/<group_id>/membres/importer/modele.xlsx")
@access(may="contracts.manage-members")
def import_template(group_id: str):
    """A workbook to fill in, with the categories of the group on its second sheet."""
    group = ask("contracts", "group", group_id=group_id)
    return response(member_template(group), XLSX, "modele-foyers.xlsx")


def member_template(group: dict[str, Any]) -> bytes:
    names = member_import.COLUMNS
    heads = tuple(names[key][0] for key in member_import.SHOWN)
    tiers = ", ".join(tier["name"] for tier in group["tiers"])
    example = ("Zoé", "Martin", "zoe@exemple.fr", "06 12 34 56 78", "3 rue des Mûriers, 42000 Saint-Étienne", "", "", "",
               group["tiers"][0]["name"] if group["tiers"] else "", "01/01/2027", "31/12/2027", "12,50", "40")  # fmt: skip
    notes = [
        (_("Une ligne"), _("Un foyer, de une ou deux personnes. Remplacez l’exemple de la deuxième ligne.")),
        (heads[8], _("Une des catégories : %(tiers)s.", tiers=tiers)),
        (heads[9], _("Jour, mois, année ; vide : aujourd’hui.")),
        (heads[11], _("Cotisation versée, en euros.")),
        (heads[12], _("Votre numéro d’adhérent s’il existe déjà ; vide : le suivant.")),
    ]
    return workbook(heads, example, notes)


@bp.post("/groupes/<group_id>/membres/importer")
@access(may="contracts.manage-members")
def import_list(group_id: str):
    """Two steps with the same rows: a dry run that shows what each would do, then the real thing."""
    group, form = ask("contracts", "group", group_id=group_id), Form()
    try:
        sheet, rows = member_import.read_members(brought(), group)
        if request.form.get("step") == "enrol":
            return _carry_out(group_id, sheet, rows)
        look_over(group_id, sheet, rows)
    except GrenierError as error:
        form.refuse(error)
        return spoken(form).render("members/import.html", group=group, told=None, lines=[], **SHOWN)
    lines = [each.told() for each in rows]
    wrong = sum(1 for each in rows if each.faults)
    told = {"correct": len(rows) - wrong, "wrong": wrong, "unread": list(sheet.extra)}
    return form.render("members/import.html", group=group, told=told, lines=lines, content=sheet.as_csv(), **SHOWN)


def brought() -> bytes:
    """The file that was chosen, or the text of the form's second step."""
    upload = request.files.get("file")
    content = upload.read(MOST_BYTES + 1) if upload and upload.filename else b""
    return content or request.form.get("content", "").encode()


def _carry_out(group_id: str, sheet: Sheet, rows: list[member_import.Brought]):
    enrolled = enrol(group_id, sheet, rows)
    flash(ngettext("%(num)d foyer enregistré.", "%(num)d foyers enregistrés.", enrolled), "success")
    if refused := len([each for each in rows if each.faults]):
        flash(ngettext("%(num)d ligne laissée de côté.", "%(num)d lignes laissées de côté.", refused), "attention")
    return redirect(url_for("members.index", group_id=group_id))
