"""Lists of facts: one description gives the page's table, its sorting and filter, and the files to take away.

    table = Table("members", _("Adhérents"), [
        Column("name", _("Nom"), link="url"),
        Column("balance_cents", _("Solde"), "money", total=True),
    ], rows)
    return table.export() or render_template("…", table=table)       # {{ ui.toolbar(table) }} {{ ui.table(table) }}

Kinds: text, number, money (cents), movement (cents with sign), weight (grams), date, instant, state ((kind, word)),
html (Markup). What files of them look like: `table_files.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from flask import Response, request
from flask_babel.speaklater import LazyString

from gateway.table_files import EXPORTS, NUMERIC, file_of, plain
from gateway.templating import with_query

Text: TypeAlias = "str | LazyString"


@dataclass(frozen=True)
class Column:
    """`link` names the row's key that holds an address; `total` adds the column up in a last line.

    `adds`: keys of columns beside each other whose sum this column is, a formula in a spreadsheet.
    """

    key: str
    label: Text
    kind: str = "text"
    link: str = ""
    sort: bool = True
    total: bool = False
    adds: tuple[str, ...] = ()


@dataclass
class Table:
    """`name` is the id on the page; `empty` = (title, what to do next). Rows are dicts of raw values: the whole list."""

    name: str
    caption: Text
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    empty: tuple[Text, Text] | None = None
    show_caption: bool = False
    # The group whose list it is, on paper; "": that of the page.
    publisher: str = ""
    # So many rows on a page, with the way to the others; 0: all of them. Files and totals are of the whole list.
    page_size: int = 0
    sorted_by: str = field(init=False, default="")
    descending: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        for sums in (column for column in self.columns if column.adds):
            self.rows = [{**row, sums.key: sum(row.get(key) or 0 for key in sums.adds)} for row in self.rows]
        wanted = request.args.get("q", "").strip().casefold()
        if wanted:
            self.rows = [row for row in self.rows if wanted in self._searched(row)]
        key = request.args.get("sort", "")
        self.descending = key.startswith("-")
        column = next((c for c in self.columns if c.sort and c.key == key.removeprefix("-")), None)
        if column:
            self.sorted_by = column.key
            self.rows = sorted(self.rows, key=_sort_key(column), reverse=self.descending)

    @property
    def offset(self) -> int:
        """How many rows stand on the pages before this one."""
        asked = max(0, request.args.get("offset", 0, type=int)) if self.page_size else 0
        return asked if asked < len(self.rows) else 0

    @property
    def shown(self) -> Sequence[Mapping[str, Any]]:
        return self.rows[self.offset : self.offset + self.page_size] if self.page_size else self.rows

    @cached_property
    def totals(self) -> dict[str, int]:
        """Sums of the columns that have one; integer cents and grams, so that they are exact."""
        return {c.key: sum(row.get(c.key) or 0 for row in self.rows) for c in self.columns if c.total}

    @property
    def has_totals(self) -> bool:
        return any(column.total for column in self.columns)

    @property
    def formats(self) -> tuple[str, ...]:
        return tuple(EXPORTS)

    def sort_url(self, column: Column) -> str:
        turn = self.sorted_by == column.key and not self.descending
        return with_query(sort=("-" if turn else "") + column.key, offset=None)

    def export(self) -> Response | None:
        """The file that `?format=` asks for, or None for the page."""
        return file_of(self, request.args.get("format", ""))

    def _searched(self, row: Mapping[str, Any]) -> str:
        return " ".join(plain(row.get(column.key), column.kind) for column in self.columns).casefold()


def _sort_key(column: Column) -> Callable[[Mapping[str, Any]], tuple[bool, Any]]:
    def key(row: Mapping[str, Any]) -> tuple[bool, Any]:
        value = row.get(column.key)
        if value is None:
            return (False, 0 if column.kind in NUMERIC else "")
        return (True, value if column.kind in NUMERIC else plain(value, column.kind).casefold())

    return key
