"""« À faire » and the navigation: what presses most, what one may open."""

from datetime import timedelta

import pytest
from gateway_fakes import NOW

from gateway import menus, tasks
from gateway.access import rule
from gateway.tasks import Task
from grenier.errors import Unavailable

NBSP = "\u00a0"


@pytest.fixture
def sources():
    """The task sources and menu entries of this test only."""
    kept = dict(tasks._SOURCES), dict(menus._ITEMS)
    tasks._SOURCES.clear()
    menus._ITEMS.clear()
    yield
    for registry, before in zip((tasks._SOURCES, menus._ITEMS), kept, strict=True):
        registry.clear()
        registry.update(before)


def test_what_presses_most_stands_first(sources, sign_in):
    @tasks.task_source()
    def mine():
        yield Task("plus tard", "/x", "Faire", deadline=NOW + timedelta(days=9))
        yield Task("bientôt", "/x", "Faire", deadline=NOW + timedelta(hours=2), minutes=5)
        yield Task("sans date", "/x", "Faire")
        yield Task("pour information", "/x", "Voir", urgency="info")
        yield Task("en retard", "/x", "Faire", deadline=NOW - timedelta(hours=2))

    client, _token = sign_in("p-paul")
    page = client.get("/", headers={"Accept-Language": "fr"}).text
    order = [
        page.index(f'task__title">{title}<')
        for title in ("en retard", "bientôt", "plus tard", "sans date", "pour information")
    ]
    assert order == sorted(order)
    assert "environ 5\u00a0min" in page


def test_a_source_that_is_away_is_said_and_hides_nothing(sources, sign_in):
    @tasks.task_source()
    def away():
        raise Unavailable()

    @tasks.task_source()
    def here():
        return [Task("autre chose", "/x", "Faire")]

    @tasks.task_source(rule(may="orders.regulate"))
    def not_mine():
        return [Task("réguler", "/x", "Faire")]

    client, _token = sign_in("p-paul")
    page = client.get("/").text
    assert "autre chose" in page
    assert "incomplète" in page
    assert "réguler" not in page


def test_nothing_to_do_says_so(sources, sign_in):
    client, _token = sign_in("p-paul")
    assert "Rien ne vous attend" in client.get("/", headers={"Accept-Language": "fr"}).text


def test_the_menu_shows_what_one_may_open(sources, sign_in):
    menus.nav_item("Pour tous", "account.index", icon="home", order=1)
    menus.nav_item("Pour la trésorerie", "docs.index", icon="home", who=rule(role="treasurer"))
    menus.nav_item("Page absente", "nowhere.index", icon="home")
    paul, _ = sign_in("p-paul")
    nadia, _ = sign_in("p-nadia")
    assert "Pour tous" in paul.get("/compte").text
    assert "Pour la trésorerie" not in paul.get("/compte").text
    assert "Pour la trésorerie" in nadia.get("/compte").text
    assert "Page absente" not in nadia.get("/compte").text
    assert 'href="/compte" aria-current="page"' in nadia.get("/compte").text


def test_the_group_switcher_offers_own_groups_only(sign_in):
    nadia, token = sign_in("p-nadia")
    page = nadia.get("/").text
    assert 'value="g-ocean"' in page
    assert 'value="g-confitures"' not in page
    assert nadia.post("/groupe", data={"group_id": "g-ocean", "csrf_token": token}).status_code == 302
    assert 'menu__label"><span class="only-reader">Groupe : </span>VRAC Océan'.replace(" :", f"{NBSP}:") in nadia.get(
        "/", headers={"Accept-Language": "fr"}
    ).text.replace("Groupe :", f"Groupe{NBSP}:")
    assert nadia.post("/groupe", data={"group_id": "g-confitures", "csrf_token": token}).status_code == 404
