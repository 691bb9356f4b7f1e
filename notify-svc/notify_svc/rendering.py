"""From a template and figures to a mail (pure): amounts and instants in the person's language and the group's zone."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

from notify_svc.catalogue import PLACEHOLDER, Kind, Template, Text

LOCALES = {"fr": "fr_FR", "en": "en_GB"}
# « commandes de {month} »: the months that begin with a vowel.
ELISION = re.compile(r"\bde (?=(?:avril|août|octobre)\b)")
LINE_BREAKS = re.compile(r"[ \t\r\n\v\f\x85\u2028\u2029]+")
LINK = re.compile(r"(https?://[^\s<>\"]+[^\s<>\".,;:!?)])")


class Reader(msgspec.Struct, frozen=True):
    """Who reads, and where: decides language, time zone and the names that are put in."""

    language: str = "fr"
    time_zone: str = "Europe/Paris"
    first_name: str = ""
    group: str = ""
    link: str = ""


class Mail(msgspec.Struct, frozen=True):
    subject: str
    text: str
    html: str


def render(template: Template, text: Text, params: Mapping[str, Any], reader: Reader) -> Mail:
    """The mail; a parameter that is missing leaves an empty place rather than stopping the message."""
    values = {name: _formatted(kind, params.get(name), reader) for name, kind in template.placeholders.items()} | {
        "first_name": reader.first_name,
        "group": reader.group,
        "link": reader.link,
    }

    def fill(wording: str) -> str:
        told = PLACEHOLDER.sub(lambda found: values.get(found[1], ""), wording)
        return ELISION.sub("d’", told) if reader.language == "fr" else told

    # One line, whatever was put in; the no-break spaces of amounts stay.
    subject = LINE_BREAKS.sub(" ", fill(text.subject)).strip()
    # A name that is not known leaves "Bonjour ," behind.
    body = fill(text.body).replace(" ,\n", ",\n").strip() + "\n"
    return Mail(subject, body, as_html(subject, body, reader.language))


def _formatted(kind: Kind, value: Any, reader: Reader) -> str:
    return "" if value is None else FORMATS[kind](value, reader)


def money(cents: int, reader: Reader) -> str:
    """Cents as `12,50 €` or `€12.50`; a debt carries its sign."""
    return format_currency(Decimal(cents) / 100, "EUR", locale=LOCALES[reader.language])


def weight(grams: int, reader: Reader) -> str:
    locale = LOCALES[reader.language]
    if abs(grams) < 1000:
        return f"{format_decimal(grams, locale=locale)}\u00a0g"
    return f"{format_decimal(Decimal(grams) / 1000, locale=locale)}\u00a0kg"


def instant(iso: str, reader: Reader) -> str:
    """`jeudi 26 novembre à 18 h`, in the group's time zone."""
    local = datetime.fromisoformat(iso).astimezone(ZoneInfo(reader.time_zone))
    date_pattern = "EEEE '1er' MMMM" if local.day == 1 and reader.language == "fr" else "EEEE d MMMM"
    day = format_datetime(local, date_pattern, locale=LOCALES[reader.language])
    return f"{day} {'at' if reader.language == 'en' else 'à'} {_hour(local, reader.language)}"


def time(iso: str, reader: Reader) -> str:
    local = datetime.fromisoformat(iso).astimezone(ZoneInfo(reader.time_zone))
    return _hour(local, reader.language)


def _hour(local: datetime, language: str) -> str:
    if language == "en":
        return local.strftime("%H:%M")
    return f"{local.hour}\u00a0h" + (f"\u00a0{local.minute:02d}" if local.minute else "")


def month(iso: str, reader: Reader) -> str:
    """`2026-11` as `novembre 2026`."""
    year, number = iso.split("-")[:2]
    first = datetime(int(year), int(number), 1, tzinfo=ZoneInfo("UTC"))
    return format_date(first, "MMMM y", locale=LOCALES[reader.language])


def names(values: list[str], _reader: Reader) -> str:
    return "\n".join(f"- {value}" for value in values)


def date(value: str, reader: Reader) -> str:
    """`2026-11-26` as `jeudi 26 novembre 2026`."""
    day = dt.date.fromisoformat(value)
    pattern = "EEEE '1er' MMMM y" if day.day == 1 and reader.language == "fr" else "EEEE d MMMM y"
    return format_date(day, pattern, locale=LOCALES[reader.language])


def _span(starts: str, ends: str, language: str) -> str:
    """`18:30`, `19:30` as `18 h 30 – 19 h 30`: hours as the group says them."""
    told = [_hour(datetime.strptime(hour, "%H:%M"), language) for hour in (starts, ends) if hour]  # noqa: DTZ007
    return " – ".join(told)


