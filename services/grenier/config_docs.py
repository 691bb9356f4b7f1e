"""Texts generated from the table of variables: `.env.example` and the reference page of the documentation."""

from __future__ import annotations

from grenier.config import VARIABLES

HEADER = """\
# Réglages de Grenier. Généré par `grenier check-config --example` : modifier la table de services/grenier/config.py.
# Copier en .env et enlever le # devant ce qui change ; `make run` lit ce fichier. Une variable vide vaut sa valeur par défaut.
"""


def env_example() -> str:
    """The file to copy: every variable commented, with its default."""
    parts = [HEADER]
    for variable in VARIABLES:
        parts.append(
            f"# {variable.meaning}\n# Attendu : {variable.value.expected}.\n#{variable.name}={variable.default}\n"
        )
    return "\n".join(parts)


def markdown() -> str:
    """A table for the reference documentation."""
    lines = ["| Variable | Défaut | Attendu | Sens |", "|---|---|---|---|"]
    for variable in VARIABLES:
        default = f"`{variable.default}`" if variable.default else "–"
        lines.append(f"| `{variable.name}` | {default} | {variable.value.expected} | {variable.meaning} |")
    return "\n".join(lines) + "\n"
