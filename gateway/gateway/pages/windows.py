"""Order windows of all groups: one template, all groups × steps, the table product × group (S1:134, S1:146)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access, rule
from gateway.calls import ask, idempotency_key
from gateway.formats import instant_text
from gateway.forms import Form
from gateway.identity import places
from gateway.menus import nav_item
from gateway.pages import orders as words
from gateway.tables import Column, Table

bp = Blueprint("windows", __name__)
nav_item(lazy_gettext("Périodes"), "windows.index", icon="calendar-days", order=22, who=rule(may="orders.windows"))


@bp.get("/periodes")
@access(may="orders.windows")
def index():
    rows = [row for host_id in words.host_ids() for row in ask("orders", "windows", host_id=host_id)["items"]]
    for row in rows:
        row["name"] = words.month_name(row["month"])
        row["url"] = url_for("windows.show", window_id=row["window_id"])
        row["progress"] = _("%(done)s sur %(all)s groupes arrêtés", done=row["frozen_count"], all=row["group_count"])
    columns = [
        Column("name", _("Mois"), link="url"),
        Column("opens_at", _("Ouverture"), "instant"),
        Column("closes_at", _("Clôture"), "instant"),
        Column("progress", _("Avancement")),
    ]
    empty = (_("Aucune période programmée"), _("Publiez le catalogue du mois, puis programmez la période de commande."))
    table = Table("windows", _("Périodes de tous les groupes"), columns, rows, empty=empty)
    released = [row for host_id in words.host_ids() for row in ask("orders", "catalogues", host_id=host_id)["items"]]
    latest, used = released[0] if released else None, {row["catalogue_id"] for row in rows}
    again = latest is not None and latest["catalogue_id"] in used
    return table.export() or render_template("windows/index.html", table=table, latest=latest, again=again, words=words)


@bp.get("/periodes/<window_id>")
@access(may="orders.read")
def show(window_id: str):
    """All groups × steps, exceptions first."""
    page = ask("orders", "window_overview", window_id=window_id)
    for row in page["groups"]:
        row["state"] = _group_state(row)
        row["url"] = url_for("cycles.show", group_id=row["group_id"], cycle_id=row["cycle_id"])
        row["late"] = instant_text(row["regulation_deadline"])
    columns = [
        Column("group_name", _("Groupe"), link="url"),
        Column("state", _("Étape"), "state"),
        Column("orders", _("Commandes"), "number", total=True),
        Column("drafts", _("Brouillons"), "number", total=True),
        Column("over_asked", _("Trop demandés"), "number", total=True),
        Column("total_cents", _("Montant"), "money", total=True),
        Column("distribution_starts_at", _("Distribution"), "instant"),
        Column("late", _("À réguler avant"), sort=False),
    ]
    table = Table("groups", _("Groupes de la période"), columns, page["groups"])
    return table.export() or render_template("windows/show.html", page=page, table=table, words=words)


def _group_state(row: Mapping[str, Any]) -> tuple[str, str]:
    if row["status"] == "closed" and row["over_asked"]:
        return "problem", _("à réguler")
    return words.state_of(row["status"])


@bp.route("/periodes/programmer", methods=["GET", "POST"])
@access(may="orders.windows")
def schedule():
    """One template for all groups: opening, closing, and each group's distribution."""
    catalogue_id = request.args.get("catalogue_id", "") or request.form.get("catalogue_id", "")
    catalogue = ask("orders", "catalogue", catalogue_id=catalogue_id)
    zones = {group.group_id: group for group in places().groups}
    form = Form(initial=_proposal(catalogue["month"]))
    if request.method == "POST":
        payload = _template(form, zones)
        if payload and not form.errors:
            window_id = str(uuid5(NAMESPACE_URL, f"window/{idempotency_key()}"))
            if form.tell("orders", "schedule_window", window_id=window_id, catalogue_id=catalogue_id, **payload):
                flash(_("La période est programmée ; elle s’ouvrira d’elle-même dans chaque groupe."), "success")
                return redirect(url_for("windows.show", window_id=window_id))
    limited = [item for item in catalogue["items"] if item["max_per_group"]]
    return form.render(
        "windows/schedule.html", catalogue=catalogue, groups=list(zones.values()), limited=limited, words=words
    )


