"""The members of a group: the list, the register as of a date, the help desk's enrolment (a list: `members_import.py`)."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access, rule
from gateway.calls import ask
from gateway.forms import Form
from gateway.menus import nav_item
from gateway.pages.members_words import MEMBERSHIP_STATES, cents, iso_day, role_word, spoken, state_of
from gateway.tables import Column, Table
from gateway.whole_lists import whole_list
from grenier.errors import Invalid
from grenier.language.roles import GROUP_ROLES

bp = Blueprint("members", __name__)
bp.add_app_template_global(role_word)
nav_item(lazy_gettext("Membres"), "members.index", icon="users", order=50, who=rule(may="contracts.read-members"))

PAGE = 100
PERSON_FIELDS = ("first_name", "last_name", "email", "phone", "address")
MOST_DESK_PERSONS = 3


@bp.get("/groupes/<group_id>/membres")
@access(may="contracts.read-members")
def index(group_id: str):
    """`cherche`, `categorie`, `etat` filter on the server; typing filters what is shown."""
    group = ask("contracts", "group", group_id=group_id)
    wanted = {"search": request.args.get("cherche", ""), "tier": request.args.get("categorie", "")}
    wanted["state"] = request.args.get("etat", "")
    if request.args.get("format"):
        households = whole_list("contracts", "members", group_id=group_id, **wanted)["households"]
        return _table(group, households, wide=True).export() or redirect(request.path)
    offset = max(0, request.args.get("offset", 0, type=int))
    found = ask("contracts", "members", group_id=group_id, page=offset // PAGE + 1, size=PAGE, **wanted)
    return render_template(
        "members/index.html",
        group=group,
        table=_table(group, found["households"]),
        total=found["total"],
        offset=offset,
        size=PAGE,
        states=MEMBERSHIP_STATES,
        filtered=any(wanted.values()),
        waiting=_waiting(group),
    )


def _waiting(group: dict[str, Any]) -> int:
    """Requests to join that nobody has answered."""
    if "contracts.manage-members" not in group["may"]:
        return 0
    found = ask("contracts", "applications", group_id=group["group_id"])["applications"]
    return sum(1 for application in found if application["state"] == "open")


def _table(group: dict[str, Any], households: list[dict[str, Any]], wide: bool = False) -> Table:
    """`wide`: with addresses and phones in columns of their own, for files."""
    columns = [
        Column("label", _("Foyer"), link="url"),
        Column("persons", _("Personnes"), sort=False),
        Column("number", _("N°"), "number"),
        Column("tier", _("Catégorie")),
        Column("until", _("Jusqu’au"), "date"),
        Column("state", _("Adhésion"), "state"),
    ]
    if wide:
        columns += [Column("emails", _("Courriels")), Column("phones", _("Téléphones"))]
    tiers = {tier["code"]: tier["name"] for tier in group["tiers"]}
    rows = [_row(household, tiers, wide) for household in households]
    empty = (_("Personne ne correspond"), _("Essayez un autre mot, ou enlevez un filtre."))
    return Table("membres", _("Membres du groupe"), columns, rows, empty)


def _row(household: dict[str, Any], tiers: dict[str, str], wide: bool) -> dict[str, Any]:
    until = household["valid_until"]
    row = {
        "label": household["label"] or _("Foyer n° %(num)s", num=household["number"]),
        "url": url_for("households.show", group_id=household["group_id"], household_id=household["household_id"]),
        "persons": ", ".join(person["name"] for person in household["persons"]),
        "number": household["number"] or None,
        "tier": tiers.get(household["tier"], household["tier"]),
        "until": date.fromisoformat(until) if until else None,
        "state": state_of(household),
    }
    if wide:
        for key, name in (("emails", "email"), ("phones", "phone")):
            row[key] = ", ".join(person[name] for person in household["persons"] if person[name])
    return row


# -- the register (S0:30) ----------------------------------------------------------------------------------------


@bp.get("/groupes/<group_id>/registre")
@access(may="contracts.read-members")
def register(group_id: str):
    day = request.args.get("date", "")
    try:
        asked = {"as_of": iso_day(day, "date")} if day else {}
    except Invalid:
        asked = {}
    group, found = (
        ask("contracts", "group", group_id=group_id),
        ask("contracts", "register", group_id=group_id, **asked),
    )
    tiers = {tier["code"]: tier["name"] for tier in group["tiers"]}
    rows = [
        {
            "number": row["number"],
            "label": row["label"] or "–",
            "url": url_for("households.show", group_id=group_id, household_id=row["household_id"]),
            "tier": tiers.get(row["tier"], row["tier"]),
            "from": date.fromisoformat(row["valid_from"]),
            "until": date.fromisoformat(row["valid_until"]),
        }
        for row in found["households"]
    ]
    columns = [
        Column("number", _("N°"), "number"),
        Column("label", _("Foyer"), link="url"),
        Column("tier", _("Catégorie")),
        Column("from", _("Depuis le"), "date"),
        Column("until", _("Jusqu’au"), "date"),
    ]
    empty = (_("Personne à cette date"), _("Choisissez une autre date."))
    table = Table(f"registre-{found['as_of']}", _("Foyers membres"), columns, rows, empty, page_size=PAGE)
    as_of = date.fromisoformat(found["as_of"])
    return table.export() or render_template("members/register.html", group=group, table=table, as_of=as_of)


# -- the help desk -----------------------------------------------------------------------------------------------


@bp.route("/groupes/<group_id>/membres/nouveau", methods=["GET", "POST"])
@access(may="contracts.manage-members")
def enrol(group_id: str):
    group, form = ask("contracts", "group", group_id=group_id), Form()
    if request.method == "POST":
        try:
            answer = form.tell("contracts", "enrol_household", group_id=group_id, **_enrolled(form))
        except Invalid as invalid:
            form.refuse(invalid)
            answer = None
        if answer:
            flash(
                _("Foyer enregistré sous le numéro %(number)s. Il peut commander dès la prochaine période.",
                  number=answer["number"]), "success",
            )  # fmt: skip
            return redirect(url_for("households.show", group_id=group_id, household_id=answer["household_id"]))
    roles = [(role, role_word(role)) for role in sorted(GROUP_ROLES, key=role_word)]
    return spoken(form).render(
        "members/enrol.html", group=group, rows=range(MOST_DESK_PERSONS), roles=roles, fields=PERSON_FIELDS
    )


def _enrolled(form: Form) -> dict[str, Any]:
    """The payload of the desk's form; rows of persons that are empty are left out."""
    typed = form.typed
    persons = []
    for place in range(MOST_DESK_PERSONS):
        told = {name: typed.get(f"persons.{place}.{name}", "").strip() for name in PERSON_FIELDS}
        if place == 0 or any(told.values()):
            person: dict[str, Any] = dict(told)
            if typed.get(f"persons.{place}.by_phone"):
                person["digital"] = False
            if role := typed.get(f"persons.{place}.role", ""):
                person["roles"] = [role]
            persons.append(person)
    payload: dict[str, Any] = {"persons": persons, "tier": typed.get("tier", "")}
    for name in ("valid_from", "valid_until"):
        if day := iso_day(typed.get(name, ""), name):
            payload[name] = day
    if (dues := cents(typed.get("dues", ""))) is not None:
        payload["dues_cents"] = dues
    if number := typed.get("number", "").strip():
        if not number.isdecimal() or len(number) > 6:
            raise Invalid(fields={"number": [_("Un nombre entier.")]})
        payload["number"] = int(number)
    return payload
