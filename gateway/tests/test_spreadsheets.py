"""Files as people bring them: any separator, any letters, heads with and without accents; never more than a refusal."""

import contextlib
import io
import random
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from flask import Flask
from flask_babel import Babel

from gateway import spreadsheets
from gateway.member_names import parted
from grenier.errors import Invalid

COLUMNS = {"prenom": ("Prénom", "first name"), "nom": ("Nom",), "courriel": ("E-mail",), "numero": ("N° adhérent",)}


@pytest.fixture(autouse=True)
def french():
    app = Flask(__name__)
    Babel(app, default_locale="fr")
    with app.test_request_context("/"):
        yield


def read(content: bytes | str, **more):
    return spreadsheets.read(content.encode() if isinstance(content, str) else content, COLUMNS, ("nom",), **more)


def workbook(*rows, title: str = "Feuille1") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize(
    "letters", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "mac_roman"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_separator_and_any_letters(separator: str, letters: str, end: str) -> None:
    text = end.join([separator.join(row) for row in (["PRÉNOM", "nom", "E-Mail"], ["Zoé", "Lœuf-Béché", "z@x.fr"])])
    (row,) = read(text.encode(letters, "replace")).rows
    assert dict(row.cells) == {"prenom": "Zoé", "nom": "Lœuf-Béché", "courriel": "z@x.fr"}
    assert row.number == 2


@pytest.mark.parametrize(
    "head", ["N° adhérent", "n°adherent", "N° ADHÉRENT", " nadherent ", "N°_adhérent", "N° Adhérent :"]
)
def test_heads_are_known_however_they_are_written(head: str) -> None:
    assert read(f"Nom;{head}\nA;12\n").rows[0].cells["numero"] == "12"


def test_titles_and_empty_lines_above_the_heads_are_passed_over() -> None:
    sheet = read("Liste des adhérents 2026;;\n;;\nNom;Prénom;Panier bio\nMartin;Zoé;2\n;;\nBey;Ali;1\n")
    assert [(row.number, row.cells["nom"], row.at(sheet.extra["Panier bio"])) for row in sheet.rows] == [
        (4, "Martin", "2"),
        (6, "Bey", "1"),
    ]


def test_a_separator_that_is_named_and_quotes_with_lines_inside() -> None:
    sheet = read('sep=,\nNom,Prénom\n"Martin, dit ""Zo""\nsuite",Zoé\n')
    assert sheet.rows[0].cells["nom"] == 'Martin, dit "Zo" suite'


def test_a_workbook_with_dates_numbers_and_the_right_sheet() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(["Rien", "ici"], title="Notes")))
    sheet = book.create_sheet("Adhérents")
    for row in (
        ["Nom", "N° adhérent", "Début", "Montant", "Oui"],
        ["Martin", 12.0, datetime(2026, 11, 26), 12.5, True],
        ["'=Bey", None, date(2026, 1, 2), "=1+1", None],
    ):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    found = read(out.getvalue())
    assert found.rows[0].cells == {"nom": "Martin", "numero": "12"}
    assert found.rows[0].texts == ("Martin", "12", "2026-11-26", "12.5", "oui")
    assert found.rows[1].cells["nom"] == "=Bey"


def test_what_was_read_is_read_again_from_its_own_text() -> None:
    first = read('Nom;Prénom;Panier\n"Mar;tin";Zoé;2\n')
    again = read(first.as_csv())
    assert [dict(row.cells) for row in again.rows] == [dict(row.cells) for row in first.rows]
    assert again.extra.keys() == first.extra.keys()


def test_rows_keep_their_numbers_and_what_stands_too_far_right() -> None:
    first = read("Titre\n\nNom;Prénom\nA;B\n\nC;D;E\n")
    again = read(first.as_csv())
    assert [row.number for row in again.rows] == [row.number for row in first.rows] == [4, 6]
    assert [len(again.faults(row)) for row in again.rows] == [0, 1]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b" " * (spreadsheets.MOST_UNPACKED + 1))
    return out.getvalue()


