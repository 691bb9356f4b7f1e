"""What is wrong with a field, in the words of the page: libraries and services say it in English, people read French.

Messages that areas write themselves pass through unchanged. Areas that have words of their own for what their services
say hand them in with `speaks`: their pages ask them, answers of the API ask all of them (`in_words`).
"""

import re
from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _

from gateway.field_words import FIELD_WORDS

WORDS = (
    (r"Missing data for required field\.|Object missing required field.*", _("Cette information est nécessaire.")),
    (r"Field may not be (?:null|blank)\.", _("Cette information ne peut pas être vide.")),
    (r"Unknown field\.|Object contains unknown field.*", _("Ce champ n’existe pas.")),
    (r"Expected `(?:int|float)` >= (?P<min>\S+)", _("Au moins %(min)s.")),
    (r"Expected `(?:int|float)` <= (?P<max>\S+)", _("Au plus %(max)s.")),
    (r"Not a valid integer\.|Expected `int`.*", _("Écrivez un nombre entier.")),
    (r"Not a valid number\.|Expected `float`.*", _("Écrivez un nombre.")),
    (r"Not a valid string\.|Expected `str`.*", _("Écrivez un texte.")),
    (r"Not a valid boolean\.|Expected `bool`.*", _("Répondez par oui ou non.")),
    (r"Not a valid date\.|Invalid RFC3339 encoded date", _("Écrivez une date, par exemple 2026-11-26.")),
    (
        r"Not a valid (?:aware )?(?:datetime|time)\.|Invalid RFC3339 encoded (?:datetime|time)",
        _("Écrivez une date et une heure."),
    ),
    (r"Invalid enum value .*", _("Choisissez dans la liste.")),
    (r"Not a valid email address\.", _("Une adresse ressemble à nom@exemple.fr.")),
    (r"Not a valid list\.|Expected `array`.*", _("Une liste est attendue.")),
    (r"Not a valid mapping type\.|Invalid input type\.|Expected `object`.*", _("Un objet est attendu.")),
    (r"Must be one of: (?P<choices>.+)\.", _("Choisissez parmi : %(choices)s.")),
    (
        r"Must be greater than or equal to (?P<min>\S+) and less than or equal to (?P<max>\S+)\.",
        _("Entre %(min)s et %(max)s."),
    ),
    (r"Must be greater than or equal to (?P<min>\S+)\.", _("Au moins %(min)s.")),
    (r"Must be less than or equal to (?P<max>\S+)\.", _("Au plus %(max)s.")),
    (r"Must be greater than (?P<min>\S+)\.", _("Plus de %(min)s.")),
    (r"Must be less than (?P<max>\S+)\.", _("Moins de %(max)s.")),
    (r"Shorter than minimum length (?P<min>\d+)\.", _("Au moins %(min)s caractères.")),
    (r"Longer than maximum length (?P<max>\d+)\.", _("Au plus %(max)s caractères.")),
    (r"Length must be between (?P<min>\d+) and (?P<max>\d+)\.", _("Entre %(min)s et %(max)s caractères.")),
    (r"Length must be (?P<equal>\d+)\.", _("Exactement %(equal)s caractères.")),
    (r"String does not match expected pattern\.", _("Cette forme n’est pas celle attendue.")),
    (r"Not a position of the log\.", _("Une position dans le journal est un nombre entier, zéro au moins.")),
    (r"Invalid value\.|Expected `.*", _("Cette valeur ne convient pas.")),
)
_COMPILED = tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in (*WORDS, *FIELD_WORDS))


_AREAS: list[Callable[[str], str]] = []


def speaks(say: Callable[[str], str]) -> Callable[[str], str]:
    """An area's own words: answers the message itself where it has none."""
    _AREAS.append(say)
    return say


def localized(message: Any) -> Any:
    """A message, or lists and dicts of them, in the language of the request."""
    return _each(message, _own_words)


def in_words(message: Any) -> Any:
    """The same with the words of every area: for answers that no page says once more in its own."""
    return _each(message, _any_words)


def _each(message: Any, say: Callable[[str], str]) -> Any:
    if isinstance(message, dict):
        return {name: _each(inner, say) for name, inner in message.items()}
    if isinstance(message, list | tuple):
        return [_each(inner, say) for inner in message]
    return say(str(message))


def _any_words(text: str) -> str:
    return next((said for say in (_own_words, *_AREAS) if (said := say(text)) != text), text)


def _own_words(text: str) -> str:
    for pattern, words in _COMPILED:
        found = pattern.fullmatch(text)
        if found:
            return str(words) % found.groupdict()
    return text
