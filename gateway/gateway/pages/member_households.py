"""Member households of an AMAP: families with a running subscription, as of any date (S0:30)."""

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from gateway.access import access
from gateway.calls import ask
from gateway.pages.members_words import iso_day
from gateway.season import lookup
from gateway.tables import Column, Table
from grenier.errors import Invalid

bp = Blueprint("member_households", __name__)


@bp.get("/groupes/<group_id>/familles")
@access(may="contracts.read-members")
def index(group_id: str):
    day = request.args.get("date", "")
    try:
        asked = {"as_of": iso_day(day, "date")} if day else {}
    except Invalid:
        asked = {}
    found = ask("contracts", "household_register", group_id=group_id, **asked)
    columns = [
        Column("label", _("Foyer"), link="url"),
        Column("number", _("N°"), "number"),
        Column("persons", _("Personnes")),
        Column("contracts", _("Contrats")),
        Column("since", _("Depuis le"), "date"),
        Column("until", _("Jusqu’au"), "date"),
    ]
    if request.args.get("format"):
        columns += [Column("emails", _("Courriels")), Column("phones", _("Téléphones"))]
    empty = (_("Personne à cette date"), _("Choisissez une autre date."))
    table = Table(
        f"familles-{found['as_of']}",
        _("Familles adhérentes"),
        columns,
        [_row(group_id, row) for row in found["households"]],
        empty,
    )
    as_of = lookup.as_date(found["as_of"])
    return table.export() or render_template(
        "members/families.html", group_id=group_id, group_name=lookup.group_name(group_id), table=table, as_of=as_of
    )


def _row(group_id: str, row: dict) -> dict:
    held = row["contracts"]
    return {
        "label": row["label"] or "–",
        "url": url_for("households.show", group_id=group_id, household_id=row["household_id"]),
        "number": row["number"] or None,
        "persons": ", ".join(person["name"] for person in row["persons"]),
        "contracts": ", ".join(contract["title"] for contract in held),
        "since": lookup.as_date(min((contract["since"] for contract in held), default=None)),
        "until": lookup.as_date(max((contract["until"] for contract in held if contract["until"]), default=None)),
        "emails": ", ".join(person["email"] for person in row["persons"] if person["email"]),
        "phones": ", ".join(person["phone"] for person in row["persons"] if person["phone"]),
    }
