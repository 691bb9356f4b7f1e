"""The settings of a group, and whose duty is what: the group's own, or done by the central team."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from marshmallow import Schema

from gateway.access import access
from gateway.calls import ask
from gateway.forms import Form
from gateway.pages.members_words import DUTIES, KINDS, act, cents, people_named, spoken, text
from grenier.errors import Invalid

bp = Blueprint("settings", __name__)


class SettingsForm(Schema):
    name = text(required=True)
    place = text(load_default="")
    time_zone = text(required=True, longest=60)
    phone_region = text(required=True, longest=2)


@bp.route("/groupes/<group_id>/reglages", methods=["GET", "POST"])
@access("member")
def show(group_id: str):
    group = ask("contracts", "group", group_id=group_id)
    initial = {**group, "floor": _euros(group["credit_floor_cents"])}
    form = Form(SettingsForm(), initial=initial)
    if request.method == "POST" and _save(form, group_id):
        flash(_("Réglages enregistrés."), "success")
        return redirect(url_for("settings.show", group_id=group_id))
    names = people_named(duty.get("moved_by", "") for duty in group["duties"])
    duties = [
        {
            **duty,
            "title": DUTIES[duty["duty"]][0],
            "text": DUTIES[duty["duty"]][1],
            "by": names.get(duty["moved_by"], ""),
        }
        for duty in group["duties"]
        if duty["duty"] in DUTIES
    ]
    return spoken(form).render(
        "federation/settings.html", group=group, duties=duties, kind=KINDS.get(group["kind"], ""),
        changes="contracts.settings" in group["may"],
    )  # fmt: skip


def _euros(floor_cents: int | None) -> str:
    """As typed into the field, "" where the group has no limit."""
    return "" if floor_cents is None else f"{-floor_cents // 100},{-floor_cents % 100:02d}"


def _save(form: Form, group_id: str) -> bool:
    try:
        floor = cents(form.typed.get("floor", ""))
    except Invalid as invalid:
        form.errors = {"floor": invalid.facts["fields"]["dues"]}
        return False
    inclusive = bool(form.typed.get("inclusive_language"))
    limit = {"credit_unlimited": True} if floor is None else {"credit_floor_cents": -floor}
    return bool(
        form.tell("contracts", "change_group_settings", group_id=group_id, inclusive_language=inclusive, **limit)
    )


@bp.post("/groupes/<group_id>/reglages/taches/<duty>")
@access(may="contracts.settings")
def move_duty(group_id: str, duty: str):
    to = request.form.get("to", "")
    done = (
        _("C’est maintenant la tâche de l’équipe centrale.")
        if to == "centre"
        else _("C’est maintenant la tâche du groupe.")
    )
    back = url_for("settings.show", group_id=group_id, _anchor="taches")
    return act("contracts", "move_duty", back, done, group_id=group_id, duty=duty, to=to)
