"""T21: a thousand histories of fifty steps at tills and accounts; a break is told with its shortest history."""

from __future__ import annotations

import time

from tests.chaos.form import Form
from tests.contention import ledger_machine
from tests.proof import Row

TEST = "T21"
STEPS = 50


def run(form: Form) -> Row:
    began = time.monotonic()
    problems = [*ledger_machine.inexact(), *ledger_machine.changeable()]
    examples = form.count(1_000, 20)
    try:
        ledger_machine.play(examples, STEPS)
    except AssertionError as broken:
        problems.append(f"{broken}"[:2_000])
    figure = {"examples": examples, "steps": STEPS, "inexact_fields": len(ledger_machine.inexact())}
    return Row(TEST, figure, problems, time.monotonic() - began)
