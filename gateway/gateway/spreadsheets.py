"""Reading what people bring along: XLSX and CSV as spreadsheets write them, whatever the signs, the separator and the heads.

    sheet = read(content, {"prenom": ("prénom", "first name"), "nom": ("nom",)}, required=("nom",))
    sheet.rows          [Row(number=2, cells={"prenom": "Zoé", "nom": "Martin"})]: numbered as in the spreadsheet
    sheet.extra         {"Panier bio": 3}: heads that are none of the named, and their place (`row.at(3)`)

Heads are compared without accents, case and signs. Lines above the heads are passed over. Refusals are `Invalid` at the field `file`.
Amounts, whole numbers and days are read as people write them: 12,50 €; 1 234,5; 26/11/2026.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _

from grenier.errors import Invalid

MOST_BYTES = 2_000_000
MOST_UNPACKED = 40_000_000
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 2000, 120, 2000
HEAD_WITHIN = 15
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
SEPARATORS = (";", "\t", ",", "|")
DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d.%m.%y", "%d-%m-%Y", "%d-%m-%y", "%Y/%m/%d")
LARGEST_CENTS = 10_000_000_00


@dataclass(frozen=True)
class Row:
    number: int
    cells: Mapping[str, str]
    texts: tuple[str, ...]

    def at(self, place: int) -> str:
        return self.texts[place] if place < len(self.texts) else ""


@dataclass(frozen=True)
class Sheet:
    """`heads`: {key: the head as it was written}, so that a fault can name the column that people see."""

    rows: tuple[Row, ...]
    heads: Mapping[str, str]
    extra: Mapping[str, int]

    def as_csv(self) -> str:
        """The rows once more as text, for the second step of a form; reading it again gives the same."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\n")
        writer.writerow([*self.heads, *self.extra])
        for row in self.rows:
            writer.writerow(
                [*(row.cells.get(key, "") for key in self.heads), *(row.at(at) for at in self.extra.values())]
            )
        return out.getvalue()


def read(
    content: bytes,
    columns: Mapping[str, Sequence[str]],
    required: Sequence[str] = (),
    *,
    needs: str = "",
    most: int = MOST_ROWS,
) -> Sheet:
    """`needs`: the columns that must be there, in words; `most` rows."""
    if not content.strip():
        raise refusal(_("Choisissez un fichier XLSX ou CSV, ou collez les lignes du tableur."))
    if len(content) > MOST_BYTES:
        raise refusal(_("Le fichier est trop gros : 2 Mo au plus."))
    if content.startswith(OLD_EXCEL):
        raise refusal(_("C’est un ancien fichier XLS : enregistrez-le au format XLSX ou CSV."))
    grids = _xlsx(content) if content.startswith(ZIP) else [_csv(content)]
    names = {bare(alias): key for key, aliases in columns.items() for alias in (key, *aliases)}
    best: tuple[int, Sheet] | None = None
    for grid in grids:
        if (found := _sheet(grid, names, required)) and (best is None or found[0] > best[0]):
            best = found
    if best is None:
        wanted = needs or ", ".join(required)
        raise refusal(_("La première ligne doit nommer les colonnes, au moins : %(names)s.", names=wanted))
    if not best[1].rows:
        raise refusal(_("Aucune ligne sous les titres."))
    if len(best[1].rows) > most:
        raise refusal(_("Trop de lignes : %(most)s au plus par fichier.", most=most))
    return best[1]


def refusal(message: str) -> Invalid:
    return Invalid(fields={"file": [message]})


def bare(text: str) -> str:
    """« N° d’adhérent·e » becomes « ndadherente »: what two people who write the same head have in common."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalnum() and not unicodedata.combining(sign))


# -- from bytes to a grid ----------------------------------------------------------------------------------------


def _csv(content: bytes) -> list[list[str]]:
    lines = decoded(content).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if first := re.match(r"\ufeff?sep=(.)\n", lines):
        return _rows_of(lines[first.end() :], first.group(1))
    head = [line for line in lines.split("\n")[:HEAD_WITHIN] if line.strip()]
    separator = max(SEPARATORS, key=lambda sign: max((line.count(sign) for line in head), default=0))
    return _rows_of(lines, separator)


def decoded(content: bytes) -> str:
    """UTF-8 with or without mark, UTF-16 as spreadsheets write "Unicode text", else the letters of Windows."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace").lstrip("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _rows_of(text: str, separator: str) -> list[list[str]]:
    csv.field_size_limit(MOST_BYTES)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=False)
        return [[_text(cell) for cell in row[:MOST_COLUMNS]] for row in _bounded(reader)]
    except csv.Error as error:
        raise refusal(_("Ce fichier ne se lit pas comme un tableau.")) from error


