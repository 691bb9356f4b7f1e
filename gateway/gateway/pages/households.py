"""One household: its persons, its memberships, and what can be done with them at the desk."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import Schema

from gateway.access import access
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.pages.members_words import act, cents, iso_day, people_named, refusal, spoken, state_of, text
from grenier.errors import Invalid, NotFound

bp = Blueprint("households", __name__)


class DetailsForm(Schema):
    first_name = text(required=True)
    last_name = text(required=True)
    email = text(longest=254, load_default="")
    phone = text(longest=40, load_default="")
    address = text(load_default="")


@bp.get("/groupes/<group_id>/membres/<household_id>")
@access("member")
def show(group_id: str, household_id: str):
    group, found = _load(group_id, household_id)
    tiers = {tier["code"]: tier["name"] for tier in group["tiers"]}
    names = people_named(membership["granted_by"] for membership in found["memberships"])
    return render_template(
        "members/household.html",
        group=group,
        household=found,
        state=state_of(found),
        tiers=tiers,
        memberships=[_membership(row, tiers, names) for row in found["memberships"]],
        manages="contracts.manage-members" in group["may"],
        next_from=_renewal_start(found),
    )


def _load(group_id: str, household_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    found = ask("contracts", "household", household_id=household_id)
    if found["group_id"] != group_id:
        raise NotFound
    return ask("contracts", "group", group_id=group_id), found


def _membership(row: dict[str, Any], tiers: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    return {
        **row,
        "tier_name": tiers.get(row["tier"], row["tier"]),
        "from": date.fromisoformat(row["valid_from"]),
        "until": date.fromisoformat(row["valid_until"]),
        "ended": date.fromisoformat(row["ended_on"]) if row["ended_on"] else None,
        "by": names.get(row["granted_by"], ""),
    }


def _renewal_start(household: dict[str, Any]) -> str:
    """The day after the present membership, so that a renewal follows on without a gap."""
    if household["state"] not in ("active", "future") or not household["valid_until"]:
        return ""
    return (date.fromisoformat(household["valid_until"]) + timedelta(days=1)).isoformat()


# -- memberships -------------------------------------------------------------------------------------------------


@bp.post("/groupes/<group_id>/membres/<household_id>/categorie")
@access(may="contracts.manage-members")
def change_tier(group_id: str, household_id: str):
    membership_id, tier = request.form.get("membership_id", ""), request.form.get("tier", "")
    done = _("Catégorie changée. Les prochaines commandes seront à ce tarif.")
    back = _url(group_id, household_id)
    return act("contracts", "change_tier", back, done, membership_id=membership_id, tier=tier)


@bp.post("/groupes/<group_id>/membres/<household_id>/adhesion")
@access(may="contracts.manage-members")
def grant(group_id: str, household_id: str):
    back = _url(group_id, household_id)
    payload: dict[str, Any] = {"household_id": household_id, "tier": request.form.get("tier", "")}
    try:
        for name in ("valid_from", "valid_until"):
            if day := iso_day(request.form.get(name, ""), name):
                payload[name] = day
        if (dues := cents(request.form.get("dues", ""))) is not None:
            payload["dues_cents"] = dues
    except Invalid as invalid:
        flash(refusal(invalid), "problem")
        return redirect(back)
    return act("contracts", "grant_membership", back, _("Adhésion enregistrée."), **payload)


@bp.route("/groupes/<group_id>/membres/<household_id>/fin", methods=["GET", "POST"])
@access(may="contracts.manage-members")
def end(group_id: str, household_id: str):
    _group, found = _load(group_id, household_id)
    if request.method == "POST":
        done = _("Adhésion terminée. Le compte du foyer reste ouvert jusqu’à son solde.")
        return act(
            "contracts", "end_membership", _url(group_id, household_id), done, membership_id=found["membership_id"]
        )
    return render_template("members/end.html", household=found, group_id=group_id)


# -- persons -----------------------------------------------------------------------------------------------------


@bp.route("/groupes/<group_id>/membres/<household_id>/personnes/nouvelle", methods=["GET", "POST"])
@access(may="contracts.manage-members")
def add_person(group_id: str, household_id: str):
    _group, found = _load(group_id, household_id)
    form = Form(DetailsForm())
    if request.method == "POST":
        answer = form.tell("contracts", "register_person", group_id=group_id)
        if answer:
            tell("contracts", "join_household", household_id=household_id, person_id=answer["id"])
            flash(_("Personne ajoutée au foyer."), "success")
            return redirect(_url(group_id, household_id))
    return spoken(form).render("members/person.html", household=found, group_id=group_id, person=None)


@bp.route("/groupes/<group_id>/membres/<household_id>/personnes/<person_id>", methods=["GET", "POST"])
@access("member")
def person(group_id: str, household_id: str, person_id: str):
    """One's own details, or those of a member by whoever manages them."""
    _group, found = _load(group_id, household_id)
    known = next((row for row in found["persons"] if row["person_id"] == person_id), None)
    if known is None:
        raise NotFound
    form = Form(DetailsForm(), initial=known)
    if request.method == "POST":
        digital = not request.form.get("by_phone")
        if form.tell("contracts", "change_person_details", person_id=person_id, digital=digital):
            flash(_("Coordonnées enregistrées."), "success")
            return redirect(_url(group_id, household_id))
    return spoken(form).render("members/person.html", household=found, group_id=group_id, person=known)


@bp.post("/groupes/<group_id>/membres/<household_id>/personnes/<person_id>/retirer")
@access(may="contracts.manage-members")
def remove_person(group_id: str, household_id: str, person_id: str):
    done = _("Cette personne ne fait plus partie du foyer.")
    return act(
        "contracts", "leave_household", _url(group_id, household_id), done, household_id=household_id,
        person_id=person_id,
    )  # fmt: skip


def _url(group_id: str, household_id: str) -> str:
    return url_for("households.show", group_id=group_id, household_id=household_id)
