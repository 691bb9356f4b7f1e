"""Words of order rounds and contract accounts, refusals in people's words, and the lines of « À faire » of rounds (pages/orders.py asks for them)."""

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.formats import day, instant_text, money
from gateway.problems import register
from gateway.tasks import Task

PARCELS: dict[str, tuple[str, Any]] = {
    "expected": ("waiting", lazy_gettext("attendu")),
    "received": ("attention", lazy_gettext("arrivé")),
    "handed_over": ("good", lazy_gettext("remis")),
}
FLAWS: dict[str, Any] = {
    "missing": lazy_gettext("manque"),
    "damaged": lazy_gettext("abîmé"),
    "wrong": lazy_gettext("erreur de produit"),
}
ANOMALIES: dict[str, tuple[str, Any]] = {
    "negative": ("problem", lazy_gettext("solde débiteur")),
    "no-prepayment": ("attention", lazy_gettext("provision incomplète")),
    "not-collected": ("attention", lazy_gettext("colis non retiré")),
    "differs": ("attention", lazy_gettext("débité autrement que commandé")),
    "not-subscribed": ("problem", lazy_gettext("écritures sans inscription")),
}
ACTS: dict[str, Any] = {
    "refund": lazy_gettext("Rembourser"),
    "request": lazy_gettext("Demander le paiement"),
    "transfer": lazy_gettext("Reporter sur un autre contrat"),
}

register(
    "not-subscribed",
    lazy_gettext("Réservé aux foyers inscrits à ce contrat"),
    lazy_gettext("Votre foyer n’est pas inscrit à ce contrat pour cette livraison : demandez à sa coordination."),
)
register(
    "contract-floor",
    lazy_gettext("Au-delà de ce que le compte du contrat permet"),
    lazy_gettext(
        "Cette commande fait %(total)s ; il reste %(available)s à commander. Le compte de ce contrat est à %(balance)s, "
        "%(committed)s sont déjà réservés par d’autres commandes, et le contrat n’accepte pas de descendre sous %(floor)s."
    ),
)
register(
    "contract-without-rounds",
    lazy_gettext("Ce contrat n’a pas de période de commande"),
    lazy_gettext("La limite compte pour les commandes : elle se règle sur un contrat ouvert où l’on commande."),
)
register(
    "cycle-not-due",
    lazy_gettext("Ce n’est pas encore l’heure"),
    lazy_gettext("La période s’ouvre et se ferme d’elle-même, aux heures prévues."),
)
register(
    "cycle-scheduled",
    lazy_gettext("Période déjà prévue"),
    lazy_gettext("Elle existe avec d’autres dates ou d’autres produits : ouvrez-la pour la voir."),
)
register(
    "conflict-retry",
    lazy_gettext("Beaucoup de monde en même temps"),
    lazy_gettext("Rien n’est enregistré. Recommencez dans un instant."),
)
register(
    "cycle-cancelled",
    lazy_gettext("Livraison annulée"),
    lazy_gettext("La livraison n’a pas lieu : on ne commande plus, et les commandes passées sont annulées."),
)
register(
    "parcel-handed-over",
    lazy_gettext("Colis déjà remis"),
    lazy_gettext("Annulez d’abord la remise, puis corrigez le contenu."),
)
register(
    "parcels-closed",
    lazy_gettext("Livraison terminée"),
    lazy_gettext("Les colis ne changent plus. Une erreur se corrige sur le compte du foyer."),
)
register(
    "parcel-unknown", lazy_gettext("Pas de colis"), lazy_gettext("Ce foyer n’a rien commandé pour cette livraison.")
)
register(
    "balance-changed",
    lazy_gettext("Le solde a changé"),
    lazy_gettext("Une écriture est arrivée entre-temps. Relisez les soldes, puis recommencez."),
)
register(
    "settlement-open",
    lazy_gettext("Des soldes ne sont pas à zéro"),
    lazy_gettext("Remboursez, reportez ou encaissez ce qui reste, puis terminez les comptes du contrat."),
)
register("same-contract", lazy_gettext("Même contrat"), lazy_gettext("Choisissez un autre contrat."))


def parcel_state(row: Mapping[str, Any]) -> tuple[str, str]:
    kind, word = PARCELS[row["state"]]
    return kind, str(word)


def limit_text(floor_cents: int | None) -> str:
    """The credit floor of a contract in words."""
    if floor_cents is None:
        return _("Pas de limite propre à ce contrat.")
    return _("Une commande ne peut pas mener le solde du contrat sous %(floor)s.", floor=money(floor_cents))


def contents(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{line['quantity']} × {line['name']}" for line in row["lines"])


def gaps(row: Mapping[str, Any]) -> str:
    """« 1 Confiture de figues (abîmé) », for each line that is not complete."""
    return ", ".join(
        _("%(count)s %(name)s (%(why)s)", count=line["missing"], name=line["name"], why=FLAWS.get(line["flaw"], ""))
        for line in row["lines"]
        if line["missing"]
    )


# -- à faire -----------------------------------------------------------------------------------------------------


def round_task(found: Mapping[str, Any]) -> Task:
    """What a round asks of its coordinator now (S0:36-40)."""
    address = {"group_id": found["group_id"], "contract_id": found["contract_id"], "cycle_id": found["cycle_id"]}
    on = day(found["distribution_starts_at"])
    detail = _("%(title)s, livraison %(on)s", title=found["title"], on=on)
    match found["step"]:
        case "closes-too-late":
            text = _("Les commandes ferment après la livraison")
            return Task(text, url_for("rounds.show", **address), _("Voir"), detail, urgency="late", icon="clock")
        case "prepare":
            text = _("Des produits indisponibles ?")
            until = _("%(detail)s ; ouverture %(when)s", detail=detail, when=instant_text(found["opens_at"]))
            return Task(text, url_for("rounds.unavailable", **address), _("Vérifier"), until, minutes=5, icon="tag")
        case "freeze":
            text = _("Arrêter les commandes")
            return Task(text, url_for("rounds.show", **address), _("Voir et arrêter"), detail, minutes=10, icon="scale")
        case "send":
            text = _("Envoyer la commande au producteur")
            url = url_for("rounds.sheet", **address)
            return Task(text, url, _("Lire et envoyer"), detail, minutes=5, icon="paper-airplane")
        case _:
            text = _("Colis à recevoir et à remettre")
            return Task(text, url_for("rounds.parcels", **address), _("Ouvrir les colis"), detail, icon="archive-box")
