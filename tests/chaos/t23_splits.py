"""T23: a million amounts split over members, by weights, and by the rules of regulation."""

from __future__ import annotations

import time

from tests.chaos.form import Form
from tests.contention.splits import cases
from tests.proof import Row

TEST = "T23"


def run(form: Form) -> Row:
    began = time.monotonic()
    outcome = cases(form.count(1_000_000, 2_000), form.seed)
    return Row(TEST, outcome.figures, outcome.problems[:50], time.monotonic() - began)
