"""What becomes of an activity: announced, answered, changed, cancelled, attended, minuted (S0:26, S0:51-56)."""

from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import get_timezone, lazy_gettext
from flask_babel import gettext as _
from marshmallow import Schema, fields, validate

from gateway.access import access
from gateway.calls import ask
from gateway.formats import as_instant
from gateway.forms import Form
from gateway.pages.members_words import act, people_named, spoken, text
from gateway.pages.volunteers import bp
from gateway.problems import register
from gateway.whole_lists import whole_list
from grenier.clock import iso
from grenier.errors import Invalid

ONE = "/groupes/<group_id>/benevoles/<activity_id>"

for _code, _title, _detail in (
    ("activity-cancelled", lazy_gettext("Activité annulée"), lazy_gettext("Cette activité n’aura pas lieu.")),
    (
        "activity-not-begun",
        lazy_gettext("Pas encore commencé"),
        lazy_gettext("Le compte rendu s’écrit une fois la réunion commencée."),
    ),
    ("activity-exists", lazy_gettext("Déjà prévue"), lazy_gettext("Cette activité est déjà dans l’agenda du groupe.")),
    ("activity-missing", lazy_gettext("Activité inconnue"), lazy_gettext("Elle n’est pas dans l’agenda de ce groupe.")),
    (
        "slot-missing",
        lazy_gettext("Créneau inconnu"),
        lazy_gettext("Cette activité n’a pas ce créneau : rechargez la page."),
    ),
):
    register(_code, _title, _detail)


class ChangeForm(Schema):
    title = text(required=True)
    place = text()
    agenda = text(longest=20_000)
    reason = text()


class MinutesForm(Schema):
    text = fields.String(required=True, validate=validate.Length(min=1, max=50_000))


def _one(group_id: str, activity_id: str) -> dict[str, Any]:
    found = ask("matching", "activity", activity_id=activity_id)
    if found["group_id"] != group_id:
        abort(404)
    return found


def _back(group_id: str, activity_id: str) -> str:
    return url_for("volunteers.show", group_id=group_id, activity_id=activity_id)


@bp.route(ONE + "/annonce", methods=["GET", "POST"])
@access(may="matching.manage")
def announce(group_id: str, activity_id: str):
    """Who will be written to, then the button."""
    activity = _one(group_id, activity_id)
    if request.method == "POST":
        done = _("L’annonce est partie.")
        return act("matching", "announce_activity", _back(group_id, activity_id), done, activity_id=activity_id)
    audience = "collective" if activity["invited"] == "collective" else "all"
    reached = ask("notify", "announce_preview", group_id=group_id, audience=audience)
    return render_template("activities/announce.html", activity=activity, reached=reached, group_id=group_id)


@bp.post(ONE + "/reponse")
@access("member")
def answer(group_id: str, activity_id: str):
    _one(group_id, activity_id)
    coming = request.form.get("coming", "")
    if coming not in ("yes", "no", "maybe"):
        abort(400)
    done = _("C’est noté. Merci d’avoir prévenu.") if coming == "no" else _("C’est noté, à bientôt !")
    return act(
        "matching", "answer_invitation", _back(group_id, activity_id), done, activity_id=activity_id, coming=coming
    )


@bp.route(ONE + "/modifier", methods=["GET", "POST"])
@access(may="matching.manage")
def change(group_id: str, activity_id: str):
    activity = _one(group_id, activity_id)
    form = Form(ChangeForm(), initial=_typed(activity))
    if request.method == "POST":
        try:
            done = form.tell("matching", "change_activity", activity_id=activity_id, **_changed(form))
        except Invalid as invalid:
            form.refuse(invalid)
            done = None
        if done:
            flash(_("Modifié. Les personnes concernées sont prévenues."), "success")
            return redirect(_back(group_id, activity_id))
    return spoken(form).render("activities/change.html", activity=activity, group_id=group_id)


