"""The exchange for its referent: who takes, the figures, the settings (S4:1-5, S4:15-20)."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import Schema, fields, validate

from gateway.access import access
from gateway.calls import ask, ask_as_gateway, tell
from gateway.formats import phone
from gateway.forms import Form
from gateway.pages.exchange import space_of
from gateway.pages.exchange_words import BY, STANDINGS, told
from gateway.pages.members_words import iso_day, spoken, text
from gateway.tables import Column, Table
from grenier.errors import Invalid, Rejected

bp = Blueprint("exchange_desk", __name__)
FLAGS = ("enabled", "federated", "members_only", "tell_members")


class SettingsForm(Schema):
    cutoff_hours = fields.Integer(required=True, validate=validate.Range(min=1, max=336))
    purge_months = fields.Integer(required=True, validate=validate.Range(min=6, max=120))
    mailbox = text(longest=254, load_default="")
    referent_id = text(load_default="")
    note = text(longest=2000, load_default="")


@bp.get("/groupes/<group_id>/intermittents/inscrits")
@access("person")
def takers(group_id: str):
    space, days = space_of(group_id), _period()
    found = ask("contracts", "exchange_takers", group_id=group_id, **days)
    rows = [
        {
            **row,
            "state": (STANDINGS[row["standing"]][0], str(STANDINGS[row["standing"]][1])),
            "by": str(BY[row["by"]]),
            "phone": phone(row["phone"]) if row["phone"] else "",
        }
        for row in found["takers"]
    ]
    columns = [
        Column("name", _("Nom")),
        Column("state", _("Inscription"), "state"),
        Column("by", _("Comment")),
        Column("email", _("Courriel")),
        Column("phone", _("Téléphone")),
        Column("baskets", _("Paniers pris"), "number"),
        Column("enrolled_at", _("Depuis"), "instant"),
    ]
    table = Table("intermittents", _("Intermittents"), columns, rows)
    return table.export() or render_template(
        "exchange/takers.html", space=space, group_id=group_id, table=table, found=found,
        active=[row for row in found["takers"] if row["standing"] != "left"],
    )  # fmt: skip


def _period() -> dict[str, str]:
    try:
        days = {
            name: iso_day(request.args.get(asked, ""), asked) for name, asked in (("from_on", "du"), ("until_on", "au"))
        }
    except Invalid:
        abort(400)
    return {name: day for name, day in days.items() if day}


@bp.post("/groupes/<group_id>/intermittents/inscrits/<person_id>/retirer")
@access("person")
def remove(group_id: str, person_id: str):
    told(
        "leave_exchange",
        _("Cette personne est retirée de la liste et prévenue."),
        group_id=group_id,
        person_id=person_id,
    )
    return redirect(url_for("exchange_desk.takers", group_id=group_id))


@bp.route("/groupes/<group_id>/intermittents/reglages", methods=["GET", "POST"])
@access("person")
def settings(group_id: str):
    space = space_of(group_id)
    if not space["may_manage"]:
        abort(404 if not space["member"] else 403)
    form = Form(SettingsForm(), initial=space["settings"])
    if request.method == "POST" and _change(form, group_id):
        flash(_("Réglages enregistrés. Ils valent pour les prochaines offres."), "success")
        return redirect(url_for("exchange.index", group_id=group_id))
    return spoken(form).render("exchange/settings.html", space=space, group_id=group_id, referents=_referents(group_id))


def _change(form: Form, group_id: str) -> bool:
    values = form.load()
    if values is None:
        return False
    flags = {name: request.form.get(name) == "1" for name in FLAGS}
    try:
        tell("contracts", "change_exchange_settings", group_id=group_id, **values, **flags)
    except (Rejected, Invalid) as refused:
        form.refuse(refused)
        return False
    return True


def _referents(group_id: str) -> list[tuple[str, str]]:
    """Those who hold an office in the group may be its referent."""
    held = ask("contracts", "roles", group_id=group_id)["roles"]
    people = {row["person_id"]: row["name"] for row in held if row["name"]}
    return [("", _("Personne en particulier")), *sorted(people.items(), key=lambda one: one[1])]


@bp.get("/rejoindre/<group_id>/intermittents")
@access("public")
def become(group_id: str):
    """S4:15-20: for who is no member: the mailbox to write to."""
    return render_template(
        "exchange/become.html", space=ask_as_gateway("contracts", "public_exchange", group_id=group_id)
    )
