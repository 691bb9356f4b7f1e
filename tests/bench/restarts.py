"""P17: from nothing to an installation that answers, and back after kill -9 of one process."""

from __future__ import annotations

import time
from statistics import median

from grenier_infra.launcher.table import named
from grenier_infra.launcher.testing import Installation
from tests.bench.judging import verdict
from tests.bench.plan import Found, Say

SERVICES = ("serve-orders", "serve-ledger", "work-orders", "work-ledger", "gateway")
SERVERS = ("eventnode", "broker")
LONGEST_START_S = 15.0
LONGEST_RETURN_S = 2.0


def measure(running: Installation, started_s: float, say: Say) -> Found:
    """Every process is killed alone; it is back when the launcher's probe is answered 200 again and all others are ready too."""
    back = {}
    for name in (*SERVICES, *SERVERS):
        began = time.monotonic()
        running.kill(named(name, running.pids()))
        running.wait_ready()
        back[name] = time.monotonic() - began
        say(f"kill -9 {name}: back after {back[name]:.2f} s")
    slowest = max(back.values())
    services = [back[name] for name in SERVICES]
    found = Found()
    found.verdicts["P17"] = verdict(
        started_s, "s to start everything", started_s / slowest, "slowest single start",
        passed=started_s <= LONGEST_START_S,
        goal=started_s <= 1.5 * slowest and max(services) <= LONGEST_RETURN_S,
        back_after_kill_s=max(services), back_after_kill_median_s=median(services),
        each={name: round(seconds, 2) for name, seconds in back.items()},
    )  # fmt: skip
    return found
