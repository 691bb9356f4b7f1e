"""Volunteers: what needs hands, who comes, one button to sign up; planning, calling, attendance for those who organise."""

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import get_timezone, lazy_gettext, ngettext
from flask_babel import gettext as _
from marshmallow import Schema

from gateway.access import access, rule
from gateway.calls import ask
from gateway.formats import as_instant, slot
from gateway.forms import Form
from gateway.identity import person_id, places
from gateway.menus import nav_item
from gateway.pages.members_words import act, chosen, people_named, spoken, text
from gateway.tables import Column, Table
from gateway.tasks import Task, task_source
from grenier.clock import iso
from grenier.errors import Invalid
from grenier.language.roles import PERMISSIONS

bp = Blueprint("volunteers", __name__)
nav_item(lazy_gettext("Bénévoles"), "volunteers.index", icon="hand-raised", order=45, who=rule("member"))

KINDS: dict[str, Any] = {
    "distribution": lazy_gettext("distribution"),
    "delivery": lazy_gettext("livraison"),
    "help_desk": lazy_gettext("permanence"),
    "event": lazy_gettext("événement"),
    "meeting": lazy_gettext("réunion"),
    "training": lazy_gettext("formation"),
    "visit": lazy_gettext("visite"),
}
TASKS: dict[str, tuple[Any, Any]] = {
    "set_up": (lazy_gettext("Mise en place"), lazy_gettext("Tables, balances, affiches ; réception des palettes.")),
    "welcome": (lazy_gettext("Accueil"), lazy_gettext("Pointer les arrivées, accompagner vers les stands.")),
    "stands": (lazy_gettext("Vrac et stands"), lazy_gettext("Peser et servir, dans le respect de l’hygiène.")),
    "till": (lazy_gettext("Caisse"), lazy_gettext("Vérifier la commande et encaisser.")),
    "tidy_up": (lazy_gettext("Rangement"), lazy_gettext("Compter le stock, nettoyer, ranger la salle.")),
}
PLANNED_SLOTS = 4


class PlanForm(Schema):
    kind = chosen(KINDS)
    title = text(required=True)
    place = text()


def task_name(code: str) -> str:
    return str(TASKS[code][0]) if code in TASKS else code


@bp.get("/groupes/<group_id>/benevoles")
@access("member")
def index(group_id: str):
    past = request.args.get("passe") == "1"
    found = ask("matching", "activities", group_id=group_id, past=past)
    mine = {row["activity_id"] for row in ask("matching", "my_slots", past=past)["slots"]}
    rows = [_shown(row, row["activity_id"] in mine) for row in found["activities"]]
    return render_template(
        "volunteers/index.html", rows=rows, past=past, group_id=group_id, manages=found["may_manage"]
    )


def _shown(row: dict[str, Any], mine: bool = False) -> dict[str, Any]:
    return {**row, "kind_word": str(KINDS.get(row["kind"], row["kind"])), "mine": mine, "need": need(row["missing"])}


def need(missing: int) -> tuple[str, str]:
    """(kind, word): "il manque 3 personnes"."""
    if not missing:
        return "good", _("complet")
    return "attention", ngettext("il manque %(num)d personne", "il manque %(num)d personnes", missing)


@bp.get("/groupes/<group_id>/benevoles/<activity_id>")
@access("member")
def show(group_id: str, activity_id: str):
    activity = _activity(group_id, activity_id)
    names = people_named(there["person_id"] for row in activity["slots"] for there in row["volunteers"])
    me, now = person_id(), iso(_now())
    slots = [_slot(row, names, me, now) for row in activity["slots"]]
    return render_template(
        "volunteers/show.html",
        activity=_shown(activity),
        slots=slots,
        group_id=group_id,
        over=activity["ends_at"] <= now,
        begun=activity["starts_at"] <= now,
        manages=activity["may_manage"],
    )


def _activity(group_id: str, activity_id: str) -> dict[str, Any]:
    found = ask("matching", "activity", activity_id=activity_id)
    if found["group_id"] != group_id:
        abort(404)
    return found


