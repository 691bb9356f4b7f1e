"""What the pages about money share: words for entries, facts and refusals, amounts as people type them, names for ids."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from marshmallow import ValidationError, fields

from gateway.formats import day, money, number, weight
from gateway.problems import problem, register
from gateway.whole_lists import names
from grenier.errors import GrenierError

ENTRIES: dict[str, Any] = {
    "goods-charged": lazy_gettext("Produits retirés"),
    "prepayment-received": lazy_gettext("Chèque de provision"),
    "dues-received": lazy_gettext("Cotisation"),
    "adjustment-posted": lazy_gettext("Correction"),
    "entry-reversed": lazy_gettext("Extourne"),
    "payment-taken": lazy_gettext("Paiement à la caisse"),
    "payment-reversed": lazy_gettext("Paiement annulé"),
    "till-opened": lazy_gettext("Fond de caisse"),
    "difference-explained": lazy_gettext("Écart de caisse"),
    "refund-issued": lazy_gettext("Remboursement"),
    "balance-transferred": lazy_gettext("Report sur un autre contrat"),
}
MEANS: dict[str, Any] = {"cash": lazy_gettext("espèces"), "cheque": lazy_gettext("chèque")}
FACTS: dict[str, Any] = {
    "orders.order-confirmed": lazy_gettext("Commande validée"),
    "orders.order-amended": lazy_gettext("Commande modifiée"),
    "orders.order-cancelled": lazy_gettext("Commande annulée"),
    "orders.orders-regulated": lazy_gettext("Quantité régulée"),
    "contracts.cheque-received": lazy_gettext("Chèque reçu"),
    "contracts.cheque-returned": lazy_gettext("Chèque rendu"),
    "logistics.line-weighed": lazy_gettext("Pesée"),
    "logistics.shortage-recorded": lazy_gettext("Manque"),
    "logistics.substitution-recorded": lazy_gettext("Échange"),
    "logistics.surplus-sold": lazy_gettext("RAB ajouté"),
    "logistics.signed-off": lazy_gettext("Émargement"),
    "logistics.sign-off-undone": lazy_gettext("Émargement annulé"),
    "ledger.balance-went-negative": lazy_gettext("Solde débiteur signalé"),
}
ROLES: dict[str, Any] = {
    "eater": lazy_gettext("pour son foyer"),
    "organiser": lazy_gettext("organisation du groupe"),
    "coordinator": lazy_gettext("coordination"),
    "treasurer": lazy_gettext("trésorerie"),
    "volunteer": lazy_gettext("bénévole"),
    "central_team": lazy_gettext("équipe centrale"),
    "logistician": lazy_gettext("logistique"),
}
ACCOUNTS: dict[str, Any] = {
    "eater": lazy_gettext("Compte du foyer"),
    "till": lazy_gettext("Caisse"),
    "cheques": lazy_gettext("Chèques en garde"),
    "cash": lazy_gettext("Espèces de permanence"),
    "sales": lazy_gettext("Produits vendus"),
    "dues": lazy_gettext("Cotisations"),
    "float": lazy_gettext("Fonds de caisse"),
    "adjustment": lazy_gettext("Corrections"),
    "difference": lazy_gettext("Écarts de caisse"),
    "bank": lazy_gettext("Banque"),
}

register(
    "already-reversed",
    lazy_gettext("Déjà extournée"),
    lazy_gettext("Cette écriture a déjà été annulée par une autre, que le relevé montre."),
)
register("entry-unknown", lazy_gettext("Écriture inconnue"), lazy_gettext("Cette écriture n’existe pas sur ce compte."))
register(
    "reversal-is-final",
    lazy_gettext("Une extourne ne s’annule pas"),
    lazy_gettext("Saisissez de nouveau l’écriture d’origine, ou une correction avec son motif."),
)
register("till-unknown", lazy_gettext("Caisse inconnue"), lazy_gettext("Ouvrez d’abord la caisse avec son fond."))
register(
    "till-already-open",
    lazy_gettext("Une caisse est déjà ouverte"),
    lazy_gettext("Un groupe a une caisse ouverte à la fois : encaissez dans celle-ci, ou fermez-la d’abord."),
)
register(
    "till-closed",
    lazy_gettext("La caisse est fermée"),
    lazy_gettext("Elle ne se modifie plus. Une correction se fait sur le compte."),
)
register(
    "no-money-at-csa-distribution",
    lazy_gettext("Pas d’argent à la distribution d’une AMAP"),
    lazy_gettext(
        "Les paiements se font par chèque, aux permanences : saisissez un chèque de provision sur le compte du foyer."
    ),
)
register("count-first", lazy_gettext("Comptez d’abord la caisse"), lazy_gettext("La caisse se ferme une fois comptée."))
register(
    "count-outdated",
    lazy_gettext("Le comptage n’est plus à jour"),
    lazy_gettext("Un paiement a été pris ou annulé depuis. Comptez de nouveau."),
)
register(
    "difference-unexplained",
    lazy_gettext("L’écart n’est pas expliqué"),
    lazy_gettext("Écrivez d’où il vient, ou recomptez, avant de fermer."),
)
register(
    "cheques-missing",
    lazy_gettext("Des chèques ne sont pas cochés"),
    lazy_gettext("Cochez chaque chèque présent. Celui qui n’a pas été remis : annulez son paiement."),
)
register(
    "nothing-to-explain",
    lazy_gettext("Il n’y a pas d’écart"),
    lazy_gettext("La caisse est juste : elle peut être fermée."),
)
register(
    "household-of-another-group",
    lazy_gettext("Foyer d’un autre groupe"),
    lazy_gettext("Ce foyer a son compte dans un autre groupe."),
)


class Euros(fields.Field):
    """An amount as typed (« 12,50 », « 12.5 € ») as integer cents; made of integers only."""

    def __init__(self, *, positive: bool = True, **more: Any) -> None:
        super().__init__(**more)
        self._positive = positive

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        cents = cents_of(str(value))
        if cents is None:
            raise ValidationError(_("Écrivez un montant en euros, par exemple 12,50."))
        if self._positive and cents <= 0:
            raise ValidationError(_("Le montant doit être plus grand que zéro."))
        return cents


TYPED = re.compile(r"([-+\u2212]?)(\d{1,6})(?:[.,](\d{1,2}))?")


def cents_of(text: str) -> int | None:
    """`12,5` → 1250; None when it is not an amount."""
    found = TYPED.fullmatch(re.sub(r"[\s\u00a0\u202f€]", "", text))
    if not found:
        return None
    sign, euros, decimals = found.groups()
    cents = int(euros) * 100 + int((decimals or "").ljust(2, "0") or 0)
    return -cents if sign in ("-", "\u2212") else cents


def typed_euros(cents: int) -> str:
    """The value of an amount field: 1250 → 12,50."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100},{abs(cents) % 100:02d}"