def _where(row: Mapping[str, Any], reader: Reader) -> str:
    return ", ".join(part for part in (_span(row["starts"], row["ends"], reader.language), row["place"]) if part)


def dates(values: list[dict[str, Any]], reader: Reader) -> str:
    """Lines `- jeudi 26 novembre 2026, 18 h 30 – 19 h 30, Salle des fêtes`."""
    return "\n".join(f"- {date(row['day'], reader)}, {_where(row, reader)}" for row in values)


def desks(values: list[dict[str, Any]], reader: Reader) -> str:
    """Lines `- jeudi 14 janvier à 18 h – 19 h 30, Salle des fêtes`."""
    return "\n".join(
        f"- {instant(row['starts_at'], reader)} – {time(row['ends_at'], reader)}"
        + (f", {row['place']}" if row["place"] else "")
        for row in values
    )


def baskets(values: list[dict[str, Any]], reader: Reader) -> str:
    """Lines `- Légumes (18 h 30 – 19 h 30, Salle des fêtes) : 1 Grand panier, 0,5 kg Pommes`."""
    lines = []
    for row in values:
        told = ", ".join(_portion(line, reader) for line in row["lines"])
        lines.append(f"- {row['contract']} ({_where(row, reader)}) : {told}")
    return "\n".join(lines)


def _portion(line: Mapping[str, Any], reader: Reader) -> str:
    number = format_decimal(Decimal(line["hundredths"]) / 100, locale=LOCALES[reader.language])
    unit = "" if line["unit"] == "piece" else f"\u00a0{line['unit']}"
    return f"{number}{unit} {line['product']}"


def changes(values: list[dict[str, Any]], _reader: Reader) -> str:
    """Lines `- Comté : 4 → 3`."""
    return "\n".join(
        f"- {change['product']} : {change['from_quantity']} → {change['to_quantity']}" for change in values
    )


def limits(values: list[dict[str, Any]], reader: Reader) -> str:
    asked, limit = ("asked", "maximum") if reader.language == "en" else ("demandé", "maximum")
    return "\n".join(f"- {row['product']} : {asked} {row['asked']}, {limit} {row['limit']}" for row in values)


MEANS = {
    "fr": {"cheque": "par chèque", "transfer": "par virement"},
    "en": {"cheque": "by cheque", "transfer": "by transfer"},
}


def paid(value: Mapping[str, str], reader: Reader) -> str:
    """` par chèque n° 4711 (Crédit Mutuel)`, to stand behind a word; nothing when the means are not known."""
    told = MEANS[reader.language].get(value["means"], "")
    if number := value.get("number"):
        told += f" no. {number}" if reader.language == "en" else f" n°\u00a0{number}"
    if bank := value.get("bank"):
        told += f" ({bank})"
    return f" {told}" if told else ""


def within(title: str, reader: Reader) -> str:
    """` pour le contrat « Confitures »`, to stand behind a word; nothing when no contract is spoken of."""
    if not title:
        return ""
    return f" for the contract “{title}”" if reader.language == "en" else f" pour le contrat « {title} »"


FORMATS: dict[Kind, Callable[[Any, Reader], str]] = {
    "text": lambda value, _reader: str(value),
    "count": lambda value, reader: format_decimal(value, locale=LOCALES[reader.language]),
    "money": money,
    "weight": weight,
    "instant": instant,
    "time": time,
    "month": month,
    "names": names,
    "date": date,
    "dates": dates,
    "desks": desks,
    "baskets": baskets,
    "paid": paid,
    "within": within,
    "changes": changes,
    "limits": limits,
}


def as_html(subject: str, text: str, language: str) -> str:
    """The same words with paragraphs, lists and links; everything is escaped first."""
    blocks = []
    for block in text.strip().split("\n\n"):
        paragraph: list[str] = []
        items: list[str] = []
        for line in block.split("\n"):
            (items if line.startswith("- ") else paragraph).append(_linked(line.removeprefix("- ")))
        if paragraph:
            blocks.append(f"<p>{'<br>'.join(paragraph)}</p>")
        if items:
            blocks.append("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>")
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{html.escape(subject)}</title></head>'
        '<body style="font-family:sans-serif;line-height:1.5;max-width:36em;margin:0 auto;padding:1em">'
        f"{''.join(blocks)}</body></html>"
    )


def _linked(line: str) -> str:
    return LINK.sub(r'<a href="\1">\1</a>', html.escape(line, quote=False))
