"""The order in which French readers expect names: without case or accents."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any


def plain(text: str) -> str:
    """ "Épicerie" -> "epicerie"."""
    return "".join(
        letter for letter in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(letter)
    )


def by_category(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return plain(row["category"]), plain(row["name"]), row["product_id"]
