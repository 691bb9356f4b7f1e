"""T7: the event store is away for a minute under load, killed and frozen (connections open, no answer).

Writes are refused within a second, nothing is half written; balances and pages go on and say how old they are.
"""

from __future__ import annotations

import http.client
import time

from tests.chaos import outages
from tests.chaos.form import Form
from tests.chaos.stage import Scene, opened
from tests.chaos.watching import acknowledged_but_missing
from tests.proof import Row

TEST = "T7"
AFTER_S = 12.0
MARKED_AFTER_S = 5.0


def run(form: Form) -> Row:
    with form.place("t07") as folder, opened(folder, form.seed) as scene:
        return storm(scene, form.seconds(60.0, 6.0))


def storm(scene: Scene, seconds: float, hows: tuple[str, ...] = outages.HOWS, after_s: float = AFTER_S) -> Row:
    began, figure, problems = time.monotonic(), {}, []
    for how in hows:
        page: list[str] = []
        found, load = outages.outage(
            scene, "eventnode", how, seconds, after_s, meanwhile=lambda page=page: page.append(public_page(scene))
        )
        reads = load.between(found.began + MARKED_AFTER_S, found.ended, "read")
        unmarked = [one for one in reads if not one.data_age.isdigit()]
        figure[how] = found.figure | {
            "oldest_age_s": max((int(one.data_age) for one in reads if one.data_age), default=0)
        }
        problems += [f"{how}: {text}" for text in (*found.problems, *acknowledged_but_missing(scene, load.acts))]
        if unmarked or not reads:
            problems.append(f"{how}: {len(unmarked)} of {len(reads)} balances did not say their age")
        if "peuvent être anciens" not in page[0]:
            problems.append(f"{how}: the page did not say that its figures may be old")
        if after := [
            one for one in load.between(found.up + outages.BACK_WITHIN_S, float("inf"), "read") if one.data_age
        ]:
            problems.append(f"{how}: {len(after)} balances still called old afterwards")
    return Row(TEST, figure, problems, time.monotonic() - began)


def public_page(scene: Scene) -> str:
    """A page as anybody sees it."""
    connection = http.client.HTTPConnection("127.0.0.1", scene.running.port_base, timeout=20)
    try:
        connection.request("GET", "/connexion", headers={"Accept-Language": "fr"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()
