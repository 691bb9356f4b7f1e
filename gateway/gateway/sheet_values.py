"""Amounts, whole numbers, days and yes as people write them in a cell: 12,50 €; 1 234,5; 26/11/2026; oui."""

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d.%m.%y", "%d-%m-%Y", "%d-%m-%y", "%Y/%m/%d")
LARGEST_CENTS = 10_000_000_00
# A day that lost its format in a spreadsheet is the number of days since then.
SERIAL_ZERO, SERIALS = date(1899, 12, 30), range(20_000, 80_000)
# What spreadsheets show where a formula failed.
FAILED = ("#REF!", "#N/A", "#NA", "#VALUE!", "#VALEUR!", "#NAME?", "#NOM?", "#DIV/0!", "#NUM!", "#NOMBRE!", "#NULL!", "#NUL!")  # fmt: skip
HIDDEN = dict.fromkeys((0x00A0, 0x202F, 0x2007), " ") | dict.fromkeys((0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD))


def bare(text: str) -> str:
    """« N° d’adhérent·e » becomes « ndadherente »: what two people who write the same head have in common."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(sign for sign in plain if sign.isalnum() and not unicodedata.combining(sign))


def cents(text: str) -> int | None:
    """12,50 €, 1 234.5 EUR, -3; None for what is no amount."""
    amount = decimal(re.sub(r"(?i)€|euros?|eur", "", text))
    if amount is None:
        return None
    exact = amount * 100
    return int(exact) if exact == int(exact) and abs(exact) <= LARGEST_CENTS else None


def whole(text: str) -> int | None:
    """3, 3.0, « 3 »; None for what is no whole number."""
    amount = decimal(text)
    return int(amount) if amount is not None and amount == int(amount) and abs(amount) < 10**9 else None


def numbered(text: str) -> int | None:
    """40, n° 40, N°40: the number of a member."""
    return whole(re.sub(r"(?i)^\s*n\s*[°ºo]?\.?\s*(?=\d)", "", text))


def decimal(text: str) -> Decimal | None:
    plain = re.sub(r"[\s\u00a0\u202f']", "", text).replace("\u2212", "-")
    if "," in plain and "." in plain:  # the last of the two parts the decimals
        thousands = "." if plain.rindex(",") > plain.rindex(".") else ","
        plain = plain.replace(thousands, "")
    if not re.fullmatch(r"[+-]?\d{1,12}([.,]\d{1,6})?|[+-]?[.,]\d{1,6}", plain, re.ASCII):
        return None
    try:
        return Decimal(plain.replace(",", "."))
    except InvalidOperation:
        return None


def day(text: str) -> date | None:
    """A day in any of the forms that French spreadsheets write, or as the number behind it; None for what is none."""
    told = text.strip().split(" ")[0].split("T")[0]
    if re.fullmatch(r"\d{5}(\.0*)?", told, re.ASCII) and int(float(told)) in SERIALS:
        return SERIAL_ZERO + timedelta(days=int(float(told)))
    for form in DAYS:
        try:
            found = datetime.strptime(told, form).date()  # noqa: DTZ007 a civil date has no time zone
        except ValueError:
            continue
        return found if 1900 <= found.year <= 2200 else None
    return None


def yes(text: str) -> bool:
    return bare(text) in ("oui", "o", "x", "1", "yes", "y", "vrai", "true", "ok")


def failed(text: str) -> bool:
    """A formula of the spreadsheet that came to nothing."""
    return text.upper() in FAILED


def seen(text: str) -> str:
    """Without what nobody sees in a cell: hard blanks, marks of direction, line ends."""
    return " ".join(text.translate(HIDDEN).split())
