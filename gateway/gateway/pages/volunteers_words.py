"""Words for activities: their kinds, tasks and states, how many hands are missing."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

KINDS: dict[str, Any] = {
    "distribution": lazy_gettext("distribution"),
    "delivery": lazy_gettext("livraison"),
    "help_desk": lazy_gettext("permanence"),
    "event": lazy_gettext("événement"),
    "meeting": lazy_gettext("réunion"),
    "training": lazy_gettext("formation"),
    "visit": lazy_gettext("visite de ferme"),
    "festive_distribution": lazy_gettext("distribution festive"),
    "general_meeting": lazy_gettext("assemblée générale"),
}
INVITED: dict[str, Any] = {
    "everybody": lazy_gettext("tous les foyers du groupe"),
    "collective": lazy_gettext("le collectif : les personnes qui ont un rôle"),
}
EVERY: dict[str, Any] = {
    "week": lazy_gettext("chaque semaine"),
    "fortnight": lazy_gettext("toutes les deux semaines"),
    "month": lazy_gettext("chaque mois"),
}
STATES: dict[str, tuple[str, Any]] = {
    "planned": ("waiting", lazy_gettext("prévue")),
    "announced": ("good", lazy_gettext("annoncée")),
    "held": ("off", lazy_gettext("terminée")),
    "minuted": ("good", lazy_gettext("compte rendu publié")),
    "cancelled": ("problem", lazy_gettext("annulée")),
}
TASKS: dict[str, tuple[Any, Any]] = {
    "set_up": (lazy_gettext("Mise en place"), lazy_gettext("Tables, balances, affiches ; réception des palettes.")),
    "welcome": (lazy_gettext("Accueil"), lazy_gettext("Pointer les arrivées, accompagner vers les stands.")),
    "stands": (lazy_gettext("Vrac et stands"), lazy_gettext("Peser et servir, dans le respect de l’hygiène.")),
    "till": (lazy_gettext("Caisse"), lazy_gettext("Vérifier la commande et encaisser.")),
    "tidy_up": (lazy_gettext("Rangement"), lazy_gettext("Compter le stock, nettoyer, ranger la salle.")),
}


def task_name(code: str) -> str:
    return str(TASKS[code][0]) if code in TASKS else code


def need(missing: int) -> tuple[str, str]:
    """(kind, word): "il manque 3 personnes"."""
    if not missing:
        return "good", _("complet")
    return "attention", ngettext("il manque %(num)d personne", "il manque %(num)d personnes", missing)
