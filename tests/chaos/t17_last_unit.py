"""T17: one jar of honey, 64 households at once, 200 times on the real node: one buyer each time, never less than nothing left."""

from __future__ import annotations

import time

from tests.chaos.form import Form
from tests.contention import streams
from tests.contention.node import shops_on_node
from tests.proof import Row

TEST = "T17"


def run(form: Form) -> Row:
    began = time.monotonic()
    with form.place("last-unit") as folder, shops_on_node(folder) as shops:
        outcome = streams.last_unit(shops, form.count(200, 10))
    return Row(TEST, outcome.figures, outcome.problems, time.monotonic() - began)
