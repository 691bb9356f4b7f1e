"""A group's public page, asking to join it, and answering those who ask (S1:109-111)."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import Schema

from gateway.access import access, rule
from gateway.calls import ask, ask_as_gateway, tell
from gateway.forms import Form
from gateway.identity import places
from gateway.limits_of import limit_source
from gateway.pages.members_words import KINDS, act, spoken, text
from gateway.tasks import Task, task_source
from grenier.errors import Invalid, Rejected
from grenier.language.roles import PERMISSIONS

bp = Blueprint("joining", __name__)
REQUESTS_PER_SOURCE = 6  # an hour


class JoinForm(Schema):
    first_name = text(required=True)
    last_name = text(required=True)
    email = text(longest=254, load_default="")
    phone = text(longest=40, load_default="")
    message = text(longest=2000, load_default="")


@bp.route("/rejoindre/<group_id>", methods=["GET", "POST"])
@access("public")
def join(group_id: str):
    groups = ask_as_gateway("contracts", "public_groups")["groups"]
    group = next((group for group in groups if group["group_id"] == group_id), None)
    if group is None:
        abort(404)
    form = Form(JoinForm())
    if request.method == "POST" and _send(form, group_id):
        return redirect(url_for("joining.thanks", group_id=group_id))
    return spoken(form).render("members/join.html", group=group, kind=KINDS.get(group["kind"], ""))


def _send(form: Form, group_id: str) -> bool:
    values = form.load()
    if values is None:
        return False
    limit_source("join", at_most=REQUESTS_PER_SOURCE)
    try:
        charter = bool(request.form.get("charter"))
        tell("contracts", "request_membership", group_id=group_id, charter_accepted=charter, **values)
    except (Rejected, Invalid) as refused:
        form.refuse(refused)
        return False
    return True


@bp.get("/rejoindre/<group_id>/merci")
@access("public")
def thanks(group_id: str):
    groups = ask_as_gateway("contracts", "public_groups")["groups"]
    group = next((group for group in groups if group["group_id"] == group_id), None)
    return render_template("members/join_thanks.html", group=group) if group else abort(404)


# -- answering ---------------------------------------------------------------------------------------------------


@bp.get("/groupes/<group_id>/demandes")
@access(may="contracts.manage-members")
def index(group_id: str):
    found = ask("contracts", "applications", group_id=group_id)["applications"]
    group = ask("contracts", "group", group_id=group_id)
    tiers = [(tier["code"], tier["name"]) for tier in group["tiers"]]
    return render_template("members/applications.html", group=group, applications=found, tiers=tiers)


@bp.post("/groupes/<group_id>/demandes/<application_id>")
@access(may="contracts.manage-members")
def decide(group_id: str, application_id: str):
    decision, tier = request.form.get("decision", ""), request.form.get("tier", "")
    back = url_for("joining.index", group_id=group_id)
    done = {
        "accept": _("Bienvenue à ce nouveau foyer : il peut se connecter et commander."),
        "wait": _("Mise en liste d’attente."),
        "decline": _("Demande déclinée. Les coordonnées de cette personne sont effacées."),
    }.get(decision)
    if done is None:
        abort(400)
    return act(
        "contracts", "decide_application", back, done, application_id=application_id, decision=decision, tier=tier
    )


@bp.get("/groupes/<group_id>/demandes/<application_id>/decliner")
@access(may="contracts.manage-members")
def decline(group_id: str, application_id: str):
    """Forgetting somebody cannot be undone: first what it means."""
    found = ask("contracts", "applications", group_id=group_id)["applications"]
    application = next((row for row in found if row["application_id"] == application_id), None)
    if application is None:
        abort(404)
    return render_template("members/decline.html", application=application, group_id=group_id)


@task_source(rule(may="contracts.manage-members"))
def requests_to_answer():
    allowed = {name for name, acts in PERMISSIONS.items() if "contracts.manage-members" in acts}
    groups = {held.scope_id for held in places().roles if held.scope_kind == "group" and held.role in allowed}
    for group in places().groups:
        if group.group_id not in groups:
            continue
        found = ask("contracts", "applications", group_id=group.group_id)["applications"]
        waiting = [row for row in found if row["state"] == "open"]
        if waiting:
            yield Task(
                ngettext("%(num)d demande d’adhésion", "%(num)d demandes d’adhésion", len(waiting)),
                url_for("joining.index", group_id=group.group_id),
                _("Répondre"),
                _("%(group)s : quelqu’un voudrait rejoindre le groupe.", group=group.name),
                minutes=10,
                icon="user-plus",
            )
