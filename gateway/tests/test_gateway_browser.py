"""The pages in Chromium: accessibility by axe, 320 pixels, dark, print, without a script, and what the script adds."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Blueprint, flash, render_template_string
from gateway_fakes import NOW, make_gateway
from werkzeug.serving import make_server

from gateway import tasks
from gateway.access import access
from gateway.app import finish
from gateway.forms import Form
from gateway.tasks import Task

pytest.importorskip("playwright")
from playwright.sync_api import sync_playwright

from tests.browser.axe import violations

CHROMIUM = "/usr/bin/chromium"
PAGES = [
    "/",
    "/connexion",
    "/composants",
    "/accessibilite",
    "/api/v1/docs",
    "/demo/clock",
    "/demo/mailbox",
    "/nope",
    "/problems/invalid",
]
PRIVATE = ["/", "/compte"]
TARGETS = """[...document.querySelectorAll('main a, main button, main input:not([type=hidden]), main select, main summary, header a, header button, footer a')]
  .filter(e => { const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    return r.width && s.position !== 'absolute' && r.height < 44 && !e.closest('p, dd, dt, td, th, li li, .step, .notice, .choice, .prose, pre, .only-reader, .event') })
  .map(e => e.outerHTML.slice(0, 90))"""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium"),
]

EXAMPLE = """{% extends "base.html" %}{% import "components/ui.html" as ui %}{% block title %}Essai{% endblock %}{% block main %}
{{ ui.page_head("Essai") }}<form method="post" data-enhance data-draft="essai">{{ ui.hidden() }}{{ ui.error_summary(form) }}
{{ ui.field("word", "Mot", form) }}{{ ui.submit("Envoyer") }}</form><p id="count">{{ count }}</p>{% endblock %}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Address of a running gateway with a page for trying forms."""
    app = make_gateway(tmp_path_factory.mktemp("site"))
    bp = Blueprint("trial", __name__)
    sent: list[str] = []

    @bp.route("/essai", methods=["GET", "POST"])
    @access("person")
    def page():
        form = Form()
        if form.sent and form.value("word") == "bad":
            form.errors = {"word": ["Ce mot ne convient pas."]}
        elif form.sent:
            sent.append(form.value("word"))
            flash("C’est envoyé.", "success")
        return render_template_string(EXAMPLE, form=form, count=len(sent)), form.status

    app.register_blueprint(bp)
    finish(app)
    kept = dict(tasks._SOURCES)
    tasks._SOURCES.clear()
    tasks.task_source()(_some_tasks)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    tasks._SOURCES.clear()
    tasks._SOURCES.update(kept)


def _some_tasks():
    yield Task("Terminer ma commande", "/compte", "Terminer", "Six produits.", NOW + timedelta(hours=3), 5)
    yield Task("Faire la caisse", "/compte", "Compter", "Trente et un foyers.", NOW - timedelta(hours=3), 30)


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, site):
    """visit(width=…, scheme=…, who=…) → a page that notes errors of scripts and of the content policy."""
    contexts = []

    def enter(width=1280, scheme="light", who="", **more):
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, locale="fr-FR", base_url=site, **more
        )
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "console", lambda message: "Content Security Policy" in message.text and page.faults.append(message.text)
        )
        if who:
            page.goto("/connexion")
            page.click(f"button[value={who}]")
        return page

    yield enter
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("who", ["", "p-nadia"])
def test_pages_are_accessible_and_fit(visit, width, scheme, who):
    page, wrong = visit(width, scheme, who), []
    for path in PRIVATE if who else PAGES:
        page.goto(path)
        wrong += [(path, *found) for found in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append((path, "wider than the screen"))
        wrong += [(path, "small target", target) for target in page.evaluate(TARGETS)]
    assert not wrong
    assert not page.faults


def test_wide_tables_become_cards_with_the_same_facts(visit):
    page = visit(320)
    page.goto("/composants")
    row = page.locator("#example tbody tr").first
    assert row.evaluate("e => getComputedStyle(e).display") == "block"
    labels = (
        page.locator("#example tbody tr").first.locator("td").evaluate_all("cells => cells.map(c => c.dataset.label)")
    )
    assert labels == ["Livraison", "Quantité", "Poids", "Montant", "État"]


def test_signing_in_and_out_works_without_a_script(visit):
    page = visit(java_script_enabled=False)
    page.goto("/connexion")
    page.click("button[value=p-paul]")
    assert page.locator("h1").inner_text() == "À faire"
    page.goto("/compte")
    page.locator("main").get_by_role("button", name="Se déconnecter").click()
    assert "déconnecté" in page.locator(".notice--success").inner_text()


def test_the_keyboard_reaches_the_content_first(visit):
    page = visit()
    page.goto("/accessibilite")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_list_filters_while_typing_without_accents(visit):
    page = visit()
    page.goto("/composants")
    page.fill("#filter-example", "comte")
    assert page.locator("#example tbody tr:visible").count() == 1
    assert page.locator("#example tfoot").is_hidden()
    page.fill("#filter-example", "")
    assert page.locator("#example tbody tr:visible").count() == 4


def test_small_numbers_have_minus_and_plus(visit):
    page = visit(320)
    page.goto("/composants")
    page.get_by_role("button", name="Plus : Sacs de lentilles").click()
    assert page.input_value("#bags") == "3"


def test_a_form_answers_in_place_and_says_what_is_wrong(visit):
    page = visit(who="p-nadia")
    page.goto("/essai")
    page.evaluate("window.same = true")
    page.fill("#word", "bad")
    page.get_by_role("button", name="Envoyer").click()
    page.wait_for_selector("#word-error")
    assert page.input_value("#word") == "bad"
    assert page.evaluate("document.activeElement.id") == "errors"
    page.fill("#word", "bon")
    page.get_by_role("button", name="Envoyer").click()
    page.wait_for_selector(".notice--success")
    assert page.evaluate("window.same")  # the page was never left
    assert not page.faults


def test_what_is_typed_is_kept_until_it_is_sent(visit):
    page = visit(who="p-paul")
    page.goto("/essai")
    page.fill("#word", "à moitié écrit")
    page.wait_for_timeout(900)  # drafts are written when one pauses
    page.reload()
    assert page.input_value("#word") == "à moitié écrit"
    page.get_by_role("button", name="Envoyer").click()
    page.wait_for_selector(".notice--success")
    page.goto("/essai")
    assert page.input_value("#word") == ""


def test_drafts_of_one_person_are_not_shown_to_the_next(visit):
    page = visit(who="p-paul")
    page.goto("/essai")
    page.fill("#word", "secret")
    page.wait_for_timeout(900)  # drafts are written when one pauses
    page.goto("/connexion")
    page.goto("/compte")
    page.locator("main").get_by_role("button", name="Se déconnecter").click()
    page.goto("/connexion")
    page.click("button[value=p-nadia]")
    page.goto("/essai")
    assert page.input_value("#word") == ""


def test_paper_shows_the_list_and_not_the_furniture(visit):
    page = visit()
    page.goto("/composants")
    page.emulate_media(media="print")
    for furniture in (".awning", ".top__end", ".toolbar", ".skip"):
        assert page.locator(furniture).first.is_hidden(), furniture
    assert page.locator("#example").is_visible()
    assert page.locator(".foot__print").is_visible()
    assert len(page.pdf(format="A4")) > 10_000
