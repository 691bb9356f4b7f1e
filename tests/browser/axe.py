"""What axe finds on a page: [(rule, target), …]; nothing but violations, which costs half of the whole report."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

pytest.importorskip("axe_playwright_python")
from axe_playwright_python.base import AXE_SCRIPT

# The contrast of a text follows from its own colour, size and weight and from the ground behind it: of texts that are alike
# in all of these one is measured. Measuring every one costs three times as much as all other rules together.
FIND = """async contrast => {
  const options = {resultTypes: ["violations"], preload: false};
  const found = (await axe.run(document, {...options, rules: {"color-contrast": {enabled: false}}})).violations;
  if (contrast) {
    const ground = element => {
      const said = [];
      for (let at = element; at; at = at.parentElement) {
        const style = getComputedStyle(at);
        said.push(style.backgroundImage, style.opacity, style.filter, style.mixBlendMode);
        if (!/^(transparent|rgba\\(.*, 0\\))$/.test(style.backgroundColor)) said.push(style.backgroundColor);
        if (/^rgb\\(/.test(style.backgroundColor)) break;
      }
      return said.filter(word => !["none", "1", "normal"].includes(word)).join();
    };
    const kinds = new Map();
    for (const element of document.body.querySelectorAll("*")) {
      const shown = element.matches("input, select, textarea") ||
        [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
      if (!shown || !element.checkVisibility()) continue;
      const style = getComputedStyle(element);
      const free = style.position === "static" ? "" : element.className;  // may lie on something else
      const kind = [style.color, style.fontSize, style.fontWeight, style.textShadow, free, ground(element)].join("|");
      if (!kinds.has(kind)) kinds.set(kind, element);
    }
    const runOnly = {type: "rule", values: ["color-contrast"]};
    if (kinds.size) found.push(...(await axe.run({include: [...kinds.values()]}, {...options, runOnly})).violations);
  }
  return found.flatMap(rule => rule.nodes.map(node => [rule.id, String(node.target)]));
}"""


def violations(page: Page, *, contrast: bool = True) -> list[tuple[str, str]]:
    """`contrast`: colours too; of a page that is looked at twice, in two widths, they need be looked at once."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    return [(str(rule), str(target)) for rule, target in page.evaluate(FIND, contrast)]
