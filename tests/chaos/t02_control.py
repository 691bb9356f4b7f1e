"""T2, the control of T1: with idempotency switched off the same kind of storm must show duplicates, else T1 shows nothing.

The gateway forgets the keys (GRENIER_TEST_SWITCHES=forget-keys), so a retry is a new command. Orders replace each
other and would hide it: the clients take payments only. Those die whose death cuts answers off.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from grenier_infra.launcher import probes
from grenier_infra.launcher.table import Probe
from grenier_infra.launcher.testing import free_port_base
from tests.chaos import checks
from tests.chaos.acts import Act, payment
from tests.chaos.clients import Crowd
from tests.chaos.form import Form
from tests.chaos.killer import Killer, wait_whole
from tests.chaos.stage import Scene, opened
from tests.proof import Row

TEST = "T2"
ENDLESS = 10_000_000
WANTED_PER_KILL = 0.5
VICTIMS = ("gateway worker", "gateway", "eventnode", "broker")
# Enough requests on their way that some are between the commit and the answer when a process dies.
CLIENTS = 16
START_PATIENCE_S = 60.0


def run(form: Form) -> Row:
    began = time.monotonic()
    kills, commands = form.count(100, 6), form.count(10_000, 400)
    with (
        form.place("control") as folder,
        opened(folder, form.seed, GRENIER_TEST_SWITCHES="forget-keys") as scene,
    ):
        crowd = Crowd(scene, clients=CLIENTS, make=payment)
        killer = Killer(scene.running, crowd, kills, commands, scene.seed, VICTIMS)
        rage = killer.start()
        crowd.closed(ENDLESS, lambda: crowd.told >= commands and not rage.is_alive())
        wait_whole(scene.running)
        figures, problems = verdict(scene, crowd.acts, len(killer.deaths))
    return Row(TEST, figures, crowd.problems() + problems, time.monotonic() - began)


def verdict(scene: Scene, acts: list[Act], kills: int) -> tuple[dict[str, Any], list[str]]:
    double = checks.duplicates(acts, checks.settled(scene.settings))
    per_kill = round(double / max(kills, 1), 2)
    figures = {"kills": kills, "payments": len(acts), "duplicates": double, "per_kill": per_kill}
    return figures, [] if per_kill >= WANTED_PER_KILL else [f"{per_kill} duplicates per kill: the storm of T1 proves nothing"]  # fmt: skip


def beside(scene: Scene, kills: int, commands: int) -> tuple[dict[str, Any], list[str]]:
    """The same in small, with a second, forgetful gateway in front of a running installation; its worker is what dies."""
    with forgetful_gateway(scene) as (url, process):
        crowd = Crowd(scene, clients=CLIENTS, make=payment, url=url)
        struck = 0

        def until() -> bool:
            nonlocal struck
            if crowd.told >= (struck + 1) * commands // (kills + 1) and struck < kills:
                struck += 1
                # The oldest: who kills the same place twice within seconds is told that the server gives up.
                min(psutil.Process(process.pid).children(), key=lambda worker: worker.create_time()).kill()
            return False

        crowd.closed(commands, until)
    figures, problems = verdict(scene, crowd.acts, struck)
    return figures, crowd.problems() + problems


@contextmanager
def forgetful_gateway(scene: Scene) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A gateway of its own on a free port, over the installation's log, broker and data folder."""
    settings, port = scene.settings, free_port_base()
    own = {"GRENIER_PORT": str(port), "ESDB_URI": settings.esdb_uri, "AMQP_URL": settings.amqp_url, "GRENIER_TEST_SWITCHES": "forget-keys"}  # fmt: skip
    with open(scene.running.data / "forgetful.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "grenier.process", "gateway"],
            env={**scene.running.env, **own}, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        until = time.monotonic() + START_PATIENCE_S
        while not probes.ready(Probe("http", port)):
            if time.monotonic() > until or process.poll() is not None:
                raise TimeoutError((scene.running.data / "forgetful.log").read_text()[-2000:])
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
