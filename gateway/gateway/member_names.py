"""The persons of a row: one name or two in a cell, civilities, several addresses; and where a fault of the service stands."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from gateway.pages.members_words import say
from gateway.spreadsheets import Sheet, bare

FIELDS = {"first_name": "prenom", "last_name": "nom", "email": "courriel", "phone": "telephone", "address": "adresse"}
OF_COLUMNS = {
    "tier": "categorie",
    "number": "numero",
    "valid_until": "fin",
    "valid_from": "debut",
    "dues_cents": "cotisation",
}
BOTH = re.compile(r"(?i)\s+(?:et|and)\s+|\s*[/&+]\s*")
NAME = re.compile(r"[^\W\d_][^\d_=|!\"]*")
MAILS = re.compile(r"[\s,;/]+")
PHONES = re.compile(r"(?i)\s*(?:[/;,|]|\bou\b|\bet\b)\s*")
CIVILITIES = {"m", "mm", "mr", "mrs", "mme", "mmes", "mlle", "melle", "monsieur", "madame", "mademoiselle", "me", "dr"}
# Regions whose postal codes have five digits: a spreadsheet takes the first nought from 01000.
FIVE_DIGITS = ("FR",)
Person = dict[str, str]
Faults = list[tuple[str, str]]


def persons(cell: Mapping[str, str], heads: Mapping[str, str], region: str) -> tuple[list[Person], Faults]:
    """One or two persons of a household, and what cannot be told apart."""
    first, last = _name(cell, heads)
    mails = [text for text in MAILS.split(cell.get("courriel", "")) if text]
    phones = [text for text in PHONES.split(cell.get("telephone", "") or cell.get("fixe", "")) if text]
    found = [_person(first, last, mails, phones, 0)]
    unnamed: Faults = []
    if cell.get("prenom_2") or cell.get("nom_2"):
        second = _person(cell.get("prenom_2", ""), cell.get("nom_2", "") or last, [], [], 0)
        found.append({**second, "email": cell.get("courriel_2", ""), "phone": cell.get("telephone_2", "")})
    elif pair := _couple(first, last):
        found = [_person(*name, mails, phones, at) for at, name in enumerate(pair)]
        for name, key in (("email", "courriel_2"), ("phone", "telephone_2")):
            found[1][name] = cell.get(key, "") or found[1][name]
    else:
        spare = [
            ("courriel_2", _("Une seule adresse par personne.")),
            ("telephone_2", _("Un seul numéro par personne.")),
        ]
        unnamed = [(heads[key], message) for key, message in spare if cell.get(key)]
    found[0]["address"] = _address(cell, region)
    mine = 2 if not (cell.get("prenom_2") or cell.get("nom_2")) and len(found) == 2 else 1
    return found, [*_too_many(heads, mails, phones, mine), *unnamed]


def _person(first: str, last: str, mails: Sequence[str], phones: Sequence[str], at: int) -> Person:
    email = mails[at] if at < len(mails) else ""
    phone = phones[at] if at < len(phones) else ""
    return {"first_name": first, "last_name": last, "email": email, "phone": phone, "address": ""}


def _too_many(heads: Mapping[str, str], mails: Sequence[str], phones: Sequence[str], persons_there: int) -> Faults:
    found: Faults = []
    if len([text for text in mails if "@" in text]) > persons_there:
        found.append((heads.get("courriel", ""), _("Une seule adresse par personne.")))
    elif len(mails) > persons_there:
        found.append((heads.get("courriel", ""), _("Une adresse ressemble à nom@exemple.fr.")))
    if len(phones) > persons_there:
        found.append((heads.get("telephone", heads.get("fixe", "")), _("Un seul numéro par personne.")))
    return found


def _address(cell: Mapping[str, str], region: str) -> str:
    code = cell.get("code_postal", "")
    if region in FIVE_DIGITS and code.isdecimal() and len(code) == 4:
        code = f"0{code}"
    town = " ".join(filter(None, (code, cell.get("ville", ""))))
    return ", ".join(filter(None, (cell.get("adresse", ""), town)))


# -- names -------------------------------------------------------------------------------------------------------


def _name(cell: Mapping[str, str], heads: Mapping[str, str]) -> tuple[str, str]:
    first, last = cell.get("prenom", ""), cell.get("nom", "")
    if first and last:
        return first, last
    key = "nom_complet" if cell.get("nom_complet") else "nom"
    told = cell.get(key, "")
    if told and ("prenom" not in heads or key == "nom_complet"):
        return parted(told, last_first=bare(heads[key]).startswith("nom") and "prenom" in bare(heads[key]))
    return first, last


def parted(told: str, *, last_first: bool = False) -> tuple[str, str]:
    """(first, last) of one cell: « MARTIN Zoé », « Zoé MARTIN », « Martin, Zoé »; without a sign the first word is the
    first name, or the last one (`last_first`, where the head says « nom et prénom »)."""
    if "," in told:
        last, _comma, first = told.partition(",")
        return first.strip(), last.strip()
    sides = [side for side in re.split(r"(?i)\s+et\s+|\s*[&/+]\s*", told) if side.strip()]
    if len(sides) == 2 and all(len(_words(side)) > 1 for side in sides):
        names = [parted(side, last_first=last_first) for side in sides]
        return tuple(" & ".join(name[at] for name in names) for at in (0, 1))  # type: ignore[return-value]
    words = _words(told)
    loud = [word for word in words if word.isupper() and len(word) > 1]
    if loud and len(loud) < len(words):
        return " ".join(word for word in words if word not in loud), " ".join(loud).title()
    if len(words) < 2:
        return "", " ".join(words)
    return (words[-1], " ".join(words[:-1])) if last_first else (words[0], " ".join(words[1:]))


def _words(told: str) -> list[str]:
    """Without « M. », « Mme », and the « et » between them."""
    words = told.split()
    titled = any(word.rstrip(".").casefold() in CIVILITIES for word in words)
    return [
        word
        for word in words
        if word.rstrip(".").casefold() not in CIVILITIES and not (titled and word.casefold() in ("et", "&", "ou"))
    ]


def _couple(first: str, last: str) -> list[tuple[str, str]] | None:
    """« Jean et Marie » Dupont, « Jean & Marie » « Durand / Petit »; None for one person."""
    firsts = [name.strip() for name in BOTH.split(first) if name.strip()]
    lasts = [name.strip() for name in BOTH.split(last) if name.strip()]
    if len(firsts) != 2 or len(lasts) not in (1, 2) or not all(map(NAME.fullmatch, (*firsts, *lasts))):
        return None
    return list(zip(firsts, lasts if len(lasts) == 2 else lasts * 2, strict=True))


# -- what the service refuses ------------------------------------------------------------------------------------


def faults(sheet: Sheet, fields: Mapping[str, list[str]]) -> Faults:
    """(column, message) of the service's refusal {"persons.0.email": [...]}, at the heads that stand in the file."""
    found = []
    for name, messages in fields.items():
        parts = name.split(".")
        suffix = "_2" if len(parts) > 2 and parts[1] == "1" else ""
        key = FIELDS[parts[-1]] + suffix if parts[-1] in FIELDS else OF_COLUMNS.get(parts[-1], parts[-1])
        if key not in sheet.heads and key.removesuffix("_2") in (*FIELDS.values(), "nom"):
            plain = key.removesuffix("_2")
            key = plain if plain in sheet.heads else "nom_complet" if plain in ("prenom", "nom") else key
            key = key if key in sheet.heads else "nom" if plain == "prenom" else key
        found.append((sheet.heads.get(key, key), " ".join(say(message) for message in messages)))
    return list(dict.fromkeys(found))


def shown(payload: Mapping[str, Any]) -> str:
    named = [f"{person['first_name']} {person['last_name']}".strip() for person in payload["persons"]]
    return " / ".join(filter(None, named)) or "–"
