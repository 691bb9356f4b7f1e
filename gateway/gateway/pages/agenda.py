"""The group's agenda: deliveries, orders, help desks, meetings; calendar feeds, public and personal (S0:15, S0:24-25, S0:56)."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import format_date, lazy_gettext
from flask_babel import gettext as _
from marshmallow import Schema, fields, validate

from gateway import agenda
from gateway.access import access, rule
from gateway.calls import ask
from gateway.forms import Form
from gateway.identity import person_id
from gateway.limits_of import limit_source
from gateway.menus import nav_item
from gateway.pages.members_words import spoken
from gateway.season import lookup
from grenier.clock import iso

bp = Blueprint("agenda", __name__)
nav_item(lazy_gettext("Agenda"), "agenda.show", icon="calendar-days", order=44, who=rule("member"))


class RemindersForm(Schema):
    delivery_hours = fields.Integer(required=True, validate=validate.Range(min=0, max=336))
    balance_days = fields.Integer(load_default=0, validate=validate.Range(min=0, max=366))


FETCHES_PER_SOURCE = 600  # an hour: a family behind one address, each program every few minutes
CALENDAR = "text/calendar; charset=utf-8"


@bp.get("/groupes/<group_id>/agenda")
@access("member")
def show(group_id: str):
    """By month; what is over is one link away."""
    past = request.args.get("passe") == "1"
    now = iso(agenda.now())
    rows = [row for row in agenda.of_group(group_id) if (row["ends_at"] <= now) is past]
    months: dict[str, list[dict[str, Any]]] = {}
    for row in reversed(rows) if past else rows:
        months.setdefault(row["starts_at"][:7], []).append({**row, "url": _more(row)})
    return render_template("agenda/show.html", months=[(_month(month), found) for month, found in months.items()],
                           past=past, group_id=group_id, feed=_absolute("agenda.feed", group_id=group_id))  # fmt: skip


def _month(month: str) -> str:
    """`2026-11` as « novembre 2026 »."""
    return str(format_date(date.fromisoformat(f"{month}-01"), "LLLL y"))


def _more(row: dict[str, Any]) -> str:
    return agenda.url_of(row) if row["kind"] not in ("delivery", "round") else ""


def _absolute(endpoint: str, **values: Any) -> str:
    return current_app.extensions["grenier"].settings.public_url + url_for(endpoint, **values)


# -- feeds ---------------------------------------------------------------------------------------------------------


@bp.get("/calendrier/<group_id>.ics")
@access("public")
def feed(group_id: str):
    """Deliveries of published contracts and public events, for anybody."""
    group = current_app.extensions["grenier"].access_view.group(group_id)
    if group is None:
        abort(404)
    return _calendar(group.name, agenda.public_of_group(group_id), public=True)


@bp.get("/calendrier/<group_id>/contrats/<contract_id>.ics")
@access("public")
def contract_feed(group_id: str, contract_id: str):
    """The deliveries of one published contract, for anybody: names of products and places, nobody's name (S0:24)."""
    rows = agenda.public_of_contract(group_id, contract_id)
    if not rows:
        abort(404)
    return _calendar(rows[0]["title"], rows, public=True)


@bp.get("/groupes/<group_id>/mes-contrats/<subscription_id>/livraisons.ics")
@access("member")
def subscription_file(group_id: str, subscription_id: str):
    """My dates of one contract, to put into a calendar: the same entries as in the feed, so that none stands there twice."""
    found = lookup.subscription_of(group_id, subscription_id)
    rows = agenda.of_subscription(found, lookup.own_households(group_id))
    made = _calendar(_("Mes livraisons"), rows, public=False)
    made.headers["Content-Disposition"] = 'attachment; filename="mes-livraisons.ics"'
    return made


@bp.get("/calendrier/moi/<secret>.ics")
@access("public")
def own_feed(secret: str):
    """What one person takes part in, by the secret address that they gave to their calendar."""
    limit_source("calendar", at_most=FETCHES_PER_SOURCE)
    gateway = current_app.extensions["grenier"]
    person = gateway.calendars.person_of(secret)
    if person is None or not gateway.access_view.is_active(person):
        abort(404)
    return _calendar(_("Mon agenda Grenier"), agenda.of_person(person), public=False)


def _calendar(name: str, rows: list[dict[str, Any]], *, public: bool) -> Response:
    return Response(
        agenda.as_calendar(name, rows, public=public),
        content_type=CALENDAR,
        headers={"Cache-Control": "no-store"},
    )


@bp.route("/mon-calendrier", methods=["GET", "POST"])
@access("person")
def own():
    """The address for one's own calendar program: shown once, replaced or withdrawn at will."""
    calendars = current_app.extensions["grenier"].calendars
    url = ""
    if request.method == "POST" and request.form.get("act") == "withdraw":
        calendars.revoke(person_id())
        flash(_("L’adresse ne fonctionne plus."), "success")
        return redirect(url_for(".own"))
    if request.method == "POST":
        url = _absolute("agenda.own_feed", secret=calendars.issue(person_id()))
    return render_template("agenda/own.html", url=url, exists=calendars.exists(person_id()))


@bp.route("/groupes/<group_id>/agenda/rappels", methods=["GET", "POST"])
@access(may="notify.announce")
def reminders(group_id: str):
    """S0:15: how long before a delivery people are reminded; S0:47: how often of a debt."""
    stands = ask("notify", "reminders", group_id=group_id)
    form = Form(RemindersForm(), initial={name: str(number) for name, number in stands.items()})
    if request.method == "POST" and form.tell("notify", "set_reminders", group_id=group_id):
        flash(_("C’est noté pour les prochains rappels."), "success")
        return redirect(url_for(".show", group_id=group_id))
    return spoken(form).render("agenda/reminders.html", group_id=group_id)
