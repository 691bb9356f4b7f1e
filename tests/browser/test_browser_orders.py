"""The open window in a real browser: signing in, ordering on a phone with and without a script, taking orders for others."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import DESK, Enter, Place, follow, text

COMTE = "Comté 12 mois"


def late(place: Place, group: int):
    """A household with a screen that has put nothing together yet, and its cycle."""
    cycle = place.scene.cycles[group]
    known = {*cycle.orders, *cycle.drafts}
    return next(home for home in cycle.group.households if home.household_id not in known), cycle


def orders(place: Place, cycle) -> dict:
    """household_id -> total_cents of what is confirmed in a cycle, read through the API."""
    found = place.scene.at(cycle.group.organiser).get(f"/cycles/{cycle.cycle_id}/orders", limit=200)["items"]
    return {row["household_id"]: row["total_cents"] for row in found if row["status"] == "confirmed"}


def euros(cents: int) -> str:
    whole, rest = divmod(cents, 100)
    return f"{whole},{rest:02d} €"


@pytest.mark.behaviour("S1:144-145")
def test_the_login_page_of_the_demonstration_lets_everybody_in(window: Place, enter: Enter) -> None:
    page = enter(window, path="/connexion")
    roles = {row["role"] for row in window.scene.stage.api.get("/demo")["accounts"]}
    assert {"organiser", "treasurer", "volunteer", "central_team", "logistician", "producer"} <= roles
    follow(page.locator(f"button[value='{window.scene.who('treasurer')}']"))
    assert page.get_by_role("heading", level=1).inner_text() == "À faire"
    page.goto("/compte")
    page.locator("main").get_by_role("button", name="Se déconnecter").click()
    page.goto("/mon-compte")
    assert "/connexion" in page.url or page.get_by_role("heading", name="Se connecter").count()


@pytest.mark.behaviour("S1:64-65", "S1:142", "S1:144-145")
def test_an_eater_orders_on_a_phone(window: Place, enter: Enter) -> None:
    home, cycle = late(window, 0)
    page = enter(window, home.person_id)
    page.get_by_role("link", name=re.compile("^Commander")).first.click()
    page.get_by_role("searchbox").fill("comte")
    names = page.locator(".good:visible .good__name").all_inner_texts()
    assert names
    assert all("omt" in name for name in names)
    page.get_by_role("button", name=f"Plus : Quantité de {COMTE}").first.click(click_count=2)
    page.get_by_text(re.compile(r"Brouillon enregistré à \d")).wait_for()
    order = window.scene.at(home.person_id).get(f"/cycles/{cycle.cycle_id}/orders/{home.household_id}")
    assert list(order["draft"]["lines"].values()) == [2]
    assert home.household_id not in orders(window, cycle)
    total = page.locator("[data-total]").inner_text()
    page.get_by_role("button", name="Valider ma commande").click()
    page.wait_for_url("**/recapitulatif")
    assert "Commande validée" in text(page)
    assert total.replace("\xa0", " ").replace("\u202f", " ") == euros(orders(window, cycle)[home.household_id])
    assert total in page.locator("main").inner_text()
    page.goto("/")
    assert page.get_by_role("link", name=re.compile("^Voir ma commande")).count()


@pytest.mark.behaviour("S1:142", "S1:144-145")
def test_an_order_needs_no_script(window: Place, enter: Enter) -> None:
    home, cycle = late(window, 2)
    page = enter(window, home.person_id, js=False)
    page.get_by_role("link", name=re.compile("^Commander")).first.click()
    page.get_by_role("searchbox").fill("comté")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_label(f"Quantité de {COMTE}").fill("3")
    follow(page.get_by_role("button", name="Garder en brouillon"))
    assert "Brouillon enregistré" in text(page)
    assert page.get_by_label(f"Quantité de {COMTE}").input_value() == "3"
    follow(page.get_by_role("button", name="Valider ma commande"))
    assert "Commande validée" in text(page)
    assert euros(orders(window, cycle)[home.household_id]) in text(page)


@pytest.mark.behaviour("S1:142")
def test_an_impossible_quantity_is_said_at_its_field_and_nothing_is_lost(window: Place, enter: Enter) -> None:
    home, cycle = late(window, 1)
    path = f"/groupes/{cycle.group.group_id}/commandes/{cycle.cycle_id}/foyers/{home.household_id}"
    page = enter(window, home.person_id, path)
    page.locator("#shop").evaluate("form => { form.noValidate = true; form.removeAttribute('data-autosave') }")
    field = page.get_by_label(f"Quantité de {COMTE}", exact=True)
    field.evaluate("field => { field.type = 'text'; field.value = 'deux' }")
    page.get_by_label("Quantité de Farine de seigle T130", exact=True).fill("2")
    page.get_by_role("button", name="Valider ma commande").click()
    page.get_by_text("Un nombre entier").first.wait_for()
    assert page.get_by_label("Quantité de Farine de seigle T130", exact=True).input_value() == "2"
    assert home.household_id not in orders(window, cycle)


@pytest.mark.behaviour("S1:24-28", "S1:32")
def test_the_organiser_types_in_a_paper_form(window: Place, enter: Enter) -> None:
    cycle = window.scene.cycles[1]
    home = next(home for home in cycle.group.households if not home.digital)
    page = enter(window, cycle.group.organiser, f"/groupes/{cycle.group.group_id}/periodes/{cycle.cycle_id}")
    page.get_by_role("link", name="Prendre une commande").click()
    follow(page.locator("#households a").filter(has_text=home.label).first)
    assert "portera votre nom" in text(page)
    before = orders(window, cycle)[home.household_id]
    page.get_by_role("button", name=f"Plus : Quantité de {COMTE}").first.click()
    page.get_by_label("Pourquoi cette modification").fill("Demandée par téléphone")
    page.get_by_role("button", name="Valider la modification").click()
    page.wait_for_url("**/recapitulatif")
    assert orders(window, cycle)[home.household_id] > before
    follow(page.get_by_role("link", name="Histoire de la commande"))
    told = text(page)
    assert "Demandée par téléphone" in told
    assert "papier" in told


@pytest.mark.behaviour("S1:33")
def test_the_organiser_sees_who_has_not_confirmed(window: Place, enter: Enter) -> None:
    cycle = window.scene.cycles[0]
    waiting = [home for home in cycle.group.households if home.household_id in cycle.drafts]
    page = enter(window, cycle.group.organiser, f"/groupes/{cycle.group.group_id}/periodes")
    follow(page.locator("main tbody a").first)
    listed = text(page, "#brouillons")
    assert all(home.label.split(" / ")[0] in listed for home in waiting)
    assert "Ouvrir le brouillon" in listed


@pytest.mark.behaviour("S1:129", "S1:131")
def test_the_centre_revises_a_price(window: Place, enter: Enter) -> None:
    page = enter(window, window.scene.federation.central, "/catalogue")
    page.get_by_role("link", name="Farine de blé T80", exact=False).first.click()
    page.get_by_label("Prix de base").fill("2,45")
    page.get_by_label("Coût d’achat").fill("2,20")
    page.get_by_label("À partir du").fill("2027-01-01")
    page.get_by_label("Raison").fill("nouvelle récolte")
    follow(page.get_by_role("button", name="Voir l’effet par tarif"))
    assert "→ 2,45 €" in text(page)
    page.get_by_role("button", name="Réviser le prix").click()
    page.get_by_text("nouvelle récolte").wait_for()
    assert "2,45 €" in text(page)


@pytest.mark.behaviour("S1:144-145", "S1:146")
def test_the_centre_releases_a_catalogue_and_schedules_all_groups(window: Place, enter: Enter) -> None:
    page = enter(window, window.scene.federation.central, "/catalogue/publier?month=2027-03", width=DESK)
    follow(page.get_by_role("button", name="Vérifier avant de publier"))
    assert "Publier pour tous les groupes" in text(page)
    page.get_by_role("button", name="Publier le catalogue").click()
    page.goto("/")
    page.get_by_role("link", name=re.compile("^Programmer")).first.click()
    page.locator("#opens_at").fill("2027-02-15T08:00")
    page.locator("#closes_at").fill("2027-02-22T20:00")
    page.locator("#distribution_day").fill("2027-03-06")
    page.locator("#distribution_from").fill("10:00")
    page.locator("#distribution_to").fill("12:30")
    page.get_by_role("button", name="Programmer pour ces groupes").click()
    page.get_by_role("heading", level=1).wait_for()
    for group in window.scene.groups:
        assert group.name in text(page), text(page)


@pytest.mark.behaviour("S1:18-21", "S1:38-39")
def test_a_member_offers_to_help(window: Place, enter: Enter) -> None:
    group = window.scene.groups[0]
    home = group.households[4]
    page = enter(window, home.person_id, f"/groupes/{group.group_id}/benevoles")
    page.locator("#activities a").first.click()
    page.get_by_role("button", name=re.compile("^Je viens")).first.click()
    page.get_by_text("Vous y êtes").first.wait_for()
    page.goto("/")
    assert "Vous aidez" in text(page)


@pytest.mark.behaviour("S0:46", "S0:42-44")
def test_a_statement_opens_to_the_facts(window: Place, enter: Enter) -> None:
    home = window.scene.groups[0].households[1]
    page = enter(window, home.person_id, f"/mon-compte/{home.household_id}")
    assert "Solde aujourd’hui" in text(page)
    follow(page.locator("main tbody a").first)
    told = text(page)
    assert "Ce qui explique ce montant" in told
    assert "la somme est zéro" in told
    page.go_back()
    follow(page.get_by_role("link", name="Solde au mardi dernier"))
    assert "Solde au " in text(page, ".balance")
