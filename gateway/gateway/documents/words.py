"""Amounts, days and hours as French documents write them; no request, no locale of a reader.

money(123450)   1 234,50 €         day(d)    jeudi 5 novembre 2026       short(d)   05/11/2026
number(3.5)     3,5                hours("18:30", "19:30")   18 h 30 – 19 h 30
plain("adhérent·e·s", inclusive=False)   adhérents
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

FRENCH = "fr_FR"
NBSP = "\u00a0"
MINUS = "\u2212"
# Letters that no accent can be taken away from.
_LETTERS = str.maketrans(
    {"ł": "l", "œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŧ": "t"}
)
_POINTS = re.compile(r"·[^\W\d_]+?(·s)?(?![^\W\d_·])")


def money(cents: int | None, signed: bool = False) -> str:
    """Euros of integer cents; None: a dash."""
    if cents is None:
        return "–"
    sign = MINUS if cents < 0 else "+" if signed and cents > 0 else ""
    return sign + format_currency(abs(cents) / 100, "EUR", locale=FRENCH)


def number(value: float | int) -> str:
    return format_decimal(value, locale=FRENCH).replace("-", MINUS)


def weight(grams: int) -> str:
    """Grams below one kilogram, else kilograms."""
    return f"{number(grams)}{NBSP}g" if abs(grams) < 1000 else f"{number(grams / 1000)}{NBSP}kg"


def civil(value: date | str) -> date:
    """A date from what answers carry (ISO text)."""
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value


def day(value: date | str, weekday: bool = True) -> str:
    local = civil(value)
    number_of_day = "1er" if local.day == 1 else str(local.day)
    head = f"{format_date(local, 'EEEE', locale=FRENCH)} " if weekday else ""
    return f"{head}{number_of_day}{NBSP}{format_date(local, 'MMMM', locale=FRENCH)} {local.year}"


def short(value: date | str) -> str:
    return f"{civil(value):%d/%m/%Y}"


def moment(value: str | datetime, zone: str) -> str:
    """An instant as day and time of the group's wall clock: 05/11/2026 à 18 h 30."""
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%d/%m/%Y} à {time_of(f'{local:%H:%M}')}"


def time_of(clock: str) -> str:
    hour, _, minutes = clock.partition(":")
    rest = f"{NBSP}{minutes}" if minutes and minutes != "00" else ""
    return f"{int(hour)}{NBSP}h{rest}"


def hours(starts: str, ends: str) -> str:
    return f"{time_of(starts)} – {time_of(ends)}" if starts and ends else time_of(starts or ends) if starts else ""


def season(starts_on: date | str, ends_on: date | str) -> str:
    return f"du {day(starts_on, weekday=False)} au {day(ends_on, weekday=False)}"


def months(days: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Dates grouped by month: [{"month": "novembre 2026", "days": [{"text": "5", …}]}]; each day has `on`."""
    ordered = sorted(days, key=lambda each: civil(each["on"]))
    found = []
    for (year, month), inside in groupby(ordered, lambda each: (civil(each["on"]).year, civil(each["on"]).month)):
        name = format_date(date(year, month, 1), "MMMM y", locale=FRENCH)
        texts = [{**each, "on": str(each["on"]), "text": _day_number(civil(each["on"]))} for each in inside]
        found.append({"month": name, "days": texts})
    return found


def _day_number(value: date) -> str:
    return "1er" if value.day == 1 else str(value.day)


def plain(text: str, inclusive: bool) -> str:
    """Without the points when the group writes without them: « adhérent·e·s » becomes « adhérents »."""
    return text if inclusive else _POINTS.sub(lambda found: "s" if found.group(1) else "", text)


def alphabetical(name: str) -> str:
    """A key to sort by as a directory does: without accents, signs or case; Łukasz among the L, Œdipe among the O."""
    folded = name.casefold().translate(_LETTERS)
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[^\W_]+", bare))


def phone(number: str) -> str:
    """A stored number as people dial it: French ones in pairs, others as they are."""
    if not (number.startswith("+33") and len(number) == 12):
        return number
    national = "0" + number.removeprefix("+33")
    return NBSP.join(national[at : at + 2] for at in range(0, 10, 2))


def counted(how_many: int, one: str, many: str) -> str:
    return f"{number(how_many)}{NBSP}{one if abs(how_many) < 2 else many}"
