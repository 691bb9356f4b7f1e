"""A round and its accounts in the browser's pages: what the coordinator and the eater read and press (S0:36-49)."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.jam_season import OPENS, JamSeason


@pytest.fixture
def season(tmp_path: Path) -> JamSeason:
    return JamSeason(tmp_path)


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"[\u00a0\u202f]", " ", answer.get_data(as_text=True))


def press(client: FlaskClient, path: str, **fields: object) -> str:
    answer = client.post(path, data={"idempotency_key": str(uuid4()), **fields}, follow_redirects=True)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"[\u00a0\u202f]", " ", answer.get_data(as_text=True))


@pytest.mark.behaviour("S0:36")
@pytest.mark.behaviour("S0:38")
@pytest.mark.behaviour("S0:39")
@pytest.mark.behaviour("S0:40")
def test_a_coordinator_of_one_contract_leads_a_round_to_its_end_in_the_browser(season: JamSeason) -> None:
    coline = season.site.client(season.person["coline"])
    contract = f"/groupes/{season.group}/contrats/{season.contract}"
    here = f"{contract}/commandes/{season.first}"
    assert "Confitures de l’Ardèche" in page(coline, f"{contract}/commandes")
    assert "Retirer « Marmelade d’orange » ?" in page(coline, here + "/indisponibles?produit=orange")
    assert "indisponible" in press(coline, here + "/indisponibles", product_id="orange")
    season.at(OPENS)
    season.order("amel", fig=3, plum=1)
    assert "1/3" in page(coline, here)
    assert "Carlason" in page(coline, here + "/relancer")
    told = press(coline, here + "/relancer", household_id=[season.home["carla"], season.home["bruno"]])
    assert "2 foyers sont rappelés." in told
    season.at(OPENS.replace(day=16, hour=20))
    assert "21,30 €" in press(coline, here + "/arreter")
    assert "envoyée au producteur" in press(coline, here + "/bon")
    home = season.home["amel"]
    assert "Amelson" in page(coline, here + "/colis")
    fields = {"missing-fig": "1", "flaw-fig": "damaged", "missing-plum": "0"}
    assert "manque : 1 Confiture de figues (abîmé)" in press(coline, f"{here}/colis/{home}", **fields)
    assert "Remis : 1 sur 1" in press(coline, here + "/colis", act="hand-over", household_id=home)
    assert "1 foyer est débiteur." in page(coline, here + "/decomptes")
    assert "1 décompte est envoyé." in press(coline, here + "/decomptes")
    mine = page(season.site.client(season.person["amel"]), f"/mon-compte/{home}/contrats/{season.contract}")
    assert "−15,80 €" in mine


@pytest.mark.behaviour("S0:47")
@pytest.mark.behaviour("S0:48")
@pytest.mark.behaviour("S0:49")
def test_debts_provisions_and_the_settlement_are_seen_before_they_are_done(season: JamSeason) -> None:
    season.deposit("amel", 3000)
    season.delivered()
    coline = season.site.client(season.person["coline"])
    accounts = f"/groupes/{season.group}/contrats/{season.contract}/comptes"
    amel, bruno = season.home["amel"], season.home["bruno"]
    assert "Brunoson" in page(coline, accounts + "/soldes-debiteurs")
    assert "1 foyer est prévenu." in press(coline, accounts + "/soldes-debiteurs", household_id=bruno)
    acts = {f"act-{amel}": "refund", f"seen-{amel}": "1420", f"act-{bruno}": "request", f"seen-{bruno}": "-1240"}
    seen = press(coline, accounts + "/regularisation", **acts)
    assert "Amelson : 14,20 € remboursés par virement." in seen
    assert season.balance("amel") == 1420  # looking at it does nothing
    assert "C’est fait." in press(coline, accounts + "/regularisation", sure="1", **acts)
    assert (season.balance("amel"), season.balance("bruno")) == (0, -1240)
    paid = press(coline, f"{accounts}/{bruno}/provision", amount="12,40", number="31", bank="")
    assert "Chèque de provision enregistré" in paid
    assert "Tous les soldes sont à zéro." in page(coline, accounts + "/regularisation")
    press(coline, accounts + "/regularisation", sure="1", close="1")
    assert season.house.events("ledger.settlement-closed")


@pytest.mark.behaviour("S0:37")
def test_a_member_who_has_not_subscribed_is_told_so_at_the_counter(season: JamSeason) -> None:
    season.at(OPENS)
    dora = season.site.client(season.person["dora"])
    from flask import url_for

    with season.site.app.test_request_context():
        counter = url_for(
            "shop.counter", group_id=season.group, cycle_id=season.first, household_id=season.home["dora"]
        )
    assert "Réservé aux foyers inscrits" in page(dora, counter)
