"""The federation for the central team: groups × state of the month, founding groups, producers, tiers, roles."""

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from marshmallow import Schema

from gateway.access import access, rule
from gateway.calls import ask, ask_as_gateway, tell
from gateway.forms import Form
from gateway.limits_of import limit_source
from gateway.menus import nav_item
from gateway.pages.members_words import KINDS, act, cents, chosen, role_word, spoken, text
from gateway.pages.roles import assign, shown
from gateway.tables import Column, Table
from gateway.whole_lists import whole_list
from grenier.errors import GrenierError, Invalid

bp = Blueprint("federation", __name__)
nav_item(
    lazy_gettext("Fédération"), "federation.index", icon="building-office-2", order=15, who=rule(may="contracts.found")
)

STEPS: dict[str, tuple[str, Any]] = {
    "scheduled": ("waiting", lazy_gettext("commandes à venir")),
    "open": ("good", lazy_gettext("commandes ouvertes")),
    "closed": ("attention", lazy_gettext("à réguler et figer")),
    "frozen": ("good", lazy_gettext("commandes figées")),
}


class GroupForm(Schema):
    name = text(required=True)
    kind = chosen(KINDS)
    place = text()
    time_zone = text(required=True, longest=60)
    phone_region = text(required=True, longest=2)


class ProducerForm(Schema):
    name = text(required=True)
    place = text()


@bp.get("/federation")
@access(may="contracts.found")
def index():
    federation = ask("contracts", "federation")
    month = _month(federation["host"]["host_id"])
    rows = [_row(group, month["groups"].get(group["group_id"]), month) for group in federation["groups"]]
    rows.sort(key=lambda row: (-row["rank"], row["name"].casefold()))
    table = Table("groupes", _("Groupes et état du mois"), _columns(), rows, _empty())
    exported = table.export()
    return exported or Form().render("federation/index.html", federation=federation, table=table, month=month)


def _month(host_id: str) -> dict[str, Any]:
    """The newest window with its groups by id; empty when orders has none or does not answer."""
    empty: dict[str, Any] = {"month": "", "groups": {}, "answers": True, "short": set()}
    try:
        windows = ask("orders", "windows", host_id=host_id)["items"]
        if windows:
            found = ask("orders", "window_overview", window_id=windows[0]["window_id"])
            empty |= {"month": found["month"], "groups": {row["group_id"]: row for row in found["groups"]}}
    except GrenierError:
        return {**empty, "answers": False}
    try:
        lacking = ask("matching", "understaffed")["activities"]
        empty["short"] = {row["group_id"]: row["missing"] for row in reversed(lacking)}
    except GrenierError:
        empty["short"] = {}
    return empty


def _row(group: dict[str, Any], cycle: dict[str, Any] | None, month: dict[str, Any]) -> dict[str, Any]:
    kind, word = STEPS.get((cycle or {}).get("status", ""), ("waiting", _("rien de prévu")))
    over, missing = (cycle or {}).get("over_asked", 0), dict(month["short"]).get(group["group_id"], 0)
    return {
        "name": group["name"],
        "url": url_for("settings.show", group_id=group["group_id"]),
        "kind": str(KINDS.get(group["kind"], group["kind"])),
        "state": (kind, str(word)),
        "orders": (cycle or {}).get("orders"),
        "drafts": (cycle or {}).get("drafts"),
        "over": over or None,
        "missing": missing or None,
        "amount": (cycle or {}).get("total_cents"),
        "day": (cycle or {}).get("distribution_starts_at"),
        "rank": (10 if over else 0) + (5 if missing else 0) + (3 if kind == "attention" else 0),
    }


def _columns() -> list[Column]:
    return [
        Column("name", _("Groupe"), link="url"),
        Column("state", _("Mois"), "state"),
        Column("orders", _("Commandes"), "number", total=True),
        Column("drafts", _("Non validées"), "number", total=True),
        Column("over", _("Produits trop demandés"), "number"),
        Column("missing", _("Bénévoles manquants"), "number"),
        Column("amount", _("Montant"), "money", total=True),
        Column("day", _("Distribution"), "instant"),
    ]


def _empty() -> tuple[str, str]:
    return _("Aucun groupe"), _("Fondez le premier groupe de la fédération.")


@bp.route("/federation/groupes/nouveau", methods=["GET", "POST"])
@access(may="contracts.found")
def found_group():
    form = Form(GroupForm(), initial={"time_zone": "Europe/Paris", "phone_region": "FR", "kind": "buying_group"})
    if request.method == "POST":
        answer = form.tell("contracts", "found_group")
        if answer:
            flash(_("Groupe fondé. Enregistrez maintenant les personnes qui l’organisent."), "success")
            return redirect(url_for("members.enrol", group_id=answer["id"]))
    return spoken(form).render("federation/group.html", kinds=list(KINDS.items()))


@bp.route("/federation/producteurs", methods=["GET", "POST"])
@access(may="contracts.found")
def producers():
    form = Form(ProducerForm())
    if request.method == "POST" and form.tell("contracts", "register_producer"):
        flash(_("Producteur enregistré. Ses produits peuvent entrer au catalogue."), "success")
        return redirect(url_for("federation.producers"))
    found = ask("contracts", "federation")["producers"]
    columns = [Column("name", _("Producteur")), Column("place", _("Lieu"))]
    table = Table("producteurs", _("Producteurs"), columns, found, (_("Aucun producteur"), _("Ajoutez le premier.")))
    return table.export() or spoken(form).render("federation/producers.html", table=table)


