"""Cheques that stand in a sheet of subscriptions: a set of columns for each (« Chèque 2 montant »), or a row for each.

    Chèque 1 n° ; Chèque 1 banque ; Chèque 1 montant ; Chèque 1 encaissement ; Chèque 2 n° …
    N° de chèque ; Banque ; Montant ; Encaissement ; Émis le ; Tireur      (several rows per household)

« Banque » without a number is that of all the cheques of its row.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from gateway.spreadsheets import Row, bare, cents, day

MOST, PLACES = 24, 2
# What a head says once « chèque », its number and small words are taken away.
PARTS: dict[str, tuple[str, ...]] = {
    "number": ("n", "no", "num", "numero", "number", "reference", "ref", "numerodu", "numerode", "ndu", "nde"),
    "bank": ("banque", "bank", "nombanque", "etablissement"),
    "amount": ("montant", "amount", "somme", "euros", "eur", "valeur", "prix"),
    "cash_on": ("encaissement", "dateencaissement", "datedencaissement", "encaisserle", "aencaisserle", "aencaisser", "date", "remise", "echeance",
                "dateremise", "moisencaissement", "cashon", "encaisse", "encaissele"),
    "issued_on": ("emis", "emisle", "dateemission", "ecritle", "datedu", "signele", "issuedon", "emission", "dateecriture"),
    "issuer": ("tireur", "titulaire", "emetteur", "issuer", "aunomde"),
}  # fmt: skip
MEANT = {word: part for part, words in PARTS.items() for word in words}
SMALL = re.compile(r"(cheques?|chq|chqs|cheq)")
LINKING = re.compile(r"^(du|des|de)(?=.)|(?<=.)(du|des|de)$")
# These are of cheques even where the head does not say so.
ALONE = ("banque", "encaissement", "dateencaissement", "datedencaissement", "tireur", "montant", "emisle")
PLAIN_NUMBER = re.compile(r"\d{6,}")


@dataclass
class Cheque:
    """As far as the cells tell; `place`: from 1 on in its row. `heads`: {part: head}."""

    place: int
    number: str = ""
    bank: str = ""
    issuer: str = ""
    amount_cents: int = 0
    cash_on: str = ""
    issued_on: str = ""
    heads: dict[str, str] = field(default_factory=dict)

    def head(self, part: str) -> str:
        return self.heads.get(part) or next(iter(self.heads.values()), _("chèques"))

    def written(self) -> dict[str, Any]:
        """As contracts-svc takes it."""
        found: dict[str, Any] = {"amount_cents": self.amount_cents} if self.amount_cents else {}
        return {**found, "cash_on": self.cash_on} if self.cash_on else found


def part_of(head: str) -> tuple[str, int] | None:
    """(part, number of the cheque or 0) that a head stands for; ("any", n) for « Chèque 2 » alone; None for another head."""
    text = re.sub(r"(?i)n\s*[°ºo]\s*", " numero ", head)
    told = bare(text)
    digits = re.findall(r"\d+", told)
    if len(digits) > 1 or (digits and not (len(digits[0]) <= PLACES and 1 <= int(digits[0]) <= MOST)):
        return None
    place = int(digits[0]) if digits else 0
    plain = re.sub(r"\d+", "", told)
    rest = SMALL.sub("", plain)
    named = rest != plain
    if named and rest in ("", "numero") and place:
        return ("number" if rest else "any"), place
    if rest not in MEANT:
        rest = rest.removeprefix("numero").removesuffix("numero")
    part = MEANT.get(rest) or MEANT.get(LINKING.sub("", rest))
    if part and (named or (place and part != "number") or rest in ALONE):
        return part, place
    return None


def columns_of(heads: Mapping[str, int]) -> dict[int, tuple[str, str, int]]:
    """{place of the column: (head, part, cheque)} of those that speak of cheques."""
    found = {at: (head, *part) for head, at in heads.items() if (part := part_of(head))}
    speaks = any(part in ("number", "cash_on", "any") or cheque for _head, part, cheque in found.values())
    return found if speaks else {}


def read_cheques(row: Row, columns: Mapping[int, tuple[str, str, int]]) -> tuple[list[Cheque], list[tuple[str, str]]]:
    """The cheques of a row in their order, and what cannot be read of them, (head, message)."""
    found: dict[int, Cheque] = {}
    faults: list[tuple[str, str]] = []
    numbered = any(cheque for _head, _part, cheque in columns.values())
    shared = [(head, part, row.at(at)) for at, (head, part, cheque) in columns.items() if numbered and not cheque]
    for at, (head, part, cheque) in columns.items():
        if (text := row.at(at)) and (cheque or not numbered):
            held = found.setdefault(cheque or 1, Cheque(cheque or 1))
            _tell(held, head, part, text, faults)
    for head, part, text in shared:
        for held in found.values():
            if text and part in ("bank", "issuer", "issued_on") and not getattr(held, part):
                _tell(held, head, part, text, faults)
    kept = [held for _place, held in sorted(found.items()) if held.number or held.amount_cents or held.cash_on]
    return kept, list(dict.fromkeys(faults))


def _tell(cheque: Cheque, head: str, part: str, text: str, faults: list[tuple[str, str]]) -> None:
    if part == "any":  # the number of a cheque has seven digits, no amount has
        part = "number" if PLAIN_NUMBER.fullmatch(text.replace(" ", "")) else "amount"
    cheque.heads[part] = head
    if part == "amount":
        amount = cents(text)
        if amount is None or amount <= 0:
            faults.append((head, _("Écrivez un montant, par exemple 12,50.")))
        cheque.amount_cents = amount or 0
    elif part in ("cash_on", "issued_on"):
        if found := day(text):
            setattr(cheque, part, found.isoformat())
        else:
            faults.append((head, _("Écrivez une date, par exemple 26/11/2026.")))
    elif len(text) > 80:
        faults.append((head, _("Au plus %(max)s caractères.", max=80)))
    else:
        setattr(cheque, part, text)


def renumbered(cheques: Sequence[Cheque]) -> list[Cheque]:
    """The cheques of several rows of one household, in their order."""
    for place, cheque in enumerate(cheques, start=1):
        cheque.place = place
    return list(cheques)
