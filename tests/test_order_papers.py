"""Papers of an order round and of accounts, through the API: form, summary, parcels, statement, settlement (S0:37-49)."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from tests.jam_season import OPENS, JamSeason


@pytest.fixture
def season(tmp_path: Path) -> JamSeason:
    return JamSeason(tmp_path)


def fetch(season: JamSeason, who: str, path: str) -> Any:
    return season.site.client(season.person[who]).get("/api/v1" + path)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    pages = PdfReader(io.BytesIO(answer.data)).pages
    told = " ".join(page.extract_text() for page in pages)
    return re.sub(r"[\s\u00a0\u202f]+", " ", told)


@pytest.mark.behaviour("S0:37")
def test_the_order_form_on_paper_has_the_round_s_products_and_dates(season: JamSeason) -> None:
    season.at(OPENS)
    text = text_of(fetch(season, "coline", f"/cycles/{season.first}/order-form.pdf"))
    for told in (
        "Bon de commande",
        "Confitures de l’Ardèche",
        "Confiture de figues",
        "5,50 €",
        "jeudi 26 novembre 2026, 18 h 30",
        "Halle",
    ):
        assert told in text, told
    season.order("amel", fig=3, plum=1)
    filled = text_of(fetch(season, "amel", f"/cycles/{season.first}/order-form.pdf?household_id={season.home['amel']}"))
    assert "Total de la commande : 21,30 €" in filled
    assert fetch(
        season, "bruno", f"/cycles/{season.first}/order-form.pdf?household_id={season.home['amel']}"
    ).status_code in (403, 404)


@pytest.mark.behaviour("S0:42-44", "S0:49")
def test_parcels_statement_and_settlement_leave_on_paper(season: JamSeason) -> None:
    season.deposit("amel", 3000)
    season.delivered()
    summary = text_of(fetch(season, "amel", f"/cycles/{season.first}/orders/{season.home['amel']}/summary.pdf"))
    assert "Confiture de figues" in summary
    assert "21,30 €" in summary
    parcels = fetch(season, "coline", f"/cycles/{season.first}/parcels.csv")
    assert "3 × Confiture de figues" in parcels.data.decode("utf-8-sig")
    assert "Confitures de l’Ardèche" in text_of(fetch(season, "coline", f"/cycles/{season.first}/parcels.pdf"))
    # 30,00 paid, 21,30 less the missing jar of figs (5,50) delivered.
    path = f"/households/{season.home['amel']}/statement"
    statement = text_of(fetch(season, "amel", f"{path}.pdf?contract_id={season.contract}"))
    assert "14,20 € en votre faveur" in statement
    assert statement.count("30,00 €") >= 2
    assert fetch(season, "bruno", f"{path}.pdf").status_code in (403, 404)
    letter = text_of(fetch(season, "amel", f"/contracts/{season.contract}/settlement/{season.home['amel']}/letter.pdf"))
    assert "Confitures de l’Ardèche" in letter
    assert "14,20 € en votre faveur" in letter
    balances = fetch(season, "coline", f"/contracts/{season.contract}/balances.csv").data.decode("utf-8-sig")
    assert "14,20" in balances
    assert "-12,40" in balances