def packed(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "<x/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Choisissez"), (b"  \n", "Choisissez"), (b"a;b\n1;2\n", "nommer les colonnes"), ("Prénom;x\nZoé;1\n".encode(), "nom"),
        (b"nom\n", "Aucune ligne sous"), (b"nom;" + b"x" * spreadsheets.MOST_BYTES, "trop gros"), (b"\xd0\xcf\x11\xe0abc", "XLS"),
        (b"%PDF-1.7 x", "PDF"), (b"\x89PNG\r\n", "image"), (b"<html><table>", "page web"), (b'[{"nom": "A"}]', "JSON"), (packed("a.csv"), "archive"),
        (packed("word/document.xml"), "texte"), (packed("xl/workbook.bin"), "XLSB"), (packed("Index/Document.iwa"), "Numbers"),
        (b"PK\x03\x04 no zip", "abîmé"), (workbook(["Nom"], ["x"])[:-200], "abîmé"), (bomb(), "trop gros"), (packed("content.xml"), "ODS"),
        (b"nom\n" + b"x\n" * (spreadsheets.MOST_ROWS + 100), "Trop de lignes"), (bytes(range(256)) * 20, "nommer les colonnes"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_in_a_sentence(content: bytes, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(content)
    assert told in refused.value.facts["fields"]["file"][0]


def test_no_bytes_lead_to_anything_but_rows_or_a_refusal() -> None:
    chance = random.Random(7)
    good = workbook(["Nom", "Prénom"], ["Martin", "Zoé"])
    texts = "Nom;Prénom\nMartin;Zoé\n".encode("utf-16")
    for _ in range(150):
        content = bytearray(chance.choice((good, texts, b"nom,prenom\na,b\n")))
        for _ in range(chance.randrange(1, 12)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        with contextlib.suppress(Invalid):
            assert read(bytes(content)).rows


@pytest.mark.parametrize(
    ("text", "cents"),
    [("12,50 €", 1250), ("12.5", 1250), ("1 234,5", 123450), ("1.234,50", 123450), ("1,234.50", 123450), ("12", 1200), ("-3", -300),
     ("1\u202f234,00\u00a0€", 123400), ("12,505", None), ("douze", None), ("", None), ("1e5", None), ("99999999999", None), ("٣", None)],
)  # fmt: skip
def test_amounts_as_people_write_them(text: str, cents: int | None) -> None:
    assert spreadsheets.cents(text) == cents


@pytest.mark.parametrize(
    ("text", "day"),
    [("26/11/2026", date(2026, 11, 26)), ("2026-11-26", date(2026, 11, 26)), ("26.11.26", date(2026, 11, 26)), ("1/2/2026", date(2026, 2, 1)),
     ("2026-11-26 00:00", date(2026, 11, 26)), ("31/02/2026", None), ("demain", None), ("46630", date(2027, 8, 31)), ("1.9.26", date(2026, 9, 1)), ("46630.0", date(2027, 8, 31)), ("99999", None), ("", None), ("01/01/0001", None)],
)  # fmt: skip
def test_days_as_people_write_them(text: str, day: date | None) -> None:
    assert spreadsheets.day(text) == day


@pytest.mark.parametrize(
    ("told", "names"),
    [("MARTIN Zoé", ("Zoé", "Martin")), ("Zoé MARTIN", ("Zoé", "Martin")), ("Martin, Zoé", ("Zoé", "Martin")), ("Zoé Martin", ("Zoé", "Martin")),
     ("DE LA TOUR Jean-Baptiste", ("Jean-Baptiste", "De La Tour")), ("Madonna", ("", "Madonna"))],
)  # fmt: skip
def test_a_name_in_one_cell_is_parted(told: str, names: tuple[str, str]) -> None:
    assert parted(told) == names
