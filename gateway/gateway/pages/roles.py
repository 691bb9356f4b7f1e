"""Who holds which role in a group, and giving or taking one back."""

from datetime import date
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway import access as rules
from gateway.access import access
from gateway.calls import ask
from gateway.forms import Form
from gateway.pages.members_words import act, iso_day, people_named, role_word, spoken
from gateway.whole_lists import whole_list
from grenier.errors import Invalid

bp = Blueprint("roles", __name__)
# What a contract's coordinator does (S0:3-56), and the page of the group where each thing is done.
COORDINATION: tuple[tuple[Any, tuple[tuple[Any, str], ...]], ...] = (
    (lazy_gettext("Faire le lien entre mangeurs et producteurs"), (
        (lazy_gettext("Relayer aux producteurs les questions des mangeurs"), "questions.index"),
        (lazy_gettext("Relayer les nouvelles du producteur"), "messages.announce"),
        (lazy_gettext("Annoncer les distributions"), "agenda.reminders"),
    )),
    (lazy_gettext("Organiser la souscription"), (
        (lazy_gettext("Rédiger le contrat et ses dates, le faire valider par le producteur"), "contracts.new"),
        (lazy_gettext("Prévoir les permanences et les annoncer"), "volunteers.plan"),
        (lazy_gettext("Recevoir les chèques, transmettre contrats et chèques aux producteurs"), "cheques.index"),
        (lazy_gettext("Enregistrer les mangeurs et leurs contrats"), "contracts.index"),
        (lazy_gettext("Tenir à jour les familles adhérentes"), "member_households.index"),
    )),
    (lazy_gettext("Organiser les commandes et suivre les décomptes"), (
        (lazy_gettext("Produits indisponibles, appels, colis, soldes, régularisation : dans chaque contrat"), "contracts.index"),
    )),
    (lazy_gettext("Contribuer aux événements et aux réunions"), (
        (lazy_gettext("Tenir une permanence de cotisations en janvier ou février"), "dues_campaigns.index"),
        (lazy_gettext("Aider à la distribution festive et aux événements"), "volunteers.index"),
        (lazy_gettext("Venir aux réunions du collectif et à l’assemblée générale"), "agenda.show"),
    )),
)  # fmt: skip


@bp.route("/groupes/<group_id>/roles", methods=["GET", "POST"])
@access("member")
def index(group_id: str):
    group, form = ask("contracts", "group", group_id=group_id), Form()
    gives = "contracts.assign-roles" in group["may"]
    if request.method == "POST" and assign(form, "group", group_id):
        flash(_("Rôle donné. La personne le voit sur sa page d’accueil."), "success")
        return redirect(url_for("roles.index", group_id=group_id))
    found = ask("contracts", "roles", group_id=group_id)
    return spoken(form).render(
        "members/roles.html",
        group=group,
        roles=shown(found["roles"]),
        gives=gives,
        candidates=_candidates(group_id) if gives else [],
        assignable=[(role, role_word(role)) for role in sorted(found["assignable"], key=role_word)],
    )


@bp.get("/groupes/<group_id>/roles/coordination")
@access("member")
def coordination(group_id: str):
    """The job description of who coordinates a contract (S0:5-7)."""
    group = ask("contracts", "group", group_id=group_id)
    held = shown(ask("contracts", "roles", group_id=group_id)["roles"])
    holders = [each for each in held if each["role"] == "coordinator"]
    return render_template(
        "members/coordination.html", group=group, parts=COORDINATION, holders=holders, open_to_me=_open(group_id)
    )


def _open(group_id: str) -> set[str]:
    """The pages of these duties that whoever reads may open."""
    declared = current_app.extensions["grenier"].rules
    pages = {page for _title, duties in COORDINATION for _words, page in duties}
    return {page for page in pages if rules.allows(declared[page], {"group_id": group_id})}


@bp.post("/groupes/<group_id>/roles/<person_id>/<assignment_id>/retirer")
@access(may="contracts.assign-roles")
def revoke(group_id: str, person_id: str, assignment_id: str):
    back, done = url_for("roles.index", group_id=group_id), _("Le rôle est retiré.")
    return act("contracts", "revoke_role", back, done, person_id=person_id, assignment_id=assignment_id)


def assign(form: Form, scope_kind: str, scope_id: str) -> dict[str, Any] | None:
    """Give the role that a form asks for; refusals stay on the form."""
    try:
        dates = {
            name: day for name in ("valid_from", "valid_until") if (day := iso_day(form.typed.get(name, ""), name))
        }
    except Invalid as invalid:
        form.refuse(invalid)
        return None
    if not form.typed.get("person_id"):
        form.errors = {"person_id": [_("Choisissez une personne.")]}
        return None
    return form.tell(
        "contracts", "assign_role", person_id=form.typed["person_id"], role=form.typed.get("role", ""),
        scope_kind=scope_kind, scope_id=scope_id, **dates,
    )  # fmt: skip


def shown(mandates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mandates with words, dates and the name of who gave them."""
    names = people_named(mandate["assigned_by"] for mandate in mandates)
    return [
        {
            **mandate,
            "word": role_word(mandate["role"]),
            "from": date.fromisoformat(mandate["valid_from"]),
            "until": date.fromisoformat(mandate["valid_until"]) if mandate["valid_until"] else None,
            "by": names.get(mandate["assigned_by"], ""),
        }
        for mandate in mandates
    ]


def _candidates(group_id: str) -> list[tuple[str, str]]:
    found = whole_list("contracts", "members", group_id=group_id, state="active")
    persons = {person["person_id"]: person["name"] for row in found["households"] for person in row["persons"]}
    return sorted(persons.items(), key=lambda item: item[1].casefold())
