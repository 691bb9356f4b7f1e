"""T19: 16 writers in 4 processes' worth of memory, 1,000 commands each, on one stream of the real node."""

from __future__ import annotations

import time

from tests.chaos.form import Form
from tests.contention import streams
from tests.contention.node import shops_on_node
from tests.proof import Row

TEST = "T19"
WRITERS = 16


def run(form: Form) -> Row:
    began = time.monotonic()
    with form.place("writers") as folder, shops_on_node(folder) as shops:
        outcome = streams.many_writers(shops, WRITERS, form.count(1_000, 20))
    return Row(TEST, outcome.figures, outcome.problems, time.monotonic() - began)
