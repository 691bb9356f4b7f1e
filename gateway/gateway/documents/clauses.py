"""Sentences of the documents that a group may replace by its own (stored as data, never as a template).

A clause is plain text: a blank line parts paragraphs, a line that begins with "- " is a point of a list, **two stars** are
bold. Words in braces are filled in: {groupe} {producteur} {ordre} {visites}.
"""

import re
from collections.abc import Mapping
from typing import Any

from gateway.documents.words import plain

# {document: {clause: (what it is, the house's text)}}
HOUSE: dict[str, dict[str, tuple[str, str]]] = {
    "contract": {
        "preamble": (
            "Préambule",
            "Le présent contrat lie l’adhérent·e et le·a producteur·rice pour la durée de la saison, dans le respect de la charte "
            "des AMAP. {groupe} facilite cet engagement sans être partie à la vente : le prix est payé directement à {ordre}.",
        ),
        "producer_duties": (
            "Engagements de la ferme",
            "Le·a producteur·rice s’engage à :\n"
            "- respecter la charte des AMAP et le règlement du groupe ;\n"
            "- livrer à chaque distribution les produits payés d’avance, issus de sa propre ferme ;\n"
            "- n’encaisser les chèques qu’aux dates convenues ;\n"
            "- être transparent·e sur ses prix et ses méthodes ;\n"
            "- accueillir les adhérent·e·s sur la ferme {visites} au cours de la saison.",
        ),
        "member_duties": (
            "Engagements de l’adhérent·e",
            "L’adhérent·e s’engage à :\n"
            "- respecter la charte des AMAP et être à jour de son adhésion à {groupe} ;\n"
            "- payer d’avance, à l’ordre de {ordre} ;\n"
            "- venir chercher son panier ou se faire remplacer : un panier non retiré n’est pas remboursé ;\n"
            "- prendre part à la vie du groupe et à la tenue des distributions ;\n"
            "- partager avec le·a producteur·rice les risques et les bienfaits de l’agriculture.",
        ),
        "group_duties": (
            "Rôle de l’AMAP",
            "Les référent·e·s signent en témoins, transmettent les contrats et les chèques à la ferme et font le lien "
            "entre les deux parties. Aucun paiement n’est reçu sur le lieu de distribution.",
        ),
        "start": ("Début en cours de saison", "Un engagement peut commencer en cours de saison ; il prend fin avec elle."),
        "privacy": (
            "Données personnelles",
            "Les coordonnées données ici ne servent qu’à la gestion de ce contrat ; elles sont connues de la ferme et des "
            "référent·e·s, et effacées sur demande.",
        ),
        "mention": ("Mention particulière", ""),
    },
    "membership": {
        "commitment": (
            "Engagement",
            "J’adhère à {groupe}. J’ai lu ses statuts, son règlement et sa charte, et je m’engage à les respecter.",
        ),
        "privacy": (
            "Données personnelles",
            "Les coordonnées données ici ne servent qu’à la vie du groupe. Elles sont effacées sur demande et ne sont transmises à "
            "personne d’autre.",
        ),
    },
    "sign_off": {
        "message": ("Message général", ""),
        "place": ("Consignes du lieu", ""),
    },
    "order_form": {
        "containers": (
            "Contenants",
            "Pensez à vos contenants (bocaux, boîtes, sacs) : ils sont pesés vides avant d’être remplis.",
        ),
        "payment": ("Paiement", ""),
    },
    "settlement": {
        "closing": ("Formule de fin", "Avec nos remerciements pour votre engagement à nos côtés."),
    },
}  # fmt: skip
LONGEST = 4000
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def blocks(document: str, clause: str, own: Mapping[str, str], facts: Mapping[str, str], inclusive: bool) -> list[Any]:
    """The clause as the templates set it: [{"item": bool, "runs": [[text, bold]]}]; empty when there is none."""
    words = own.get(clause) or plain(HOUSE[document][clause][1], inclusive)
    for name, value in facts.items():
        words = words.replace(f"{{{name}}}", value)
    return parsed(words)


def parsed(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    fresh = True
    for line in (each.strip() for each in text.splitlines()):
        if not line:
            fresh = True
        elif line.startswith("- "):
            found.append({"item": True, "runs": _runs(line[2:])})
            fresh = True
        elif fresh:
            found.append({"item": False, "runs": _runs(line)})
            fresh = False
        else:
            found[-1]["runs"] += [[" ", False], *_runs(line)]
    return found


def _runs(text: str) -> list[list[Any]]:
    """Odd parts stood between two stars."""
    return [[part, bool(at % 2)] for at, part in enumerate(_BOLD.split(text)) if part]
