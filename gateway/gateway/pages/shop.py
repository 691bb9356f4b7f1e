"""The shop of a household, its order, and taking orders for others."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access, rule
from gateway.calls import ask, tell
from gateway.formats import instant_text, time_of, when
from gateway.forms import Form
from gateway.identity import places
from gateway.menus import nav_item
from gateway.pages import orders as words
from gateway.pages.shop_words import entry
from gateway.tables import Column, Table
from gateway.whole_lists import whole_list
from grenier.errors import Forbidden, GrenierError, NotFound, Unavailable

bp = Blueprint("shop", __name__, url_prefix="/groupes/<group_id>/commandes")
nav_item(lazy_gettext("Commandes"), "shop.index", icon="shopping-bag", order=20, who=rule("member"))

PREFIX = "q-"
HOUSEHOLD = "/<cycle_id>/foyers/<household_id>"


@bp.get("")
@access("member")
def index(group_id: str):
    """My households' periods: open, to come, waiting for their distribution; then the past orders."""
    cycles = [row for row in ask("orders", "my_cycles")["items"] if row["group_id"] == group_id]
    cycles.sort(key=lambda row: (row["status"] != "open", row["status"] == "scheduled", row["distribution_starts_at"]))
    homes = [home.household_id for home in places().households if home.group_id == group_id]
    past = [
        row
        for home in homes
        for row in ask("orders", "orders_of_household", household_id=home)["items"]
        if row["status"] == "confirmed"
    ]
    names = words.names_of(households=homes) if len(homes) > 1 else {}
    return render_template(
        "shop/index.html", group_id=group_id, cycles=cycles, history=_history(group_id, past), names=names, words=words
    )


def _history(group_id: str, rows: list[dict[str, Any]]) -> Table:
    for row in rows:
        row["month"] = words.month_name(row["cycle"]["month"])
        row["state"] = words.state_of(row["cycle"]["status"])
        row["url"] = url_for(
            "shop.summary", group_id=group_id, cycle_id=row["cycle_id"], household_id=row["household_id"]
        )
    columns = [
        Column("month", _("Mois"), link="url"),
        Column("line_count", _("Produits"), "number"),
        Column("total_cents", _("Montant"), "money"),
        Column("state", _("Période"), "state"),
    ]
    empty = (_("Pas encore de commande"), _("Vos commandes apparaîtront ici, mois par mois."))
    return Table("my-orders", _("Mes commandes"), columns, rows, empty=empty)


# -- the shop ----------------------------------------------------------------------------------------------------


@bp.route(HOUSEHOLD, methods=["GET", "POST"])
@access("member")
def counter(group_id: str, cycle_id: str, household_id: str):
    form = Form()
    wanted: dict[str, int] = {}
    if request.method == "POST":
        wanted = _wanted(form)
        if not form.errors and (done := _carry_out(form, group_id, cycle_id, household_id, wanted)):
            return done
    shop = ask("orders", "shop", cycle_id=cycle_id, household_id=household_id)
    _fill(shop, wanted if form.sent else None)
    return form.render(
        "shop/counter.html",
        group_id=group_id,
        shop=shop,
        categories=_categories(shop["items"]),
        household=_household_words(shop["household"]),
        total=sum(item["amount_cents"] for item in shop["items"]),
        searched=request.args.get("q", "").strip(),
        typed=form.typed,
        words=words,
    )


def _wanted(form: Form) -> dict[str, int]:
    """Quantities typed, by product; what is no number stands as an error at its field."""
    found: dict[str, int] = {}
    for name, text in form.typed.items():
        if not name.startswith(PREFIX) or not str(text).strip():
            continue
        if not str(text).strip().isdecimal() or len(str(text).strip()) > 4:
            form.errors[name] = [_("Un nombre entier, de 0 à 999.")]
        elif int(text):
            found[name.removeprefix(PREFIX)] = int(text)
    return found


