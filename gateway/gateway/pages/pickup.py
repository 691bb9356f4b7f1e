"""« Ma distribution »: when, where, what to bring, what I get and what it comes to (S1:45, S1:64-65)."""

from collections.abc import Iterator

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access, rule
from gateway.calls import ask
from gateway.formats import day, time_of
from gateway.identity import places
from gateway.menus import nav_item
from gateway.pages.distribution_tasks import SOON, coming
from gateway.pages.logistics_words import act, group_name
from gateway.tasks import Task, task_source

bp = Blueprint("pickup", __name__)
nav_item(lazy_gettext("Ma distribution"), "pickup.index", icon="map-pin", order=25, who=rule("household"))


@bp.get("/groupes/<group_id>/ma-distribution")
@access("member")
def index(group_id: str):
    """The next distribution of the person's households here, then the past ones."""
    found = [
        {**row, "household_id": household_id}
        for household_id in _households(group_id)
        for row in ask("logistics", "distributions", household_id=household_id)["distributions"]
    ]
    upcoming = [row for row in reversed(found) if row["my_state"] != "served" and row["state"] != "closed"]
    past = [row for row in found if row not in upcoming]
    sheets = [
        ask("logistics", "served_household", distribution_id=row["distribution_id"], household_id=row["household_id"])
        for row in upcoming[:3]
    ]
    for sheet in sheets:
        sheet["own_slots"] = [slot for slot in sheet["slots"] if slot["tier"] == sheet["tier"]]
    return render_template("pickup/index.html", sheets=sheets, past=past, group=group_name(group_id), group_id=group_id)


@bp.get("/groupes/<group_id>/ma-distribution/<distribution_id>/<household_id>")
@access("member")
def summary(group_id: str, distribution_id: str, household_id: str):
    """S1:64: the summary to bring, on paper or on the phone."""
    sheet = ask("logistics", "served_household", distribution_id=distribution_id, household_id=household_id)
    if sheet["group_id"] != group_id:
        abort(404)
    return render_template("pickup/summary.html", sheet=sheet, group=group_name(group_id), group_id=group_id)


@bp.post("/groupes/<group_id>/ma-distribution/<distribution_id>/<household_id>/creneau")
@access("member")
def choose_slot(group_id: str, distribution_id: str, household_id: str):
    slot_id, back = request.form.get("slot_id", ""), url_for(".index", group_id=group_id)
    success = _("Créneau enregistré. À bientôt !")
    return act("choose_slot", back, success, distribution_id=distribution_id, household_id=household_id,
               slot_id=slot_id)  # fmt: skip


def _households(group_id: str) -> list[str]:
    return [home.household_id for home in places().households if home.group_id == group_id]


@task_source(rule("person"))
def my_distribution() -> Iterator[Task]:
    for home in places().households:
        rows = ask("logistics", "distributions", household_id=home.household_id)["distributions"]
        for row in rows:
            if row["my_state"] != "served" and coming(row, SOON):
                slot = next((slot for slot in row["slots"] if slot["slot_id"] == row["my_slot_id"]), row)
                hours = f"{time_of(slot['starts_at'])} – {time_of(slot['ends_at'])}"
                detail = _("%(day)s, %(hours)s, %(place)s. Apportez vos sacs et vos bocaux.", day=day(row["starts_at"]),
                           hours=hours, place=row["place"] or group_name(home.group_id))  # fmt: skip
                url = url_for("pickup.index", group_id=home.group_id)
                yield Task(_("Votre prochaine distribution"), url, _("Voir ma distribution"), detail, urgency="info",
                           icon="map-pin")  # fmt: skip
