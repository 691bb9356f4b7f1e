"""Browsers for the pages of the month: opening one, signing in, and finding every page that somebody can reach."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# Nothing leaves the machine, nothing is asked of the graphics card.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--lang=fr-FR",
]
LINK = re.compile(r'<a\b[^>]*?\bhref="([^"#]+)"')
NAMED = ("problems", "modeles")  # what follows these words names one of many pages that look alike
MAX_PAGES = 120


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = _launch(driver)
        try:
            yield browser
        finally:
            browser.close()


def _launch(driver: Playwright) -> Browser:
    return driver.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)


def shape(path: str) -> str:
    """/groupes/3f2a…/comptes -> /groupes/*/comptes: one page for each shape is enough."""
    parts = urlsplit(path).path.split("/")
    return "/".join(
        "*" if re.search(r"\d", part) or before in NAMED else part for before, part in pairwise(["", *parts])
    )


def reachable(context: BrowserContext, base: str, start: str = "/") -> list[str]:
    """One path for each page that links lead to from `start`, in the order they are met; files to download left out."""
    seen, found, waiting = {shape(start)}, [], deque([start])
    while waiting and len(found) < MAX_PAGES:
        path = waiting.popleft()
        answer = context.request.get(base + path)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        found.append(path)
        for link in LINK.findall(answer.text()):
            target = urljoin(base + path, link.replace("&amp;", "&"))
            if not target.startswith(base + "/"):
                continue
            parts = urlsplit(target)
            if "format=" in parts.query or shape(parts.path) in seen:
                continue
            seen.add(shape(parts.path))
            waiting.append(parts.path + ("?" + parts.query if parts.query else ""))
    return found
