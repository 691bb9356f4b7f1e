"""From the bytes of a file to its cells as text: XLSX, and CSV in whatever letters and with whatever separator.

A file of another kind is refused with its name: « C’est un PDF ». Nothing is read without bounds.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.sheet_values import seen
from grenier.errors import Invalid

MOST_BYTES = 2_000_000
MOST_UNPACKED = 40_000_000
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 2000, 150, 2000
HEAD_WITHIN = 15
ZIP = b"PK\x03\x04"
SEPARATORS = (";", "\t", ",", "|")
Grid = list[list[str]]

NOT_READ: tuple[tuple[bytes, Any], ...] = (
    (b"\xd0\xcf\x11\xe0", lazy_gettext("C’est un ancien fichier XLS : enregistrez-le au format XLSX ou CSV.")),
    (b"%PDF", lazy_gettext("C’est un PDF : il faut le tableur d’origine, au format XLSX ou CSV.")),
    (b"\x89PNG", lazy_gettext("C’est une image : il faut un tableur, au format XLSX ou CSV.")),
    (b"\xff\xd8\xff", lazy_gettext("C’est une image : il faut un tableur, au format XLSX ou CSV.")),
    (b"GIF8", lazy_gettext("C’est une image : il faut un tableur, au format XLSX ou CSV.")),
    (b"{\\rtf", lazy_gettext("C’est un texte : il faut un tableur, au format XLSX ou CSV.")),
    (b"<", lazy_gettext("C’est une page web : enregistrez le tableau au format XLSX ou CSV.")),
    (b"[{", lazy_gettext("C’est un fichier JSON : il faut un tableur, au format XLSX ou CSV.")),
    (b"{", lazy_gettext("C’est un fichier JSON : il faut un tableur, au format XLSX ou CSV.")),
    (b"BNN;", lazy_gettext("C’est une liste BNN : demandez-la à votre fournisseur au format XLSX ou CSV.")),
    (b"\x1f\x8b", lazy_gettext("C’est une archive : sortez-en le fichier, puis choisissez-le.")),
    (b"Rar!", lazy_gettext("C’est une archive : sortez-en le fichier, puis choisissez-le.")),
    (b"7z\xbc\xaf", lazy_gettext("C’est une archive : sortez-en le fichier, puis choisissez-le.")),
)
# The name of a part tells what such a file is.
PACKED: tuple[tuple[str, Any], ...] = (
    ("content.xml", lazy_gettext("C’est un fichier ODS : enregistrez-le au format XLSX ou CSV.")),
    ("word/document.xml", lazy_gettext("C’est un texte : il faut un tableur, au format XLSX ou CSV.")),
    ("xl/workbook.bin", lazy_gettext("C’est un fichier XLSB : enregistrez-le au format XLSX ou CSV.")),
    ("Index/Document.iwa", lazy_gettext("C’est un fichier Numbers : exportez-le au format XLSX ou CSV.")),
)
# Letters of French words in the alphabets of other systems, with what they are taken for in that of Windows.
ALPHABETS = ("cp1252", "mac_roman", "cp850")
FRENCH = re.compile(r"[éèêëàâäçùûüôöîïœæÉÈÊÀÂÇÔÎŒ€°«»’]")
NOT_FRENCH = re.compile("[\x80-\x9fŠŽŸƒ†‡ˆ‰‹›˜™¡¢¤¥¦ª¬¯±¶·¸¹º¿ÃÅÐØÝÞðøýþÿ‚„…╚╔╩╦╠═╬▒░▓│┤∂∆∑∏∫Ω≈≠≤≥◊ﬁﬂ\ufffd]")


def refusal(message: Any) -> Invalid:
    return Invalid(fields={"file": [str(message)]})


def too_many(most: int) -> Invalid:
    return refusal(_("Trop de lignes : %(most)s au plus par fichier. Partagez la liste en plusieurs.", most=most))


def grids(content: bytes, most: int = MOST_ROWS) -> list[Grid]:
    """The visible sheets of a workbook, or the one of a text, of `most` rows. Raises Invalid at the field `file`."""
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise refusal(_("Choisissez un fichier XLSX ou CSV, ou collez les lignes du tableur."))
    if len(content) > MOST_BYTES:
        raise refusal(_("Le fichier est trop gros : 2 Mo au plus."))
    for sign, message in NOT_READ:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(sign):
            raise refusal(message)
    return _xlsx(content, most) if content.startswith(ZIP) else [_csv(content, most)]


# -- CSV ---------------------------------------------------------------------------------------------------------


def _csv(content: bytes, most: int) -> Grid:
    lines = decoded(content).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if first := re.match(r"\ufeff?sep=(.)\n", lines):
        return _rows_of(lines[first.end() :], first.group(1), most)
    head = [line for line in lines.split("\n")[:HEAD_WITHIN] if line.strip()]
    separator = max(SEPARATORS, key=lambda sign: max((line.count(sign) for line in head), default=0))
    return _rows_of(lines, separator, most)


def decoded(content: bytes) -> str:
    """UTF-8 and UTF-16 with or without their mark, else the letters of Windows, of old Macs or of DOS."""
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return content.decode("utf-32", "replace").lstrip("\ufeff")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace").lstrip("\ufeff")
    start = content[:2000]
    if start.count(0) > len(start) // 4:
        return content.decode("utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return max((content.decode(name, "replace") for name in ALPHABETS), key=_likely)


def _likely(text: str) -> int:
    """How French a text looks in these letters."""
    start = text[:100_000]
    return len(FRENCH.findall(start)) - 3 * len(NOT_FRENCH.findall(start))


def _rows_of(text: str, separator: str, most: int) -> Grid:
    csv.field_size_limit(MOST_BYTES)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=False)
        return [_trimmed([_text(cell) for cell in row[:MOST_COLUMNS]]) for row in _bounded(reader, most)]
    except csv.Error as error:
        raise refusal(_("Ce fichier ne se lit pas comme un tableau.")) from error


# -- XLSX --------------------------------------------------------------------------------------------------------


def _xlsx(content: bytes, most: int) -> list[Grid]:
    import openpyxl

    try:
        _check_parts(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"][:10]
        return [
            [
                _trimmed([_text(cell) for cell in row])
                for row in _bounded(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True), most)
            ]
            for sheet in sheets
        ]
    except Invalid:
        raise
    except Exception as error:  # a damaged workbook fails in any of the layers below, each with errors of its own
        raise refusal(_("Ce fichier XLSX est abîmé : ouvrez-le et enregistrez-le à nouveau.")) from error


def _check_parts(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
            raise refusal(_("Le fichier est trop gros : 2 Mo au plus."))
        names = packed.namelist()
    for name, message in PACKED:
        if name in names:
            raise refusal(message)
    if "[Content_Types].xml" not in names:
        raise refusal(_("C’est une archive : sortez-en le fichier, puis choisissez-le."))


def _trimmed(cells: list[str]) -> list[str]:
    """Without the empty cells that a sheet has on its right."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _bounded(rows: Iterable[Sequence[Any]], most: int) -> Iterable[Sequence[Any]]:
    """Empty rows at the end count as well, but not without end: a sheet may claim a million of them."""
    empty = 0
    for number, row in enumerate(rows):
        empty = 0 if any(row) else empty + 1
        if empty > MOST_ROWS:
            return
        if number - empty > most + HEAD_WITHIN:
            raise too_many(most)
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
            return seen(str(value)).removeprefix("'")[:LONGEST_CELL]
