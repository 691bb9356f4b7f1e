"""A help desk on a phone: planned with its material, announced, staffed, attended (S0:26, S0:51-53)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from tests.browser.conftest import Enter, follow, narrow, text
from tests.browser.season_place import served_season


@pytest.fixture(scope="module")
def amap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    with served_season(tmp_path_factory.mktemp("desks")) as place:
        yield place


@pytest.mark.behaviour("S0:26", "S0:51-53")
@pytest.mark.parametrize("js", [True, False], ids=["script", "no-script"])
def test_a_help_desk_from_its_plan_to_who_was_there(amap: SimpleNamespace, enter: Enter, js: bool) -> None:
    season, title = amap.season, f"Permanence cotisations {'une' if js else 'deux'}"
    day = "2026-10-15" if js else "2026-10-16"
    camille = enter(amap, season.people["Camille"], season.path("benevoles", "nouvelle"), js=js)
    narrow(camille)
    assert camille.locator("html").get_attribute("lang") == "fr"
    camille.get_by_label("Type d’activité").select_option("help_desk")
    camille.get_by_label("Titre").fill(title)
    camille.get_by_label("Lieu").fill("Salle des fêtes")
    camille.get_by_label("Jour", exact=True).fill(day)
    camille.get_by_label("Début", exact=True).fill("18:30")
    camille.get_by_label("Fin", exact=True).fill("19:30")
    camille.get_by_label("Matériel à prévoir, une chose par ligne").fill("reçus\nstylos\nordinateur")
    camille.get_by_label("Tâche 1").fill("accueil")
    camille.get_by_role("button", name="Publier l’activité").click()
    camille.get_by_text("Activité publiée").wait_for()
    assert [thing.inner_text() for thing in camille.locator("[aria-labelledby=material] li").all()] == [
        "reçus",
        "stylos",
        "ordinateur",
    ]
    narrow(camille)
    desk = camille.url.removeprefix(amap.base)
    camille.get_by_role("link", name="Annoncer").click()
    camille.get_by_text("personnes recevront l’invitation").wait_for()
    camille.get_by_role("button", name="Envoyer l’invitation").click()
    camille.get_by_text("L’annonce est partie.").wait_for()

    ali = enter(amap, season.people["Ali"], desk, js=js)
    narrow(ali)
    assert "ordinateur" in text(ali)
    ali.get_by_role("button", name="Je viens : accueil").click()
    ali.get_by_text("Vous y êtes").wait_for()
    assert ali.get_by_role("link", name="Noter les présences").count() == 0, "not everybody's"
    letters = season.call("my_messages", "Ali", service="notify")["items"]
    assert title in next(row["subject"] + row["text"] for row in letters if row["template"] == "help-desk")

    season.house.clock.set(datetime.fromisoformat(f"{day}T17:00:00").replace(tzinfo=UTC))
    camille.goto(desk)
    follow(camille.get_by_role("link", name="Noter les présences"))
    narrow(camille)
    camille.locator("li", has_text="Ali").get_by_role("button").first.click()
    camille.get_by_text("Présence notée.").wait_for()
