"""What axe finds on a page: [(rule, target), …]; nothing but violations, which costs half of the whole report."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

pytest.importorskip("axe_playwright_python")
from axe_playwright_python.base import AXE_SCRIPT

FIND = """async contrast => {
  const rules = {"color-contrast": {enabled: contrast}};
  const found = await axe.run(document, {resultTypes: ["violations"], preload: false, rules});
  return found.violations.flatMap(rule => rule.nodes.map(node => [rule.id, String(node.target)]));
}"""


def violations(page: Page, *, contrast: bool = True) -> list[tuple[str, str]]:
    """`contrast`: colours too; of a page that is looked at twice, in two widths, they need be looked at once."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    return [(str(rule), str(target)) for rule, target in page.evaluate(FIND, contrast)]