def _slot(row: dict[str, Any], names: dict[str, str], me: str, now: str) -> dict[str, Any]:
    """First names only: who comes is known to the members, more than that is not needed."""
    there = [
        {**volunteer, "name": names.get(volunteer["person_id"], "").split(" ")[0] or _("quelqu’un")}
        for volunteer in row["volunteers"]
    ]
    mine = any(volunteer["person_id"] == me for volunteer in there)
    title, text_ = TASKS.get(row["task"], (row["task"], ""))
    return {
        **row, "title": title, "text": text_, "there": there, "mine": mine, "need": need(row["missing"]),
        "can_join": not mine and row["missing"] and row["ends_at"] > now, "can_leave": mine and row["starts_at"] > now,
    }  # fmt: skip


@bp.post("/groupes/<group_id>/benevoles/<activity_id>/<slot_id>/inscription")
@access("member")
def sign_up(group_id: str, activity_id: str, slot_id: str):
    done = _("C’est noté, merci ! Vous retrouvez ce créneau dans « À faire ».")
    return act("matching", "sign_up", _url(group_id, activity_id), done, activity_id=activity_id, slot_id=slot_id)


@bp.post("/groupes/<group_id>/benevoles/<activity_id>/<slot_id>/retrait")
@access("member")
def withdraw(group_id: str, activity_id: str, slot_id: str):
    done = _("Votre place est libérée. Merci d’avoir prévenu.")
    return act("matching", "withdraw", _url(group_id, activity_id), done, activity_id=activity_id, slot_id=slot_id)


@bp.post("/groupes/<group_id>/benevoles/<activity_id>/<slot_id>/presence")
@access(may="matching.manage")
def attendance(group_id: str, activity_id: str, slot_id: str):
    present, who = request.form.get("present") == "1", request.form.get("person_id", "")
    done = _("Présence notée.") if present else _("Absence notée.")
    return act(
        "matching", "record_attendance", _url(group_id, activity_id), done, activity_id=activity_id, slot_id=slot_id,
        person_id=who, present=present,
    )  # fmt: skip


@bp.route("/groupes/<group_id>/benevoles/<activity_id>/appel", methods=["GET", "POST"])
@access(may="matching.manage")
def call(group_id: str, activity_id: str):
    """A mail to everybody who could come: first what it will say, then the button."""
    activity = _activity(group_id, activity_id)
    if request.method == "POST":
        done = _("L’appel est parti vers les membres qui ne sont pas encore inscrits.")
        return act("matching", "call_volunteers", _url(group_id, activity_id), done, activity_id=activity_id)
    lacking = [_("%(task)s : %(need)s", task=task_name(row["task"]), need=need(row["missing"])[1])
               for row in activity["slots"] if row["missing"]]  # fmt: skip
    return render_template("volunteers/call.html", activity=_shown(activity), lacking=lacking, group_id=group_id)


@bp.get("/groupes/<group_id>/benevoles/<activity_id>/feuille")
@access("member")
def sheet(group_id: str, activity_id: str):
    """The list to print or to take away."""
    activity = _activity(group_id, activity_id)
    names = people_named(there["person_id"] for row in activity["slots"] for there in row["volunteers"])
    rows = [
        {
            "task": task_name(row["task"]),
            "when": slot(row["starts_at"], row["ends_at"]),
            "name": names.get(there["person_id"], ""),
            "present": {True: _("oui"), False: _("non"), None: ""}[there["present"]],
        }
        for row in activity["slots"]
        for there in [*row["volunteers"], *[{"person_id": "", "present": None}] * row["missing"]]
    ]
    columns = [
        Column("task", _("Tâche")),
        Column("when", _("Quand")),
        Column("name", _("Qui")),
        Column("present", _("Venu")),
    ]
    table = Table("benevoles", _("Bénévoles"), columns, rows)
    return table.export() or render_template(
        "volunteers/sheet.html", activity=_shown(activity), table=table, group_id=group_id
    )


@bp.route("/groupes/<group_id>/benevoles/nouvelle", methods=["GET", "POST"])
@access(may="matching.manage")
def plan(group_id: str):
    form = Form(PlanForm(), initial={"kind": "help_desk"})
    if request.method == "POST":
        try:
            answer = form.tell("matching", "plan_activity", group_id=group_id, **_planned(form))
        except Invalid as invalid:
            form.refuse(invalid)
            answer = None
        if answer:
            flash(_("Activité publiée : les membres peuvent s’inscrire."), "success")
            return redirect(_url(group_id, answer["id"]))
    return spoken(form).render(
        "volunteers/plan.html", group_id=group_id, kinds=list(KINDS.items()), rows=range(PLANNED_SLOTS)
    )