def _typed(activity: dict[str, Any]) -> dict[str, str]:
    begins, ends = (as_instant(activity[name]).astimezone(get_timezone()) for name in ("starts_at", "ends_at"))
    return {
        "title": activity["title"], "place": activity["place"], "agenda": activity["agenda"],
        "material": "\n".join(activity["material"]), "begins_at": begins.strftime("%Y-%m-%dT%H:%M"),
        "closes_at": ends.strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip


def _changed(form: Form) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for typed, name in (("begins_at", "starts_at"), ("closes_at", "ends_at")):
        try:
            local = datetime.fromisoformat(form.typed.get(typed, "")).replace(tzinfo=None)
        except ValueError as error:
            raise Invalid(fields={typed: [_("Un jour et une heure.")]}) from error
        found[name] = iso(as_instant(get_timezone().localize(local)))
    # What was emptied is empty from now on.
    for name in ("place", "agenda"):
        found[name] = form.typed.get(name, "").strip()
    material = [line.strip() for line in form.typed.get("material", "").splitlines() if line.strip()]
    return found | {"material": material[:50]}


@bp.route(ONE + "/annuler", methods=["GET", "POST"])
@access(may="matching.manage")
def cancel(group_id: str, activity_id: str):
    activity = _one(group_id, activity_id)
    if request.method == "POST":
        done = _("L’activité est annulée ; les personnes concernées sont prévenues.")
        reason = request.form.get("reason", "").strip()[:200]
        return act(
            "matching", "cancel_activity", _back(group_id, activity_id), done, activity_id=activity_id, reason=reason
        )
    touched = {row["person_id"] for slot in activity["slots"] for row in slot["volunteers"]}
    touched |= {guest["person_id"] for guest in activity["guests"] if guest["coming"] in ("yes", "maybe")}
    return render_template("activities/cancel.html", activity=activity, touched=len(touched), group_id=group_id)


@bp.route(ONE + "/presences", methods=["GET", "POST"])
@access(may="matching.manage")
def presence(group_id: str, activity_id: str):
    """Who was there, with a task or without; one tap each."""
    activity = _one(group_id, activity_id)
    if request.method == "POST":
        present = request.form.get("present") == "1"
        back = url_for("volunteers.presence", group_id=group_id, activity_id=activity_id)
        done = _("Présence notée.") if present else _("Absence notée.")
        who = request.form.get("person_id", "")
        return act("matching", "record_attendance", back, done, activity_id=activity_id, person_id=who, present=present)
    return render_template(
        "activities/presence.html", activity=activity, rows=_people(group_id, activity), group_id=group_id
    )


def _people(group_id: str, activity: dict[str, Any]) -> list[dict[str, Any]]:
    """Everybody of the group, those who said that they come first; `present` None: not noted."""
    said = {guest["person_id"]: guest for guest in activity["guests"]}
    members = whole_list("contracts", "members", group_id=group_id)["households"]
    people = {person["person_id"]: person["name"] for home in members for person in home["persons"]}
    # Who answered without a household here: somebody with a role.
    people |= {who: name for who, name in people_named(set(said) - set(people)).items() if name}
    nobody = {"coming": "", "present": None}
    rows = [
        {"person_id": who, "name": name, **{key: said.get(who, nobody)[key] for key in nobody}}
        for who, name in people.items()
    ]
    order = {"yes": 0, "maybe": 1, "": 2, "no": 3}
    return sorted(rows, key=lambda row: (order[row["coming"]], row["name"]))


@bp.route(ONE + "/compte-rendu", methods=["GET", "POST"])
@access(may="matching.manage")
def minutes(group_id: str, activity_id: str):
    activity = _one(group_id, activity_id)
    form = Form(MinutesForm(), initial={"text": activity["minutes"] or activity["agenda"]})
    if request.method == "POST" and form.tell("matching", "publish_minutes", activity_id=activity_id):
        again = _("Le compte rendu est corrigé.")
        flash(again if activity["minutes_version"] else _("Le compte rendu est publié et envoyé."), "success")
        return redirect(_back(group_id, activity_id))
    return spoken(form).render("activities/minutes.html", activity=activity, group_id=group_id)