def names_for(person_ids: Iterable[str] = (), household_ids: Iterable[str] = ()) -> dict[str, str]:
    """Labels of persons and households as the person of this request may see them, for one page."""
    persons = sorted({known for known in person_ids if known and not known.startswith("system:")})
    households = sorted({known for known in household_ids if known})
    return names(person_ids=persons, household_ids=households)


def household_label(names: Mapping[str, str], household_id: str) -> str:
    return names.get(household_id) or _("Foyer …%(end)s", end=household_id[-4:])


def role_word(role: str) -> str:
    return str(ROLES.get(role, role))


def entry_word(entry: Mapping[str, Any]) -> str:
    """What an entry is, in a few words: its kind, then the means or the reason."""
    word = str(ENTRIES.get(entry["kind"], entry["kind"]))
    if entry["kind"] in ("payment-taken", "payment-reversed") and entry.get("means"):
        word = _("%(what)s, %(means)s", what=word, means=MEANS[entry["means"]])
    if entry.get("cheque_number"):
        word = _("%(what)s n° %(number)s", what=word, number=entry["cheque_number"])
    return word


def account_word(account: str, names: Mapping[str, str]) -> str:
    kind, _sep, rest = account.partition(":")
    word = str(ACCOUNTS.get(kind, account))
    if kind == "eater":
        return _("%(account)s %(name)s", account=word, name=household_label(names, rest))
    if kind == "till":
        means = rest.rpartition(":")[2]
        return _("%(account)s, %(means)s", account=word, means=MEANS.get(means, means))
    return word