def _proposal(month: str) -> dict[str, str]:
    """Dates as groups usually have them: ten days of orders, the distribution two weeks after closing."""
    first = date.fromisoformat(f"{month}-01")
    today = current_app.extensions["grenier"].clock.now().date()
    opens = max(first, today + timedelta(days=1))
    closes = opens + timedelta(days=10)
    return {
        "opens_at": f"{opens}T08:00",
        "closes_at": f"{closes}T20:00",
        "distribution_day": f"{closes + timedelta(days=14)}",
        "distribution_from": "18:00",
        "distribution_to": "20:00",
    }


def _template(form: Form, groups: Mapping[str, Any]) -> dict[str, Any] | None:
    """The payload: local times of the template and of the groups that differ, as instants."""
    chosen = [group for key, group in groups.items() if form.value(f"in-{key}")]
    if not chosen:
        form.errors["groups"] = [_("Choisissez au moins un groupe.")]
        return None
    home = str(current_app.extensions["grenier"].settings.time_zone)
    return {
        "opens_at": _instant(form, "opens_at", form.value("opens_at"), home),
        "closes_at": _instant(form, "closes_at", form.value("closes_at"), home),
        "groups": [_group_part(form, group) for group in chosen],
    }


def _group_part(form: Form, group: Any) -> dict[str, Any]:
    key = group.group_id
    day = form.value(f"day-{key}") or form.value("distribution_day")
    start = form.value(f"from-{key}") or form.value("distribution_from")
    end = form.value(f"to-{key}") or form.value("distribution_to")
    field = f"day-{key}" if form.value(f"day-{key}") else "distribution_day"
    maxima = {
        name.removeprefix(f"max-{key}-"): int(text)
        for name, text in form.typed.items()
        if name.startswith(f"max-{key}-") and str(text).isdecimal() and len(text) <= 7
    }
    return {
        "group_id": key,
        "distribution_starts_at": _instant(form, field, f"{day}T{start}", group.time_zone),
        "distribution_ends_at": _instant(form, field, f"{day}T{end}", group.time_zone),
        "place": str(form.value(f"place-{key}")).strip(),
        "max_per_group": maxima,
    }


def _instant(form: Form, field: str, text: Any, zone: str) -> str:
    try:
        local = datetime.fromisoformat(str(text)).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        form.errors[field] = [_("Une date et une heure, comme 12/11/2026 20:00.")]
        return ""
    instant = local.astimezone(ZoneInfo("UTC"))
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        form.errors[field] = [_("Cette heure n’existe pas ce jour-là : on passe à l’heure d’été.")]
        return ""
    return instant.isoformat()


# -- the table ---------------------------------------------------------------------------


@bp.get("/periodes/<window_id>/recapitulatif")
@access(may="orders.read")
def aggregation(window_id: str):
    """S1:134: product × group and totals, live before the groups are frozen."""
    page = ask("orders", "aggregation", window_id=window_id)
    table = _matrix(page)
    return table.export() or render_template("windows/aggregation.html", page=page, table=table, words=words)


def _matrix(page: Mapping[str, Any]) -> Table:
    rows = [
        {**line, **{f"g-{group_id}": quantity for group_id, quantity in line["per_group"].items()}}
        for line in page["lines"]
    ]
    columns = [Column("name", _("Produit")), Column("unit_label", _("Unité"))]
    columns += [Column(f"g-{group['group_id']}", group["name"], "number", total=True) for group in page["groups"]]
    columns += [
        Column("quantity", _("Total"), "number", total=True),
        Column("cases", _("Colis"), "number", total=True),
        Column("loose", _("À l’unité"), "number", total=True),
        Column("amount_cents", _("Vendu"), "money", total=True),
        Column("cost_cents", _("Coût"), "money", total=True),
    ]
    empty = (_("Rien n’est encore commandé"), _("Le tableau se remplit à mesure que les foyers valident."))
    return Table("aggregation", _("Produits × groupes"), columns, rows, empty=empty)
