"""What browser tests share: one Chromium, three moments of a month (built when first asked for), and walking in as somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.browser import scenes, walk
from tests.browser.scenes import Scene

PHONE, DESK = 375, 1280
# The built moments are shared; each test works on a household or group of its own in them.
HOUSEHOLDS = 8


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.skipif(not Path(walk.CHROMIUM).exists(), reason="no Chromium"))


@dataclass
class Place:
    """A scene that is served over HTTP."""

    scene: Scene
    base: str


@contextmanager
def _served(build: Callable[[Path, int], Scene], folder: Path) -> Iterator[Place]:
    scene = build(folder, HOUSEHOLDS)
    with scene.site.served() as base:
        yield Place(scene, base)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser per module: two drivers at once in a process do not get along, and other modules start their own."""
    with walk.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The window of the month is open; the month before has been lived to its end."""
    with _served(scenes.open_window, tmp_path_factory.mktemp("window")) as place:
        yield place


@pytest.fixture(scope="session")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The window has closed, nothing is regulated."""
    with _served(scenes.just_closed, tmp_path_factory.mktemp("closed")) as place:
        yield place


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Distribution day."""
    with _served(scenes.the_day, tmp_path_factory.mktemp("day")) as place:
        yield place


Enter = Callable[..., Page]


@pytest.fixture
def enter(chromium: Browser) -> Iterator[Enter]:
    """enter(place, person_id, path) -> a page on a phone, signed in; `js=False` and `width=` as needed."""
    contexts: list[BrowserContext] = []

    def open_page(place: Place, person_id: str = "", path: str = "/", width: int = PHONE, js: bool = True) -> Page:
        size: Any = {"width": width, "height": 740}
        context = chromium.new_context(
            locale="fr-FR", viewport=size, base_url=place.base, java_script_enabled=js, reduced_motion="reduce"
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        if person_id:
            context.add_cookies([{**place.scene.cookie(person_id), "url": place.base}])  # type: ignore[list-item]
        page = context.new_page()
        page.faults = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.faults.append(str(error)))  # type: ignore[attr-defined]
        page.goto(path)
        return page

    yield open_page
    faults = [fault for context in contexts for page in context.pages for fault in page.faults]  # type: ignore[attr-defined]
    for context in contexts:
        context.close()
    assert not faults


def follow(target: Locator) -> None:
    """Click what leads to another page, and be there: what is read or measured next is not of the page before."""
    with target.page.expect_navigation():
        target.click()


def narrow(page: Page) -> None:
    """The page, with its style there, is no wider than a phone."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, f"{page.url} is wider than a phone"


def text(page: Page, where: str = "main") -> str:
    """What a person reads there, with ordinary spaces."""
    return page.locator(where).first.inner_text().replace("\xa0", " ").replace("\u202f", " ")
