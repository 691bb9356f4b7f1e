"""Languages: source strings are French, `translations/en/<area>.po` holds the English of each area.

Catalogues are read when the program starts and compiled in memory: no compiled file can be stale or missing, and
each area of pages has its own file. `python -m gateway.i18n` prints the strings that have no English yet, by file.
"""

import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask
from flask_babel import Babel, Domain, get_locale

from gateway.identity import current_group, language

HERE = Path(__file__).parent
FOLDER = HERE / "translations"
SOURCE_LANGUAGE = "fr"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
METHODS = [("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2"), ("**.py", "python")]


class CatalogueDomain(Domain):
    """Translations from the .po files of the package, one set per language for the life of the process."""

    def get_translations(self):
        return catalogue(str(get_locale() or SOURCE_LANGUAGE))


class FrenchTypography(NullTranslations):
    """The source strings themselves, with the spaces that French keeps on one line before « : ; ? ! » and inside quotes."""

    def ugettext(self, message: str) -> str:
        return unbroken(message)

    def ungettext(self, singular: str, plural: str, number: int) -> str:
        return unbroken(singular if number in (0, 1) else plural)

    def upgettext(self, context: str, message: str) -> str:
        return unbroken(message)

    def gettext(self, message: str) -> str:
        return unbroken(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.ungettext(msgid1, msgid2, n)


def unbroken(text: str) -> str:
    return re.sub(r" (?=[:;?!»]|%(?!\())|(?<=«) ", "\u00a0", text)


@cache
def catalogue(name: str) -> NullTranslations:
    """The merged translations of a language; the source language needs none."""
    files = sorted((FOLDER / name).glob("*.po"))
    if not files:
        return FrenchTypography()
    merged = Catalog(locale=name)
    for path in files:
        with path.open("rb") as file:
            for message in read_po(file, locale=name):
                if message.id and message.string and not message.fuzzy:
                    merged.add(message.id, message.string, context=message.context)
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)


def install(app: Flask, time_zone: str) -> None:
    def zone() -> str:
        group = current_group()
        return group.time_zone if group else time_zone

    babel = Babel(
        app,
        default_locale=SOURCE_LANGUAGE,
        default_timezone=time_zone,
        locale_selector=language,
        timezone_selector=zone,
    )
    babel.__dict__["domain_instance"] = CatalogueDomain()  # fills the cached property


def used_strings() -> Iterator[tuple[str, str | tuple[str, ...], str | None]]:
    """(area, msgid or (singular, plural), context) of every string in templates and code."""
    found = extract_from_dir(str(HERE), METHODS, keywords=KEYWORDS, options_map={"jinja2": {"silent": "false"}})
    for name, _line, message, _comments, context in found:
        yield _area(name), message, context


def _area(name: str) -> str:
    """pages/orders.py, api/orders.py and templates/orders/… belong to orders.po; everything else to gateway.po."""
    match = re.match(r"(?:pages|api|templates)/(\w+)", name)
    area = match.group(1) if match else ""
    return area if (HERE / "pages" / f"{area}.py").exists() and area not in OWN_AREAS else "gateway"


OWN_AREAS = {
    "public",
    "login",
    "account",
    "home",
    "components",
    "demo",
    "errors",
    "docs",
    "about",
    "events",
    "tokens",
    "me",
    "base",
}


def missing(name: str = "en") -> dict[str, list[tuple[str | tuple[str, ...], str | None]]]:
    """Strings without a translation, by area."""
    known = catalogue(name)
    gaps: dict[str, dict[tuple[str | tuple[str, ...], str | None], None]] = defaultdict(dict)
    for area, message, context in used_strings():
        first = message if isinstance(message, str) else message[0]
        table = getattr(known, "_catalog", {})
        keys = (first, (first, 0), f"{context}\x04{first}")
        if first and not any(key in table for key in keys):
            gaps[area][(message, context)] = None
    return {area: list(messages) for area, messages in sorted(gaps.items())}


def _print_missing() -> int:
    gaps = missing()
    for area, messages in gaps.items():
        print(f"# translations/en/{area}.po")
        for message, context in messages:
            if context:
                print(f'msgctxt "{context}"')
            if isinstance(message, str):
                print(f'msgid {_quoted(message)}\nmsgstr ""\n')
            else:
                print(f'msgid {_quoted(message[0])}\nmsgid_plural {_quoted(message[1])}\nmsgstr[0] ""\nmsgstr[1] ""\n')
    return 1 if gaps else 0


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


if __name__ == "__main__":
    sys.exit(_print_missing())
