"""What messages are called in lists, by their template."""

from typing import Any

from flask_babel import lazy_gettext

SEASON: dict[str, Any] = {
    "activity-cancelled": lazy_gettext("Activité annulée"),
    "activity-changed": lazy_gettext("Activité modifiée"),
    "activity-invitation": lazy_gettext("Invitation"),
    "bundle-handed-over": lazy_gettext("Chèques remis à la ferme"),
    "cheques-to-hand-over": lazy_gettext("Chèques à remettre"),
    "contract-approved": lazy_gettext("Contrat accepté"),
    "contract-changes-requested": lazy_gettext("Changements demandés"),
    "contract-ending": lazy_gettext("Fin de contrat"),
    "contract-to-approve": lazy_gettext("Contrat à accepter"),
    "delivery-added": lazy_gettext("Livraison ajoutée"),
    "delivery-cancelled": lazy_gettext("Livraison annulée"),
    "delivery-counted": lazy_gettext("Livraison double"),
    "delivery-moved": lazy_gettext("Livraison déplacée"),
    "delivery-reminder": lazy_gettext("Rappel de livraison"),
    "dues-open": lazy_gettext("Campagne de cotisation"),
    "help-desk": lazy_gettext("Permanence"),
    "minutes-published": lazy_gettext("Compte rendu"),
    "payment-requested": lazy_gettext("Somme à régler"),
    "producer-announcement": lazy_gettext("Nouvelles de la ferme"),
    "question-answered": lazy_gettext("Réponse à une question"),
    "question-asked": lazy_gettext("Question à la ferme"),
    "question-published": lazy_gettext("Question et réponse"),
    "refund-issued": lazy_gettext("Remboursement"),
    "round-cancelled": lazy_gettext("Commande annulée"),
    "round-opened": lazy_gettext("Commande de contrat ouverte"),
    "round-reminder": lazy_gettext("Commande à passer"),
    "sign-ups-closing": lazy_gettext("Fin des inscriptions"),
    "sign-ups-open": lazy_gettext("Inscriptions ouvertes"),
    "statement-issued": lazy_gettext("Décompte"),
    "subscription-confirmed": lazy_gettext("Inscription confirmée"),
    "subscription-declined": lazy_gettext("Inscription refusée"),
    "subscription-place-given": lazy_gettext("Place libérée"),
    "subscription-registered": lazy_gettext("Inscription enregistrée"),
    "subscription-waiting": lazy_gettext("Liste d’attente"),
}
