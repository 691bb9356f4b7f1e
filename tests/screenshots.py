"""Pictures of each page of the month, on a desk and on a phone.

    python -m tests.screenshots                          the three moments of `tests/browser/scenes.py`, in this process
    python -m tests.screenshots --readme                 only the three pictures of the README
    python -m tests.screenshots http://127.0.0.1:8400    the running demonstration as it stands

Written to build/screenshots/; the three of the README (in this process only) to docs/images/.
"""

from __future__ import annotations

import logging
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from gateway.demo import month
from tests.browser import scenes, walk
from tests.browser.scenes import Scene

ROOT = Path(__file__).parents[1]
SHOTS, IMAGES = ROOT / "build" / "screenshots", ROOT / "docs" / "images"
SIZES = {"desktop": (1280, 800), "phone": (375, 720)}
TALLEST = 2600
README_SIZE = {"width": 430, "height": 860}


def main(arguments: list[str]) -> int:
    SHOTS.mkdir(parents=True, exist_ok=True)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    only_readme = "--readme" in arguments
    with walk.chromium() as browser:
        if arguments and not only_readme:
            running(browser, arguments[0].rstrip("/"))
            return 0
        for name, build, dress in MOMENTS:
            if only_readme and name not in README:
                continue
            with tempfile.TemporaryDirectory() as folder:
                scene = build(Path(folder))
                dress(scene)
                with scene.site.served() as base:
                    if not only_readme:
                        moment(browser, base, scene, name)
                    for picture in README.get(name, []):
                        picture(browser, base, scene)
    return 0


def running(browser: Browser, base: str) -> None:
    """Everybody of the login page, one after another."""
    context = browser.new_context(locale="fr-FR")
    accounts = context.request.get(f"{base}/api/v1/demo").json()["accounts"]
    context.close()
    done: set[str] = set()
    for account in accounts:
        context = browser.new_context(locale="fr-FR")
        page = context.new_page()
        page.goto(f"{base}/connexion")
        page.locator(f"button[value='{account['person_id']}']").click()
        page.close()
        pictures(context, base, account["role"], "demo", done)
        context.close()


def moment(browser: Browser, base: str, scene: Scene, name: str) -> None:
    done: set[str] = set()
    for role in [""] + [account["role"] for account in scene.stage.api.get("/demo")["accounts"]]:
        context = browser.new_context(locale="fr-FR")
        if role:
            context.add_cookies([{**scene.cookie(scene.who(role)), "url": base}])
        if f"role {role}" not in done:
            pictures(context, base, role or "visitor", name, done)
        done.add(f"role {role}")
        context.close()


def pictures(context: BrowserContext, base: str, role: str, moment_name: str, done: set[str]) -> None:
    """Every page that this person can reach and nobody before them had, and always their home page."""
    page = context.new_page()
    for path in walk.reachable(context, base):
        shape = walk.shape(path)
        if shape != "/" and shape in done:
            continue
        done.add(shape)
        label = re.sub(r"[^a-z]+", "-", shape.strip("/").replace("groupes/*/", "")).strip("-") or "accueil"
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(base + path)
            whole = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": max(height, min(whole, TALLEST))})
            page.screenshot(path=SHOTS / f"{moment_name}-{role}-{label}-{size}.png")
    page.close()


# -- the three of the README -------------------------------------------------------------------------------------


def _page(browser: Browser, base: str, scene: Scene, person_id: str, size: dict[str, int]) -> Page:
    context = browser.new_context(locale="fr-FR", viewport=size)  # type: ignore[arg-type]
    context.add_cookies([{**scene.cookie(person_id), "url": base}])
    return context.new_page()


def _keep(page: Page, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(200)
    page.screenshot(path=IMAGES / f"{name}.png")
    page.context.close()


def order_picture(browser: Browser, base: str, scene: Scene) -> None:
    """An eater with some things taken, looking at the cheese."""
    cycle = scene.cycles[0]
    home = next(h for h in cycle.group.households if h.household_id in cycle.orders and h.digital)
    page = _page(browser, base, scene, home.person_id, README_SIZE)
    page.goto(f"{base}/groupes/{cycle.group.group_id}/commandes/{cycle.cycle_id}/foyers/{home.household_id}")
    page.locator(".good--taken").first.scroll_into_view_if_needed()
    _keep(page, "commande")


def day_picture(browser: Browser, base: str, scene: Scene) -> None:
    group = scene.groups[0]
    page = _page(browser, base, scene, group.organiser, README_SIZE)
    page.goto(f"{base}/groupes/{group.group_id}/distributions/{scene.distribution(group)['distribution_id']}")
    _keep(page, "distribution")


def statement_picture(browser: Browser, base: str, scene: Scene) -> None:
    """One amount of a statement, opened."""
    home = scene.groups[0].households[4]
    page = _page(browser, base, scene, home.person_id, README_SIZE)
    page.goto(f"{base}/mon-compte/{home.household_id}")
    page.get_by_role("link", name="Produits retirés").first.click()
    page.get_by_text("Ce qui explique ce montant").wait_for()
    _keep(page, "releve")


def half_served(scene: Scene) -> None:
    """Some have been served, some wait, some are expected; the till is open."""
    group = scene.groups[0]
    day = scene.distribution(group)["distribution_id"]
    till = month.open_till(scene.stage, group, day)
    coming = sorted(set(scene.cycles[0].orders) - set(scene.served))
    for number, household_id in enumerate(coming[: len(coming) * 2 // 3]):
        month.check_in(scene.stage, group, day, household_id)
        if number % 3 != 2:
            month.sign_off(scene.stage, group, day, household_id)
        if number % 3 == 0:
            due = month.charged(scene.stage, group, household_id)
            month.pay(scene.stage, group, till, household_id, due, f"{4_100_000 + number}" if number % 2 else "")


def as_it_is(scene: Scene) -> None:
    return None


MOMENTS: list[tuple[str, Callable[[Path], Scene], Callable[[Scene], None]]] = [
    ("ouvert", lambda folder: scenes.open_window(folder, 9), as_it_is),
    ("clos", lambda folder: scenes.just_closed(folder, 9), as_it_is),
    ("jour", lambda folder: scenes.the_day(folder, 12), half_served),
]
README = {"ouvert": [order_picture, statement_picture], "jour": [day_picture]}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
