"""Reading what people bring along: XLSX and CSV as spreadsheets write them, whatever the signs, the separator and the heads.

    sheet = read(content, {"prenom": ("prénom", "first name"), "nom": ("nom",)}, required=("nom",))
    sheet.rows          [Row(number=2, cells={"prenom": "Zoé", "nom": "Martin"})]: numbered as in the spreadsheet
    sheet.extra         {"Panier bio": 3}: heads that are none of the named, and their place (`row.at(3)`)

Heads are compared without accents, case and signs; a head that stands twice is that of the second person ("prenom_2") where
there is one. Lines above the heads are passed over. Refusals are `Invalid` at the field `file` (`sheet_files`); cells are
read by `sheet_values`.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from gateway.sheet_files import HEAD_WITHIN, MOST_BYTES, MOST_ROWS, MOST_UNPACKED, Grid, grids, refusal, too_many
from gateway.sheet_values import bare, cents, day, failed, numbered, whole, yes

__all__ = [
    "MOST_BYTES",
    "MOST_ROWS",
    "MOST_UNPACKED",
    "Row",
    "Sheet",
    "bare",
    "cents",
    "day",
    "numbered",
    "read",
    "refusal",
    "whole",
    "workbook",
    "yes",
]


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
    # So many columns have a head.
    width: int = 0

    def faults(self, row: Row) -> list[tuple[str, str]]:
        """(head, message) of what makes no row of a table: formulas that failed, more cells than heads."""
        found = [
            (head, _("Une erreur du tableur est dans la cellule.")) for head, text in self._named(row) if failed(text)
        ]
        if spare := [text for text in row.texts[self.width :] if text]:
            told = _(
                "« %(text)s » est à droite des titres : un texte avec le séparateur se met entre guillemets.",
                text=spare[0][:40],
            )
            found.append((_("ligne"), told))
        return found  # fmt: skip

    def _named(self, row: Row) -> list[tuple[str, str]]:
        known = [(head, row.cells.get(key, "")) for key, head in self.heads.items()]
        return known + [(head, row.at(place)) for head, place in self.extra.items()]

    def as_csv(self) -> str:
        """The rows once more as text, for the second step of a form; reading it again gives the same rows and numbers."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\n")
        spare = max((len(row.texts) for row in self.rows), default=0) - self.width
        line = 1
        for row in self.rows:
            if line == 1:
                line = self._head(writer, row.number)
            while line < row.number:
                writer.writerow([""] * (len(self.heads) + len(self.extra)))
                line += 1
            cells = [*(row.cells.get(key, "") for key in self.heads), *(row.at(at) for at in self.extra.values())]
            writer.writerow([*cells, *(row.texts[self.width :] if spare > 0 else ())])
            line += 1
        return out.getvalue()

    def _head(self, writer: Any, first: int) -> int:
        """The heads at the line above the first row, as far down as heads are looked for; the line after them."""
        above = min(first - 2, HEAD_WITHIN - 1)
        for _line in range(above):
            writer.writerow([""] * (len(self.heads) + len(self.extra)))
        writer.writerow([*self.heads, *self.extra])
        return above + 2


def read(
    content: bytes,
    columns: Mapping[str, Sequence[str]],
    required: Sequence[str] = (),
    *,
    needs: str = "",
    most: int = MOST_ROWS,
) -> Sheet:
    """`needs`: the columns that must be there, in words; `most` rows."""
    names = {bare(alias): key for key, aliases in columns.items() for alias in (key, *aliases)}
    best: tuple[int, Sheet] | None = None
    for grid in grids(content, most):
        if (found := _sheet(grid, names, required)) and (best is None or found[0] > best[0]):
            best = found
    if best is None:
        wanted = needs or ", ".join(required)
        raise refusal(_("La première ligne doit nommer les colonnes, au moins : %(names)s.", names=wanted))
    if not best[1].rows:
        raise refusal(_("Aucune ligne sous les titres."))
    if len(best[1].rows) > most:
        raise too_many(most)
    return best[1]


def _sheet(grid: Grid, names: Mapping[str, str], required: Sequence[str]) -> tuple[int, Sheet] | None:
    """How many heads are known, and the sheet; None where no line names the columns that are needed."""
    best: tuple[int, dict[str, int]] | None = None
    for at, cells in enumerate(grid[:HEAD_WITHIN]):
        known = _known(cells, names)
        if known and set(required) <= set(known) and (best is None or len(known) > len(best[1])):
            best = (at, known)
    if best is None:
        return None
    at, places = best
    taken = set(places.values())
    extra: dict[str, int] = {}
    for place, cell in enumerate(grid[at]):
        if cell and place not in taken:
            while cell in extra:  # a head that stands twice means nothing the second time, and is told
                cell += " (bis)"
            extra[cell] = place
    rows = [
        Row(number, {key: cells[place] if place < len(cells) else "" for key, place in places.items()}, tuple(cells))
        for number, cells in enumerate(grid[at + 1 :], start=at + 2)
        if any(cells)
    ]
    heads = {key: grid[at][place] for key, place in places.items()}
    return len(places), Sheet(tuple(rows), heads, extra, width=len(grid[at]))


def _known(cells: Sequence[str], names: Mapping[str, str]) -> dict[str, int]:
    """{key: place} of the heads of a line; a head that stands twice is that of the second person, where there is one."""
    known: dict[str, int] = {}
    keys = set(names.values())
    for place, cell in enumerate(cells):
        key = names.get(bare(cell), "")
        if key in known and f"{key}_2" in keys:
            key = f"{key}_2"
        if key and key not in known:
            known[key] = place
    return known


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
