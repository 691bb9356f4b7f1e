"""The table of the README, written between its two markers from what `make bench` last measured.

python -m tests.bench.table [--check]         # --check: 1 when the README shows other figures than the file
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.plan import TARGETS

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
HEAD = ("| | travail | mesuré | rapport | à quoi | limites | |", "|---|---|---|---|---|---|---|")
FRENCH = {
    "P1": "passer une commande, à plusieurs",
    "P2": "passer une commande, seul",
    "P3": "ruée de l'ouverture, 64 écrans ouverts",
    "P4": "commande → visible dans son solde et le stock",
    "P5": "lire un solde",
    "P6": "rejouer toutes les vues, copie locale du journal",
    "P7": "rejouer depuis le journal",
    "P8": "vues avancées lot par lot",
    "P9": "clore un cycle de 50 groupes",
    "P10": "pages ouvertes après la clôture",
    "P11": "ajouter au journal, 16 auteurs, 16 flux",
    "P12": "événements confirmés par RabbitMQ",
    "P14": "rejouer des données personnelles chiffrées",
    "P15": "part de la validation dans une commande",
    "P16": "charger un agrégat de 1 000 événements",
    "P17": "tout démarrer ; revenir après kill -9",
    "P18": "mémoire d'un rejeu",
}


def table(found: Mapping[str, Any]) -> list[str]:
    """Markdown rows: what was measured, the ratio (median [least–greatest]) to the peer, the ratios to the limits."""
    return [*HEAD, *(_row(name, found[name]) for name in TARGETS if name in found)]


def _row(name: str, row: Mapping[str, Any]) -> str:
    spread = f" [{_number(row['spread'][0])}–{_number(row['spread'][1])}]" if row["spread"] else ""
    ratio = f"{_number(row['ratio'])}{spread}" if row["ratio"] is not None else "–"
    if row.get("cpu_ratio") is not None:
        ratio += f" ; CPU × {_number(row['cpu_ratio'])}"
    limits = ", ".join(f"{_number(share)} × {limit}" for limit, share in row["limits"].items())
    state = "objectif" if row["goal"] else "tenu" if row["pass"] else "**manqué**"
    measured = f"{_number(row['value'])} {row['unit']}"
    return f"| {name} | {FRENCH[name]} | {measured} | {ratio} | {row['against']} | {limits or '–'} | {state} |"


def _number(number: float) -> str:
    """`12 345`, `12,3`, `0,12`: as French readers write numbers."""
    if abs(number) >= 100:
        return f"{number:,.0f}".replace(",", "\u202f")
    return f"{number:.3g}".replace(".", ",")


def written(readme: str, found: Mapping[str, Any]) -> str:
    """The README with the table between the markers. ValueError when they are not there."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README has no place for the table: {BEGIN} … {END}")
    return "\n".join([before + BEGIN, *table(found), END]) + after


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.bench.table")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    parser.add_argument("--file", type=Path, default=ROOT / "build" / "bench.json")
    arguments = parser.parse_args()
    before = arguments.readme.read_text()
    after = written(before, json.loads(arguments.file.read_text()))
    if arguments.check:
        return int(after != before)
    arguments.readme.write_text(after)
    sys.stdout.write("\n".join(table(json.loads(arguments.file.read_text()))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
