"""T18: 500 households order in 2 to 8 tabs at once; views run behind, answers are lost, holds are released under way."""

from __future__ import annotations

import time
from collections import Counter

from tests.chaos.form import Form
from tests.contention.credit_floor import rounds
from tests.proof import Row

TEST = "T18"


def run(form: Form) -> Row:
    began, answers, problems, played = time.monotonic(), Counter[str](), [], 0
    for seed in form.seeds:
        with form.place(f"credit-{seed}") as folder:
            outcome = rounds(folder, form.count(500, 20), seed)
        played += outcome.rounds
        answers.update(outcome.answers)
        problems += [f"seed {seed}: {problem}" for problem in outcome.problems]
    for wanted in ("ok", "credit-floor"):
        if not answers[wanted]:
            problems.append(f"nobody was answered {wanted}: nothing is proved")
    return Row(TEST, {"rounds": played, "crossings": len(problems), "answers": dict(sorted(answers.items()))}, problems,
               time.monotonic() - began)  # fmt: skip
