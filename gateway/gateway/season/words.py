"""Words of the season: basket kinds, states of contracts, subscriptions and cheques, means, and the steps of a contract."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from babel.dates import format_date
from flask_babel import get_locale, lazy_gettext, ngettext
from flask_babel import gettext as _

from gateway.formats import money, number

BASKETS: dict[str, tuple[Any, Any]] = {
    "fixed_single": (lazy_gettext("Un panier, le même à chaque livraison"), lazy_gettext("On choisit une seule taille pour la saison.")),
    "fixed_multiple": (lazy_gettext("Plusieurs paniers fixes"), lazy_gettext("On peut prendre plusieurs sortes, une de chaque.")),
    "free_quantity_single": (lazy_gettext("Un produit, quantité libre"), lazy_gettext("Une seule sorte, autant qu’on veut.")),
    "free_quantity_multiple": (lazy_gettext("Plusieurs produits, quantités libres"), lazy_gettext("Les mêmes quantités à chaque livraison.")),
    "modular": (lazy_gettext("Panier modulable"), lazy_gettext("On compose à l’avance, date par date.")),
    "modular_fixed": (lazy_gettext("Panier modulable à quantité fixe"), lazy_gettext("À chaque date : rien, ou toujours la même quantité.")),
    "ordered": (lazy_gettext("Sur commande"), lazy_gettext("On commande avant chaque livraison, pendant une période ouverte.")),
}  # fmt: skip
# The kinds in which a number is asked for each product, in which one is chosen, and which are composed by date.
ONE_OF_THEM = ("fixed_single", "free_quantity_single")
BY_DATE = ("modular", "modular_fixed")

CONTRACT_STATES: dict[str, tuple[str, Any]] = {
    "drafted": ("attention", lazy_gettext("brouillon")),
    "submitted": ("waiting", lazy_gettext("chez le producteur")),
    "changes_requested": ("problem", lazy_gettext("à modifier")),
    "approved": ("good", lazy_gettext("approuvé")),
    "opened": ("good", lazy_gettext("ouvert")),
    "closed": ("waiting", lazy_gettext("inscriptions closes")),
    "ended": ("off", lazy_gettext("terminé")),
    "abandoned": ("off", lazy_gettext("abandonné")),
}
SUBSCRIPTION_STATES: dict[str, tuple[str, Any]] = {
    "to_confirm": ("attention", lazy_gettext("à confirmer")),
    "confirmed": ("good", lazy_gettext("confirmée")),
    "waiting": ("waiting", lazy_gettext("liste d’attente")),
    "declined": ("off", lazy_gettext("déclinée")),
    "withdrawn": ("off", lazy_gettext("retirée")),
    "ended": ("off", lazy_gettext("arrêtée")),
    "replaced": ("off", lazy_gettext("remplacée")),
}
CHEQUE_STATES: dict[str, tuple[str, Any]] = {
    "expected": ("attention", lazy_gettext("attendu")),
    "received": ("waiting", lazy_gettext("reçu")),
    "handed_over": ("good", lazy_gettext("remis au producteur")),
    "returned": ("problem", lazy_gettext("rendu au foyer")),
}
MEANS: dict[str, Any] = {
    "cheque": lazy_gettext("chèque"),
    "transfer": lazy_gettext("virement"),
    "cash": lazy_gettext("espèces"),
    "local_currency": lazy_gettext("monnaie locale"),
    "direct_debit": lazy_gettext("prélèvement"),
    "online": lazy_gettext("paiement en ligne"),
    "on_delivery": lazy_gettext("à la livraison"),
}
UNITS: dict[str, Any] = {
    "piece": lazy_gettext("à la pièce"),
    "kg": lazy_gettext("au kilo"),
    "g": lazy_gettext("au gramme"),
    "l": lazy_gettext("au litre"),
}
SIGNED: dict[str, Any] = {
    "tick": lazy_gettext("case cochée"),
    "link": lazy_gettext("par le lien reçu"),
    "paper": lazy_gettext("sur papier"),
}
PARTIES: dict[str, Any] = {
    "member": lazy_gettext("le foyer"),
    "producer": lazy_gettext("le producteur"),
    "group": lazy_gettext("le groupe"),
}
STEPS = (
    ("drafted", lazy_gettext("Brouillon")),
    ("submitted", lazy_gettext("Chez le producteur")),
    ("approved", lazy_gettext("Approuvé")),
    ("opened", lazy_gettext("Ouvert")),
    ("closed", lazy_gettext("Inscriptions closes")),
    ("ended", lazy_gettext("Terminé")),
)


def state_of(table: Mapping[str, tuple[str, Any]], state: str) -> tuple[str, str]:
    kind, word = table.get(state, ("off", state))
    return kind, str(word)


def standing(contract: Mapping[str, Any]) -> str:
    """Where a contract stands; an opened one whose sign-ups are over is `closed`."""
    state = str(contract.get("status") or contract.get("state") or "")
    return "closed" if state == "opened" and contract.get("sign_ups_closed") else state


def contract_state(contract: Mapping[str, Any]) -> tuple[str, str]:
    return state_of(CONTRACT_STATES, standing(contract))


def subscription_state(state: str) -> tuple[str, str]:
    return state_of(SUBSCRIPTION_STATES, state)


def cheque_state(state: str) -> tuple[str, str]:
    return state_of(CHEQUE_STATES, state)


def means_word(means: str) -> str:
    return str(MEANS.get(means, means))


def steps_of(state: str) -> list[dict[str, Any]]:
    """The stepper of a contract's life; a draft that came back stands at the first step and says so."""
    names = [name for name, _label in STEPS]
    at = names.index(state) if state in names else 0
    return [
        {
            "label": str(label),
            "state": "done" if place < at or state == "ended" else "current" if place == at else "todo",
            "detail": _("modifications demandées") if place == at and state == "changes_requested" else "",
        }
        for place, (_name, label) in enumerate(STEPS)
    ]


