"""Icons: one small set (heroicons, outline), drawn into the page so that nothing is fetched. Always beside a word."""

from functools import cache

from flask import Flask
from heroicons.jinja import heroicon_outline
from markupsafe import Markup


@cache
def icon(name: str, size: int = 20) -> Markup:
    """The icon as inline SVG in the colour of the text; hidden from screen readers, the word beside it says it."""
    attributes = {"class": "icon", "stroke-width": "1.6", "aria-hidden": "true", "focusable": "false"}
    return Markup(heroicon_outline(name, size=size, **attributes))  # noqa: S704 drawn by the package, no outside text


def install(app: Flask) -> None:
    app.jinja_env.globals["icon"] = icon
