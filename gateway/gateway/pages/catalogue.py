"""The shared catalogue of the host organisation: products, prices with their dates, imports, the month's release."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access, rule
from gateway.calls import ask, idempotency_key, tell
from gateway.formats import day, money, of_month
from gateway.forms import Form
from gateway.menus import nav_item
from gateway.pages import orders as words
from gateway.tables import Column, Table
from grenier.errors import Invalid, NotFound

bp = Blueprint("catalogue", __name__, url_prefix="/catalogue")
nav_item(lazy_gettext("Catalogue"), "catalogue.index", icon="tag", order=21, who=rule(may="orders.catalogue"))

LIMITS = ("max_per_household", "max_per_group", "stock_limit")
GRAMS = ("portion_g", "net_weight_g", "whole_piece_g")


def host_id() -> str:
    found = words.host_ids()
    if not found:
        raise NotFound
    return found[0]


def first_of_month() -> date:
    return _today().replace(day=1)


def _today() -> date:
    return current_app.extensions["grenier"].clock.now().date()


@bp.get("")
@access(may="orders.catalogue")
def index():
    page = ask("orders", "products", host_id=host_id())
    for row in page["items"]:
        row["url"] = url_for("catalogue.product", product_id=row["product_id"])
        row["per"] = _per(row)
        row["next"] = (
            _("%(price)s au %(day)s", price=money(row["next_price_cents"]), day=day(date.fromisoformat(row["next_price_from"])))
            if row["next_price_from"]
            else ""
        )  # fmt: skip
    columns = [
        Column("name", _("Produit"), link="url"),
        Column("category", _("Rayon")),
        Column("producer_name", _("Producteur")),
        Column("per", _("Unité")),
        Column("price_cents", _("Prix"), "money"),
        Column("cost_cents", _("Coût"), "money"),
        Column("next", _("À venir"), sort=False),
    ]
    empty = (_("Aucun produit au catalogue"), _("Ajoutez un premier produit, ou importez un tableur."))
    table = Table("products", _("Produits"), columns, page["items"], empty=empty)
    released = ask("orders", "catalogues", host_id=host_id())["items"]
    return table.export() or render_template("catalogue/index.html", table=table, released=released, words=words)


def _per(row: Mapping[str, Any]) -> str:
    return _("le kg, %(unit)s", unit=row["unit_label"]) if row["sale"] == "weighed" else row["unit_label"]


# -- one product -------------------------------------------------------------------------------------------------


@bp.get("/produits/<product_id>")
@access(may="orders.catalogue")
def product(product_id: str):
    return _product_page(product_id, Form(initial={"effective_from": _first_of_next_month().isoformat()}))


@bp.post("/produits/<product_id>/prix")
@access(may="orders.catalogue")
def revise(product_id: str):
    """First what each tier will pay, old and new; then, confirmed, the revision."""
    form = Form()
    price = {name: _cents(form, name) for name in ("price", "cost")}
    since = date_of(form, "effective_from")
    if form.errors or since is None:
        return _product_page(product_id, form)
    if form.value("confirmed") != "1":
        return _product_page(product_id, form, new_price=price["price"])
    told = form.tell(
        "orders",
        "revise_price",
        product_id=product_id,
        price_cents=price["price"],
        cost_cents=price["cost"],
        effective_from=since.isoformat(),
        reason=str(form.value("reason")).strip(),
    )
    if told is None:
        return _product_page(product_id, form)
    flash(
        _("Le nouveau prix vaudra %(day)s. Les catalogues déjà publiés ne changent pas.", day=_from(since)), "success"
    )
    return redirect(url_for("catalogue.product", product_id=product_id))


def _from(since: date) -> str:
    return _("à partir du %(day)s", day=day(since, weekday=False))


def _first_of_next_month() -> date:
    today = _today()
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)


def _product_page(product_id: str, form: Form, new_price: int | None = None):
    page = ask("orders", "product", product_id=product_id)
    persons = [row["actor"] for row in page["history"]]
    names = words.names_of(persons=persons)
    preview = _price_preview(page, new_price) if new_price is not None else None
    entries = [_price_entry(row, names) for row in page["history"]]
    return form.render(
        "catalogue/product.html", page=page, per=_per(page["facts"]), preview=preview, entries=entries, words=words
    )


def _price_preview(page: Mapping[str, Any], new_price: int) -> list[tuple[str, int | None, int]]:
    """(tier, price now, price then) for each tier."""
    now = page["price"]["tier_prices"] if page["price"] else {}
    return [
        (tier["name"], now.get(tier["code"]), (2 * new_price * tier["rate_bp"] + 10_000) // 20_000)
        for tier in page["tiers"]
    ]


def _price_entry(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    text = _(
        "%(price)s %(since)s (coût %(cost)s)",
        price=money(row["price_cents"]),
        since=_from(date.fromisoformat(row["effective_from"])),
        cost=money(row["cost_cents"]),
    )
    reason = f" : {row['reason']}" if row["reason"] else ""
    return {
        "at": row["revised_at"],
        "text": text + reason,
        "who": words.actor_name(names, row["actor"]),
        "role": words.role_word(row["role"]) if row["role"] else "",
    }


@bp.route("/produits/nouveau", methods=["GET", "POST"])
@access(may="orders.catalogue")
def new():
    form = Form(initial={"effective_from": first_of_month().isoformat(), "case_size": "1", "sale": "piece"})
    if request.method == "POST":
        facts, since = _facts(form), date_of(form, "effective_from")
        prices = {f"{name}_cents": _cents(form, name) for name in ("price", "cost")}
        product_id = str(uuid5(NAMESPACE_URL, f"product/{idempotency_key()}"))
        if not form.errors and since and form.tell(
            "orders", "list_product", product_id=product_id, host_id=host_id(), facts=facts, **prices,
            effective_from=since.isoformat(),
        ):  # fmt: skip
            flash(
                _("« %(name)s » est au catalogue. Il sera proposé dès le prochain mois publié.", name=facts["name"]),
                "success",
            )
            return redirect(url_for("catalogue.product", product_id=product_id))
    return form.render("catalogue/edit.html", producers=producers_of(), product=None, labels=_labels())


@bp.route("/produits/<product_id>/modifier", methods=["GET", "POST"])
@access(may="orders.catalogue")
def edit(product_id: str):
    page = ask("orders", "product", product_id=product_id)
    initial = {key: ("1" if value is True else "" if value is False else value) for key, value in page["facts"].items()}
    form = Form(initial=initial)
    if request.method == "POST":
        facts = _facts(form)
        if not form.errors and form.tell("orders", "change_product", product_id=product_id, facts=facts):
            flash(_("Produit modifié. Les catalogues déjà publiés ne changent pas."), "success")
            return redirect(url_for("catalogue.product", product_id=product_id))
    return form.render("catalogue/edit.html", producers=producers_of(), product=page, labels=_labels())


@bp.route("/produits/<product_id>/retirer", methods=["GET", "POST"])
@access(may="orders.catalogue")
def withdraw(product_id: str):
    page = ask("orders", "product", product_id=product_id)
    if request.method == "POST":
        tell("orders", "withdraw_product", product_id=product_id)
        flash(_("« %(name)s » n’est plus au catalogue.", name=page["facts"]["name"]), "success")
        return redirect(url_for("catalogue.index"))
    return render_template("catalogue/withdraw.html", page=page)


def producers_of() -> list[tuple[str, str]]:
    found = ask("orders", "products", host_id=host_id())["producers"]
    return [("", _("Choisir un producteur")), *((row["producer_id"], row["name"]) for row in found)]


def _labels() -> dict[str, str]:
    return {
        "name": _("Nom"),
        "category": _("Rayon"),
        "producer_id": _("Producteur"),
        "portion_g": _("Poids d’une part"),
        "case_size": _("Unités par colis"),
        "price": _("Prix"),
        "cost": _("Coût"),
        "effective_from": _("À partir du"),
    }


def _facts(form: Form) -> dict[str, Any]:
    facts: dict[str, Any] = {
        name: str(form.value(name)).strip() for name in ("name", "category", "producer_id", "unit_label", "origin")
    }
    facts["unit_label"] = facts["unit_label"] or _("pièce")
    facts["sale"] = "weighed" if form.value("sale") == "weighed" else "piece"
    facts.update({name: form.value(name) == "1" for name in ("organic", "container")})
    for name in (*GRAMS, "case_size"):
        text = str(form.value(name)).strip() or ("1" if name == "case_size" else "0")
        if text.isdecimal() and len(text) <= 7:
            facts[name] = int(text)
        else:
            form.errors[name] = [_("Un nombre entier.")]
    for name in ("name", "category", "producer_id"):
        if not facts[name]:
            form.errors[name] = [_("À remplir.")]
    return facts


def cents_of(text: str) -> int | None:
    """« 4,20 », "4.2", « 4,20 € » → 420; None when it is no amount."""
    plain = text.replace("€", "").replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace(",", ".")
    whole, _dot, part = plain.partition(".")
    if not whole.isdecimal() or not (part == "" or (part.isdecimal() and len(part) <= 2)) or len(whole) > 6:
        return None
    return int(whole) * 100 + int(part.ljust(2, "0"))


def _cents(form: Form, name: str) -> int:
    found = cents_of(str(form.value(name)))
    if found is None:
        form.errors[name] = [_("Un montant, comme 4,20.")]
    return found or 0


def date_of(form: Form, name: str) -> date | None:
    try:
        return date.fromisoformat(str(form.value(name)))
    except ValueError:
        form.errors[name] = [_("Une date.")]
        return None


# -- the month ---------------------------------------------------------------------------------------------------


@bp.route("/publier", methods=["GET", "POST"])
@access(may="orders.catalogue")
def release():
    """Choose what is on offer, with maxima; see it once more; release it for all groups."""
    month = request.values.get("month", "") or _default_month()
    form = Form()
    first = _month_start(month)
    page = ask("orders", "products", host_id=host_id(), on=first.isoformat())
    offered = [row for row in page["items"] if row["price_cents"] is not None]
    chosen = _chosen(form, offered) if request.method == "POST" else []
    if request.method == "POST" and not chosen and not form.errors:
        form.errors["items"] = [_("Gardez au moins un produit.")]
    if request.method == "POST" and not form.errors and form.value("confirmed") == "1":
        catalogue_id = str(uuid5(NAMESPACE_URL, f"catalogue/{idempotency_key()}"))
        if form.tell(
            "orders", "release_catalogue", catalogue_id=catalogue_id, host_id=host_id(), month=month, items=chosen
        ):
            flash(
                _(
                    "Le catalogue %(of_month)s est publié. Programmez maintenant la période.",
                    of_month=of_month(month),
                ),
                "success",
            )
            return redirect(url_for("windows.schedule", catalogue_id=catalogue_id))
    confirming = request.method == "POST" and not form.errors and form.refusal is None and form.value("back") != "1"
    return form.render(
        "catalogue/release.html", month=month, offered=offered, chosen=chosen, confirming=confirming,
        missing=[row for row in page["items"] if row["price_cents"] is None], words=words,
    )  # fmt: skip


def _default_month() -> str:
    released = {row["month"] for row in ask("orders", "catalogues", host_id=host_id())["items"]}
    this = _today().isoformat()[:7]
    return this if this not in released else _first_of_next_month().isoformat()[:7]


def _month_start(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise Invalid(fields={"month": [_("Un mois, comme 2026-11.")]}) from error


def _chosen(form: Form, offered: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for row in offered:
        key = row["product_id"]
        if form.value(f"in-{key}") != "1":
            continue
        item: dict[str, Any] = {"product_id": key}
        for name in LIMITS:
            text = str(form.value(f"{name}-{key}")).strip() or "0"
            if not text.isdecimal() or len(text) > 7:
                form.errors[f"{name}-{key}"] = [_("%(name)s : un nombre entier.", name=row["name"])]
            else:
                item[name] = int(text)
        found.append(item)
    return found


@bp.get("/mois/<catalogue_id>")
@access(may="orders.read")
def month(catalogue_id: str):
    page = ask("orders", "catalogue", catalogue_id=catalogue_id)
    for row in page["items"]:
        row["per"] = _per(row)
        row["url"] = url_for("catalogue.product", product_id=row["product_id"])
        row |= {name: row[name] or None for name in LIMITS}  # 0 means: no limit
    columns = [
        Column("name", _("Produit"), link="url"),
        Column("category", _("Rayon")),
        Column("per", _("Unité")),
        Column("price_cents", _("Prix"), "money"),
        Column("max_per_household", _("Max. par foyer"), "number"),
        Column("max_per_group", _("Max. par groupe"), "number"),
        Column("stock_limit", _("Stock par groupe"), "number"),
    ]
    table = Table("catalogue", _("Catalogue du mois"), columns, page["items"])
    return table.export() or render_template("catalogue/month.html", page=page, table=table, words=words)
