"""Sheets for the tables and for paper: cutting sheet and labels, slots, sign-off, inventory and count (S1:44-46, S1:82)."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access
from gateway.calls import ask, tell
from gateway.pages.distribution import DAY, day_of
from gateway.pages.logistics_words import act, group_name, household_names, refusal, tier_name, whole
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
    return _cutting_page(group_id, distribution_id, product_id, "sheets/cutting.html")


@bp.get(DAY + "/decoupe/<product_id>/etiquettes")
@access(may="logistics.read")
def labels(group_id: str, distribution_id: str, product_id: str):
    """S1:46: one label a household, 3 by 8 on a sheet."""
    return _cutting_page(group_id, distribution_id, product_id, "sheets/labels.html")


@bp.post(DAY + "/decoupe/<product_id>")
@access(may="logistics.distribute")
def record_weights(group_id: str, distribution_id: str, product_id: str):
    """All weights that were typed and differ from what is known, at once."""
    sure = request.form.get("sure") == "1"
    try:
        weights = _typed_weights(distribution_id, product_id)
        tell("logistics", "record_weights", distribution_id=distribution_id, product_id=product_id, weights=weights,
             sure=sure)  # fmt: skip
    except (Rejected, Invalid) as refused:
        flash(refusal(refused), "problem")
        return _cutting_page(group_id, distribution_id, product_id, "sheets/cutting.html", refused.code), 409
    count = len(weights)
    flash(ngettext("%(num)d poids noté : le prix suit.", "%(num)d poids notés : les prix suivent.", count), "success")
    return redirect(url_for(".cutting", group_id=group_id, distribution_id=distribution_id, product_id=product_id))


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
    day = day_of(group_id, distribution_id)
    found = ask("logistics", "inventory", distribution_id=distribution_id)
    return render_template("sheets/inventory.html", day=day, lines=found["lines"], group=group_name(group_id),
                           group_id=group_id)  # fmt: skip


@bp.post(DAY + "/inventaire")
@access(may="logistics.count")
def count(group_id: str, distribution_id: str):
    back = url_for(".inventory", group_id=group_id, distribution_id=distribution_id)
    lines = []
    try:
        for line in ask("logistics", "inventory", distribution_id=distribution_id)["lines"]:
            counted = whole(request.form.get(f"counted-{line['product_id']}"))
            if counted is not None:
                lines.append({"product_id": line["product_id"], "counted": counted})
    except Invalid as refused:
        flash(refusal(refused), "problem")
        return redirect(back)
    done = ngettext("%(num)d produit compté.", "%(num)d produits comptés.", len(lines))
    success = _("%(done)s Les écarts sont passés en pertes. Vous pouvez terminer la distribution.", done=done)
    return act("count_stock", back, success, distribution_id=distribution_id, lines=lines)


def _cutting_page(group_id: str, distribution_id: str, product_id: str, template: str, refused: str = "") -> str:
    day = day_of(group_id, distribution_id)
    sheet = ask("logistics", "cutting_sheet", distribution_id=distribution_id, product_id=product_id)
    names = household_names(line["household_id"] for line in sheet["lines"])
    lines = [
        {
            **line,
            "name": names[line["household_id"]],
            "typed": request.form.get(f"weight-{line['household_id']}", line["weight_g"] if line["weighed"] else ""),
        }
        for line in sheet["lines"]
    ]
    return render_template(template, day=day, sheet=sheet, lines=lines, refused=refused, group=group_name(group_id),
                           group_id=group_id)  # fmt: skip


def _typed_weights(distribution_id: str, product_id: str) -> list[dict]:
    sheet = ask("logistics", "cutting_sheet", distribution_id=distribution_id, product_id=product_id)
    weights = []
    for line in sheet["lines"]:
        grams = whole(request.form.get(f"weight-{line['household_id']}"))
        known = line["weight_g"] if line["weighed"] else None
        if grams is not None and grams != known:
            weights.append({"household_id": line["household_id"], "weight_g": grams})
    return weights
