"""Subscriptions that were read from a spreadsheet: looked over one by one, then registered with their cheques; and the template."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from gateway.calls import ask, step, tell
from gateway.cheque_columns import Cheque
from gateway.messages import localized
from gateway.printing import today
from gateway.problems import CATALOGUE, problem
from gateway.season.refusals import say
from gateway.spreadsheets import workbook
from gateway.subscription_import import Wanted
from grenier.errors import Forbidden, GrenierError, Invalid, NotFound, Unavailable

OF_FIELDS = {
    "household_id": "nom",
    "starts_on": "debut",
    "cheque_count": "reglements",
    "means": "moyen",
    "series": "semaine",
    "lines": "produit",
    "cheques": "chèques",
}
CHEQUES_IN_TEMPLATE = 3
CHEQUE_PARTS = ("n°", "banque", "montant", "encaissement", "émis le")


def check(contract_id: str, wanted: Iterable[Wanted]) -> None:
    """A dry run: what each would cost, or why it would be refused."""
    for each in wanted:
        if each.errors:
            continue
        try:
            quote = ask("contracts", "quote_subscription", contract_id=contract_id, **each.payload)
        except Unavailable:
            raise
        except GrenierError as refused:
            each.errors += reasons(refused, each.heads)
            continue
        each.amount_cents, each.waiting = quote["amount_cents"], quote["waiting"]
        count = each.payload.get("cheque_count")
        by_cheque = each.payload.get("means", "cheque") == "cheque" and quote["amount_cents"]
        each.errors += [("", str(CATALOGUE[code].title)) for code in quote["warnings"] if code in CATALOGUE]
        if count and by_cheque and count not in {option["count"] for option in quote["cheque_options"]}:
            each.errors.append(("reglements", _("Ce contrat ne se règle pas en %(num)s chèques.", num=count)))


def carry_out(contract: Mapping[str, Any], wanted: Iterable[Wanted]) -> int:
    """Registers what has no error, one by one; how many were. Repeating it finishes what is left of each."""
    done = 0
    for each in wanted:
        if each.errors:
            continue
        try:
            with step(f"row/{each.row}"):
                done += _register(contract, each)
        except Unavailable:
            raise
        except GrenierError as refused:
            each.errors += reasons(refused, each.heads)
    return done


def _register(contract: Mapping[str, Any], each: Wanted) -> int:
    answer = tell(
        "contracts", "register_subscription", contract_id=contract["contract_id"], channel="coordinator", **each.payload
    )
    each.amount_cents, each.waiting = answer["amount_cents"], answer["waiting"]
    if each.waiting:
        if any(cheque.number for cheque in each.cheques):
            each.errors.append(("", _("Sur la liste d’attente : ses chèques ne sont pas reçus.")))
    elif each.confirm:
        tell("contracts", "confirm_subscription", subscription_id=answer["subscription_id"])
        _receive(contract["group_id"], answer, each)
    return 1


def _receive(group_id: str, answer: Mapping[str, Any], each: Wanted) -> None:
    """The cheques that have a number are in our hands."""
    pairs = [
        (cheque, planned) for cheque, planned in zip(each.cheques, answer["cheques"], strict=False) if cheque.number
    ]
    if not pairs:
        return
    rows = [
        {"subscription_id": answer["subscription_id"], "cheque_id": planned["cheque_id"], "number": cheque.number,
         "bank": cheque.bank, "issuer": cheque.issuer, "issued_on": _issued(cheque, planned["cash_on"])}
        for cheque, planned in pairs
    ]  # fmt: skip
    told = tell("contracts", "receive_cheques", group_id=group_id, at="help_desk", cheques=rows)
    for error in told["errors"]:
        cheque = pairs[error["row"]][0]
        words = [say(str(localized(text))) for texts in error.get("messages", {}).values() for text in texts]
        told_so = " ".join(words) or _problem(error["code"], error.get("facts", {}))
        each.errors.append((cheque.head("number"), _("Inscrit, mais chèque non reçu : %(why)s", why=told_so)))


def _issued(cheque: Cheque, cash_on: str) -> str:
    """A cheque that does not say when it was written was there before it is cashed, and by today."""
    return cheque.issued_on or min(today().isoformat(), cash_on)


def reasons(refused: GrenierError, heads: Sequence[str] = ()) -> list[tuple[str, str]]:
    """A refusal of the service as (column, sentence)."""
    if isinstance(refused, Invalid) and refused.facts.get("fields"):
        if "means" in refused.facts["fields"]:
            return [("moyen", _("Ce contrat ne se règle pas ainsi."))]
        told = refused.facts["fields"].items()
        return [(_column(str(name).split("."), heads), " ".join(map(say, map(localized, each)))) for name, each in told]
    if isinstance(refused, NotFound | Forbidden):
        return [("nom", _("Ce foyer n’est pas de ce groupe."))]
    return [("", _problem(refused.code, refused.facts))]


def _problem(code: str, facts: Mapping[str, Any]) -> str:
    if code not in CATALOGUE:
        return _("Refusé : %(code)s.", code=code)
    shown = problem(code, 409, facts)
    return str(shown.get("detail") or shown["title"])


def _column(path: list[str], heads: Sequence[str]) -> str:
    if path[0] == "lines" and len(path) > 1 and path[1].isdecimal() and int(path[1]) < len(heads):
        return heads[int(path[1])]
    return OF_FIELDS.get(path[0], ".".join(path))


def template(contract: Mapping[str, Any]) -> bytes:
    """A workbook to fill in: whom, when, in how many cheques, and a column per option."""
    options = contract["terms"].get("options", [])
    cheques = [f"Chèque {place} {part}" for place in _places(contract) for part in CHEQUE_PARTS]
    chosen = [option.get("code") or option["title"] for option in options]
    heads = ("Numéro", "Courriel", "Nom", "Début", "Règlements", "Confirmer", *cheques, *chosen)
    taken = ["1" if at == 0 else "" for at in range(len(options))]
    example = ("12", "", "", "", "1", "non", *("" for _cheque in cheques), *taken)
    notes = [
        (_("Le foyer"), _("Son numéro d’adhérent, ou son courriel, ou son nom : un des trois suffit.")),
        (heads[3], _("Jour, mois, année ; vide : la prochaine livraison.")),
        (heads[4], _("En combien de chèques ; vide : un.")),
        (heads[5], _("oui : l’inscription est confirmée tout de suite.")),
        *((option.get("code") or option["title"], _("Quantité à chaque livraison : %(title)s.", title=option["title"])) for option in options),
        (_("Les chèques"), _("Pour une saison déjà commencée : ceux qui sont écrits. Un chèque qui a un numéro est reçu, et l’inscription confirmée.")),
        (_("montant, encaissement"), _("Tous, ou aucun : alors comme le contrat les partage. La somme est celle de l’inscription.")),
        (_("émis le"), _("La date écrite sur le chèque ; vide : aujourd’hui, ou l’encaissement s’il est passé.")),
    ]  # fmt: skip
    return workbook(heads, example, notes)


def _places(contract: Mapping[str, Any]) -> range:
    counts = contract["terms"].get("payment", {}).get("counts", [])
    return range(1, max([CHEQUES_IN_TEMPLATE, *counts]) + 1)
