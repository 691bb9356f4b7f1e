"""The shop in Chromium on a phone: running total, draft saved as one types, search, one button; and axe on every page."""

import re
import threading
from datetime import timedelta

import pytest
from conftest import cookie
from orders_house import CLOSES, Month
from werkzeug.serving import make_server

pytest.importorskip("playwright")
from tests.browser.axe import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {"width": 320, "height": 700}


@pytest.fixture
def month(tmp_path):
    found = Month(tmp_path)
    found.orders()
    return found


@pytest.fixture
def address(month):
    server = make_server("127.0.0.1", 0, month.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


@pytest.fixture
def page_of(month, address):
    """page_of("p-paul", path) → a page on a phone, signed in."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = driver.chromium.launch(executable_path="/usr/bin/chromium", args=options)

        def open_page(person, path, **viewport):
            context = chromium.new_context(locale="fr-FR", viewport=viewport or PHONE)
            secret = month.app.extensions["grenier"].sessions.open(person)
            context.add_cookies([{"name": cookie(month.app), "value": secret, "url": address}])
            page = context.new_page()
            page.goto(address + path)
            return page

        yield open_page
        chromium.close()


def shop(month, name="paul"):
    return f"/groupes/belleville/commandes/{month.cycle()}/foyers/h-{name}"


def test_putting_an_order_together_saves_a_draft_and_one_button_confirms_it(month, page_of):
    page = page_of("p-paul", shop(month))
    assert page.locator("[data-total]").inner_text().replace("\xa0", " ") == "32,62 €"
    page.get_by_role("button", name="Plus : Quantité de Riz long semi-complet").click(click_count=2)
    assert page.locator("[data-total]").inner_text().replace("\xa0", " ") == "44,32 €"
    page.get_by_text(re.compile(r"enregistré à \d")).wait_for()
    saved = month.house.events("orders.draft-saved")[-1]
    assert {line.product_id: line.quantity for line in saved.lines} == {"comte": 2, "huile": 1, "miel": 1, "riz": 2}
    page.get_by_role("button", name="Valider ma commande").click()
    page.wait_for_url("**/recapitulatif")
    assert "Commande validée" in page.locator("main").inner_text()
    confirmed = month.house.events("orders.order-confirmed")[-1]
    assert confirmed.total_cents == 4432


def test_search_hides_what_does_not_match_and_keeps_what_is_taken(month, page_of):
    page = page_of("p-paul", shop(month))
    page.get_by_role("searchbox").fill("sarrasin")
    shown = page.locator(".good:visible .good__name").all_inner_texts()
    assert [text.split(" bio")[0] for text in shown] == ["Farine de sarrasin"]
    assert page.locator("[data-total]").inner_text().replace("\xa0", " ") == "32,62 €"


@pytest.mark.parametrize("width", [320])
def test_no_page_is_wider_than_the_screen_and_axe_finds_nothing(month, page_of, width):
    month.at(CLOSES + timedelta(hours=1))
    periods, orders = f"/groupes/belleville/periodes/{month.cycle()}", "/groupes/belleville/commandes"
    pages = [
        ("p-paul", orders), ("p-paul", shop(month)), ("p-nadia", shop(month, "nadia") + "/recapitulatif"),
        ("p-nadia", f"{orders}/{month.cycle()}/saisie"), ("p-nadia", f"{orders}/{month.cycle()}/bon-de-commande"),
        ("p-nadia", periods), ("p-nadia", periods + "/regulation"), ("p-nadia", periods + "/regulation/comte"),
        ("p-nadia", periods + "/regulation/comte?rule=prorata"), ("p-lea", "/periodes/w-nov"),
        ("p-lea", "/periodes/w-nov/recapitulatif"), ("p-lea", "/periodes/programmer?catalogue_id=cat-nov"),
        ("p-lea", "/catalogue"), ("p-lea", "/catalogue/produits/comte"), ("p-lea", "/catalogue/publier"),
        ("p-lea", "/catalogue/importer"), ("p-lea", "/catalogue/produits/nouveau"),
    ]  # fmt: skip
    for person, path in pages:
        page = page_of(person, path, width=width, height=800)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert violations(page) == [], path
        page.context.close()
