"""Sheets for the tables and for paper: cutting sheet and labels, slots, sign-off, inventory and count (S1:44-46, S1:82)."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.pages.distribution import DAY, day_of
from gateway.pages.logistics_words import group_name, household_names, tier_name, typed_whole
from grenier.errors import Invalid, Rejected

bp = Blueprint("sheets", __name__)


@bp.get(DAY + "/decoupe")
@access(may="logistics.read")
def cutting_list(group_id: str, distribution_id: str):
    day = day_of(group_id, distribution_id)
    products = ask("logistics", "cutting_sheets", distribution_id=distribution_id)["products"]
    if len(products) == 1:
        return redirect(url_for(".cutting", group_id=group_id, distribution_id=distribution_id,
                                product_id=products[0]["product_id"]))  # fmt: skip
    return render_template("sheets/cutting_list.html", day=day, products=products, group_id=group_id)


@bp.get(DAY + "/decoupe/<product_id>")
@access(may="logistics.read")
def cutting(group_id: str, distribution_id: str, product_id: str):
    sheet = _cutting_sheet(distribution_id, product_id)
    return _cutting_page(Form(), group_id, distribution_id, sheet, "sheets/cutting.html")


@bp.get(DAY + "/decoupe/<product_id>/etiquettes")
@access(may="logistics.read")
def labels(group_id: str, distribution_id: str, product_id: str):
    """S1:46: one label a household, 3 by 8 on a sheet."""
    sheet = _cutting_sheet(distribution_id, product_id)
    return _cutting_page(Form(), group_id, distribution_id, sheet, "sheets/labels.html")


@bp.post(DAY + "/decoupe/<product_id>")
@access(may="logistics.distribute")
def record_weights(group_id: str, distribution_id: str, product_id: str):
    """All weights that were typed and differ from what is known, at once."""
    form, sheet = Form(), _cutting_sheet(distribution_id, product_id)
    weights = _typed_weights(form, sheet)
    if not form.errors:
        try:
            tell("logistics", "record_weights", distribution_id=distribution_id, product_id=product_id,
                 weights=weights, sure=form.value("sure") == "1")  # fmt: skip
        except (Rejected, Invalid) as refused:
            form.refuse(refused)
        else:
            count = len(weights)
            flash(ngettext("%(num)d poids noté : le prix suit.", "%(num)d poids notés : les prix suivent.", count),
                  "success")  # fmt: skip
            return redirect(url_for(".cutting", group_id=group_id, distribution_id=distribution_id,
                                    product_id=product_id))  # fmt: skip
    return _cutting_page(form, group_id, distribution_id, sheet, "sheets/cutting.html")


@bp.get(DAY + "/creneaux")
@access(may="logistics.read")
def slots(group_id: str, distribution_id: str):
    """S1:45: a page per tier."""
    day = day_of(group_id, distribution_id)
    names = household_names(row["household_id"] for row in day["households"])
    tiers: dict[str, list[dict]] = {}
    for slot in day["slots"]:
        guests = [
            {**row, "name": names[row["household_id"]]}
            for row in day["households"]
            if row["slot_id"] == slot["slot_id"]
        ]
        guests.sort(key=lambda row: row["name"].casefold())
        tiers.setdefault(slot["tier"], []).append({**slot, "guests": guests})
    named = [(tier_name(tier), parts) for tier, parts in tiers.items()]
    return render_template("sheets/slots.html", day=day, tiers=named, group=group_name(group_id), group_id=group_id)


@bp.get(DAY + "/emargement")
@access(may="logistics.read")
def sign_off(group_id: str, distribution_id: str):
    """The sign-off sheet on paper, by slot, then by name."""
    day_of(group_id, distribution_id)
    sheet = ask("logistics", "signoff_sheet", distribution_id=distribution_id)
    names = household_names(row["household_id"] for row in sheet["households"])
    rows = [{**row, "name": names[row["household_id"]]} for row in sheet["households"]]
    rows.sort(key=lambda row: (row["slot"]["starts_at"] if row["slot"] else "", row["name"].casefold()))
    return render_template("sheets/sign_off.html", sheet=sheet, rows=rows, group=group_name(group_id),
                           group_id=group_id, distribution_id=distribution_id)  # fmt: skip


@bp.get(DAY + "/inventaire")
@access(may="logistics.read")
def inventory(group_id: str, distribution_id: str):
    return _inventory_page(Form(), group_id, distribution_id, _inventory(distribution_id))


@bp.post(DAY + "/inventaire")
@access(may="logistics.count")
def count(group_id: str, distribution_id: str):
    form, lines = Form(), _inventory(distribution_id)
    counted = {line["product_id"]: typed_whole(form, f"counted-{line['product_id']}") for line in lines}
    told = [{"product_id": key, "counted": number} for key, number in counted.items() if number is not None]
    if not form.errors and not told:
        flash(_("Rien n’est écrit : comptez au moins un produit."), "attention")
    elif not form.errors:
        try:
            tell("logistics", "count_stock", distribution_id=distribution_id, lines=told)
        except (Rejected, Invalid) as refused:
            form.refuse(refused)
        else:
            done = ngettext("%(num)d produit compté.", "%(num)d produits comptés.", len(told))
            flash(_("%(done)s Les écarts sont passés en pertes. Vous pouvez terminer la distribution.", done=done),
                  "success")  # fmt: skip
            return redirect(url_for(".inventory", group_id=group_id, distribution_id=distribution_id))
    return _inventory_page(form, group_id, distribution_id, lines)


def _inventory(distribution_id: str) -> list[dict]:
    lines: list[dict] = ask("logistics", "inventory", distribution_id=distribution_id)["lines"]
    return lines


def _inventory_page(form: Form, group_id: str, distribution_id: str, lines: list[dict]):
    day = day_of(group_id, distribution_id)
    labels = {f"counted-{line['product_id']}": line["name"] for line in lines}
    return form.render("sheets/inventory.html", day=day, lines=lines, labels=labels, group=group_name(group_id),
                       group_id=group_id)  # fmt: skip


def _cutting_sheet(distribution_id: str, product_id: str) -> dict:
    """With the name of each household."""
    sheet: dict = ask("logistics", "cutting_sheet", distribution_id=distribution_id, product_id=product_id)
    names = household_names(line["household_id"] for line in sheet["lines"])
    return {**sheet, "lines": [{**line, "name": names[line["household_id"]]} for line in sheet["lines"]]}


def _cutting_page(form: Form, group_id: str, distribution_id: str, sheet: dict, template: str):
    day = day_of(group_id, distribution_id)
    labels = {f"weight-{line['household_id']}": line["name"] for line in sheet["lines"]}
    return form.render(template, day=day, sheet=sheet, lines=sheet["lines"], labels=labels, group=group_name(group_id),
                       group_id=group_id)  # fmt: skip


def _typed_weights(form: Form, sheet: dict) -> list[dict]:
    weights = []
    for line in sheet["lines"]:
        grams = typed_whole(form, f"weight-{line['household_id']}")
        known = line["weight_g"] if line["weighed"] else None
        if grams is not None and grams != known:
            weights.append({"household_id": line["household_id"], "weight_g": grams})
    return weights