def price_of(option: Mapping[str, Any]) -> str:
    """« 14,00 € », « 15,90 €/kg » for what is weighed."""
    price = money(option["price_cents"])
    return _("%(price)s/kg", price=price) if option.get("sale") == "weighed" else price


def by_month(deliveries: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Deliveries grouped as printed contracts do: « novembre 2026 » with its days."""
    ordered = sorted(deliveries, key=lambda delivery: delivery["on"])
    months = groupby(ordered, key=lambda delivery: delivery["on"][:7])
    return [(month_name(month), list(found)) for month, found in months]


def month_name(month: str) -> str:
    return format_date(date.fromisoformat(f"{month}-01"), "LLLL y", locale=get_locale())


def factor_word(factor_percent: int) -> str:
    """« compte double » for a delivery that makes up for a missed one; "" for an ordinary one."""
    if factor_percent == 100:
        return ""
    if factor_percent == 200:
        return _("compte double")
    return _("compte pour %(number)s", number=number(factor_percent / 100))


def cheques_in_words(amounts: Sequence[int]) -> str:
    """« 6 chèques de 56,00 € », « 3 chèques de 30,00 € et 1 chèque de 33,45 € »."""
    parts = []
    for amount, run in groupby(amounts):
        count = len(list(run))
        parts.append(
            _(
                "%(cheques)s de %(amount)s",
                cheques=ngettext("%(num)d chèque", "%(num)d chèques", count),
                amount=money(amount),
            )
        )
    if len(parts) < 2:
        return "".join(parts)
    return _("%(first)s et %(last)s", first=", ".join(parts[:-1]), last=parts[-1])


def taken(lines: Iterable[Mapping[str, Any]], options: Mapping[str, Mapping[str, Any]]) -> str:
    """« 1 × Panier, 2 × Œufs »; what is composed by date says so."""
    parts = []
    for line in lines:
        title = options.get(line["option_id"], {}).get("title", line["option_id"])
        if line.get("per_delivery"):
            parts.append(_("%(title)s, selon la date", title=title))
        elif line.get("quantity"):
            parts.append(f"{line['quantity']} × {title}")
    return ", ".join(parts)


def home_of(names: Mapping[str, str], household_id: str) -> str:
    return names.get(household_id) or _("Foyer …%(end)s", end=household_id[-4:])


def signed_by(signed: Mapping[str, Any]) -> str:
    """« le foyer, le producteur »."""
    return ", ".join(str(word) for party, word in PARTIES.items() if signed.get(party))