def timeline(facts: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Facts as the component of timelines shows them: what, when, who, in which role, for whom."""
    shown = []
    for fact in facts:
        actor = fact["actor"]
        who = (
            _("le système, par la règle du groupe")
            if actor.startswith("system:")
            else names.get(actor, _("une personne"))
        )
        whom = fact.get("on_behalf_of", "")
        shown.append(
            {
                "at": fact["at"],
                "text": sentence(fact),
                "who": who,
                "role": role_word(fact["role"]) if fact["role"] else "",
                "for_whom": household_label(names, whom) if whom and fact["role"] != "eater" else "",
            }
        )
    return shown


def sentence(fact: Mapping[str, Any]) -> str:
    """One fact in one line, with its figures."""
    name, body = fact["name"], fact["body"]
    owner, _dot, kind = name.partition(".")
    word = str(FACTS.get(name) or ENTRIES.get(kind) or name)
    if owner == "ledger" or kind.startswith("cheque-"):
        signed = owner == "ledger"
        told = _("%(what)s : %(amount)s", what=word, amount=money(body.get("amount_cents", 0), signed=signed))
        return told + _which_cheque(body) + _why(body)
    if name in ("orders.order-confirmed", "orders.order-amended", "logistics.signed-off"):
        count = len(body.get("lines", []))
        lines = ngettext("%(num)d produit", "%(num)d produits", count)
        paper = _(", bon papier") if body.get("channel") == "paper" else ""
        return (
            _("%(what)s : %(lines)s, %(total)s", what=word, lines=lines, total=money(body["total_cents"]))
            + paper
            + _why(body)
        )
    if name == "orders.orders-regulated":
        return _("%(what)s : %(product)s, %(before)s → %(after)s", what=word, product=body["name"],
                 before=number(body["from_quantity"]), after=number(body["to_quantity"]))  # fmt: skip
    if name == "logistics.line-weighed":
        return _("%(what)s : %(product)s, %(weight)s, %(amount)s", what=word, product=body["name"],
                 weight=weight(body["weight_g"]), amount=money(body["amount_cents"]))  # fmt: skip
    if name == "logistics.substitution-recorded":
        return _("%(what)s : %(product)s contre %(other)s, %(amount)s", what=word, product=body["name"],
                 other=body["substitute"], amount=money(body["amount_cents"]))  # fmt: skip
    if name == "logistics.shortage-recorded":
        return _("%(what)s : %(product)s, %(count)s en moins", what=word, product=body["name"], count=body["missing"])
    if name == "logistics.surplus-sold":
        return _(
            "%(what)s : %(product)s, %(amount)s", what=word, product=body["name"], amount=money(body["amount_cents"])
        )
    return word + _why(body)


def _which_cheque(body: Mapping[str, Any]) -> str:
    """« , n° 4711, Crédit Mutuel, daté du 3 novembre 2026 », as far as it is known."""
    told = _(", n° %(number)s", number=body["number"]) if body.get("number") else ""
    told += f", {body['bank']}" if body.get("bank") else ""
    return told + (_(", daté du %(day)s", day=day(body["issued_on"])) if body.get("issued_on") else "")


def _why(body: Mapping[str, Any]) -> str:
    return _(" (motif : %(reason)s)", reason=body["reason"]) if body.get("reason") else ""


def refusal_text(refused: GrenierError) -> str:
    found = problem(refused.code, refused.status, refused.facts)
    fields_wrong = [text for texts in (found.get("errors") or {}).values() for text in texts]
    return " ".join([f"{found['title']}.", *(fields_wrong or [found["detail"]])])
