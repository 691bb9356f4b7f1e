"""T6: the broker is away for a minute under load, killed and frozen. Commands are refused at once, balances go on."""

from __future__ import annotations

import time

from tests.chaos.form import Form
from tests.chaos.outages import HOWS, outage
from tests.chaos.stage import Scene, opened
from tests.chaos.watching import acknowledged_but_missing
from tests.proof import Row

TEST = "T6"
AFTER_S = 12.0
RELAYED_WITHIN_S = 30.0


def run(form: Form) -> Row:
    with form.place("t06") as folder, opened(folder, form.seed) as scene:
        return storm(scene, form.seconds(60.0, 5.0))


def storm(scene: Scene, seconds: float, hows: tuple[str, ...] = HOWS, after_s: float = AFTER_S) -> Row:
    began, figure, problems = time.monotonic(), {}, []
    for how in hows:
        found, load = outage(scene, "broker", how, seconds, after_s)
        relayed = relayed_after(scene)
        figure[how] = found.figure | {"relayed_after_s": relayed}
        problems += [f"{how}: {text}" for text in (*found.problems, *acknowledged_but_missing(scene, load.acts))]
        if relayed is None:
            problems.append(f"{how}: the feed did not catch up within {RELAYED_WITHIN_S} s")
    return Row(TEST, figure, problems, time.monotonic() - began)


def relayed_after(scene: Scene) -> float | None:
    """Seconds until the relay has published the whole log."""
    import sqlite3

    from grenier.log.esdb import EsdbLog

    log, began = EsdbLog(scene.settings.esdb_uri), time.monotonic()
    head = log.head() or 0
    log.close()
    while time.monotonic() - began < RELAYED_WITHIN_S:
        with sqlite3.connect(scene.running.data / "relay.sqlite") as checkpoint:
            if checkpoint.execute("SELECT position FROM checkpoint").fetchone()[0] >= head:
                return round(time.monotonic() - began, 1)
        time.sleep(0.1)
    return None
