"""Importing products: a spreadsheet, pasted or as a file, read over first and then written, all rows or none."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import ngettext

from gateway import product_import
from gateway.access import access
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.pages.catalogue import date_of, first_of_month, host_id, producers_of
from gateway.spreadsheets import MOST_BYTES, Sheet
from grenier.errors import Forbidden, GrenierError, Invalid, NotFound, Unavailable

bp = Blueprint("catalogue_import", __name__, url_prefix="/catalogue")

COLUMNS = ("name", "category", "producer", "sale", "unit_label", "portion_g", "net_weight_g", "case_size",
           "whole_piece_g", "organic", "container", "origin", "price", "cost")  # fmt: skip


@bp.route("/importer", methods=["GET", "POST"])
@access(may="orders.catalogue")
def show():
    """A spreadsheet, pasted or as a file: read over first, every fault at its row; then written, all or none."""
    form = Form(initial={"effective_from": first_of_month().isoformat()})
    producers = producers_of()
    read: dict[str, Any] | None = None
    sheet = _sheet(form) if request.method == "POST" else None
    since = date_of(form, "effective_from") if sheet else None
    if sheet and since and not form.errors:
        usual = {"producer_id": str(form.value("producer_id") or ""), "category": str(form.value("category") or "")}
        rows = product_import.rows_of(sheet, {name: key for key, name in producers}, usual)
        payload = {"host_id": host_id(), "effective_from": since.isoformat(), "rows": rows}
        confirmed = form.value("confirmed") == "1"
        read = _import(form, payload, confirmed)
        if read and (created := read["created"]):
            flash(
                ngettext("%(num)d produit ajouté au catalogue.", "%(num)d produits ajoutés au catalogue.", created),
                "success",
            )
            return redirect(url_for("catalogue.index"))
    wrong = product_import.told(sheet, read) if sheet and read else []
    return form.render(
        "catalogue/import.html", read=read, wrong=wrong, text=sheet.as_csv() if sheet else str(form.value("sheet") or ""),
        columns=COLUMNS, unread=list(sheet.extra) if sheet else [], producers=producers,
    )  # fmt: skip


def _import(form: Form, payload: dict[str, Any], confirmed: bool) -> dict[str, Any] | None:
    try:
        if confirmed:
            return tell("orders", "import_products", **payload, dry_run=False)
        return ask("orders", "import_products", **payload, dry_run=True)
    except (NotFound, Forbidden, Unavailable):
        raise
    except Invalid:
        return ask("orders", "import_products", **payload, dry_run=True)
    except GrenierError as error:
        form.refuse(error)
        return None


def _sheet(form: Form) -> Sheet | None:
    """What the file or the pasted lines say; a refusal stands at the field `sheet`."""
    file = request.files.get("file")
    raw = file.read(MOST_BYTES + 1) if file and file.filename else b""
    try:
        return product_import.read_products(raw or str(form.value("sheet") or "").encode())
    except Invalid as refused:
        form.errors["sheet"] = list(refused.facts["fields"]["file"])
        return None