def _carry_out(form: Form, group_id: str, cycle_id: str, household_id: str, wanted: dict[str, int]):
    lines = [{"product_id": product_id, "quantity": quantity} for product_id, quantity in wanted.items()]
    address: dict[str, Any] = {"group_id": group_id, "cycle_id": cycle_id, "household_id": household_id}
    target = {"cycle_id": cycle_id, "household_id": household_id, "lines": lines}
    try:
        if form.value("act") == "draft":
            tell("orders", "save_draft", **target)
            flash(_("Brouillon enregistré. Il ne compte pas encore : validez-le avant la clôture."), "success")
            return redirect(url_for("shop.counter", **address))
        if not lines:
            form.refusal = _empty()
            return None
        reason, channel = str(form.value("reason")).strip(), str(form.value("channel", "web"))
        tell("orders", "confirm_order", **target, reason=reason, channel=channel)
    except (NotFound, Forbidden, Unavailable):
        raise
    except GrenierError as error:
        _refuse(form, error)
        return None
    flash(_("Commande validée. Vous pouvez la modifier jusqu’à la clôture."), "success")
    return redirect(url_for("shop.summary", **address))


def _empty() -> dict[str, Any]:
    from gateway.problems import problem

    return problem("order-empty", 422)


def _refuse(form: Form, error: GrenierError) -> None:
    """A refusal about one product stands at its quantity as well as on top."""
    form.refuse(error)
    product_id = error.facts.get("product_id")
    if product_id and form.refusal:
        form.errors = {PREFIX + str(product_id): [str(form.refusal["detail"])]}
        form.refusal = None
    elif error.code == "reason-required":
        form.errors = {"reason": [_("Dites pourquoi : le foyer en sera informé.")]}
        form.refusal = None


def _fill(shop: dict[str, Any], typed: Mapping[str, int] | None) -> None:
    """The quantity to show: what was just typed, else the draft, else the confirmed order."""
    draft = shop["draft"] is not None
    for item in shop["items"]:
        kept = item["draft_quantity"] if draft else item["confirmed_quantity"]
        quantity = typed.get(item["product_id"], 0) if typed is not None else kept
        item["quantity"] = 0 if item["unavailable"] else quantity
        item["amount_cents"] = amount_of(item, item["quantity"])


def amount_of(item: Mapping[str, Any], quantity: int) -> int:
    """What the line comes to, for the running total; the service decides what is charged."""
    if item["sale"] != "weighed":
        return item["unit_price_cents"] * quantity
    return (2 * item["unit_price_cents"] * quantity * item["portion_g"] + 1000) // 2000


