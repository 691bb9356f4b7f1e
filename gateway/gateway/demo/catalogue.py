"""The products and producers of the demonstration, read from the two tables beside this file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NUMBERS = ("portion_g", "net_weight_g", "case_size", "whole_piece_g", "price_cents")


def producers() -> list[dict[str, str]]:
    """key, name, place."""
    return _table("producers.csv")


def products() -> list[dict[str, Any]]:
    """producer (key), name, category, sale, unit_label, weights in grams, case_size, organic, origin, price_cents."""
    rows: list[dict[str, Any]] = []
    for row in _table("catalogue.csv"):
        rows.append({**row, "organic": row["organic"] == "oui", **{name: int(row[name]) for name in NUMBERS}})
    return rows


def _table(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))
