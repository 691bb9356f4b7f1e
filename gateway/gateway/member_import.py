"""Households from a spreadsheet: which columns there may be, and a row of it as contracts-svc reads it.

A day, an amount or a number that cannot be read is a fault of its row, told at the column that people see; so is what the
service refuses (`member_names.faults`). Nothing is guessed and nothing is left out in silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from gateway import member_names
from gateway.member_names import shown
from gateway.spreadsheets import Row, Sheet, bare, cents, day, numbered, read, refusal

COLUMNS: dict[str, tuple[str, ...]] = {
    "prenom": ("Prénom", "first name", "prénom usuel", "prénom 1", "prénom adhérent", "givenname", "firstname", "prénoms", "prénom(s)",
               "prénom adhérent 1", "prénom 1er adhérent", "prénom membre"),
    "nom": ("Nom", "last name", "nom de famille", "nom 1", "nom adhérent", "surname", "lastname", "nom d'usage", "noms", "nom(s)",
            "nom adhérent 1", "nom 1er adhérent", "nom du foyer", "foyer", "famille"),
    "nom_complet": ("nom complet", "nom prénom", "nom et prénom", "prénom nom", "prénom et nom", "adhérent", "adhérente", "adhérent·e",
                    "membre", "name", "amapien", "amapienne", "amapien·ne", "nom, prénom", "nom & prénom", "nom/prénom", "full name"),
    "courriel": ("Courriel", "e-mail", "email", "mail", "adresse mail", "adresse e-mail", "adresse électronique", "courriel 1", "mél",
                 "email 1", "mail 1", "e-mail adhérent", "adresse courriel", "courriel adhérent", "email adress", "email address", "mails", "e-mails"),
    "telephone": ("Téléphone", "tel", "tél.", "portable", "mobile", "phone", "n° de téléphone", "numéro de téléphone", "téléphone 1", "tel 1",
                  "tel portable", "téléphone portable", "téléphone mobile", "tél. mobile", "n° tel", "n° portable", "gsm", "téléphones"),
    "fixe": ("Téléphone fixe", "tel fixe", "fixe", "tél. domicile", "téléphone domicile"),
    "adresse": ("Adresse", "address", "adresse postale", "rue", "adresse 1", "n° et rue", "adresse complète", "domicile"),
    "code_postal": ("code postal", "cp", "zip", "postcode", "postal code", "code_postal"),
    "ville": ("ville", "commune", "city", "localité"),
    "prenom_2": ("Prénom 2", "prénom conjoint", "prénom conjoint·e", "prénom co-adhérent", "prénom du conjoint", "first name 2",
                 "prénom 2e adhérent", "prénom adhérent 2", "prénom co-adhérent·e"),
    "nom_2": ("Nom 2", "nom conjoint", "nom conjoint·e", "nom co-adhérent", "nom du conjoint", "last name 2", "nom adhérent 2",
              "nom 2e adhérent", "nom co-adhérent·e"),
    "courriel_2": ("Courriel 2", "email 2", "e-mail 2", "mail 2", "email conjoint", "email co-adhérent", "courriel conjoint",
                   "e-mail co-adhérent", "mail conjoint"),
    "telephone_2": ("Téléphone 2", "tel 2", "tél. 2", "portable 2", "tél. conjoint", "téléphone conjoint", "portable conjoint"),
    "categorie": ("Catégorie", "tarif", "tier", "type", "type d'adhésion", "palier", "catégorie de cotisation"),
    "debut": ("Début", "du", "valid from", "date d'adhésion", "date adhésion", "adhésion le", "début d'adhésion", "depuis le"),
    "fin": ("Fin", "au", "jusqu'au", "valid until", "fin d'adhésion", "échéance"),
    "cotisation": ("Cotisation", "montant", "montant cotisation", "adhésion", "dues", "cotisation versée", "montant adhésion",
                   "cotisation (€)", "montant de la cotisation"),
    "numero": ("Numéro", "n°", "no", "num", "n° adhérent", "n° d'adhérent", "numéro adhérent", "numéro d'adhérent", "n° d'adhésion", "number",
               "id", "n° foyer", "numéro de foyer", "numéro d'adhésion"),
}  # fmt: skip
SHOWN = ("prenom", "nom", "courriel", "telephone", "adresse", "prenom_2", "nom_2", "courriel_2", "categorie", "debut",
         "fin", "cotisation", "numero")  # fmt: skip
MOST_HOUSEHOLDS = 500
LARGEST_NUMBER = 10**7


@dataclass
class Brought:
    """A row of the file: what is asked of the service, and the faults that forbid to ask it, (column, message)."""

    row: int
    payload: dict[str, Any]
    faults: list[tuple[str, str]] = field(default_factory=list)

    @property
    def who(self) -> str:
        return shown(self.payload)

    def told(self) -> dict[str, Any]:
        errors = [{"column": column, "message": message} for column, message in self.faults]
        return {"row": self.row, "who": self.who, "errors": errors}


def read_members(content: bytes, group: Mapping[str, Any]) -> tuple[Sheet, list[Brought]]:
    """The sheet and its rows as the service takes them, in the same order."""
    sheet = read(content, COLUMNS, needs=_("prenom et nom"), most=MOST_HOUSEHOLDS)
    if not {"nom", "nom_complet"} & set(sheet.heads):
        raise refusal(_("La première ligne doit nommer les colonnes, au moins : %(names)s.", names=_("prenom et nom")))
    return sheet, [_household(row, sheet, group) for row in sheet.rows]


def _household(row: Row, sheet: Sheet, group: Mapping[str, Any]) -> Brought:
    persons, faults = member_names.persons(row.cells, sheet.heads, str(group.get("phone_region", "")))
    made = Brought(row.number, {"persons": persons}, [*sheet.faults(row), *faults])
    _tier(made, row.cells.get("categorie", ""), sheet, group)
    for name, key in (("valid_from", "debut"), ("valid_until", "fin")):
        if told := row.cells.get(key, ""):
            if found := day(told):
                made.payload[name] = found.isoformat()
            else:
                made.faults.append((sheet.heads[key], _("Écrivez une date, par exemple 26/11/2026.")))
    _figures(made, row, sheet)
    return made


def _tier(made: Brought, told: str, sheet: Sheet, group: Mapping[str, Any]) -> None:
    tiers = {bare(tier[name]): tier["code"] for tier in group["tiers"] for name in ("code", "name")}
    made.payload["tier"] = tiers.get(bare(told), group["tiers"][0]["code"])
    if told and bare(told) not in tiers:
        names = ", ".join(tier["name"] for tier in group["tiers"])
        made.faults.append((sheet.heads["categorie"], _("Une des catégories : %(tiers)s.", tiers=names)))


def _figures(made: Brought, row: Row, sheet: Sheet) -> None:
    if told := row.cells.get("cotisation", ""):
        amount = cents(told)
        if amount is None or amount < 0:
            made.faults.append((sheet.heads["cotisation"], _("Écrivez un montant, par exemple 12,50.")))
        else:
            made.payload["dues_cents"] = amount
    if told := row.cells.get("numero", ""):
        number = numbered(told)
        if number is None or not 0 < number < LARGEST_NUMBER:
            made.faults.append((sheet.heads["numero"], _("Un nombre entier, par exemple 40.")))
        else:
            made.payload["number"] = number
