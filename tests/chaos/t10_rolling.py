"""T10: every process is restarted by SIGTERM, one after the other, while orders and payments come in.

Nobody meets an error but 503 with Retry-After (or a connection that closes), nothing is double, each is gone in 10 s.
The first round begins in the version before (`--previous REF`, by default the last tag, else some commits back) and ends
in this one: during it old and new programs work side by side.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from grenier_infra.launcher.restart import Restarted, rolling
from tests.chaos import checks
from tests.chaos.acts import Act
from tests.chaos.clients import Crowd
from tests.chaos.form import Form
from tests.chaos.killer import wait_whole
from tests.chaos.stage import Scene, opened
from tests.chaos.versions import beside
from tests.proof import Row

TEST = "T10"
OUT_S = 10.0
ENDLESS = 10_000_000


def run(form: Form) -> Row:
    began, rounds = time.monotonic(), form.count(3, 1)
    with form.place("versions") as versions, beside(versions, form.previous) as two, form.place("rolling") as folder:
        python = two.python if two else sys.executable
        with opened(folder, form.seed, python=python) as scene:
            if two:
                two.renew()
            figures, problems, acts = restart(scene, rounds)
            found = checks.check(scene, acts)
    previous = two.commit[:12] if two else "none: not mixed"
    figures |= {"duplicates": found["duplicates"], "lost": found["lost"], "previous": previous}
    return Row(TEST, figures, problems + found["problems"], time.monotonic() - began)


def restart(scene: Scene, rounds: int = 1, names: Sequence[str] = (), clients: int = 4) -> tuple[dict[str, Any], list[str], list[Act]]:  # fmt: skip
    """Restart under load; the figures, what went wrong, and everything that was asked."""
    crowd, over = Crowd(scene, clients=clients), threading.Event()
    load = threading.Thread(target=lambda: crowd.closed(ENDLESS, over.is_set), daemon=True)
    load.start()
    done: list[Restarted] = []
    try:
        for _ in range(rounds):
            done += rolling(scene.running.data, names)
        wait_whole(scene.running)
    finally:
        over.set()
        load.join()
    slow = [f"{one.name} took {one.out_s:.1f} s to end{' and was killed' if one.forced else ''}" for one in done if one.forced or one.out_s > OUT_S]  # fmt: skip
    none = [] if crowd.told > len(done) else [f"only {crowd.told} commands during {len(done)} restarts"]
    figures = {
        "restarts": len(done),
        "commands": crowd.told,
        "answers": dict(sorted(crowd.answers.items())),
        "slowest_out_s": max(round(one.out_s, 2) for one in done),
        "slowest_back_s": max(round(one.back_s, 2) for one in done),
        "slowest_command_s": max(round(act.took_s, 2) for act in crowd.acts),
    }
    return figures, crowd.problems() + slow + none, crowd.acts
