"""The reference pages of `docs/reference/`, generated from the code: events, settings, roles.

python -m tests.reference            write them
python -m tests.reference --check    exit 1 and name the pages that are not what the code says
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from grenier import config_docs
from grenier.language import ENTRIES
from grenier.language.registry import Entry
from grenier.language.roles import FEDERATION_ROLES, GROUP_ROLES, OTHER_ROLES

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
OWNERS = ("contracts", "orders", "ledger", "logistics", "notify", "matching")
GENERATED = "<!-- Généré par `python -m tests.reference` : ne pas modifier ici. -->\n"

ROLE_WORDS = {
    "organiser": "organisation du groupe",
    "coordinator": "coordination (d’un contrat, d’un produit)",
    "treasurer": "trésorerie",
    "volunteer": "bénévole",
    "central_team": "équipe centrale",
    "logistician": "logistique",
    "territorial_coordinator": "coordination territoriale",
    "producer": "production",
    "volunteer_expert": "bénévole-expert·e",
    "occasional_taker": "intermittent·e",
    "role_holder": "porteur·se d’un mandat",
}
PERMISSION_WORDS = {
    "contracts.assign-roles": "donner et retirer des rôles",
    "contracts.cheques": "recevoir et remettre les chèques des contrats",
    "contracts.erase": "effacer les données d’une personne",
    "contracts.exchange": "animer l’espace intermittents",
    "contracts.found": "fonder des groupes, tenir producteurs et tarifs",
    "contracts.manage-contracts": "préparer, ouvrir et suivre les contrats et leurs inscriptions",
    "contracts.manage-members": "enregistrer foyers, personnes et adhésions",
    "contracts.own-contracts": "voir ses propres contrats et y répondre",
    "contracts.read-members": "lire la liste des membres",
    "contracts.settings": "changer les réglages du groupe",
    "ledger.correct": "corriger et extourner des écritures",
    "ledger.count": "compter et fermer la caisse",
    "ledger.prepay": "recevoir provisions et cotisations",
    "ledger.read": "lire les comptes",
    "ledger.till": "ouvrir la caisse, encaisser",
    "ledger.verify": "vérifier les caisses",
    "logistics.count": "compter le stock",
    "logistics.dispatch": "faire partir les livraisons",
    "logistics.distribute": "accueillir, peser, échanger, émarger",
    "logistics.pallets": "préparer les palettes",
    "logistics.read": "lire livraisons et distributions",
    "logistics.receive": "réceptionner les livraisons",
    "matching.experts": "suivre les missions d’experts",
    "matching.manage": "prévoir des activités, relancer, pointer",
    "matching.own": "voir ses propres missions",
    "matching.read": "lire les inscriptions",
    "notify.announce": "écrire aux membres, adapter les modèles",
    "notify.call": "tenir la liste d’appel",
    "notify.read": "lire les messages du groupe",
    "notify.templates": "écrire les modèles de la fédération",
    "orders.catalogue": "tenir le catalogue et les prix",
    "orders.proxy": "prendre une commande pour quelqu’un",
    "orders.read": "lire les commandes du groupe",
    "orders.regulate": "réguler et arrêter les commandes",
    "orders.supplier-orders": "lire et confirmer ses commandes fournisseurs",
    "orders.suppliers": "envoyer les commandes fournisseurs",
    "orders.windows": "programmer les périodes de commande",
}


def pages() -> dict[str, str]:
    """File name -> text."""
    return {"evenements.md": events(), "reglages.md": settings(), "roles.md": roles()}


# -- events ------------------------------------------------------------------------------------------------------


def events() -> str:
    parts = [
        "# Les événements\n",
        GENERATED,
        "Chaque fait du journal a un nom, une version et un corps JSON. Les montants sont en centimes (`_cents`), les poids en grammes "
        "(`_g`), les instants en UTC. Le flux public (`GET /api/v1/events`, RabbitMQ) ne montre que les champs **en gras** ; un "
        "événement sans champ en gras n’y paraît pas. `sealed` : chiffré avec la clé de la personne.\n",
    ]
    for owner in OWNERS:
        mine = [entry for name, entry in sorted(ENTRIES.items()) if name.split(".")[0] == owner]
        parts += [f"## {owner} ({len(mine)})\n", "| Événement | v | Champs | Sens |", "|---|---|---|---|"]
        parts += [_event_row(entry) for entry in mine] + [""]
    return "\n".join(parts)


def _event_row(entry: Entry) -> str:
    shown = set(entry.public or ())
    fields = ", ".join(f"**{name}**" if name in shown else name for name in entry.kind.__struct_fields__)
    return f"| `{entry.name}` | {entry.version} | {fields} | {_first_line(entry.kind)} |"


def _first_line(kind: type) -> str:
    own = kind.__dict__.get("__doc__") or ""
    return inspect.cleandoc(own).split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


# -- settings and roles ------------------------------------------------------------------------------------------


def settings() -> str:
    return (
        f"# Les réglages\n\n{GENERATED}\nTout vient de l’environnement ; `grenier check-config` dit ce qui manque ou ne convient pas, "
        f"et `.env.example` est le fichier à copier.\n\n{config_docs.markdown()}"
    )


def roles() -> str:
    parts = [
        "# Les rôles et ce qu’ils permettent\n",
        GENERATED,
        "Un rôle vaut dans un groupe, ou pour toute la fédération (alors dans chacun de ses groupes). Commander pour son foyer et lire "
        "son propre relevé ne demandent aucun rôle. Les services vérifient chaque appel d’après ce tableau.\n",
    ]
    for title, table in (
        ("Dans un groupe", GROUP_ROLES),
        ("Pour la fédération", FEDERATION_ROLES),
        ("Pour un producteur ou pour soi", OTHER_ROLES),
    ):
        parts.append(f"## {title}\n")
        for role, permissions in table.items():
            parts.append(f"### {ROLE_WORDS[role].capitalize()} (`{role}`)\n")
            listed = [f"- {PERMISSION_WORDS[name]} (`{name}`)" for name in sorted(permissions)]
            parts += [*(listed or ["- rien de plus qu’un membre"]), ""]
    return "\n".join(parts)


def stale() -> list[str]:
    """Names of the committed pages that differ from what the code says."""
    found = []
    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            found.append(name)
    return found


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        sys.stdout.writelines(f"{name}\n" for name in stale())
        return 1 if stale() else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
