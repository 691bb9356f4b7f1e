"""T28: 5,000 evenings around a deadline; three processes whose clocks are five minutes apart and jump by two hours."""

from __future__ import annotations

import time

from tests.chaos.form import Form
from tests.contention import clocks
from tests.proof import Row

TEST = "T28"


def run(form: Form) -> Row:
    began = time.monotonic()
    outcome = clocks.rounds(form.count(5_000, 50), form.seed)
    return Row(TEST, outcome.figures, outcome.problems, time.monotonic() - began)
