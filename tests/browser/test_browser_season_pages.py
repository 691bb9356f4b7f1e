"""Every page of the season on a phone: axe finds nothing, nothing is too wide, each page has a title and a way on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import violations
from tests.browser.conftest import PHONE
from tests.browser.season_pages import Amap, Visit, middle_of_a_season

LOOK = """() => {
  const wide = [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1);
  return {
    wide: document.documentElement.scrollWidth > innerWidth ? wide.slice(0, 3).map(e => e.outerHTML.slice(0, 90)) : [],
    titles: [...document.querySelectorAll("h1")].map(e => e.innerText.trim()),
  };
}"""


@pytest.fixture(scope="module")
def amap(tmp_path_factory: pytest.TempPathFactory) -> Amap:
    return middle_of_a_season(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def base(amap: Amap) -> Iterator[str]:
    with amap.site.served() as address:
        yield address


@pytest.fixture(scope="module")
def pages(amap: Amap, base: str, chromium: Browser) -> Iterator[dict[str, Page]]:
    """One window per role, signed in."""
    found = {role: window(amap, base, chromium, role) for role in ("", *amap.people)}
    yield found
    for page in found.values():
        page.context.close()


def window(amap: Amap, base: str, chromium: Browser, role: str, js: bool = True) -> Page:
    context = chromium.new_context(
        locale="fr-FR", viewport={"width": PHONE, "height": 740}, base_url=base, reduced_motion="reduce",
        java_script_enabled=js,
    )  # fmt: skip
    context.set_default_timeout(60_000)
    if role:
        context.add_cookies([{**amap.cookie(amap.people[role]), "url": base}])  # type: ignore[list-item]
    return context.new_page()


@pytest.mark.timeout(900)
def test_every_page_of_the_season_fits_a_phone_and_is_accessible(amap: Amap, pages: dict[str, Page]) -> None:
    visits, wrong = list(amap.visits()), []
    for visit in visits:
        wrong += [(visit.role, visit.path, *fault) for fault in look(pages[visit.role], visit)]
    assert not wrong
    assert len(visits) > 120


def look(page: Page, visit: Visit) -> list[tuple[str, ...]]:
    answer = page.goto(visit.path, wait_until="load")
    if answer is None or answer.status != 200:
        return [("status", str(answer.status if answer else None), page.locator("main").inner_text()[:90])]
    seen = page.evaluate(LOOK)
    faults: list[tuple[str, ...]] = [*violations(page), *(("too wide", tag) for tag in seen["wide"])]
    return faults if len(seen["titles"]) == 1 else [*faults, ("titles", str(seen["titles"]))]


def test_what_is_wrong_gets_the_focus_even_after_the_skip_link(amap: Amap, pages: dict[str, Page]) -> None:
    page = pages["eater"]
    page.goto(f"/groupes/{amap.season.group.group_id}/questions/nouvelle")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.get_by_role("button", name="Envoyer la question").click()
    page.wait_for_function("document.activeElement.id === 'errors'")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hash") == "#text"


def test_a_basket_is_offered_without_a_script(amap: Amap, base: str, chromium: Browser) -> None:
    page = window(amap, base, chromium, "organiser", js=False)
    page.goto(f"/groupes/{amap.season.group.group_id}/intermittents/absence")
    page.locator("main ul.lines a").first.click()
    page.get_by_role("button", name="Céder mon panier").click()
    page.wait_for_url("**/intermittents/paniers/*")
    assert "Votre panier est proposé" in page.locator("main").inner_text()
    page.context.close()
