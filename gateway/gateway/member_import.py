"""Households from a spreadsheet: which columns there may be, and a row of it as contracts-svc reads it.

A fault of the service at a field is told at the column that people see (`faults`). A day, an amount or a number that cannot
be read is handed on as something that the service refuses at its field, so that nothing is guessed.
"""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from gateway.spreadsheets import Row, Sheet, bare, cents, day, read, refusal, whole

COLUMNS: dict[str, tuple[str, ...]] = {
    "prenom": ("Prénom", "first name", "prénom usuel", "prénom 1", "prénom adhérent", "givenname", "firstname"),
    "nom": ("Nom", "last name", "nom de famille", "nom 1", "nom adhérent", "surname", "lastname", "nom d'usage"),
    "nom_complet": ("nom complet", "nom prénom", "nom et prénom", "prénom nom", "prénom et nom", "adhérent", "adhérente", "adhérent·e",
                    "membre", "name", "amapien", "amapienne", "amapien·ne", "nom, prénom"),
    "courriel": ("Courriel", "e-mail", "email", "mail", "adresse mail", "adresse e-mail", "adresse électronique", "courriel 1", "mél"),
    "telephone": ("Téléphone", "tel", "tél.", "portable", "mobile", "phone", "n° de téléphone", "numéro de téléphone", "téléphone 1",
                  "tel portable", "téléphone portable", "téléphone mobile"),
    "adresse": ("Adresse", "address", "adresse postale", "rue", "adresse 1"),
    "code_postal": ("code postal", "cp", "zip", "postcode", "postal code"),
    "ville": ("ville", "commune", "city", "localité"),
    "prenom_2": ("Prénom 2", "prénom conjoint", "prénom conjoint·e", "prénom co-adhérent", "prénom du conjoint", "first name 2"),
    "nom_2": ("Nom 2", "nom conjoint", "nom conjoint·e", "nom co-adhérent", "nom du conjoint", "last name 2"),
    "courriel_2": ("Courriel 2", "email 2", "e-mail 2", "mail 2", "email conjoint", "email co-adhérent"),
    "telephone_2": ("Téléphone 2", "tel 2", "tél. 2", "portable 2"),
    "categorie": ("Catégorie", "tarif", "tier", "type", "type d'adhésion", "palier"),
    "debut": ("Début", "du", "valid from", "date d'adhésion", "date adhésion", "adhésion le", "début d'adhésion", "depuis le"),
    "fin": ("Fin", "au", "jusqu'au", "valid until", "fin d'adhésion", "échéance"),
    "cotisation": ("Cotisation", "montant", "montant cotisation", "adhésion", "dues", "cotisation versée"),
    "numero": ("Numéro", "n°", "no", "num", "numéro d'adhérent", "n° adhérent", "n° d'adhérent", "numéro adhérent", "n° d'adhésion", "number", "id"),
}  # fmt: skip
SHOWN = ("prenom", "nom", "courriel", "telephone", "adresse", "prenom_2", "nom_2", "courriel_2", "categorie", "debut",
         "fin", "cotisation", "numero")  # fmt: skip
FIELDS = {"first_name": "prenom", "last_name": "nom", "email": "courriel", "phone": "telephone", "address": "adresse"}
OF_COLUMNS = {
    "tier": "categorie",
    "number": "numero",
    "valid_until": "fin",
    "valid_from": "debut",
    "dues_cents": "cotisation",
}
UNREADABLE = -1
MOST_HOUSEHOLDS = 500


def read_members(content: bytes, group: Mapping[str, Any]) -> tuple[Sheet, list[dict[str, Any]]]:
    """The sheet and its rows as the service takes them, in the same order."""
    sheet = read(content, COLUMNS, needs=_("prenom et nom"), most=MOST_HOUSEHOLDS)
    if "nom_complet" not in sheet.heads and not {"prenom", "nom"} <= set(sheet.heads):
        raise refusal(_("La première ligne doit nommer les colonnes, au moins : prenom et nom."))
    tiers = {bare(tier[name]): tier["code"] for tier in group["tiers"] for name in ("code", "name")}
    return sheet, [_household(row, tiers, group["tiers"][0]["code"]) for row in sheet.rows]


def _household(row: Row, tiers: Mapping[str, str], usual: str) -> dict[str, Any]:
    cell = row.cells
    persons = [_person(cell, "")]
    if cell.get("prenom_2") or cell.get("nom_2"):
        persons.append(_person(cell, "_2"))
    tier = cell.get("categorie", "")
    found: dict[str, Any] = {"persons": persons, "tier": tiers.get(bare(tier), tier) or usual}
    for name, key in (("valid_from", "debut"), ("valid_until", "fin")):
        if cell.get(key):
            read_day = day(cell[key])
            found[name] = read_day.isoformat() if read_day else cell[key]
    if cell.get("cotisation"):
        amount = cents(cell["cotisation"])
        found["dues_cents"] = UNREADABLE if amount is None else amount
    if cell.get("numero"):
        number = whole(cell["numero"])
        found["number"] = number if number is not None and 0 < number < 10**7 else UNREADABLE
    return found


def _person(cell: Mapping[str, str], suffix: str) -> dict[str, str]:
    found = {name: cell.get(key + suffix, "") for name, key in FIELDS.items()}
    if not suffix and not (found["first_name"] and found["last_name"]) and (told := cell.get("nom_complet", "")):
        found["first_name"], found["last_name"] = parted(told)
    if not suffix:
        town = " ".join(filter(None, (cell.get("code_postal", ""), cell.get("ville", ""))))
        found["address"] = ", ".join(filter(None, (found["address"], town)))
    return found


def parted(told: str) -> tuple[str, str]:
    """(first, last) of one cell: « MARTIN Zoé », « Zoé MARTIN », « Martin, Zoé »; without a sign the first word is the first name."""
    if "," in told:
        last, _comma, first = told.partition(",")
        return first.strip(), last.strip()
    words = told.split()
    loud = [word for word in words if word.isupper() and len(word) > 1]
    if loud and len(loud) < len(words):
        return " ".join(word for word in words if word not in loud), " ".join(loud).title()
    return (words[0], " ".join(words[1:])) if len(words) > 1 else ("", told)


def faults(sheet: Sheet, fields: Mapping[str, list[str]]) -> list[dict[str, str]]:
    """[{"column", "message"}] of the service's refusal {"persons.0.email": [...]}, at the heads that stand in the file."""
    found = []
    for name, messages in fields.items():
        parts = name.split(".")
        suffix = "_2" if len(parts) > 2 and parts[1] == "1" else ""
        key = FIELDS[parts[-1]] + suffix if parts[-1] in FIELDS else OF_COLUMNS.get(parts[-1], parts[-1])
        if key in ("prenom", "nom") and key not in sheet.heads:
            key = "nom_complet"
        found.append({"column": sheet.heads.get(key, key), "message": " ".join(messages)})
    return found


def shown(row: Mapping[str, Any]) -> str:
    return " / ".join(f"{person['first_name']} {person['last_name']}".strip() for person in row["persons"]) or "–"
