"""T26: every version of every event ever written is read by today's code, and folds to what it did."""

from __future__ import annotations

import time

from tests import golden_state
from tests.chaos.form import Form
from tests.proof import Row

TEST = "T26"


def run(_form: Form) -> Row:
    began = time.monotonic()
    now, before = golden_state.today(), golden_state.stored()
    problems = [
        f"{part}: {name} is not what it was"
        for part in now
        for name in sorted({*now[part], *before[part]})
        if now[part].get(name) != before[part].get(name)
    ]
    figure = {part: len(found) for part, found in now.items()}
    return Row(TEST, figure, problems, time.monotonic() - began)
