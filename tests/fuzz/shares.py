"""One role's share of T32, carried out in a process of its own."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from tests.fuzz import described
from tests.fuzz.cast import ANONYMOUS, EATER, player
from tests.house_app import Site
from tests.lived_month import Lived, live

NEGATIVE = ("central_team", "organiser", "treasurer", EATER, ANONYMOUS)  # with data that break the description, too


def lived() -> Lived:
    month = live(Site(Path(tempfile.mkdtemp(prefix="fuzz-"))))
    month.site.app.testing = False
    return month


def as_role(role: str, seed: int, cases: int) -> described.Findings:
    """One role's share of T32: everything once, then what it may enter again and again until its share is reached."""
    logging.disable(logging.ERROR)
    month = lived()
    site, who = month.site, player(month, role)
    found = described.attack(site, who, examples=1, seed=seed, phases=("examples", "fuzzing"))
    if role in NEGATIVE:
        found.add(described.attack(site, who, seed=seed, phases=("coverage",)))
    open_to = described.may_enter(site, role)
    for turn in range(1, 50):
        missing = cases - found.cases
        if missing <= 0 or not open_to:
            break
        each = max(1, min(20, missing // len(open_to)))
        before = found.cases
        found.add(described.attack(site, who, ("examples", "fuzzing", "stateful"), each, seed + turn, only=open_to))
        if found.cases == before:
            break
    return found
