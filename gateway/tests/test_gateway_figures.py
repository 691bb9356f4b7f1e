"""How figures are written, and tables as pages, CSV and XLSX."""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
from gateway_fakes import NOW

from gateway import formats
from gateway.tables import Column, Table

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda: formats.money(1240), "12,40 €"),
        (lambda: formats.money(-250), "−2,50 €"),
        (lambda: formats.money(5000, signed=True), "+50,00 €"),
        (lambda: formats.money(0, signed=True), "0,00 €"),
        (lambda: formats.money(123456789), "1 234 567,89 €"),
        (lambda: formats.money(None), "–"),
        (lambda: formats.weight(80), "80 g"),
        (lambda: formats.weight(1250), "1,250 kg"),
        (lambda: formats.weight(12000), "12 kg"),
        (lambda: formats.weight(999), "999 g"),
        (lambda: formats.day(date(2026, 11, 26)), "jeudi 26 novembre"),
        (lambda: formats.day(date(2027, 1, 1)), "vendredi 1er janvier 2027"),
        (lambda: formats.time_of(datetime(2026, 11, 26, 17, 30, tzinfo=UTC)), "18 h 30"),
        (lambda: formats.slot("2026-11-26T17:00:00Z", "2026-11-26T19:00:00Z"), "jeudi 26 novembre, 18 h – 20 h"),
        (lambda: formats.of_month("2026-10"), "d’octobre 2026"),
        (lambda: formats.of_month("2026-11"), "de novembre 2026"),
        (lambda: formats.phone("+33465711540"), "04 65 71 15 40"),
        (lambda: formats.phone("+41227360000"), "+41227360000"),
        (lambda: formats.when(NOW + timedelta(minutes=20)), "dans 20 minutes"),
        (lambda: formats.when(NOW - timedelta(hours=3)), "il y a 3 heures"),
        (lambda: formats.when(NOW + timedelta(hours=8)), "aujourd’hui à 18 h 30"),
        (lambda: formats.when(NOW + timedelta(hours=24)), "demain à 10 h 30"),
        (lambda: formats.when(NOW - timedelta(hours=24)), "hier à 10 h 30"),
        (lambda: formats.when(NOW + timedelta(days=3)), "jeudi à 10 h 30"),
        (lambda: formats.when(NOW + timedelta(days=30)), "mercredi 23 décembre à 10 h 30"),
        (lambda: formats.duration(90), "1 h 30"),
        (lambda: formats.duration(20), "20 min"),
        (lambda: formats.percent(550), "5,5 %"),
        (lambda: formats.inclusive("adhérent·e", "adhérent"), "adhérent·e"),
    ],
)
def test_figures_are_written_as_people_say_them(french, made, text):
    assert made().replace("\u202f", " ").replace(NBSP, " ") == text


def test_english_has_its_own_forms(app):
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        assert formats.money(1240) == "€12.40"
        assert formats.time_of("2026-11-26T17:30:00Z") == "18:30"
        assert formats.day(date(2026, 11, 26)).replace(NBSP, " ") == "Thursday 26 November"
        assert formats.when(NOW + timedelta(hours=1)) == "in 1 hour"


def test_times_are_those_of_the_group(app):
    secret = app.extensions["grenier"].sessions.open("p-nadia")
    session = app.extensions["grenier"].sessions.find(secret)
    app.extensions["grenier"].sessions.choose_group(session, "g-ocean")
    with app.test_request_context("/", headers={"Cookie": f"grenier-8400={secret}", "Accept-Language": "fr"}):
        assert formats.time_of("2026-11-26T17:30:00Z").replace(NBSP, " ") == "21 h 30"
    secret = app.extensions["grenier"].sessions.open("p-tom")
    with app.test_request_context("/", headers={"Cookie": f"grenier-8400={secret}"}):
        assert formats.inclusive("adhérent·e", "adhérent") == "adhérent"


COLUMNS = [
    Column("name", "Produit"),
    Column("cents", "Montant", "money", total=True),
    Column("grams", "Poids", "weight", total=True),
    Column("state", "État", "state"),
]
ROWS = [
    {"name": "Épeautre", "cents": 1240, "grams": 500, "state": ("good", "reçu")},
    {"name": "=cmd()", "cents": -5, "grams": None, "state": ("problem", "manquant")},
    {"name": "abricots", "cents": 99, "grams": 1250, "state": None},
]


def table_at(app, query: str) -> Table:
    with app.test_request_context(f"/x?{query}", headers={"Accept-Language": "fr"}):
        return Table("lines", "Lignes", COLUMNS, ROWS)


def test_tables_sort_filter_and_add_up(app):
    assert [row["cents"] for row in table_at(app, "sort=cents").rows] == [-5, 99, 1240]
    assert [row["cents"] for row in table_at(app, "sort=-cents").rows] == [1240, 99, -5]
    assert [row["name"] for row in table_at(app, "q=MANQU").rows] == ["=cmd()"]
    assert [row["name"] for row in table_at(app, "sort=secret").rows] == [row["name"] for row in ROWS]
    assert table_at(app, "").totals == {"cents": 1334, "grams": 1750}


def test_csv_opens_in_a_french_spreadsheet_and_computes_nothing(app):
    with app.test_request_context("/x?format=csv", headers={"Accept-Language": "fr"}):
        text = Table("lines", "Lignes", COLUMNS, ROWS).export().get_data(as_text=True)
    assert text.startswith("\ufeff")
    assert text.splitlines()[0] == "\ufeffProduit;Montant (€);Poids (kg);État"
    assert "Épeautre;12,40;0,500;reçu" in text
    assert "'=cmd();-0,05;;manquant" in text


def test_xlsx_has_numbers_and_a_formula(app):
    with app.test_request_context("/x?format=xlsx"):
        content = Table("lines", "Lignes", COLUMNS, ROWS).export().get_data()
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<v>12.4</v>" in sheet
    assert "<f>SUM(B2:B4)</f><v>13.34</v>" in sheet
    assert "cmd()</f>" not in sheet
