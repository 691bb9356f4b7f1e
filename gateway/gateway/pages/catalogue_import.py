"""Importing products: a spreadsheet, pasted or as a file, read over first and then written, all rows or none."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.pages.catalogue import GRAMS, cents_of, date_of, first_of_month, host_id, producers_of
from grenier.errors import Forbidden, GrenierError, Invalid, NotFound, Unavailable

bp = Blueprint("catalogue_import", __name__, url_prefix="/catalogue")

COLUMNS = ("name", "category", "producer", "sale", "unit_label", "portion_g", "net_weight_g", "case_size",
           "whole_piece_g", "organic", "container", "origin", "price", "cost")  # fmt: skip
YES = ("oui", "yes", "1", "true", "x")


@bp.route("/importer", methods=["GET", "POST"])
@access(may="orders.catalogue")
def show():
    """A spreadsheet, pasted or as a file: read over first, every fault at its row; then written, all or none."""
    form = Form(initial={"effective_from": first_of_month().isoformat()})
    read: dict[str, Any] | None = None
    text = ""
    if request.method == "POST":
        text = _sheet(form)
        since = date_of(form, "effective_from")
        if not form.errors and since:
            rows, producers = _rows(text), {name: key for key, name in producers_of()}
            payload = {
                "host_id": host_id(),
                "effective_from": since.isoformat(),
                "rows": [_row(row, producers) for row in rows],
            }
            confirmed = form.value("confirmed") == "1"
            read = _import(form, payload, confirmed)
            if confirmed and read and not form.refusal and not form.errors:
                created = read["created"]
                flash(
                    ngettext("%(num)d produit ajouté au catalogue.", "%(num)d produits ajoutés au catalogue.", created),
                    "success",
                )
                return redirect(url_for("catalogue.index"))
    return form.render("catalogue/import.html", read=read, text=text, columns=COLUMNS)


def _import(form: Form, payload: dict[str, Any], confirmed: bool) -> dict[str, Any] | None:
    if not payload["rows"]:
        form.errors["sheet"] = [_("Aucune ligne : la première ligne nomme les colonnes.")]
        return None
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


def _sheet(form: Form) -> str:
    file = request.files.get("file")
    raw = file.read() if file and file.filename else b""
    try:
        text = raw.decode("utf-8-sig") if raw else str(form.value("sheet"))
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    if not text.strip():
        form.errors["sheet"] = [_("Collez les lignes du tableur, ou choisissez un fichier CSV.")]
    return text


def _rows(text: str) -> list[dict[str, str]]:
    first = text.lstrip().splitlines()[0]
    delimiter = max(";\t,", key=first.count)
    reader = csv.DictReader(io.StringIO(text.strip()), delimiter=delimiter)
    return [
        {str(key).strip().casefold(): str(value or "").strip() for key, value in row.items() if key}
        for row in reader
        if any(row.values())
    ]


def _row(row: Mapping[str, str], producers: Mapping[str, str]) -> dict[str, Any]:
    """A line of the sheet as the service reads it; what is no number is passed on to be named as a fault."""
    found: dict[str, Any] = {key: row[key] for key in ("name", "category", "unit_label", "origin") if row.get(key)}
    found.setdefault("name", "")
    found.setdefault("category", "")
    producer = row.get("producer", "") or row.get("producer_id", "")
    found["producer_id"] = producers.get(producer, producer)
    found["sale"] = "weighed" if row.get("sale", "").casefold() in ("weighed", "poids", "pesé", "kg") else "piece"
    for key in (*GRAMS, "case_size"):
        if row.get(key):
            found[key] = int(row[key]) if row[key].isdecimal() and len(row[key]) <= 9 else row[key]
    for key in ("organic", "container"):
        found[key] = row.get(key, "").casefold() in YES
    for key in ("price", "cost"):
        text = row.get(key, "") or (row.get("price", "") if key == "cost" else "")
        amount = cents_of(text)
        raw = row.get(f"{key}_cents") or (row.get("price_cents", "") if key == "cost" else "")
        found[f"{key}_cents"] = (
            amount if amount is not None else int(raw) if raw.isdecimal() and len(raw) <= 9 else text
        )
    return found
