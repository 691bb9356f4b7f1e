"""What the pages about money share: words for entries, facts and refusals, amounts as people type them, names for ids."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from marshmallow import ValidationError, fields

from gateway.calls import ask
from gateway.formats import money, number, weight
from gateway.problems import problem, register
from grenier.errors import GrenierError

ENTRIES: dict[str, Any] = {
    "goods-charged": _l("Produits retirés"),
    "prepayment-received": _l("Chèque de provision"),
    "dues-received": _l("Cotisation"),
    "adjustment-posted": _l("Correction"),
    "entry-reversed": _l("Extourne"),
    "payment-taken": _l("Paiement à la caisse"),
    "payment-reversed": _l("Paiement annulé"),
    "till-opened": _l("Fond de caisse"),
    "difference-explained": _l("Écart de caisse"),
}
MEANS: dict[str, Any] = {"cash": _l("espèces"), "cheque": _l("chèque")}
FACTS: dict[str, Any] = {
    "orders.order-confirmed": _l("Commande validée"),
    "orders.order-amended": _l("Commande modifiée"),
    "orders.order-cancelled": _l("Commande annulée"),
    "orders.orders-regulated": _l("Quantité régulée"),
    "logistics.line-weighed": _l("Pesée"),
    "logistics.shortage-recorded": _l("Manque"),
    "logistics.substitution-recorded": _l("Échange"),
    "logistics.surplus-sold": _l("RAB ajouté"),
    "logistics.signed-off": _l("Émargement"),
    "logistics.sign-off-undone": _l("Émargement annulé"),
    "ledger.balance-went-negative": _l("Solde débiteur signalé"),
}
ROLES: dict[str, Any] = {
    "eater": _l("pour son foyer"),
    "organiser": _l("organisation du groupe"),
    "coordinator": _l("coordination"),
    "treasurer": _l("trésorerie"),
    "volunteer": _l("bénévole"),
    "central_team": _l("équipe centrale"),
    "logistician": _l("logistique"),
}
ACCOUNTS: dict[str, Any] = {
    "eater": _l("Compte du foyer"),
    "till": _l("Caisse"),
    "cheques": _l("Chèques en garde"),
    "cash": _l("Espèces de permanence"),
    "sales": _l("Produits vendus"),
    "dues": _l("Cotisations"),
    "float": _l("Fonds de caisse"),
    "adjustment": _l("Corrections"),
    "difference": _l("Écarts de caisse"),
}

register(
    "already-reversed",
    _l("Déjà extournée"),
    _l("Cette écriture a déjà été annulée par une autre, que le relevé montre."),
)
register("entry-unknown", _l("Écriture inconnue"), _l("Cette écriture n’existe pas sur ce compte."))
register(
    "reversal-is-final",
    _l("Une extourne ne s’annule pas"),
    _l("Saisissez de nouveau l’écriture d’origine, ou une correction avec son motif."),
)
register("till-unknown", _l("Caisse inconnue"), _l("Ouvrez d’abord la caisse avec son fond."))
register(
    "till-closed", _l("La caisse est fermée"), _l("Elle ne se modifie plus. Une correction se fait sur le compte.")
)
register(
    "no-money-at-csa-distribution",
    _l("Pas d’argent à la distribution d’une AMAP"),
    _l("Les paiements se font par chèque, aux permanences : saisissez un chèque de provision sur le compte du foyer."),
)
register("count-first", _l("Comptez d’abord la caisse"), _l("La caisse se ferme une fois comptée."))
register(
    "count-outdated",
    _l("Le comptage n’est plus à jour"),
    _l("Un paiement a été pris ou annulé depuis. Comptez de nouveau."),
)
register(
    "difference-unexplained",
    _l("L’écart n’est pas expliqué"),
    _l("Écrivez d’où il vient, ou recomptez, avant de fermer."),
)
register(
    "cheques-missing",
    _l("Des chèques ne sont pas cochés"),
    _l("Cochez chaque chèque présent. Celui qui n’a pas été remis : annulez son paiement."),
)
register("nothing-to-explain", _l("Il n’y a pas d’écart"), _l("La caisse est juste : elle peut être fermée."))
register("household-of-another-group", _l("Foyer d’un autre groupe"), _l("Ce foyer a son compte dans un autre groupe."))


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
    if not persons and not households:
        return {}
    return dict(ask("contracts", "names", person_ids=persons, household_ids=households))


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
    if owner == "ledger":
        return _("%(what)s : %(amount)s", what=word, amount=money(body.get("amount_cents", 0), signed=True)) + _why(
            body
        )
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


def _why(body: Mapping[str, Any]) -> str:
    return _(" (motif : %(reason)s)", reason=body["reason"]) if body.get("reason") else ""


def refusal_text(refused: GrenierError) -> str:
    found = problem(refused.code, refused.status, refused.facts)
    fields_wrong = [text for texts in (found.get("errors") or {}).values() for text in texts]
    return " ".join([f"{found['title']}.", *(fields_wrong or [found["detail"]])])
