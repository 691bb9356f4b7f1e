"""Volunteers: what needs hands, who comes, one button to sign up; planning, calling, attendance for those who organise."""

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import get_timezone, lazy_gettext
from flask_babel import gettext as _
from marshmallow import Schema, fields, validate

from gateway.access import access, rule
from gateway.calls import ask
from gateway.formats import as_instant, slot
from gateway.forms import Form
from gateway.identity import person_id, places
from gateway.menus import nav_item
from gateway.pages.members_words import act, chosen, people_named, spoken, text
from gateway.pages.volunteers_words import EVERY, INVITED, KINDS, STATES, TASKS, need, task_name
from gateway.tables import Column, Table
from grenier.clock import iso
from grenier.errors import Invalid

bp = Blueprint("volunteers", __name__)
nav_item(lazy_gettext("Bénévoles"), "volunteers.index", icon="hand-raised", order=45, who=rule("member"))

PLANNED_SLOTS = 4


class PlanForm(Schema):
    kind = chosen(KINDS)
    title = text(required=True)
    place = text()
    agenda = text(longest=20_000)
    invited = fields.String(validate=validate.OneOf(list(INVITED)))
    every = fields.String(validate=validate.OneOf(list(EVERY)))


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
    return {
        **row, "kind_word": str(KINDS.get(row["kind"], row["kind"])), "mine": mine, "need": need(row["missing"]),
        "state_word": STATES[row["state"]],
    }  # fmt: skip


@bp.get("/groupes/<group_id>/benevoles/<activity_id>")
@access("member")
def show(group_id: str, activity_id: str):
    activity = _activity(group_id, activity_id, **free_time())
    there = [there["person_id"] for row in activity["slots"] for there in row["volunteers"]]
    names = people_named([*there, *(guest["person_id"] for guest in activity["guests"])])
    me, now = person_id(), iso(_now())
    open_ = not activity["cancelled_at"]
    slots = [_slot(row, names, me, now, open_) for row in activity["slots"]]
    return render_template(
        "volunteers/show.html",
        activity=_shown(activity),
        slots=slots,
        group_id=group_id,
        over=activity["ends_at"] <= now,
        begun=activity["starts_at"] <= now,
        manages=activity["may_manage"],
        guests=[{**guest, "name": names.get(guest["person_id"], "") or _("quelqu’un")} for guest in activity["guests"]],
        answer=next((guest["coming"] for guest in activity["guests"] if guest["person_id"] == me), ""),
        free=request.args,
        invited=str(INVITED[activity["invited"]]),
    )


def free_time() -> dict[str, str]:
    """S0:54: "I have time from … to …", in the group's time zone; nothing when it was not said or makes no sense."""
    found = {}
    for name, typed in (("free_from", "de"), ("free_until", "a")):
        try:
            local = datetime.fromisoformat(request.args.get(typed, ""))
            found[name] = iso(as_instant(get_timezone().localize(local.replace(tzinfo=None))))
        except ValueError:
            continue
    return found


def _activity(group_id: str, activity_id: str, **free: str) -> dict[str, Any]:
    found = ask("matching", "activity", activity_id=activity_id, **free)
    if found["group_id"] != group_id:
        abort(404)
    return found


def _slot(row: dict[str, Any], names: dict[str, str], me: str, now: str, open_: bool) -> dict[str, Any]:
    """First names only: who comes is known to the members, more than that is not needed."""
    there = [
        {**volunteer, "name": names.get(volunteer["person_id"], "").split(" ")[0] or _("quelqu’un")}
        for volunteer in row["volunteers"]
    ]
    mine = any(volunteer["person_id"] == me for volunteer in there)
    title, text_ = TASKS.get(row["task"], (row["task"], ""))
    return {
        **row, "title": title, "text": text_, "there": there, "mine": mine, "need": need(row["missing"]),
        "can_join": not mine and row["missing"] and row["ends_at"] > now and open_, "can_leave": mine and row["starts_at"] > now,
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
    form = Form(PlanForm(), initial={"kind": "help_desk", "invited": "everybody", "every": "week", "times": "1"})
    if request.method == "POST":
        try:
            answer = form.tell("matching", "plan_activity", group_id=group_id, **_planned(form))
        except Invalid as invalid:
            form.refuse(invalid)
            answer = None
        if answer:
            flash(_("Activité publiée : les membres peuvent s’inscrire. Annoncez-la quand tout est prêt."), "success")
            return redirect(_url(group_id, answer["id"]))
    return spoken(form).render(
        "volunteers/plan.html", group_id=group_id, kinds=list(KINDS.items()), rows=range(PLANNED_SLOTS),
        invited=list(INVITED.items()), every=list(EVERY.items()),
    )  # fmt: skip


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
    times = form.typed.get("times", "1").strip() or "1"
    if not times.isdecimal() or not 1 <= int(times) <= 52:
        raise Invalid(fields={"times": [_("Un nombre entier.")]})
    material = [line.strip() for line in form.typed.get("material", "").splitlines() if line.strip()]
    return {
        "starts_at": begins, "ends_at": ends, "slots": slots, "times": int(times), "material": material[:50],
        "open_to_public": form.typed.get("open_to_public") == "1",
    }  # fmt: skip


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
