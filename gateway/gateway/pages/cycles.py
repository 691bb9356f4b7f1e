"""Order periods: a group's orders in progress and their regulation; the centre's windows, table and supplier orders."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from markupsafe import Markup, escape

from gateway.access import access, rule
from gateway.calls import ask, idempotency_key, tell
from gateway.formats import instant_text, money
from gateway.forms import Form
from gateway.identity import places
from gateway.menus import nav_item
from gateway.pages import orders as words
from gateway.tables import Column, Table
from grenier.errors import Forbidden, GrenierError, NotFound, Unavailable

bp = Blueprint("cycles", __name__)
nav_item(lazy_gettext("Périodes"), "cycles.windows", icon="calendar-days", order=22, who=rule(may="orders.windows"))
GROUP = "/groupes/<group_id>/periodes"


# -- a group's periods -------------------------------------------------------------------------------------------


@bp.get(GROUP)
@access(may="orders.read")
def index(group_id: str):
    rows = ask("orders", "cycles", group_id=group_id)["items"]
    for row in rows:
        row["name"] = words.month_name(row["month"])
        row["state"] = words.state_of(row["status"])
        row["url"] = url_for("cycles.show", group_id=group_id, cycle_id=row["cycle_id"])
    columns = [
        Column("name", _("Mois"), link="url"),
        Column("state", _("État"), "state"),
        Column("closes_at", _("Clôture"), "instant"),
        Column("orders", _("Commandes"), "number"),
        Column("drafts", _("Brouillons"), "number"),
        Column("over_asked", _("Trop demandés"), "number"),
        Column("total_cents", _("Montant"), "money"),
    ]
    empty = (_("Aucune période"), _("L’équipe centrale programme les périodes de commande de tous les groupes."))
    table = Table("periods", _("Périodes de commande"), columns, rows, empty=empty)
    return table.export() or render_template("cycles/index.html", group_id=group_id, table=table)


@bp.get(GROUP + "/<cycle_id>")
@access(may="orders.read")
def show(group_id: str, cycle_id: str):
    """Orders in progress, and who has not confirmed yet (S1:33)."""
    page = ask("orders", "orders_of_cycle", cycle_id=cycle_id, offset=_offset())
    over = ask("orders", "over_asked", cycle_id=cycle_id)
    waiting = page["drafts"]
    names = words.names_of(households=[row["household_id"] for row in (*page["items"], *waiting)])
    table = _orders_table(group_id, page["items"], names)
    return table.export() or render_template(
        "cycles/show.html",
        group_id=group_id,
        page=page,
        cycle=page["cycle"],
        table=table,
        over=over,
        waiting=[{**row, "name": words.household_name(names, row["household_id"])} for row in waiting],
        steps=_steps(group_id, page["cycle"], over, len(waiting)),
        words=words,
    )


def _offset() -> int:
    text = request.args.get("offset", "0")
    return int(text) if text.isdigit() and len(text) < 7 else 0


def _orders_table(group_id: str, rows: list[dict[str, Any]], names: Mapping[str, str]) -> Table:
    for row in rows:
        row["name"] = words.household_name(names, row["household_id"])
        row["url"] = url_for(
            "shop.summary", group_id=group_id, cycle_id=row["cycle_id"], household_id=row["household_id"]
        )
        row["what"] = ", ".join(f"{line['quantity']} × {line['name']}" for line in row["lines"])
        row["source"] = _("papier") if row["channel"] == "paper" else _("en ligne")
    columns = [
        Column("name", _("Foyer"), link="url"),
        Column("what", _("Produits"), sort=False),
        Column("source", _("Reçue")),
        Column("changed_at", _("Dernier changement"), "instant"),
        Column("total_cents", _("Montant"), "money", total=True),
    ]
    empty = (_("Aucune commande validée"), _("Les commandes apparaissent ici dès que les foyers les valident."))
    return Table("orders", _("Commandes validées"), columns, rows, empty=empty)


def _steps(group_id: str, cycle: Mapping[str, Any], over: Mapping[str, Any], drafts: int) -> list[dict[str, str]]:
    """The period as a line of steps: what is done, what is next."""
    order = ("scheduled", "open", "closed", "frozen")
    at, too_much = order.index(cycle["status"]), len(over["items"])
    late = cycle["status"] == "closed" and over["deadline"] < current_app.extensions["grenier"].clock.now().isoformat()
    address = {"group_id": group_id, "cycle_id": cycle["cycle_id"]}

    def state(place: int) -> str:
        return "done" if at > place else "current" if at == place else "todo"

    regulated = (
        "done" if at == 3 or (at == 2 and not too_much) else "late" if late else "current" if at == 2 else "todo"
    )
    frozen = "done" if at == 3 else "current" if at == 2 and not too_much else "todo"
    asked = ngettext("%(num)d produit trop demandé", "%(num)d produits trop demandés", too_much) if too_much else ""
    waiting = ngettext("%(num)d brouillon", "%(num)d brouillons", drafts) if drafts and at < 2 else ""
    return [
        {"label": _("Ouvrir"), "state": state(0), "detail": "", "url": ""},
        {"label": _("Commander"), "state": state(1), "detail": waiting, "url": ""},
        {"label": _("Réguler"), "state": regulated, "detail": asked, "url": url_for("cycles.over_asked", **address)},
        {"label": _("Arrêter"), "state": frozen, "detail": "", "url": ""},
    ]


# -- regulation --------------------------------------------------------------------------------------------------


@bp.get(GROUP + "/<cycle_id>/regulation")
@access(may="orders.regulate")
def over_asked(group_id: str, cycle_id: str):
    over = ask("orders", "over_asked", cycle_id=cycle_id)
    cycle = ask("orders", "cycle_state", cycle_id=cycle_id)
    return render_template("cycles/over_asked.html", group_id=group_id, cycle=cycle, over=over, words=words)


@bp.route(GROUP + "/<cycle_id>/regulation/<product_id>", methods=["GET", "POST"])
@access(may="orders.regulate")
def regulate(group_id: str, cycle_id: str, product_id: str):
    """Every rule side by side, who gets what; then the chosen one, with what it will do, before it is applied."""
    form = Form()
    address: dict[str, Any] = {"group_id": group_id, "cycle_id": cycle_id}
    chosen = str(form.value("rule") or request.args.get("rule", ""))
    if request.method == "POST" and (done := _regulate(form, chosen, product_id, address)):
        return done
    preview = ask("orders", "preview_regulation", cycle_id=cycle_id, product_id=product_id)
    names = words.names_of(households=[row["household_id"] for row in preview["households"]])
    for row in preview["households"]:
        row["name"] = words.household_name(names, row["household_id"])
    return form.render(
        "cycles/regulate.html",
        **address,
        preview=preview,
        rules=[name for name in words.RULES if name in preview["totals"]],
        chosen=chosen if chosen in preview["totals"] else "",
        effects=_effects(preview, chosen),
        words=words,
    )


def _regulate(form: Form, chosen: str, product_id: str, address: Mapping[str, Any]):
    try:
        tell("orders", "regulate", cycle_id=address["cycle_id"], product_id=product_id, rule=chosen)
    except (NotFound, Forbidden, Unavailable):
        raise
    except GrenierError as error:
        form.refuse(error)
        return None
    left = ask("orders", "over_asked", cycle_id=address["cycle_id"])["items"]
    flash(_("La régulation est appliquée ; chaque foyer concerné est prévenu de sa nouvelle quantité."), "success")
    return redirect(url_for("cycles.over_asked" if left else "cycles.show", **address))


def _effects(preview: Mapping[str, Any], chosen: str) -> list[str]:
    """What the chosen rule does to whom, in words."""
    if chosen not in preview["totals"]:
        return []
    changed = [row for row in preview["households"] if row["rules"][chosen] != row["asked"]]
    lines = [
        _(
            "%(name)s : %(before)s → %(after)s (%(from_amount)s → %(to_amount)s)",
            name=row["name"],
            before=row["asked"],
            after=row["rules"][chosen],
            from_amount=money(row["asked_cents"]),
            to_amount=money(row["amounts"][chosen]),
        )
        for row in changed
    ]
    told = ngettext("%(num)d foyer sera prévenu.", "%(num)d foyers seront prévenus.", len(changed))
    return [*lines, told]


@bp.route(GROUP + "/<cycle_id>/arreter", methods=["GET", "POST"])
@access(may="orders.regulate")
def freeze(group_id: str, cycle_id: str):
    form = Form()
    address: dict[str, Any] = {"group_id": group_id, "cycle_id": cycle_id}
    if request.method == "POST" and form.tell("orders", "freeze_aggregation", cycle_id=cycle_id):
        flash(
            _("Les commandes sont arrêtées : elles partent aux producteurs avec celles des autres groupes."), "success"
        )
        return redirect(url_for("cycles.show", **address))
    page = ask("orders", "orders_of_cycle", cycle_id=cycle_id)
    return form.render("cycles/freeze.html", **address, page=page, words=words)


@bp.route(GROUP + "/<cycle_id>/produits", methods=["GET", "POST"])
@access(may="orders.regulate")
def unavailable(group_id: str, cycle_id: str):
    """Which products fall away for this period (S0:36)."""
    form = Form()
    address: dict[str, Any] = {"group_id": group_id, "cycle_id": cycle_id}
    product_id = str(form.value("product_id"))
    if request.method == "POST" and form.tell("orders", "make_unavailable", cycle_id=cycle_id, product_id=product_id):
        flash(_("Le produit est retiré ; les foyers qui l’avaient commandé sont prévenus."), "success")
        return redirect(url_for("cycles.unavailable", **address))
    cycle = ask("orders", "cycle", cycle_id=cycle_id)
    named = next((item for item in cycle["items"] if item["product_id"] == request.args.get("produit")), None)
    return form.render("cycles/unavailable.html", **address, cycle=cycle, named=named, words=words)


# -- the centre's windows ----------------------------------------------------------------------------------------


@bp.get("/periodes")
@access(may="orders.windows")
def windows():
    rows = [row for host_id in words.host_ids() for row in ask("orders", "windows", host_id=host_id)["items"]]
    for row in rows:
        row["name"] = words.month_name(row["month"])
        row["url"] = url_for("cycles.window", window_id=row["window_id"])
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
    return table.export() or render_template("cycles/windows.html", table=table, catalogues=released[:3], words=words)


@bp.get("/periodes/<window_id>")
@access(may="orders.read")
def window(window_id: str):
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
    return table.export() or render_template("cycles/window.html", page=page, table=table, words=words)


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
                return redirect(url_for("cycles.window", window_id=window_id))
    limited = [item for item in catalogue["items"] if item["max_per_group"]]
    return form.render(
        "cycles/schedule.html", catalogue=catalogue, groups=list(zones.values()), limited=limited, words=words
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
        if name.startswith(f"max-{key}-") and str(text).isdigit()
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
    return local.astimezone(ZoneInfo("UTC")).isoformat()


# -- the table and the supplier orders ---------------------------------------------------------------------------


@bp.get("/periodes/<window_id>/recapitulatif")
@access(may="orders.read")
def aggregation(window_id: str):
    """S1:134: product × group and totals, live before the groups are frozen."""
    page = ask("orders", "aggregation", window_id=window_id)
    table = _matrix(page)
    return table.export() or render_template("cycles/aggregation.html", page=page, table=table, words=words)


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


@bp.get("/periodes/<window_id>/fournisseurs")
@access(may="orders.suppliers")
def suppliers(window_id: str):
    page = ask("orders", "supplier_orders", window_id=window_id)
    return _supplier_list(page["items"], window_id=window_id)


@bp.get("/commandes-fournisseurs")
@access(may="orders.supplier-orders")
def my_supplier_orders():
    """A producer's own orders."""
    mine = sorted({held.scope_id for held in places().roles if held.role == "producer"})
    rows = [row for key in mine for row in ask("orders", "supplier_orders", producer_id=key)["items"]]
    return _supplier_list(rows, window_id="")