def _xlsx(content: bytes) -> list[list[list[str]]]:
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise refusal(_("Le fichier est trop gros : 2 Mo au plus."))
            if "content.xml" in packed.namelist():
                raise refusal(_("C’est un fichier ODS : enregistrez-le au format XLSX ou CSV."))
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"][:10]
        return [
            [
                _trimmed([_text(cell) for cell in row])
                for row in _bounded(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True))
            ]
            for sheet in sheets
        ]
    except Invalid:
        raise
    except Exception as error:  # a damaged workbook fails in any of the layers below, each with errors of its own
        raise refusal(_("Ce fichier XLSX est abîmé : ouvrez-le et enregistrez-le à nouveau.")) from error


def _trimmed(cells: list[str]) -> list[str]:
    """Without the empty cells that a sheet has on its right."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _bounded(rows: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    for number, row in enumerate(rows):
        if number > MOST_ROWS + HEAD_WITHIN:
            raise refusal(_("Trop de lignes : %(most)s au plus par fichier.", most=MOST_ROWS))
        yield row


def _text(value: Any) -> str:
    """What a person would read in the cell."""
    match value:
        case None:
            return ""
        case bool():
            return _("oui") if value else _("non")
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case date():
            return value.isoformat()
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 10**15 else f"{value:.10g}"
        case _:
            told = " ".join(str(value).split())
            return told.removeprefix("'")[:LONGEST_CELL]


# -- from a grid to named cells ----------------------------------------------------------------------------------


def _sheet(grid: list[list[str]], names: Mapping[str, str], required: Sequence[str]) -> tuple[int, Sheet] | None:
    """How many heads are known, and the sheet; None where no line names the columns that are needed."""
    best: tuple[int, int, dict[str, int]] | None = None
    for at, cells in enumerate(grid[:HEAD_WITHIN]):
        known: dict[str, int] = {}
        for place, cell in enumerate(cells):
            if (key := names.get(bare(cell))) and key not in known:
                known[key] = place
        if known and set(required) <= set(known) and (best is None or len(known) > best[1]):
            best = (at, len(known), known)
    if best is None:
        return None
    at, found, places = best
    extra = {cell: place for place, cell in enumerate(grid[at]) if cell and place not in places.values()}
    rows = [
        Row(number, {key: cells[place] if place < len(cells) else "" for key, place in places.items()}, tuple(cells))
        for number, cells in enumerate(grid[at + 1 :], start=at + 2)
        if any(cells)
    ]
    return found, Sheet(tuple(rows), {key: grid[at][place] for key, place in places.items()}, extra)


# -- values ------------------------------------------------------------------------------------------------------


def cents(text: str) -> int | None:
    """12,50 €, 1 234.5 EUR, -3; None for what is no amount."""
    amount = _decimal(re.sub(r"(?i)€|euros?|eur", "", text))
    if amount is None:
        return None
    exact = amount * 100
    return int(exact) if exact == int(exact) and abs(exact) <= LARGEST_CENTS else None


def whole(text: str) -> int | None:
    """3, 3.0, « 3 »; None for what is no whole number."""
    amount = _decimal(text)
    return int(amount) if amount is not None and amount == int(amount) and abs(amount) < 10**9 else None


def _decimal(text: str) -> Decimal | None:
    plain = re.sub(r"[\s\u00a0\u202f']", "", text).replace("\u2212", "-")
    if "," in plain and "." in plain:  # the last of the two parts the decimals
        thousands = "." if plain.rindex(",") > plain.rindex(".") else ","
        plain = plain.replace(thousands, "")
    if not re.fullmatch(r"[+-]?\d{1,12}([.,]\d{1,6})?|[+-]?[.,]\d{1,6}", plain, re.ASCII):
        return None
    try:
        return Decimal(plain.replace(",", "."))
    except InvalidOperation:
        return None


def day(text: str) -> date | None:
    """A day in any of the forms that French spreadsheets write; None for what is none."""
    told = text.strip().split(" ")[0].split("T")[0]
    for form in DAYS:
        try:
            found = datetime.strptime(told, form).date()  # noqa: DTZ007 a civil date has no time zone
        except ValueError:
            continue
        return found if 1900 <= found.year <= 2200 else None
    return None


def yes(text: str) -> bool:
    return bare(text) in ("oui", "o", "x", "1", "yes", "y", "vrai", "true", "ok")


# -- to fill in --------------------------------------------------------------------------------------------------


def workbook(heads: tuple[str, ...], example: tuple[str, ...], notes: list[tuple[str, str]]) -> bytes:
    """A workbook to fill in: heads, one example, and a second sheet that says what each column means."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, text = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(_("À remplir"))
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(heads), 18, text)
    sheet.write_row(0, 0, heads, bold)
    sheet.write_row(1, 0, example, text)
    help_sheet = book.add_worksheet(_("Explications"))
    help_sheet.set_column(0, 0, 24)
    help_sheet.set_column(1, 1, 90)
    for at, note in enumerate(notes):
        help_sheet.write_row(at, 0, note)
    book.close()
    return out.getvalue()
