"""Delivery dates from a rhythm, and what looks strange about dates, in words."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.formats import day
from gateway.season.calendars import USUAL
from gateway.season.typed import Typed

RHYTHMS = {
    "7": lazy_gettext("chaque semaine"),
    "14": lazy_gettext("une semaine sur deux"),
    "21": lazy_gettext("toutes les trois semaines"),
    "28": lazy_gettext("toutes les quatre semaines"),
    "month": lazy_gettext("chaque mois, le même jour de la semaine"),
}


def pattern_of(typed: Typed) -> dict[str, Any]:
    """What `proposed_dates` is asked: every so many days from the first date on, never by the number of the week."""
    first, until = typed.day("pattern.first", required=True), typed.day("pattern.until", required=True)
    every = typed.text("pattern.every") or "7"
    if every not in RHYTHMS:
        typed.wrong("pattern.every", _("Choisissez dans la liste."))
    if first and until and until < first:
        typed.wrong("pattern.until", _("La fin vient après le début."))
    common = {
        "starts": typed.clock("pattern.starts", USUAL["starts"]),
        "ends": typed.clock("pattern.ends", USUAL["ends"]),
        "place": typed.text("pattern.place", longest=200),
        "series": typed.text("pattern.series", longest=20),
    }
    if every == "month" and first and until:
        on = date.fromisoformat(first)
        last_of_month = (on + timedelta(days=7)).month != on.month
        nth = -1 if last_of_month else (on.day - 1) // 7 + 1
        return {
            "rhythm": "nth_weekday",
            "nth": nth,
            "weekday": on.weekday(),
            "from_on": first,
            "until": until,
            **common,
        }
    return {
        "rhythm": "every",
        "anchor": first,
        "every_days": int(every) if every.isdecimal() else 7,
        "until": until,
        **common,
    }


WARNINGS: dict[str, Any] = {
    "public-holiday": lazy_gettext("%(day)s est un jour férié : la livraison a-t-elle lieu ?"),
    "not-the-usual-weekday": lazy_gettext("%(day)s n’est pas le jour habituel de la semaine."),
    "irregular-gap": lazy_gettext("L’écart avant %(day)s n’est pas celui des autres dates."),
    "outside-season": lazy_gettext("%(day)s est hors de la saison du contrat."),
    "date-twice": lazy_gettext("%(day)s est deux fois dans la liste."),
    "year-odd": lazy_gettext("L’année de %(day)s étonne : est-ce la bonne ?"),
}


def warning_word(warning: Mapping[str, Any]) -> str:
    on = warning.get("on")
    named = day(date.fromisoformat(on)) if on else _("Une date")
    words = WARNINGS.get(warning["code"])
    if words is None:
        return _("À vérifier : %(what)s", what=warning["code"]) + (f" ({named})" if on else "")
    said = str(words) % {"day": named}
    if warning.get("name"):
        said = f"{said} ({warning['name']})"
    return said[0].upper() + said[1:]
