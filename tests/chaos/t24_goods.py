"""T24: 100,000 events of deliveries and distribution days; goods are conserved at every one of them."""

from __future__ import annotations

import time

from tests.chaos.form import Form
from tests.contention.goods import Books
from tests.contention.goods_months import months
from tests.proof import Row

TEST = "T24"


def run(form: Form) -> Row:
    began, books = time.monotonic(), Books()
    for position, event in enumerate(months(form.count(100_000, 2_000), form.seed)):
        books.note(event, position)
    books.finish()
    problems = books.problems[:50]
    if not books.kind["household", "bread"] or not books.kind["loss", "bread"]:
        problems.append("nothing was handed out or lost: nothing is proved")
    return Row(TEST, books.figures(), problems, time.monotonic() - began)
