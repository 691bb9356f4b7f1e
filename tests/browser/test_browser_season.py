"""A season on a phone: a contract is published, a member subscribes, the coordinator confirms and receives the cheques."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from playwright.sync_api import Route

from tests.browser.conftest import Enter, follow, narrow, text
from tests.browser.season_place import served_season


@pytest.fixture(scope="module")
def amap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    with served_season(tmp_path_factory.mktemp("season")) as place:
        yield place


@pytest.mark.behaviour("S0:17", "S0:24", "S0:26", "S0:28", "S0:30")
def test_a_contract_from_its_opening_to_its_cheques_on_a_phone(amap: SimpleNamespace, enter: Enter) -> None:
    season = amap.season
    contract_id = season.draft()
    season.call("approve_contract", "Camille", contract_id=contract_id, version=1, person_id=season.people["Jeanne"])
    camille = enter(amap, season.people["Camille"])
    follow(camille.get_by_role("link", name=re.compile("^Ouvrir : Légumes d’hiver est approuvé")))
    assert "foyers du groupe voient le contrat" in text(camille)
    follow(camille.get_by_role("button", name="Ouvrir les inscriptions"))
    assert "chacun peut s’inscrire" in text(camille)

    zoe = enter(amap, season.people["Zoé"])
    scripts: list[Route] = []
    zoe.route("**/season.js*", lambda route: scripts.append(route), times=1)
    zoe.get_by_role("link", name=re.compile("^S’inscrire : Contrat ouvert")).click()
    zoe.get_by_role("checkbox", name="J’en prends : Panier", exact=True).check()
    while not scripts:
        zoe.wait_for_timeout(20)
    scripts[0].continue_()
    zoe.get_by_text(re.compile("168,00")).first.wait_for()  # follows what is chosen, before the script had come too
    while not zoe.evaluate("Object.keys(localStorage).some((name) => name.includes('subscribe-'))"):
        zoe.wait_for_timeout(20)
    zoe.reload()
    zoe.get_by_text(re.compile("168,00")).first.wait_for()  # and what comes back from the draft
    zoe.get_by_role("radio", name=re.compile("3 chèques de")).check()
    zoe.get_by_role("checkbox", name=re.compile("J’ai lu le contrat")).check()
    zoe.get_by_role("button", name="M’inscrire").click()
    zoe.wait_for_url("**/mes-contrats/*")
    assert "à confirmer" in text(zoe)
    narrow(zoe)

    camille.goto("/")
    camille.get_by_role("link", name=re.compile("^Confirmer : 1 inscription")).click()
    follow(camille.get_by_role("button", name="Confirmer l’inscription cochée"))
    assert "1 inscription confirmée" in text(camille)
    camille.goto("/")
    camille.get_by_role("link", name=re.compile("^Recevoir : 3 chèques")).click()
    for place, number in enumerate(("1001", "1002", "1003")):
        camille.get_by_label("Numéro").nth(place).fill(number)
    camille.get_by_label("Banque").first.fill("Crédit Coopératif")
    follow(camille.get_by_role("button", name="Enregistrer les chèques reçus"))
    assert "3 chèques reçus." in text(camille)
    zoe.reload()
    assert text(zoe).count("reçu") >= 3
