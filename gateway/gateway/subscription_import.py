"""Subscriptions of a contract from a spreadsheet: whom a row means, what they take, in how many cheques; then one by one.

Two shapes are read. *Wide*: a row per household with a column per option (its code or title; "PAN 26/11/2026" is the quantity at one
delivery). *Long*: columns "produit" and "quantité", several rows per household. A household is named by number, e-mail or name.
Nothing is guessed: whoever cannot be found, or fits twice, is told at the row and column.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from gateway.calls import ask, tell
from gateway.import_names import Directory, Options
from gateway.messages import localized
from gateway.problems import CATALOGUE, problem
from gateway.season.refusals import say
from gateway.spreadsheets import Row, Sheet, bare, day, read, refusal, whole, workbook, yes
from grenier.errors import Forbidden, GrenierError, Invalid, NotFound, Unavailable

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
OF_FIELDS = {
    "household_id": "nom",
    "starts_on": "debut",
    "cheque_count": "reglements",
    "means": "moyen",
    "series": "semaine",
    "lines": "produit",
}
MOST_ROWS = 300


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
    amount_cents: int | None = None
    waiting: bool = False

    def shown(self, sheet: Sheet) -> dict[str, Any]:
        errors = [{"column": sheet.heads.get(column, column), "message": message} for column, message in self.errors]
        return {"row": self.row, "who": self.who, "household_id": self.household_id, "amount_cents": self.amount_cents,
                "waiting": self.waiting, "errors": errors}  # fmt: skip


def read_subscriptions(content: bytes, contract: Mapping[str, Any]) -> tuple[Sheet, list[Wanted]]:
    """What the file asks for; households and quantities that are not understood are errors of their row."""
    sheet = read(content, COLUMNS, needs=_("un numéro, un courriel ou un nom"), most=MOST_ROWS)
    if not {"numero", "courriel", "nom"} & set(sheet.heads):
        raise refusal(_("Il faut une colonne qui nomme le foyer : numéro, courriel ou nom."))
    return sheet, wanted_of(sheet, contract, Directory(contract["group_id"]))


def wanted_of(sheet: Sheet, contract: Mapping[str, Any], directory: Directory) -> list[Wanted]:
    options = Options(contract["terms"])
    meant = {place: options.of_head(head) for head, place in sheet.extra.items()}
    places = {place: what for place, what in meant.items() if what}
    if not places and not {"produit", "quantite"} <= set(sheet.heads):
        names = ", ".join(each.get("code") or each["title"] for each in contract["terms"].get("options", []))
        raise refusal(
            _(
                "Aucune colonne de quantité : une par produit (%(names)s), ou les colonnes produit et quantité.",
                names=names,
            )
        )
    heads = {place: head for head, place in sheet.extra.items()}
    found: dict[str, Wanted] = {}
    result: list[Wanted] = []
    for row in sheet.rows:
        wanted = _whom(row, sheet, directory)
        same = found.get(wanted.household_id) if wanted.household_id else None
        if same is not None and "produit" not in sheet.heads:
            wanted.errors.append(
                (_head(sheet, "nom", "numero", "courriel"), _("Ce foyer est déjà à la ligne %(row)s.", row=same.row))
            )
            same = None
        if same is None:
            same = wanted
            result.append(wanted)
            _terms_of(row, sheet, wanted)
            if wanted.household_id and not wanted.errors:
                found[wanted.household_id] = wanted
        _quantities(row, sheet, places, heads, options, same)
    for wanted in result:
        if not wanted.errors and not wanted.payload.get("lines"):
            wanted.errors.append((next(iter(heads.values()), _("quantité")), _("Aucune quantité.")))
    return result


def check(contract_id: str, wanted: Iterable[Wanted]) -> None:
    """A dry run: what each would cost, or why it would be refused."""
    for each in wanted:
        if each.errors:
            continue
        payload = {name: value for name, value in each.payload.items() if name != "means"}
        try:
            quote = ask("contracts", "quote_subscription", contract_id=contract_id, **payload)
        except Unavailable:
            raise
        except GrenierError as refused:
            each.errors += reasons(refused, each.heads)
            continue
        each.amount_cents, each.waiting = quote["amount_cents"], quote["waiting"]
        count = each.payload.get("cheque_count")
        by_cheque = each.payload.get("means", "cheque") == "cheque" and quote["amount_cents"]
        if count and by_cheque and count not in {option["count"] for option in quote["cheque_options"]}:
            each.errors.append(("reglements", _("Ce contrat ne se règle pas en %(num)s chèques.", num=count)))


def carry_out(contract_id: str, wanted: Iterable[Wanted]) -> int:
    """Registers what has no error, one by one, each a command of its own; how many were."""
    done = 0
    for each in wanted:
        if each.errors:
            continue
        try:
            answer = tell(
                "contracts", "register_subscription", contract_id=contract_id, channel="coordinator", **each.payload
            )
            each.amount_cents, each.waiting = answer["amount_cents"], answer["waiting"]
            done += 1
            if each.confirm and not each.waiting:
                tell("contracts", "confirm_subscription", subscription_id=answer["subscription_id"])
        except Unavailable:
            raise
        except GrenierError as refused:
            each.errors += reasons(refused, each.heads)
    return done


def reasons(refused: GrenierError, heads: Sequence[str] = ()) -> list[tuple[str, str]]:
    """A refusal of the service as (column, sentence)."""
    if isinstance(refused, Invalid) and refused.facts.get("fields"):
        told = refused.facts["fields"].items()
        return [(_column(str(name).split("."), heads), " ".join(map(say, map(localized, each)))) for name, each in told]
    if isinstance(refused, NotFound | Forbidden):
        return [("nom", _("Ce foyer n’est pas de ce groupe."))]
    if refused.code not in CATALOGUE:
        return [("", _("Refusé : %(code)s.", code=refused.code))]
    shown = problem(refused.code, refused.status, refused.facts)
    return [("", str(shown.get("detail") or shown["title"]))]


def _column(path: list[str], heads: Sequence[str]) -> str:
    if path[0] == "lines" and len(path) > 1 and path[1].isdecimal() and int(path[1]) < len(heads):
        return heads[int(path[1])]
    return OF_FIELDS.get(path[0], ".".join(path))


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
        if count and 1 <= count <= 12:
            wanted.payload["cheque_count"] = count
        else:
            wanted.errors.append((sheet.heads["reglements"], _("Un nombre de 1 à 12.")))
    if told := cell.get("moyen", ""):
        if means := MEANS.get(bare(told)):
            wanted.payload["means"] = means
        else:
            wanted.errors.append((sheet.heads["moyen"], _("Chèque, virement ou espèces.")))
    if told := cell.get("semaine", ""):
        wanted.payload["series"] = re.sub(r"(?i)^semaine\s+", "", told).strip()
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


def template(contract: Mapping[str, Any]) -> bytes:
    """A workbook to fill in: whom, when, in how many cheques, and a column per option."""
    options = contract["terms"].get("options", [])
    heads = (
        "Numéro",
        "Courriel",
        "Nom",
        "Début",
        "Règlements",
        "Confirmer",
        *(option.get("code") or option["title"] for option in options),
    )
    example = ("12", "", "", "", "1", "non", *("1" if at == 0 else "" for at in range(len(options))))
    notes = [
        (_("Le foyer"), _("Son numéro d’adhérent, ou son courriel, ou son nom : un des trois suffit.")),
        (heads[3], _("Jour, mois, année ; vide : la prochaine livraison.")),
        (heads[4], _("En combien de chèques ; vide : un.")),
        (heads[5], _("oui : l’inscription est confirmée tout de suite.")),
        *((option.get("code") or option["title"], _("Quantité à chaque livraison : %(title)s.", title=option["title"])) for option in options),
    ]  # fmt: skip
    return workbook(heads, example, notes)
