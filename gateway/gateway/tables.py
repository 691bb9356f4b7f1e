"""Lists of facts: one description gives the page's table, its sorting and filter, and the files to take away.

    table = Table("members", _("Adhérents"), [
        Column("name", _("Nom"), link="url"),
        Column("balance_cents", _("Solde"), "money", total=True),
    ], rows)
    return table.export() or render_template("…", table=table)       # {{ ui.toolbar(table) }} {{ ui.table(table) }}

Kinds: text, number, money (cents), movement (cents with sign), weight (grams), date, instant, state ((kind, word)),
html (Markup). Files hold plain values: euros and kilograms as numbers, in French form for CSV.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeAlias

from flask import Response, request
from flask_babel import get_locale
from flask_babel.speaklater import LazyString

from gateway.templating import with_query

NUMERIC = ("number", "money", "movement", "weight")
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # a cell that begins so would be computed by a spreadsheet
Text: TypeAlias = "str | LazyString"


@dataclass(frozen=True)
class Column:
    """`link` names the row's key that holds an address; `total` adds the column up in a last line."""

    key: str
    label: Text
    kind: str = "text"
    link: str = ""
    sort: bool = True
    total: bool = False


@dataclass
class Table:
    """`name` is the id on the page; `empty` = (title, what to do next). Rows are dicts of raw values."""

    name: str
    caption: Text
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    empty: tuple[Text, Text] | None = None
    show_caption: bool = False
    sorted_by: str = field(init=False, default="")
    descending: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        wanted = request.args.get("q", "").strip().casefold()
        if wanted:
            self.rows = [row for row in self.rows if wanted in self._searched(row)]
        key = request.args.get("sort", "")
        self.descending = key.startswith("-")
        column = next((c for c in self.columns if c.sort and c.key == key.removeprefix("-")), None)
        if column:
            self.sorted_by = column.key
            self.rows = sorted(self.rows, key=_sort_key(column), reverse=self.descending)

    @cached_property
    def totals(self) -> dict[str, int]:
        """Sums of the columns that have one; integer cents and grams, so that they are exact."""
        return {c.key: sum(row.get(c.key) or 0 for row in self.rows) for c in self.columns if c.total}

    @property
    def has_totals(self) -> bool:
        return any(column.total for column in self.columns)

    @property
    def formats(self) -> tuple[str, ...]:
        return tuple(_EXPORTS)

    def sort_url(self, column: Column) -> str:
        turn = self.sorted_by == column.key and not self.descending
        return with_query(sort=("-" if turn else "") + column.key, offset=None)

    def export(self) -> Response | None:
        """The file that `?format=` asks for, or None for the page."""
        make = _EXPORTS.get(request.args.get("format", ""))
        return make(self) if make else None

    def _searched(self, row: Mapping[str, Any]) -> str:
        return " ".join(_plain(row.get(column.key), column.kind) for column in self.columns).casefold()


def _sort_key(column: Column) -> Callable[[Mapping[str, Any]], tuple[bool, Any]]:
    def key(row: Mapping[str, Any]) -> tuple[bool, Any]:
        value = row.get(column.key)
        if value is None:
            return (False, 0 if column.kind in NUMERIC else "")
        return (True, value if column.kind in NUMERIC else _plain(value, column.kind).casefold())

    return key


def _plain(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "state":
        return str(value[1])
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _file_value(value: Any, kind: str) -> Any:
    """Euros and kilograms as numbers; everything else as text."""
    if value is None or kind not in NUMERIC:
        return _plain(value, kind)
    divisor = {"money": 100, "movement": 100, "weight": 1000}.get(kind, 1)
    return value / divisor if divisor > 1 else value


def _csv(table: Table) -> Response:
    """Semicolons, decimal commas and a byte order mark: what spreadsheets in French open without asking."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow([_csv_cell(_header(column), "text") for column in table.columns])
    for row in table.rows:
        writer.writerow([_csv_cell(_file_value(row.get(c.key), c.kind), c.kind) for c in table.columns])
    return _file("\ufeff" + out.getvalue(), "text/csv; charset=utf-8", f"{table.name}.csv")


def _csv_cell(value: Any, kind: str) -> str:
    if isinstance(value, int | float):
        places = {"money": 2, "movement": 2, "weight": 3}.get(kind)
        text = f"{value:.{places}f}" if places else str(value)
        return text.replace(".", ",") if str(get_locale()).startswith("fr") else text
    text = str(value)
    return "'" + text if text.startswith(FORMULA) else text


def _header(column: Column) -> str:
    unit = {"money": " (€)", "movement": " (€)", "weight": " (kg)"}.get(column.kind, "")
    return f"{column.label}{unit}"


def _xlsx(table: Table) -> Response:
    """A sheet with a frozen header, real numbers and a formula for each total."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True, "bottom": 1})
    looks = {k: book.add_format({"num_format": f}) for k, f in _NUMBER_FORMATS.items()}
    sheet.freeze_panes(1, 1)
    for at, column in enumerate(table.columns):
        look = looks.get(column.kind)
        values = [_file_value(row.get(column.key), column.kind) for row in table.rows]
        sheet.write(0, at, _header(column), bold)
        sheet.set_column(at, at, max([len(_header(column)), *(len(str(v)) for v in values)], default=8) + 2)
        sheet.write_column(1, at, values, look)
        if column.total and values:
            letter = xlsxwriter.utility.xl_col_to_name(at)
            total = _file_value(table.totals[column.key], column.kind)
            sheet.write_formula(len(values) + 1, at, f"=SUM({letter}2:{letter}{len(values) + 1})", look, total)
    book.close()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(out.getvalue(), kind, f"{table.name}.xlsx")


_NUMBER_FORMATS = {"money": "# ##0.00 €", "movement": "+# ##0.00 €;-# ##0.00 €;0.00 €", "weight": "0.000"}
_EXPORTS: dict[str, Callable[[Table], Response]] = {"csv": _csv, "xlsx": _xlsx}


def _file(content: str | bytes, mimetype: str, name: str) -> Response:
    response = Response(content, content_type=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