def _categories(items: list[dict[str, Any]]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """(id, name, items), in the order of the catalogue."""
    found: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        found.setdefault(item["category"], []).append(item)
    return [(f"rayon-{at}", name, rows) for at, (name, rows) in enumerate(found.items(), 1)]


def _household_words(household: dict[str, Any]) -> dict[str, Any]:
    names = {} if household["own"] else words.names_of(households=[household["household_id"]])
    return {**household, "name": words.household_name(names, household["household_id"])}


@bp.post(HOUSEHOLD + "/brouillon")
@access("member")
def autosave(group_id: str, cycle_id: str, household_id: str):
    """The draft as it is being put together (sent by the page's script)."""
    form = Form()
    lines = [{"product_id": product, "quantity": quantity} for product, quantity in _wanted(form).items()]
    tell("orders", "save_draft", cycle_id=cycle_id, household_id=household_id, lines=lines)
    from flask import current_app

    at = time_of(current_app.extensions["grenier"].clock.now())
    return jsonify(text=_("Brouillon enregistré à %(time)s, pas encore validé.", time=at))


@bp.route(HOUSEHOLD + "/abandonner", methods=["GET", "POST"])
@access("member")
def discard(group_id: str, cycle_id: str, household_id: str):
    address: dict[str, Any] = {"group_id": group_id, "cycle_id": cycle_id, "household_id": household_id}
    if request.method == "POST":
        tell("orders", "discard_draft", cycle_id=cycle_id, household_id=household_id)
        flash(_("Le brouillon est abandonné."), "success")
        return redirect(url_for("shop.index", group_id=group_id))
    order = ask("orders", "my_order", cycle_id=cycle_id, household_id=household_id)
    return render_template("shop/discard.html", **address, page=order)


# -- the order ---------------------------------------------------------------------------------------------------


@bp.get(HOUSEHOLD + "/recapitulatif")
@access("member")
def summary(group_id: str, cycle_id: str, household_id: str):
    page = ask("orders", "my_order", cycle_id=cycle_id, household_id=household_id)
    order = page["order"]
    persons = [order["changed_by"]] if order else []
    names = words.names_of(households=[household_id], persons=persons)
    return render_template(
        "shop/summary.html",
        group_id=group_id,
        page=page,
        name=words.household_name(names, household_id),
        group=words.group_names().get(group_id, ""),
        table=_lines(order["lines"]) if order else None,
        reduced=[line for line in order["lines"] if line["asked_quantity"]] if order else [],
        words=words,
    )


def _lines(lines: list[dict[str, Any]]) -> Table:
    for line in lines:
        line["price"] = words.line_price(line)
    columns = [
        Column("name", _("Produit"), sort=False),
        Column("unit_label", _("Unité"), sort=False),
        Column("quantity", _("Quantité"), "number", sort=False),
        Column("price", _("Prix"), sort=False),
        Column("amount_cents", _("Montant"), "money", sort=False, total=True),
    ]
    return Table("order", _("Produits commandés"), columns, lines)


@bp.route(HOUSEHOLD + "/annuler", methods=["GET", "POST"])
@access("member")
def cancel(group_id: str, cycle_id: str, household_id: str):
    form = Form()
    address: dict[str, Any] = {"group_id": group_id, "cycle_id": cycle_id, "household_id": household_id}
    if request.method == "POST":
        reason = str(form.value("reason")).strip()
        try:
            tell("orders", "cancel_order", cycle_id=cycle_id, household_id=household_id, reason=reason)
        except (NotFound, Forbidden, Unavailable):
            raise
        except GrenierError as error:
            _refuse(form, error)
        else:
            flash(_("Commande annulée. Vous pouvez commander à nouveau jusqu’à la clôture."), "success")
            return redirect(url_for("shop.index", group_id=group_id))
    page = ask("orders", "my_order", cycle_id=cycle_id, household_id=household_id)
    names = words.names_of(households=[household_id])
    name = words.household_name(names, household_id)
    return form.render("shop/cancel.html", **address, page=page, name=name)


@bp.get("/historique/<order_id>")
@access("member")
def history(group_id: str, order_id: str):
    page = ask("orders", "order_history", order_id=order_id)
    persons = [fact["actor"] for fact in page["facts"] if not fact["actor"].startswith("system:")]
    names = words.names_of(households=[page["order"]["household_id"]], persons=persons)
    entries = [entry(fact, page["names"], names) for fact in page["facts"]]
    return render_template(
        "shop/history.html",
        group_id=group_id,
        order=page["order"],
        cycle=page["cycle"],
        entries=entries,
        name=words.household_name(names, page["order"]["household_id"]),
        words=words,
    )


# -- for others --------------------------------------------------------------------------------------------------


@bp.get("/<cycle_id>/saisie")
@access(may="orders.proxy")
def proxy(group_id: str, cycle_id: str):
    """Whose order is it? Pick the household by name, then the same shop."""
    cycle = ask("orders", "cycle_state", cycle_id=cycle_id)
    found = whole_list("contracts", "members", group_id=group_id, search=request.args.get("q", ""))
    ordered = set(ask("orders", "households_with_order", cycle_id=cycle_id)["household_ids"])
    waiting = set(ask("orders", "households_with_draft", cycle_id=cycle_id)["household_ids"])
    return render_template(
        "shop/proxy.html",
        group_id=group_id,
        cycle=cycle,
        households=sorted(found["households"], key=lambda row: _plain(row["label"])),
        ordered=ordered,
        waiting=waiting,
        words=words,
    )


@bp.get("/<cycle_id>/bon-de-commande")
@access("member")
def paper(group_id: str, cycle_id: str):
    """The order form on paper, from the live catalogue (S1:142)."""
    cycle = ask("orders", "cycle", cycle_id=cycle_id)
    offered = [item for item in cycle["items"] if not item["unavailable"]]
    tiers = [(tier["code"], tier["name"]) for tier in cycle["tiers"]]
    for item in offered:
        item["prices"] = [_tier_price(item, cycle["tier_rates_bp"].get(code, 10_000)) for code, _name in tiers]
    return render_template(
        "shop/paper.html",
        group_id=group_id,
        cycle=cycle,
        tiers=tiers,
        categories=_categories(offered),
        group=words.group_names().get(group_id, ""),
        words=words,
        deadline=instant_text(cycle["closes_at"]),
        soon=when(cycle["closes_at"]),
    )


def _tier_price(item: Mapping[str, Any], rate_bp: int) -> str:
    cents = (2 * item["price_cents"] * rate_bp + 10_000) // 20_000
    return words.line_price({**item, "unit_price_cents": cents})


def _plain(text: str) -> str:
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode().casefold()
