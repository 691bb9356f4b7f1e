"""One role's share of T32, carried out in a process of its own."""

from __future__ import annotations

import logging
import re
import tempfile
from pathlib import Path

from tests.fuzz import described
from tests.fuzz.cast import ANONYMOUS, EATER, Player, player
from tests.house_app import Site
from tests.isolation import leave_traces
from tests.lived_month import Lived, live

NEGATIVE = ("central_team", "organiser", "treasurer", EATER, ANONYMOUS)  # with data that break the description, too
A_ROUND = 4  # examples of each operation until everybody moves into a new month
# What leaves little to be done behind it is done last.
ENDING = re.compile(
    r"^DELETE |/(?:abandon|cancel|close|closed|close-sign-ups|decision|decline|end|freeze|leave|leave-sharing|return|reversal"
    r"|settings|withdraw)$"
)


def lived() -> Lived:
    month = live(Site(Path(tempfile.mkdtemp(prefix="fuzz-"))))
    month.site.app.testing = False
    return month


def as_role(role: str, seed: int, cases: int) -> described.Findings:
    """One role's share of T32: everything once, then what is open to it again and again until its share is reached.

    The coverage phase, which counts its own cases, comes on top.
    """
    logging.disable(logging.ERROR)
    site, who = _moved_in(role)
    found = described.attack(site, who, examples=1, seed=seed, phases=("examples", "fuzzing"))
    open_to = [label for label in described.may_enter(site, role) if not found.shut(label)]
    for turn in range(1, 50):
        missing, before = cases - found.cases, found.cases
        if missing <= 0 or not open_to:
            break
        each = max(1, min(A_ROUND, missing // len(open_to)))
        found.add(_in_turn(role, open_to, ("examples", "fuzzing", "stateful"), seed + turn, each))
        open_to = [label for label in open_to if not found.shut(label)]
        if found.cases == before:
            break
    if role in NEGATIVE:
        found.add(_in_turn(role, open_to, ("coverage",), seed))
    return found


def _in_turn(role: str, open_to: list[str], phases: tuple[str, ...], seed: int, each: int = 1) -> described.Findings:
    """In a new month: what it may do, and behind it what ends things."""
    site, who = _moved_in(role)
    found = described.Findings()
    for ending in (False, True):
        only = [label for label in open_to if bool(ENDING.search(label)) is ending]
        if only:
            found.add(described.attack(site, who, phases, each, seed, only=only))
    return found


def _moved_in(role: str) -> tuple[Site, Player]:
    month = lived()
    leave_traces(month)
    return month.site, player(month, role)
