"""A list as files: figures that a spreadsheet shows before it computes, real formulas, commas, columns that find room on paper."""

import io
import re
from datetime import date

import openpyxl
import pytest
from pypdf import PdfReader

from gateway.tables import Column, Table
from grenier.errors import Invalid

COLUMNS = [
    Column("name", "Nom"),
    Column("on", "Jour", "date"),
    Column("units", "Parts", "number", total=True),
    Column("cents", "Montant", "money", total=True),
]
ROWS = [
    {"name": "Œdipe Çelik ; fils", "on": date(2026, 11, 5), "units": 3, "cents": 123450},
    {"name": "=1+1", "on": date(2026, 11, 12), "units": 0.5, "cents": -5},
]


def made(app, form: str, columns=COLUMNS, rows=ROWS) -> bytes:
    with app.test_request_context(f"/x?format={form}", headers={"Accept-Language": "fr"}):
        answer = Table("lignes", "Lignes", columns, rows).export()
        assert answer is not None
        return bytes(answer.get_data())


def test_a_workbook_shows_its_totals_before_anybody_computes_them(app) -> None:
    content = made(app, "xlsx")
    formulas = openpyxl.load_workbook(io.BytesIO(content)).active
    figures = openpyxl.load_workbook(io.BytesIO(content), data_only=True).active
    assert [formulas["C4"].value, formulas["D4"].value] == ["=SUM(C2:C3)", "=SUM(D2:D3)"]
    assert [figures["A4"].value, figures["C4"].value, figures["D4"].value] == ["Total", 3.5, 1234.45]
    assert figures["B2"].value.date() == date(2026, 11, 5)
    assert formulas["A3"].value == "=1+1"
    assert formulas["A3"].data_type == "s", "what somebody is called is no formula"


def test_whole_numbers_have_no_lonely_comma(app) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(made(app, "xlsx"))).active
    assert sheet["C2"].value == 3
    assert sheet["C2"].number_format == "General"
    assert sheet["D2"].number_format.startswith("#,##0.00")


def test_a_csv_opens_in_a_french_spreadsheet(app) -> None:
    content = made(app, "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "Nom;Jour;Parts;Montant (€)"
    assert lines[1] == '"Œdipe Çelik ; fils";2026-11-05;3;1234,50'
    assert lines[2] == "'=1+1;2026-11-12;0,5;-0,05"


def test_a_list_that_nobody_prints_is_refused_instead_of_failing(app, monkeypatch) -> None:
    monkeypatch.setattr("gateway.documents.render.MOST_CELLS", 100)
    with pytest.raises(Invalid) as refused:
        made(app, "pdf", rows=ROWS * 100)
    assert list(refused.value.facts["fields"]) == ["size"]
    assert made(app, "csv", rows=ROWS * 100)


@pytest.mark.parametrize("how_many", [4, 40])
def test_every_column_finds_room_on_paper(app, how_many: int) -> None:
    keys = [f"q{at}" for at in range(how_many)]
    columns = [
        Column("name", "Nom"),
        *(Column(key, f"Code{at:02d}", "number", total=True) for at, key in enumerate(keys)),
    ]
    content = made(app, "pdf", columns, [{"name": "Zoé", **dict.fromkeys(keys, 2)}] * 3)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert {code for page in pages for code in re.findall(r"Code\d\d", page)} == {
        f"Code{at:02d}" for at in range(how_many)
    }
    assert all("Zoé" in page for page in pages)
    assert all(len(re.findall(r"Code\d\d", page)) <= 20 for page in pages)
    assert (len(pages) > 1) is (how_many > 20)
