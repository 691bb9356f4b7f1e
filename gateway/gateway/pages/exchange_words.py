"""The basket exchange in people's words: states, who may take, refusals; small helpers of its pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _

from gateway.calls import tell
from gateway.formats import NBSP, day, money, slot
from gateway.pages.members_words import MESSAGES, refusal
from gateway.problems import CATALOGUE, register
from grenier.errors import Invalid, Rejected

# phase of an own basket → (kind of state, word)
PHASES: dict[str, tuple[str, Any]] = {
    "none": ("off", _("chez vous")),
    "offered": ("waiting", _("proposé")),
    "accepted": ("good", _("pris par quelqu’un")),
    "collected": ("good", _("récupéré")),
    "cancelled": ("off", _("offre annulée")),
    "expired": ("off", _("personne ne l’a pris")),
}
# state of a request → (kind of state, word)
REQUESTS: dict[str, tuple[str, Any]] = {
    "offered": ("waiting", _("à prendre")),
    "waiting": ("waiting", _("en attente de réponse")),
    "accepted": ("good", _("c’est oui")),
    "collected": ("good", _("récupéré")),
    "declined": ("off", _("pour quelqu’un d’autre")),
    "withdrawn": ("off", _("demande retirée")),
    "cancelled": ("off", _("offre annulée")),
    "expired": ("off", _("sans réponse")),
}
STANDINGS: dict[str, tuple[str, Any]] = {
    "active": ("good", _("inscrit·e")),
    "pending": ("waiting", _("doit encore confirmer")),
    "left": ("off", _("désinscrit·e")),
    "none": ("off", _("pas inscrit·e")),
}
BY: dict[str, Any] = {
    "self": _("par elle-même"),
    "referent": _("par le référent"),
    "sponsor": _("par un adhérent"),
}
MEANS: dict[str, Any] = {"free": _("offert"), "cash": _("réglé entre vous"), "other": _("arrangé autrement")}
REASONS: dict[str, Any] = {
    "delivery-cancelled": _("La livraison est annulée."),
    "delivery-moved": _("La livraison a changé de date, d’heure ou de lieu."),
    "subscription-changed": _("Ce panier n’est plus le même."),
    "person-erased": _("Cette personne n’est plus là."),
}

MESSAGES.update(
    {
        "The person confirms by mail: their address is needed.": _(
            "Cette personne confirme par courriel : il faut son adresse."
        ),
        "Not a person of this group.": _("Cette personne n’est pas de ce groupe."),
        "Between 1 and 336 hours.": _("Entre 1 et 336 heures."),
        "Between 6 and 120 months.": _("Entre 6 et 120 mois."),
        "At most 2000 characters.": _("2000 caractères au plus."),
        "At most 1000 characters.": _("1000 caractères au plus."),
        "Between 0 and 100000, 0 when it is free.": _("Un montant jusqu’à 1000 €, et rien quand c’est offert."),
    }
)

for _code, _title, _detail in (
    ("exchange-closed", _("L’espace intermittents est fermé"), _("Ce groupe n’échange pas de paniers pour le moment.")),
    ("exchange-members-only", _("Réservé aux adhérents"), _("Dans ce groupe, seuls les adhérents prennent des paniers.")),
    ("exchange-not-federated", _("Pas de partage entre groupes"), _("Proposez votre panier aux intermittents de votre groupe.")),
    ("exchange-too-late", _("C’est trop tard"), _("Le délai est passé : pour un empêchement de dernière minute, prévenez le groupe.")),
    ("exchange-too-early", _("C’est trop tôt"), _("Un panier se récupère le jour de la distribution.")),
    ("taker-missing", _("Pas encore intermittent"), _("Inscrivez-vous d’abord dans l’espace intermittents.")),
    ("basket-offered", _("Ce panier est déjà proposé"), _("Annulez d’abord l’offre en cours pour en faire une autre.")),
    ("basket-not-offered", _("Ce panier n’est plus proposé"), _("L’offre a été annulée, ou le délai est passé.")),
    ("basket-taken", _("Quelqu’un a déjà ce panier"), _("Une seule personne peut le prendre.")),
    ("basket-collected", _("Ce panier est déjà récupéré"), _("Il n’y a plus rien à changer.")),
    ("basket-empty", _("Rien ce jour-là"), _("Votre foyer n’a pas de panier à cette date.")),
    ("basket-without-taker", _("Personne ne prend ce panier"), _("Il faut d’abord qu’une demande soit acceptée.")),
    ("basket-for-another", _("Ce panier est pour quelqu’un d’autre"), _("Il a été proposé à une personne en particulier.")),
    ("own-basket", _("C’est votre propre panier"), _("On ne se le demande pas à soi-même.")),
    ("not-your-basket", _("Ce n’est pas votre panier"), _("Seul son foyer répond aux demandes.")),
    ("request-missing", _("Demande retirée"), _("Cette personne ne demande plus ce panier.")),
    ("request-declined", _("Demande déjà déclinée"), _("Ce panier ne vous est pas attribué.")),
    ("too-many-requests", _("Beaucoup de demandes"), _("%(most)s personnes le demandent déjà.")),
):  # fmt: skip
    if _code not in CATALOGUE:
        register(_code, _title, _detail)


def parts_text(parts: Sequence[Mapping[str, Any]]) -> str:
    """ "1 Grand panier, 12 Œufs" """
    return ", ".join(f"{part['quantity']}{NBSP}{part['title']}" for part in parts)


def shown(row: Mapping[str, Any], states: Mapping[str, tuple[str, Any]], state: str) -> dict[str, Any]:
    """A basket as the pages draw it."""
    return {
        **row,
        "content": parts_text(row["parts"]),
        "when": slot(row["starts_at"], row["ends_at"]),
        "state_word": states.get(state, ("off", state)),
        "settled": settled_text(row) if row.get("means") else "",
        "why": str(REASONS.get(row.get("reason", ""), "")),
    }


def settled_text(row: Mapping[str, Any]) -> str:
    word = str(MEANS[row["means"]])
    return f"{word} ({money(row['amount_cents'])})" if row["amount_cents"] else word


def waiting_text(row: Mapping[str, Any]) -> str:
    count = sum(request["state"] == "waiting" for request in row["requests"])
    return ngettext("%(num)d demande en attente", "%(num)d demandes en attente", count) if count else ""


def by_day(rows: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """(date in words, its baskets), in order."""
    days: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        days.setdefault(row["on"], []).append(row)
    return [(day(found[0]["starts_at"]), found) for found in days.values()]


def told(method: str, success: str, **payload: Any) -> bool:
    """Carry out a command; the flash says what happened or why not."""
    try:
        tell("contracts", method, **payload)
    except (Rejected, Invalid) as refused:
        flash(refusal(refused), "problem")
        return False
    flash(success, "success")
    return True


def help_links(group_id: str = "") -> list[tuple[str, str]]:
    """(word, address) of the explanations that every page of the space links (S4:30-32)."""
    return [
        (gettext("Glossaire"), url_for("exchange_help.glossary")),
        (gettext("S’inscrire, se désinscrire"), url_for("exchange_help.enrolment")),
        (gettext("Administrer l’espace"), url_for("exchange_help.administration")),
    ]
