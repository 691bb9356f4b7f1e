"""A list as a file: CSV and XLSX for spreadsheets, PDF for paper. One description (`tables.Table`) gives all three.

CSV: semicolons, decimal commas, a byte order mark; XLSX: real numbers, real formulas, a frozen head; PDF: the template
`listing`. A cell that a spreadsheet would compute is made harmless.
"""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, request
from flask_babel import get_locale, get_timezone
from flask_babel import gettext as _
from markupsafe import Markup

from gateway.documents import render, words
from gateway.documents.parts import column, dealt, listing, section
from gateway.identity import current_group
from grenier.errors import Invalid

if TYPE_CHECKING:
    from gateway.tables import Column, Table

NUMERIC = ("number", "money", "movement", "weight")
# A cell that begins so would be computed by a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDEST = 60
LANDSCAPE_FROM = 7
# Columns of figures beyond this are dealt out over several pages.
CROWDED_FROM = 12
# The separators are those of whoever opens the file: in French 1 234,50 €.
_NUMBER_FORMATS = {
    "money": "#,##0.00\\ [$€-40C]",
    "movement": "+#,##0.00\\ [$€-40C];-#,##0.00\\ [$€-40C];0.00\\ [$€-40C]",
    "weight": "#,##0.000",
    "date": "dd/mm/yyyy",
}


def file_of(table: "Table", form: str) -> Response | None:
    """`form`: csv, xlsx or pdf; None for any other word."""
    make = EXPORTS.get(form)
    return make(table) if make else None


def plain(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "state":
        return str(value[1])
    if isinstance(value, Markup):
        return value.striptags()
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def csv_cell(value: Any, kind: str) -> str:
    if isinstance(value, int | float):
        places = {"money": 2, "movement": 2, "weight": 3}.get(kind)
        text = f"{value:.{places}f}" if places else str(value)
        return text.replace(".", ",") if str(get_locale()).startswith("fr") else text
    text = str(value)
    return "'" + text if text.startswith(FORMULA) else text


def response(content: str | bytes, mimetype: str, name: str, inline: bool = False) -> Response:
    """A file to take away, or (`inline`) to look at in the browser first."""
    made = Response(content, content_type=mimetype)
    made.headers["Content-Disposition"] = f'{"inline" if inline else "attachment"}; filename="{name}"'
    return made


def printed(template: str, data: dict[str, Any]) -> bytes:
    """The PDF in the `size` that the address asks for; Invalid when it would be longer than anybody prints."""
    try:
        return render.pdf(template, data, render.size_of(request.args.get("size")))
    except render.TooLong as error:
        raise Invalid(
            fields={"size": ["More lines than fit on paper: choose fewer dates, or a spreadsheet."]}
        ) from error


def _file_value(value: Any, kind: str) -> Any:
    """Euros and kilograms as numbers; everything else as text."""
    if value is None or kind not in NUMERIC:
        return plain(value, kind)
    divisor = {"money": 100, "movement": 100, "weight": 1000}.get(kind, 1)
    return value / divisor if divisor > 1 else value


def _header(column: "Column") -> str:
    unit = {"money": " (€)", "movement": " (€)", "weight": " (kg)"}.get(column.kind, "")
    return f"{column.label}{unit}"


def _csv(table: "Table") -> Response:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow([csv_cell(_header(column), "text") for column in table.columns])
    for row in table.rows:
        writer.writerow([csv_cell(_file_value(row.get(c.key), c.kind), c.kind) for c in table.columns])
    return response("\ufeff" + out.getvalue(), "text/csv; charset=utf-8", f"{table.name}.csv")


def _xlsx(table: "Table") -> Response:
    """A sheet with a frozen head, real numbers and dates, and a formula for each total."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(1, len(table.rows)), max(0, len(table.columns) - 1))
    for at, shown in enumerate(table.columns):
        look = book.add_format({"num_format": form}) if (form := _NUMBER_FORMATS.get(shown.kind)) else None
        sheet.write(0, at, _header(shown), bold)
        sheet.set_column(at, at, _width(table, shown))
        for line, row in enumerate(table.rows, start=1):
            _write(sheet, table, row, (line, at), look)
        if shown.total and table.rows:
            if at and not any(each.total for each in table.columns[:at]):
                sheet.write(len(table.rows) + 1, 0, _("Total"), book.add_format({"bold": True, "top": 1}))
            totals = _file_value(table.totals[shown.key], shown.kind)
            total_look = book.add_format({"bold": True, "top": 1, "num_format": form or "General"})
            letter = _letter(at)
            sheet.write_formula(
                len(table.rows) + 1, at, f"=SUM({letter}2:{letter}{len(table.rows) + 1})", total_look, totals
            )
    book.close()
    return response(out.getvalue(), XLSX, f"{table.name}.xlsx")


def _write(sheet: Any, table: "Table", row: Any, place: tuple[int, int], look: Any) -> None:
    shown = table.columns[place[1]]
    raw = row.get(shown.key)
    value = _file_value(raw, shown.kind)
    if shown.adds:
        letters = [_letter(at) for at, each in enumerate(table.columns) if each.key in shown.adds]
        terms = f"{letters[0]}{place[0] + 1}:{letters[-1]}{place[0] + 1}"
        sheet.write_formula(*place, f"=SUM({terms})", look, value)
    elif isinstance(raw, date) and not isinstance(raw, datetime):
        sheet.write_datetime(*place, raw, look)
    else:
        sheet.write(*place, value, look)


def _letter(at: int) -> str:
    import xlsxwriter.utility  # type: ignore[import-untyped]

    return str(xlsxwriter.utility.xl_col_to_name(at))


def _width(table: "Table", shown: "Column") -> int:
    texts = [len(str(_file_value(row.get(shown.key), shown.kind))) for row in table.rows]
    return min(WIDEST, max([len(_header(shown)), *texts], default=8) + 2)


def _pdf(table: "Table") -> Response:
    """The list as it is filtered and sorted, black on white, with its head on every page."""
    today = current_app.extensions["grenier"].clock.now().astimezone(get_timezone()).date()
    group = current_group()
    facts = {"group": {"name": table.publisher or (group.name if group else "Grenier")}, "dated": today}
    rows = [[_printed(row.get(each.key), each.kind) for each in table.columns] for row in table.rows]
    crowded = len(table.columns) > CROWDED_FROM
    columns = [
        dealt(str(each.label), (row[at] for row in rows))
        if crowded and each.kind == "number" and at
        else column(str(each.label), "auto" if each.kind in (*NUMERIC, "date") else "1fr", "right" if each.kind in NUMERIC else "left")
        for at, each in enumerate(table.columns)
    ]  # fmt: skip
    totals = [_printed(table.totals.get(each.key), each.kind) if each.total else "" for each in table.columns]
    part = section(columns, rows, **({"totals": totals} if table.has_totals else {}), empty="Aucune ligne.")
    data = listing(facts, str(table.caption), [], [part], landscape=len(columns) >= LANDSCAPE_FROM)
    return response(printed("listing", data), "application/pdf", f"{table.name}.pdf", inline=True)


def _printed(value: Any, kind: str) -> str:
    if value is None:
        return ""
    match kind:
        case "money":
            return words.money(value)
        case "movement":
            return words.money(value, signed=True)
        case "weight":
            return words.weight(value)
        case "number":
            return words.number(value)
        case "date":
            return words.short(value)
        case "instant":
            return words.moment(value, str(get_timezone()))
        case _:
            return plain(value, kind)


EXPORTS: dict[str, Callable[["Table"], Response]] = {"csv": _csv, "xlsx": _xlsx, "pdf": _pdf}