# -- tiers (S1:45) -----------------------------------------------------------------------------------------------


@bp.route("/federation/categories", methods=["GET", "POST"])
@access(may="contracts.found")
def tiers():
    known, form = ask("contracts", "federation")["tiers"], Form()
    if request.method == "POST" and _define(form, known):
        flash(_("Catégories enregistrées. Elles valent pour les prochaines périodes de commande."), "success")
        return redirect(url_for("federation.tiers"))
    return spoken(form).render("federation/tiers.html", tiers=known)


def _define(form: Form, known: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Names, rates in percent and dues of the known tiers, and one new tier when it has a name."""
    try:
        wanted = [_tier(form, tier["code"], tier["code"]) for tier in known]
        if form.typed.get("name-new", "").strip():
            wanted.append(_tier(form, "new", _code(form.typed["name-new"], {tier["code"] for tier in known})))
    except Invalid as invalid:
        form.refuse(invalid)
        return None
    return form.tell("contracts", "define_tiers", tiers=wanted)


def _tier(form: Form, field: str, code: str) -> dict[str, Any]:
    percent = form.typed.get(f"rate-{field}", "100").replace(",", ".").strip()
    try:
        rate_bp = round(float(percent) * 100)
    except (ValueError, OverflowError) as error:
        raise Invalid(fields={f"rate-{field}": [_("Un pourcentage, par exemple 80.")]}) from error
    try:
        dues = cents(form.typed.get(f"dues-{field}", "")) or 0
    except Invalid as invalid:
        raise Invalid(fields={f"dues-{field}": invalid.facts["fields"]["dues"]}) from invalid
    return {"code": code, "name": form.typed.get(f"name-{field}", "").strip(), "rate_bp": rate_bp, "dues_cents": dues}


def _code(name: str, taken: set[str]) -> str:
    import re
    import unicodedata

    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    code = re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "tier"
    return code if code not in taken else f"{code}_{len(taken)}"


# -- roles of the federation -------------------------------------------------------------------------------------


@bp.route("/federation/roles", methods=["GET", "POST"])
@access(may="contracts.found")
def roles():
    federation, form = ask("contracts", "federation"), Form()
    if request.method == "POST":
        kind, _sep, scope = form.typed.get("scope", "").partition(":")
        if assign(form, kind or "federation", scope or federation["host"]["host_id"]):
            flash(_("Rôle donné. La personne le voit sur sa page d’accueil."), "success")
            return redirect(url_for("federation.roles"))
    found = ask("contracts", "federation_roles")
    scopes = [(f"federation:{federation['host']['host_id']}", federation["host"]["name"])]
    scopes += [(f"producer:{row['producer_id']}", row["name"]) for row in federation["producers"]]
    return spoken(form).render(
        "federation/roles.html",
        roles=shown(found["roles"]),
        scopes=scopes,
        candidates=_candidates(federation["groups"]),
        assignable=[(role, role_word(role)) for role in sorted(found["assignable"], key=role_word)],
    )


@bp.post("/federation/roles/<person_id>/<assignment_id>/retirer")
@access(may="contracts.found")
def revoke(person_id: str, assignment_id: str):
    back, done = url_for("federation.roles"), _("Le rôle est retiré.")
    return act("contracts", "revoke_role", back, done, person_id=person_id, assignment_id=assignment_id)


def _candidates(groups: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Members of all groups, named with their group."""
    found: dict[str, str] = {}
    for group in groups:
        page = whole_list("contracts", "members", group_id=group["group_id"], state="active")
        for row in page["households"]:
            for person in row["persons"]:
                found.setdefault(person["person_id"], f"{person['name']} ({group['name']})")
    return sorted(found.items(), key=lambda item: item[1].casefold())


# -- the first start ---------------------------------------------------------------------------------------------


@bp.route("/installation", methods=["GET", "POST"])
@access("public")
def install():
    """Founds the federation with its first person; gone as soon as there is one."""
    if ask_as_gateway("contracts", "public_groups")["host"] is not None:
        abort(404)
    form = Form(initial={"time_zone": "Europe/Paris", "phone_region": "FR"})
    if request.method == "POST" and _found(form):
        flash(_("La fédération est fondée. Connectez-vous avec votre adresse."), "success")
        return redirect(url_for("login.show"))
    return spoken(form).render("federation/install.html", demo=current_app.extensions["grenier"].settings.demo)


def _found(form: Form) -> bool:
    limit_source("found-federation")
    person = {name: form.typed.get(name, "").strip() for name in ("first_name", "last_name", "email", "phone")}
    payload = {name: form.typed.get(name, "").strip() for name in ("name", "time_zone", "phone_region", "setup_token")}
    if not person["email"]:
        form.errors = {"email": [_("À remplir : c’est avec elle que vous vous connecterez.")]}
        return False
    try:
        tell("contracts", "found_federation", person=person, **payload)
    except GrenierError as error:
        form.refuse(error)
        return False
    return True
