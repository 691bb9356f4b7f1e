"""After the close, in a real browser: regulation, pallets, a delivery with a missing case, the day itself, the till."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route

from gateway.demo import month
from gateway.demo.federation import Group
from tests.browser.conftest import DESK, Enter, Place, follow, text


def guest(place: Place, group: Group, household_id: str) -> dict[str, Any]:
    return month.served(place.scene.stage, group, place.scene.distribution(group)["distribution_id"], household_id)


def day_page(place: Place, group: Group, more: str = "") -> str:
    return f"/groupes/{group.group_id}/distributions/{place.scene.distribution(group)['distribution_id']}{more}"


def euros(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'−' if cents < 0 else ''}{whole},{rest:02d} €"


def coming(place: Place, group: int = 0) -> list[str]:
    return sorted(place.scene.cycles[group].orders)


# -- regulation --------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:34")
def test_rules_are_compared_before_one_is_applied(closed: Place, enter: Enter) -> None:
    cycle = next(cycle for cycle in closed.scene.cycles if month.over_asked(closed.scene.stage, cycle))
    asked = month.over_asked(closed.scene.stage, cycle)
    page = enter(closed, cycle.group.organiser)
    page.get_by_role("link", name=re.compile("^Réguler")).first.click()
    follow(page.get_by_role("link", name="Comparer les règles").first)
    assert page.locator("input[name=rule]").count() >= 3
    page.locator("input[name=rule]").nth(1).check()
    page.get_by_role("button", name="Voir ce que cela change").click()
    assert len(month.over_asked(closed.scene.stage, cycle)) == len(asked)  # looking changes nothing
    page.get_by_role("button", name="Appliquer et prévenir").click()
    page.get_by_text("La régulation est appliquée").wait_for()
    assert len(month.over_asked(closed.scene.stage, cycle)) == len(asked) - 1


@pytest.mark.behaviour("S1:134")
def test_the_organiser_settles_the_quantities(closed: Place, enter: Enter) -> None:
    cycle = closed.scene.cycles[2]
    month.regulate_all(closed.scene.stage, cycle, "prorata")
    page = enter(closed, cycle.group.organiser)
    page.get_by_role("link", name=re.compile("^Voir et arrêter")).first.click()
    follow(page.get_by_role("link", name="Arrêter les commandes"))
    assert "devien" in text(page)
    page.get_by_role("button", name="Arrêter les commandes").click()
    page.get_by_text("Quantités définitives").first.wait_for()


# -- goods -------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:131", "S1:134", "S0:40")
def test_one_order_for_each_producer_is_sent_and_acknowledged(day: Place, enter: Enter) -> None:
    scene = day.scene
    page = enter(day, scene.federation.central, f"/periodes/{scene.calendar.window_id}", width=DESK)
    follow(page.get_by_role("link", name="Tableau récapitulatif"))
    assert "Quantités définitives de tous les groupes" in text(page)
    for group in scene.groups:
        assert group.name in text(page)
    page.goto(f"/periodes/{scene.calendar.window_id}/fournisseurs")
    page.get_by_role("link", name=re.compile("^Fruitière")).first.click()
    page.get_by_role("button", name="Envoyer au producteur").click()
    page.get_by_text("Envoyée").first.wait_for()
    producer = enter(day, scene.federation.producer_contact)
    producer.get_by_role("link", name=re.compile("^Lire et confirmer")).first.click()
    producer.get_by_role("button", name="Confirmer la commande").click()
    producer.get_by_role("button", name="Confirmer la commande").wait_for(state="detached")
    orders = scene.at(scene.federation.central).get("/supplier-orders", window_id=scene.calendar.window_id)["items"]
    assert "acknowledged" in {order["status"] for order in orders}


@pytest.mark.behaviour("S1:135", "S1:136")
def test_the_logistician_prepares_pallets_and_lets_them_go(day: Place, enter: Enter) -> None:
    page = enter(day, day.scene.federation.logistician)
    page.get_by_role("link", name=re.compile("^Préparer")).first.click()
    page.wait_for_url("**/palettes")
    group = day.scene.groups[2]
    while (waiting := page.locator("#pallets tr").filter(has_text=group.name).filter(has_text="à préparer")).count():
        waiting.first.get_by_role("link").first.click()
        page.get_by_role("button", name="Palette prête").click()
        page.get_by_role("button", name="Palette prête").wait_for(state="detached")
        page.goto("/palettes")
    page.goto("/livraisons")
    page.locator("li").filter(has_text=group.name).get_by_role("button", name="Faire partir").click()
    page.locator("li").filter(has_text=group.name).get_by_role("button", name="Faire partir").wait_for(state="detached")
    deliveries = day.scene.at(group.organiser).get("/deliveries", group_id=group.group_id)["items"]
    assert [row["state"] for row in deliveries] == ["dispatched"]


@pytest.mark.behaviour("S1:52-54", "S1:136")
def test_a_delivery_comes_with_a_case_missing(day: Place, enter: Enter) -> None:
    group, cycle = day.scene.groups[1], day.scene.cycles[1]
    page = enter(day, group.organiser)
    follow(page.get_by_role("link", name=re.compile("^Réceptionner")).first)
    delivery_id = page.url.rsplit("/", 1)[1]
    line = max(
        day.scene.at(group.organiser).get(f"/deliveries/{delivery_id}")["lines"], key=lambda row: row["expected"]
    )
    page.locator(f"input[name='received-{line['product_id']}']").fill("0")
    page.locator(f"select[name='reason-{line['product_id']}']").select_option(index=1)
    follow(page.get_by_role("button", name="Réceptionner la livraison"))
    preview = text(page, ".preview")
    concerned = [home for home, order in cycle.orders.items() if line["product_id"] in order]
    assert f"0 au lieu de {line['expected']}" in preview
    assert f"{len(concerned)} foyers seront prévenus" in preview or len(concerned) == 1
    page.get_by_role("button", name="Confirmer la réception").click()
    page.get_by_text("Livraison réceptionnée").wait_for()
    assert all(
        next(row for row in guest(day, group, home)["lines"] if row["product_id"] == line["product_id"])["quantity"]
        == 0
        for home in concerned
    )


# -- the day -----------------------------------------------------------------------------------------------------


def unfold(page: Page, product_id: str) -> None:
    """Open the corrections of one line."""
    summary = page.locator(f".serve > li:has(input[name='tick-{product_id}']) summary")
    if summary.locator("xpath=..").get_attribute("open") is None:
        summary.click()


def spare(form: Locator, spoken_for: set[str]) -> str:
    """The first product that the form offers and that nobody has spoken for."""
    offered = form.locator("select option").evaluate_all("options => options.map(option => option.value)")
    return next(value for value in offered if value not in spoken_for)


@pytest.mark.behaviour("S1:65", "S1:66", "S1:67", "S1:75")
def test_a_household_is_served_with_what_really_happens(day: Place, enter: Enter) -> None:
    group = day.scene.groups[0]
    household_id = next(
        home for home in coming(day) if home not in day.scene.served and {"weighed", "piece"} <= {row["sale"] for row in guest(day, group, home)["lines"] if row["quantity"]}
    )  # fmt: skip
    lines = guest(day, group, household_id)["lines"]
    name = next(home.label for home in group.households if home.household_id == household_id)
    weighed = next(row for row in lines if row["sale"] == "weighed" and row["quantity"])
    piece = next(row for row in lines if row["sale"] == "piece" and row["quantity"])
    page = enter(day, group.volunteer, day_page(day, group))
    page.get_by_role("searchbox").fill(name.split(" / ")[0])
    page.get_by_role("button", name=f"Arrivé : {name}").click()
    page.get_by_role("link", name=f"Servir : {name}").click()

    unfold(page, weighed["product_id"])
    page.locator(f"#weight-{weighed['product_id']}").fill(str(weighed["weight_g"] + 13))
    page.locator(f"li:has(#weight-{weighed['product_id']})").get_by_role("button", name="Noter le poids").click()
    page.get_by_text("Poids noté").wait_for()

    unfold(page, piece["product_id"])
    swap = page.locator(f"li:has(input[name='tick-{piece['product_id']}']) form[action$='/echange']")
    swap.get_by_role("spinbutton", name=re.compile("^Unités échangées")).fill("1")
    # Neither exchange nor surplus draws on what the household ordered: there may be no more of it than that.
    spoken_for = {"", *(row["product_id"] for row in lines)}
    taken = spare(swap, spoken_for)
    swap.locator("select").select_option(taken)
    swap.get_by_role("button", name="Noter l’échange").click()
    page.get_by_text("1 échangé").first.wait_for()

    page.get_by_text("Ajouter du RAB").click()
    extra = page.locator("details.more form[action$='/rab']")
    extra.locator("select").select_option(spare(extra, {taken, *spoken_for}))
    extra.locator("input[name=weight_g]").fill("")
    extra.get_by_role("button", name="Ajouter").click()
    page.get_by_text("Retirer ce RAB").wait_for()

    found = guest(day, group, household_id)
    assert next(row for row in found["lines"] if row["product_id"] == weighed["product_id"])["weight_g"] == weighed["weight_g"] + 13  # fmt: skip
    assert {row["kind"] for row in found["served_lines"]} == {"ordered", "substitute", "surplus"}
    assert euros(found["total_cents"]) in text(page, ".total-bar")
    page.get_by_role("button", name="Émarger").click()
    page.get_by_text("portés au compte du foyer").wait_for()
    assert guest(day, group, household_id)["state"] == "served"
    balance = month.balance(day.scene.stage, group.treasurer, household_id)
    assert balance["balance_cents"] == -found["total_cents"]


@pytest.mark.behaviour("S1:68-70")
def test_who_does_not_come_is_called(day: Place, enter: Enter) -> None:
    group = day.scene.groups[0]
    page = enter(day, group.organiser, day_page(day, group))
    page.get_by_role("link", name="Appeler les absents").click()
    row = page.locator(".calls > li").last
    assert row.locator("a[href^='tel:']").count()
    called = row.locator(".guest__name").inner_text()
    row.get_by_role("button").first.click()
    page.locator(".calls > li").filter(has_text=called).locator(".state").first.wait_for()


@pytest.mark.behaviour("S1:44", "S1:45", "S1:46")
def test_sheets_for_paper(day: Place, enter: Enter) -> None:
    group = day.scene.groups[0]
    page = enter(day, group.organiser, day_page(day, group, "/decoupe"))
    if page.url.endswith("/decoupe"):  # several products to cut: a list comes first
        page.locator("main .lines a").first.click()
    page.get_by_text("Plan de coupe").wait_for()
    follow(page.get_by_role("link", name="Étiquettes"))
    assert page.get_by_role("heading", level=1).count()
    page.goto(day_page(day, group, "/creneaux"))
    assert "solidaire" in text(page)


# -- money -------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:74", "S1:76-78", "S1:90-92")
def test_the_till_from_opening_to_a_difference_of_fifty_cents(day: Place, enter: Enter) -> None:
    stage, group = day.scene.stage, day.scene.groups[0]
    paying = day.scene.served
    page = enter(day, group.treasurer, f"/groupes/{group.group_id}/caisse")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Fond de caisse").fill("50,00")
    page.get_by_role("button", name="Ouvrir la caisse").click()
    page.get_by_text("La caisse est ouverte").wait_for()

    scripts: list[Route] = []
    page.route("**/ledger.js*", lambda route: scripts.append(route), times=1)  # typed before the script has come
    page.locator(f"a[href*='foyer={paying[0]}']").first.click()
    page.get_by_label("Somme donnée").fill("200")
    while not scripts:
        page.wait_for_timeout(20)
    scripts[0].continue_()
    page.locator(".change", has_text="rendre").wait_for()
    page.get_by_role("button", name="Encaisser en espèces").click()
    page.locator(f"a[href*='foyer={paying[1]}']").first.click()
    page.get_by_label("Numéro du chèque").fill("4100017")
    page.get_by_label("Banque").fill("Crédit coopératif")
    page.get_by_role("button", name="Encaisser le chèque").click()
    page.get_by_text("2 paiements").wait_for()
    assert all(month.balance(stage, group.treasurer, home)["balance_cents"] == 0 for home in paying)

    follow(page.get_by_role("link", name="Faire la caisse"))
    till = stage.at(group.treasurer).get(f"/groups/{group.group_id}/tills/{page.url.split('/')[-2]}")
    for value, pieces in month.coins(till["cash_cents"] - 50).items():
        page.locator(f"#c{value}").fill(str(pieces))
    page.locator("input[name=cheque]").check()
    follow(page.get_by_role("button", name="Enregistrer le comptage"))
    assert "Il manque 0,50 €" in text(page, "#ecart")
    assert page.get_by_role("button", name="Fermer la caisse").count() == 0
    page.get_by_label("D’où vient l’écart").fill("erreur en rendant la monnaie")
    page.get_by_role("button", name="Expliquer l’écart").click()
    page.get_by_role("button", name="Fermer la caisse").click()
    page.get_by_role("heading", name="Bordereau de caisse").wait_for()
    report = text(page)
    assert "−0,50 €" in report
    assert "erreur en rendant la monnaie" in report


@pytest.mark.behaviour("S1:76-78")
def test_no_money_changes_hands_in_an_amap(day: Place, enter: Enter) -> None:
    group = next(group for group in day.scene.groups if group.kind == "csa")
    page = enter(day, group.treasurer, f"/groupes/{group.group_id}/caisse")
    assert "Pas d’argent à la distribution d’une AMAP" in text(page)
    assert page.get_by_role("button", name="Ouvrir la caisse").count() == 0


@pytest.mark.behaviour("S1:82")
def test_what_is_left_is_counted(day: Place, enter: Enter) -> None:
    group = day.scene.groups[0]
    page = enter(day, group.organiser, day_page(day, group, "/inventaire"))
    field = page.locator("input[name^='counted-']").first
    product_id = str(field.get_attribute("name")).removeprefix("counted-")
    field.fill("1")
    page.get_by_role("button", name="Enregistrer le comptage").click()
    page.get_by_text("Stock compté").first.wait_for()
    lines = day.scene.at(group.organiser).get(month.day_path(group, page.url.split("/distributions/")[1].split("/")[0]) + "/inventory")["lines"]  # fmt: skip
    assert next(row for row in lines if row["product_id"] == product_id)["on_hand"] == 1
