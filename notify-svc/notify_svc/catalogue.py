"""The templates as shipped: data files in French and English, checked when they are loaded.

A template names its placeholders with their kind; every text of it may use these and the common ones
(first_name, group, link), nothing else. Groups and the centre may have their own version of a text (views/templates.py).
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

COMMON = ("first_name", "group", "link")
LANGUAGES = ("fr", "en")
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

Kind = Literal["text", "count", "money", "weight", "instant", "time", "month", "names", "changes", "limits", "date", "dates", "desks",
               "baskets", "paid", "within"]  # fmt: skip


class Text(msgspec.Struct, frozen=True):
    subject: str
    body: str


class Template(msgspec.Struct, frozen=True):
    """`category`: transactional (asked for by the person), service (about their own order, account or duty) or
    announcement (may be declined). `path`: where {link} leads; its own placeholders are ids among the parameters."""

    code: str
    category: Literal["transactional", "service", "announcement"]
    purpose: dict[str, str]
    fr: Text
    en: Text
    placeholders: dict[str, Kind] = {}
    example: dict[str, Any] = {}
    path: str = ""

    def text(self, language: str) -> Text:
        return self.en if language == "en" else self.fr

    def known(self) -> tuple[str, ...]:
        return (*COMMON, *self.placeholders)


def used_in(text: str) -> list[str]:
    """The placeholders of a text, in order, once each."""
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))


def unknown_in(template: Template, text: str) -> list[str]:
    return [name for name in used_in(text) if name not in template.known()]


@cache
def catalogue() -> dict[str, Template]:
    """Every shipped template by code. Raises ValueError for a file that contradicts itself."""
    found = {}
    folder = resources.files("notify_svc") / "templates"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            template = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Template)
            _check(template, file.name)
            found[template.code] = template
    return found


def _check(template: Template, file_name: str) -> None:
    if file_name != f"{template.code}.toml":
        raise ValueError(f"{file_name} holds the template {template.code}")
    for language in LANGUAGES:
        text = template.text(language)
        if unknown := unknown_in(template, text.subject + text.body):
            raise ValueError(f"{file_name} uses undeclared placeholders in {language}: {unknown}")
        if not template.purpose.get(language):
            raise ValueError(f"{file_name} does not say its purpose in {language}")
    if missing := set(template.placeholders) - set(template.example):
        raise ValueError(f"{file_name} has no example of {sorted(missing)}")
