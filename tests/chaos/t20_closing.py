"""T20: a cycle closes while orders arrive, 200 times on the real node."""

from __future__ import annotations

import time

from tests.chaos.form import Form
from tests.contention import streams
from tests.contention.node import shops_on_node
from tests.proof import Row

TEST = "T20"


def run(form: Form) -> Row:
    began = time.monotonic()
    with form.place("closing") as folder, shops_on_node(folder) as shops:
        outcome = streams.closing(shops, form.count(200, 10))
    return Row(TEST, outcome.figures, outcome.problems, time.monotonic() - began)
