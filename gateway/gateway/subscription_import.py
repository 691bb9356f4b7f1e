"""Subscriptions of a contract from a spreadsheet: whom a row means, what they take, with which cheques.

Two shapes are read. *Wide*: a row per household with a column per option (its code or title; "PAN 26/11/2026" is the quantity at one
delivery). *Long*: columns "produit" and "quantité", several rows per household. A household is named by number, e-mail or name.
Cheques that are written already stand in columns of their own (`cheque_columns`). What becomes of it: `subscription_writing`.
Nothing is guessed: whoever cannot be found, or fits twice, is told at the row and column.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from gateway.cheque_columns import Cheque, columns_of, read_cheques, renumbered
from gateway.import_names import Directory, Options
from gateway.printing import today
from gateway.spreadsheets import Row, Sheet, bare, day, read, refusal, whole, yes

COLUMNS: dict[str, tuple[str, ...]] = {
    "numero": ("Numéro", "n°", "num", "n° adhérent", "numéro adhérent", "numéro d'adhérent", "n° d'adhérent", "number", "n° foyer"),
    "courriel": ("Courriel", "e-mail", "email", "mail", "adresse mail", "adresse e-mail", "mél"),
    "nom": ("Nom", "foyer", "adhérent", "adhérente", "adhérent·e", "nom prénom", "nom et prénom", "membre", "nom de famille", "name",
            "amapien", "household", "nom complet"),
    "prenom": ("Prénom", "first name", "firstname"),
    "debut": ("Début", "date de début", "à partir du", "starts on", "depuis le", "première livraison"),
    "semaine": ("Semaine", "série", "groupe", "series"),
    "reglements": ("Règlements", "chèques", "nombre de chèques", "nb chèques", "nb de chèques", "nombre de règlements", "cheques",
                   "nombre de paiements", "paiements", "en combien de fois"),
    "moyen": ("Moyen", "moyen de paiement", "mode de paiement", "means", "mode de règlement", "paiement"),
    "confirmer": ("Confirmer", "confirmé", "confirmée", "validé", "validée", "confirmed"),
    "produit": ("Produit", "option", "panier", "article", "product"),
    "quantite": ("Quantité", "qté", "qte", "quantity", "nombre", "nb"),
}  # fmt: skip
MEANS = {"cheque": "cheque", "cheques": "cheque", "virement": "transfer", "transfer": "transfer", "especes": "cash", "cash": "cash",
         "liquide": "cash", "prelevement": "direct_debit", "enligne": "online", "cb": "online", "monnaielocale": "local_currency"}  # fmt: skip
MOST_HOUSEHOLDS = 300
MOST_CHEQUE_COUNT = 24


@dataclass
class Wanted:
    """One subscription as it will be asked for. `row`: of the spreadsheet; `errors`: (column, message)."""

    row: int
    who: str
    household_id: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    confirm: bool = False
    errors: list[tuple[str, str]] = field(default_factory=list)
    # The head under which each line's option stands.
    heads: list[str] = field(default_factory=list)
    cheques: list[Cheque] = field(default_factory=list)
    amount_cents: int | None = None
    waiting: bool = False

    def shown(self, sheet: Sheet) -> dict[str, Any]:
        errors = [{"column": sheet.heads.get(column, column), "message": message} for column, message in self.errors]
        return {"row": self.row, "who": self.who, "household_id": self.household_id, "amount_cents": self.amount_cents,
                "waiting": self.waiting, "errors": errors}  # fmt: skip


class Reader:
    """What each column of a sheet stands for, for one contract; `unread`: heads that mean nothing here."""

    def __init__(self, sheet: Sheet, contract: Mapping[str, Any], directory: Directory) -> None:
        self.sheet, self.directory, self.options = sheet, directory, Options(contract["terms"])
        meant = {place: self.options.of_head(head) for head, place in sheet.extra.items()}
        # Round by round nothing is chosen when signing.
        self.ordered = contract["terms"].get("basket_kind") == "ordered"
        self.places = {} if self.ordered else {place: what for place, what in meant.items() if what}
        self.heads = {place: head for head, place in sheet.extra.items()}
        self.cheques = columns_of({head: at for head, at in sheet.extra.items() if at not in self.places})
        self.unread = [head for head, at in sheet.extra.items() if at not in self.places and at not in self.cheques]
        if stray := [head for head in self.unread if not self.ordered and self.options.stray(head)]:
            raise refusal(_("« %(head)s » : pas de livraison ce jour-là.", head=stray[0]))
        self.cheque_a_row = bool(self.cheques) and not any(cheque for _head, _part, cheque in self.cheques.values())
        if not self.places and not self.ordered and not {"produit", "quantite"} <= set(sheet.heads):
            names = ", ".join(each.get("code") or each["title"] for each in contract["terms"].get("options", []))
            told = _(
                "Aucune colonne de quantité : une par produit (%(names)s), ou les colonnes produit et quantité.",
                names=names,
            )
            raise refusal(told)  # fmt: skip

    def wanted(self) -> list[Wanted]:
        found: dict[str, Wanted] = {}
        result: list[Wanted] = []
        for row in self.sheet.rows:
            wanted = _whom(row, self.sheet, self.directory)
            same = found.get(wanted.household_id) if wanted.household_id else None
            if same is not None and "produit" not in self.sheet.heads and not self.cheque_a_row:
                head = _head(self.sheet, "nom", "numero", "courriel")
                wanted.errors.append((head, _("Ce foyer est déjà à la ligne %(row)s.", row=same.row)))
                same = None
            if same is None:
                same = wanted
                result.append(wanted)
                _terms_of(row, self.sheet, wanted)
                if wanted.household_id:  # with its faults: what else is told of it must not be registered by itself
                    found.setdefault(wanted.household_id, wanted)
            same.errors += self.sheet.faults(row)
            self._take(row, same, first=same is wanted)
        for wanted in result:
            self._finish(wanted)
        if len(result) > MOST_HOUSEHOLDS:
            told = _(
                "Trop de foyers : %(most)s au plus par fichier. Partagez la liste en plusieurs.", most=MOST_HOUSEHOLDS
            )
            raise refusal(told)
        return result

    def _take(self, row: Row, wanted: Wanted, *, first: bool) -> None:
        """Quantities of a row, and its cheques; a row that only brings one more cheque repeats no quantity."""
        if not self.ordered and (first or "produit" in self.sheet.heads):
            _quantities(row, self.sheet, self.places, self.heads, self.options, wanted)
        cheques, faults = read_cheques(row, self.cheques)
        wanted.cheques += cheques
        wanted.errors += faults

    def _finish(self, wanted: Wanted) -> None:
        if not wanted.errors and not wanted.payload.get("lines") and not self.ordered:
            wanted.errors.append((next(iter(self.heads.values()), _("quantité")), _("Aucune quantité.")))
        if not wanted.cheques:
            return
        told = wanted.payload.pop("cheque_count", 0)
        wanted.payload["cheques"] = [cheque.written() for cheque in renumbered(wanted.cheques)]
        wanted.confirm = wanted.confirm or any(cheque.number for cheque in wanted.cheques)
        if told and told != len(wanted.cheques):
            fault = _("%(told)s chèques annoncés, %(found)s dans les colonnes.", told=told, found=len(wanted.cheques))
            wanted.errors.append((self.sheet.heads["reglements"], fault))
        seen: set[tuple[str, str]] = set()
        for cheque in wanted.cheques:
            if cheque.number and (cheque.number, cheque.bank) in seen:
                wanted.errors.append((cheque.head("number"), _("Deux chèques ont le même numéro.")))
            if cheque.issued_on > today().isoformat():
                wanted.errors.append((cheque.head("issued_on"), _("Pas dans l’avenir.")))
            seen.add((cheque.number, cheque.bank))


def read_subscriptions(content: bytes, contract: Mapping[str, Any]) -> tuple[Reader, list[Wanted]]:
    """What the file asks for; households and quantities that are not understood are errors of their row."""
    sheet = read(content, COLUMNS, needs=_("un numéro, un courriel ou un nom"))
    if not {"numero", "courriel", "nom"} & set(sheet.heads):
        raise refusal(_("Il faut une colonne qui nomme le foyer : numéro, courriel ou nom."))
    reader = Reader(sheet, contract, Directory(contract["group_id"]))
    return reader, reader.wanted()


# -- a row -------------------------------------------------------------------------------------------------------


def _head(sheet: Sheet, *keys: str) -> str:
    return next((sheet.heads[key] for key in keys if key in sheet.heads), keys[0])


def _whom(row: Row, sheet: Sheet, directory: Directory) -> Wanted:
    cell = row.cells
    named = " ".join(filter(None, (cell.get("nom", ""), cell.get("prenom", ""))))
    wanted = Wanted(row=row.number, who=named or cell.get("courriel", "") or cell.get("numero", "") or "–")
    for key, told in (("numero", cell.get("numero", "")), ("courriel", cell.get("courriel", "")), ("nom", named)):
        if not told:
            continue
        found = directory.find(key, told)
        if len(found) == 1:
            wanted.household_id, wanted.who = found[0]["household_id"], found[0]["label"]
            wanted.payload["household_id"] = wanted.household_id
            return wanted
        fault = (
            _("Plusieurs foyers portent ce nom : donnez le numéro ou le courriel.")
            if found
            else _("Aucun foyer de ce groupe.")
        )
        wanted.errors.append((_head(sheet, key), fault))
        return wanted
    wanted.errors.append((_head(sheet, "nom", "numero", "courriel"), _("Le foyer n’est pas nommé.")))
    return wanted


def _terms_of(row: Row, sheet: Sheet, wanted: Wanted) -> None:
    cell = row.cells
    if told := cell.get("debut", ""):
        if since := day(told):
            wanted.payload["starts_on"] = since.isoformat()
        else:
            wanted.errors.append((sheet.heads["debut"], _("Écrivez une date, par exemple 26/11/2026.")))
    if told := cell.get("reglements", ""):
        count = whole(told)
        if count and 1 <= count <= MOST_CHEQUE_COUNT:
            wanted.payload["cheque_count"] = count
        else:
            wanted.errors.append((sheet.heads["reglements"], _("Un nombre de 1 à %(most)s.", most=MOST_CHEQUE_COUNT)))
    if told := cell.get("moyen", ""):
        if means := MEANS.get(bare(told)):
            wanted.payload["means"] = means
        else:
            wanted.errors.append((sheet.heads["moyen"], _("Chèque, virement ou espèces.")))
    if told := cell.get("semaine", ""):
        series = re.sub(r"(?i)^semaine\s+", "", told).strip()
        wanted.payload["series"] = series.upper() if len(series) == 1 else series
    wanted.confirm = yes(cell.get("confirmer", ""))


def _quantities(
    row: Row,
    sheet: Sheet,
    places: Mapping[int, tuple[str, str]],
    heads: Mapping[int, str],
    options: Options,
    wanted: Wanted,
) -> None:
    told = [(heads[place], option_id, delivery_id, row.at(place)) for place, (option_id, delivery_id) in places.items()]
    if row.cells.get("produit"):
        option_id = options.named(row.cells["produit"])
        if not option_id:
            wanted.errors.append(
                (sheet.heads["produit"], _("Ce contrat ne propose pas « %(name)s ».", name=row.cells["produit"]))
            )
        elif "quantite" in sheet.heads:
            told.append((sheet.heads["quantite"], option_id, "", row.cells.get("quantite", "")))
    for head, option_id, delivery_id, text in told:
        if not text or text in ("-", "–"):
            continue
        quantity = 1 if bare(text) in ("x", "oui") else whole(text)
        if quantity is None or not 0 <= quantity <= 999:
            wanted.errors.append((head, _("Un nombre entier, de 0 à 999.")))
        elif quantity:
            _add(wanted, head, option_id, delivery_id, quantity)


def _add(wanted: Wanted, head: str, option_id: str, delivery_id: str, quantity: int) -> None:
    lines = wanted.payload.setdefault("lines", [])
    line = next((each for each in lines if each["option_id"] == option_id), None)
    if line is None:
        line = {"option_id": option_id, "quantity": 0}
        lines.append(line)
        wanted.heads.append(head)
    if delivery_id:
        planned = line.setdefault("per_delivery", {})
        planned[delivery_id] = planned.get(delivery_id, 0) + quantity
    else:
        line["quantity"] += quantity
