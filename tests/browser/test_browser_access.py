"""Every page that a role can reach in the month: axe finds nothing, on a desk and on a phone, and nothing is wider than 320 px."""

from __future__ import annotations

import pytest

from tests.browser import walk
from tests.browser.axe import violations
from tests.browser.conftest import DESK, Enter, Place

NARROW = 320
ROLES = ["", "eater", "organiser", "coordinator", "treasurer", "volunteer", "producer", "logistician", "central_team"]
# Later moments only for those who find other pages there.
VISITS = [
    *(("window", role) for role in ROLES),
    ("closed", "organiser"),
    *(("day", role) for role in ("eater", "organiser", "treasurer", "logistician", "central_team")),
]
# What looks different after the window has closed.
CHANGED = ("periodes", "distribution", "palettes", "livraisons", "caisse", "stock", "fournisseurs", "compte")
WIDE = "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"


@pytest.fixture(scope="session")
def seen() -> set[tuple[str, str]]:
    """Pages that somebody before has looked at; the home page is everybody's own."""
    return set()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("moment", "role"), VISITS)
def test_pages_are_accessible_and_fit(
    moment: str, role: str, enter: Enter, seen: set[tuple[str, str]], request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(moment)
    page = enter(place, place.scene.who(role) if role else "", width=DESK)
    wrong: list[tuple[str, ...]] = []
    for path in walk.reachable(page.context, place.base):
        shape = walk.shape(path)
        changed = moment == "window" or any(word in shape for word in CHANGED)
        if shape != "/" and ((moment, shape) in seen or not changed):
            continue
        seen.add((moment, shape))
        page.set_viewport_size({"width": DESK, "height": 800})
        page.goto(path)
        # On a desk only once: what the month changes later are the contents of the same pages.
        for width in (DESK, NARROW) if moment == "window" else (NARROW,):
            page.set_viewport_size({"width": width, "height": 800})
            wrong += [(path, str(width), *found) for found in violations(page, contrast=width == NARROW)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append((path, "too wide", str(page.evaluate(f"{WIDE}.slice(0, 3).map(e => e.outerHTML.slice(0, 80))"))))  # fmt: skip
    assert not wrong