nav_item(
    lazy_gettext("Commandes à préparer"),
    "cycles.my_supplier_orders",
    icon="truck",
    order=20,
    who=rule(role="producer", scope="producer"),
)


def _supplier_list(rows: list[dict[str, Any]], window_id: str):
    for row in rows:
        row["name"] = row["producer_name"]
        row["when"] = words.month_name(row["month"])
        row["state"] = tuple(map(str, words.SUPPLIER_STATUS[row["status"]]))
        row["url"] = url_for("cycles.supplier_order", supplier_order_id=row["supplier_order_id"])
    columns = [
        Column("name", _("Producteur"), link="url"),
        Column("when", _("Mois")),
        Column("state", _("État"), "state"),
        Column("line_count", _("Produits"), "number"),
        Column("weight_g", _("Poids"), "weight", total=True),
        Column("cost_cents", _("Coût"), "money", total=True),
    ]
    empty = (_("Aucune commande fournisseur"), _("Elles se font d’elles-mêmes quand tous les groupes ont arrêté."))
    table = Table("suppliers", _("Commandes fournisseurs"), columns, rows, empty=empty)
    return table.export() or render_template("cycles/suppliers.html", table=table, window_id=window_id)


@bp.route("/commandes-fournisseurs/<supplier_order_id>", methods=["GET", "POST"])
@access("person")
def supplier_order(supplier_order_id: str):
    """The sheet of one producer, to print, send and confirm."""
    form = Form()
    acts = {"send": "send_supplier_order", "acknowledge": "acknowledge_supplier_order"}
    act = acts.get(str(form.value("act")))
    if request.method == "POST" and act and form.tell("orders", act, supplier_order_id=supplier_order_id):
        flash(_("La commande est envoyée.") if act.startswith("send") else _("La commande est confirmée."), "success")
        return redirect(url_for("cycles.supplier_order", supplier_order_id=supplier_order_id))
    order = ask("orders", "supplier_order", supplier_order_id=supplier_order_id)
    table = _supplier_lines(order)
    return table.export() or form.render("cycles/supplier_order.html", order=order, table=table, words=words)


def _supplier_lines(order: dict[str, Any]) -> Table:
    names = order["group_names"]
    for line in order["lines"]:
        shares = [f"{escape(names.get(key, key))} {quantity}" for key, quantity in line["per_group"].items()]
        line["shares"] = Markup(" · ").join(Markup(share) for share in shares)  # noqa: S704 escaped above
    columns = [
        Column("name", _("Produit")),
        Column("unit_label", _("Unité")),
        Column("quantity", _("Quantité"), "number"),
        Column("cases", _("Colis"), "number"),
        Column("loose", _("À l’unité"), "number"),
        Column("shares", _("Par groupe"), "html", sort=False),
        Column("weight_g", _("Poids"), "weight", total=True),
        Column("cost_cents", _("Coût"), "money", total=True),
    ]
    return Table("supplier-order", _("Produits commandés"), columns, order["lines"])