def _planned(form: Form) -> dict[str, Any]:
    """Day and hours as typed in the group's time zone; slots without a task are left out."""
    begins = _instant(form, "day", "begins")
    ends = _instant(form, "day", "ends")
    slots = []
    for place in range(PLANNED_SLOTS):
        task = form.typed.get(f"task-{place}", "").strip()
        if task:
            needed = form.typed.get(f"needed-{place}", "1").strip()
            if not needed.isdecimal() or not 1 <= int(needed) <= 100:
                raise Invalid(fields={f"needed-{place}": [_("Un nombre entier.")]})
            slots.append({"task": task, "starts_at": begins, "ends_at": ends, "needed": int(needed)})
    return {"starts_at": begins, "ends_at": ends, "slots": slots}


def _instant(form: Form, day: str, hour: str) -> str:
    try:
        local = datetime.fromisoformat(f"{form.typed.get(day, '')}T{form.typed.get(hour, '')}")
    except ValueError as error:
        raise Invalid(fields={hour: [_("Un jour et une heure.")]}) from error
    return iso(as_instant(get_timezone().localize(local)))


@bp.get("/mes-creneaux")
@access("person")
def mine():
    names = {group.group_id: group.name for group in places().groups}
    coming, past = ask("matching", "my_slots")["slots"], ask("matching", "my_slots", past=True)["slots"]
    return render_template(
        "volunteers/mine.html",
        coming=[{**row, "name": task_name(row["task"]), "group": names.get(row["group_id"], "")} for row in coming],
        past=[{**row, "name": task_name(row["task"]), "group": names.get(row["group_id"], "")} for row in past],
    )


def _url(group_id: str, activity_id: str) -> str:
    return url_for("volunteers.show", group_id=group_id, activity_id=activity_id)


def _now() -> datetime:
    from flask import current_app

    return current_app.extensions["grenier"].clock.now()


# -- « À faire » -------------------------------------------------------------------------------------------------


@task_source(rule("person"))
def my_next_slots():
    for row in ask("matching", "my_slots")["slots"][:3]:
        yield Task(
            _("Vous aidez : %(task)s", task=task_name(row["task"]).lower()),
            _url(row["group_id"], row["activity_id"]),
            _("Voir"),
            _("%(when)s, %(place)s", when=slot(row["starts_at"], row["ends_at"]), place=row["place"] or row["title"]),
            deadline=row["starts_at"],
            minutes=_minutes(row),
            urgency="info",
            icon="hand-raised",
        )


@task_source(rule("person"))
def help_wanted():
    """For members who have not signed up for it yet; who organises the group reads it as `understaffed`."""
    mine = {row["activity_id"] for row in ask("matching", "my_slots")["slots"]}
    organised = {held.scope_id for held in places().roles if "matching.manage" in PERMISSIONS.get(held.role, ())}
    for row in ask("matching", "help_wanted")["activities"][:2]:
        if row["activity_id"] not in mine and row["group_id"] not in organised:
            yield Task(
                _("%(title)s : %(need)s", title=row["title"], need=need(row["missing"])[1]),
                _url(row["group_id"], row["activity_id"]),
                _("Donner un coup de main"),
                slot(row["starts_at"], row["ends_at"]),
                urgency="info",
                icon="user-group",
            )


@task_source(rule(may="matching.manage"))
def understaffed():
    """For those who organise the group itself; the central team has its table."""
    own = {held.scope_id for held in places().roles if held.scope_kind == "group"}
    for row in ask("matching", "understaffed")["activities"][:3]:
        if row["group_id"] in own:
            yield Task(
                _("%(title)s : %(need)s", title=row["title"], need=need(row["missing"])[1]),
                _url(row["group_id"], row["activity_id"]),
                _("Voir les créneaux"),
                _("Relancé.")
                if row["called_at"]
                else _("Les membres seront relancés deux jours avant ; vous pouvez appeler plus tôt."),
                deadline=row["starts_at"],
                minutes=15,
                icon="megaphone",
            )


def _minutes(row: dict[str, Any]) -> int:
    return round((as_instant(row["ends_at"]) - as_instant(row["starts_at"])).total_seconds() / 60)
