"""Names as people read and search them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def fold(text: str) -> str:
    """For searching and sorting: lower case, no accents, straight apostrophes ("Éloïse  D’Arc" → "eloise d'arc")."""
    text = text.replace("’", "'")
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


def full_name(first_name: str, last_name: str) -> str:
    return f"{first_name} {last_name}".strip()


def short_name(first_name: str, last_name: str) -> str:
    """What members of a group see of each other: "Marie D."."""
    if not first_name:
        return last_name[:1] + "." if last_name else ""
    return f"{first_name} {last_name[:1]}.".strip() if last_name else first_name


def household_label(persons: Iterable[tuple[str, str]]) -> str:
    """Last names of (first name, last name) in order, each once: "Martin / Diallo"."""
    names = [last or first for first, last in persons]
    return " / ".join(dict.fromkeys(name for name in names if name))
