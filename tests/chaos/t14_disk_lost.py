"""T14: the whole disk of one service is lost (its rows, its mirror of the log): it comes back from the log alone, byte for byte.

Its processes are stopped as by a power cut, the files removed. Meanwhile nobody is told a wrong balance, and the log
gains nothing: what its reactions do again is known by its ids; who looks at the overview finds the service named. Long: every service; a million events in 60 s.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil

from gateway.demo.client import Http
from grenier.log.esdb import EsdbLog
from grenier.log.protocol import Recorded
from grenier.runtime import load_service
from tests.chaos import checks
from tests.chaos.acts import Act
from tests.chaos.clients import Crowd
from tests.chaos.form import Form
from tests.chaos.killer import wait_whole
from tests.chaos.outages import NAMED_WITHIN_S
from tests.chaos.stage import Place, Scene, opened
from tests.chaos.watching import Eye
from tests.proof import Row
from tests.replaying import SERVICES, Replay, scratch

TEST = "T14"
MILLION_S = 60.0
REBUILT_PATIENCE_S = 300.0
# With fewer events a rate says nothing.
ENOUGH = 15_000
PAGE = 1_000


class Lost(NamedTuple):
    """`back_s`: until the service's views are again what a replay gives; `named_after_s`: until the overview named it."""

    back_s: float
    named_after_s: float | None
    problems: list[str]


def run(form: Form) -> Row:
    began = time.monotonic()
    with form.place("disk") as folder, opened(folder, form.seed) as scene:
        crowd = Crowd(scene)
        crowd.closed(form.count(10_000, 200))
        problems = crowd.problems()
        lost = {service: lose(scene, service, crowd.acts) for service in SERVICES}
        problems += [problem for one in lost.values() for problem in one.problems]
        events = len(checks.settled(scene.settings))
        replayed = {service: round(from_the_log(scene, service) / events * 1_000_000, 1) for service in SERVICES}
    figures = {
        "events": events,
        "back_s": {service: one.back_s for service, one in lost.items()},
        "named_after_s": {service: one.named_after_s for service, one in lost.items()},
        "replay_s_per_million": replayed,
    }
    late = [f"{service}: a million events would take {seconds} s" for service, seconds in replayed.items() if seconds > MILLION_S]  # fmt: skip
    return Row(TEST, figures, problems + (late if events > ENOUGH else []), time.monotonic() - began)


def from_the_log(scene: Scene, service: str) -> float:
    """Seconds to read what a service needs over the wire and to apply it, without the start of its process."""
    began, log = time.monotonic(), EsdbLog(scene.settings.esdb_uri)
    with TemporaryDirectory(dir=scene.running.data) as folder:
        replay = Replay(service, scene.settings, scratch(Path(folder)))
        page: list[Recorded] = []
        for event in log.read_all(types=load_service(service).reads):
            page.append(event)
            if len(page) == PAGE:
                replay.take(page)
                page = []
        replay.take(page)
        replay.close()
    log.close()
    return time.monotonic() - began


def lose(scene: Scene, service: str, acts: list[Act]) -> Lost:
    settings = scene.settings
    log = checks.settled(settings)
    checks.soon(lambda: not checks.views(settings, log, [service]))
    before = checks.dumped(service, settings)
    paid = checks.paid_by(acts)
    watched = next((place for place in scene.places() if paid[place.home.household_id]), None)
    wrong = list[str]()

    def rebuilt() -> bool:
        wrong.extend(lies(scene, watched, paid[watched.home.household_id]) if watched else ())
        return (settings.views_dir / f"{service}.sqlite").exists() and _same(service, scene, before)

    with Eye(scene, gateway=False) as eye:  # the gateway may have to come back itself
        began = time.monotonic()
        power_cut(scene, service)
        if not checks.soon(rebuilt, REBUILT_PATIENCE_S):
            wrong.append("was not rebuilt")
        took = time.monotonic() - began
    named = named_after(eye, service, began)
    if named is None or named > NAMED_WITHIN_S:
        wrong.append(f"was named after {named} s")
    wait_whole(scene.running)
    wrong += [f"losing it wrote {event.type}" for event in checks.settled(settings)[len(log) :]]
    return Lost(round(took, 1), named, [f"{service}: {problem}" for problem in dict.fromkeys(wrong)])


def named_after(eye: Eye, service: str, since: float) -> float | None:
    """Seconds until the overview named the service: its processes while they are away, its views while they are filled."""
    parts = (service, *(f"{part}-{service}" for part in ("work", "serve", "views")))
    return min((after for part in parts if (after := eye.named_after(part, since)) is not None), default=None)


def power_cut(scene: Scene, service: str) -> None:
    """Every process that holds a file of the service stops at once, and only then the files are gone."""
    files = lost_files(scene, service)
    holding = [process for process in _family(scene) if _holds(process, files)]
    for process in holding:
        process.send_signal(signal.SIGSTOP)
    for path in files:
        path.unlink(missing_ok=True)
    for process in holding:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def lost_files(scene: Scene, service: str) -> list[Path]:
    """What lies on the disk of a service, with the journals beside it. The gateway's `auth.sqlite` is not among them: that is for the backup."""
    settings = scene.settings
    folders = (settings.views_dir, settings.data_dir / "mirror")
    return [path for folder in folders for path in folder.glob(f"{service}.sqlite*")]


def lies(scene: Scene, place: Place, paid_cents: int) -> list[str]:
    """What a member is told about their balance meanwhile: the truth, or that it is not known at present."""
    api = scene.stage.at(place.home.person_id)
    headers = {"Authorization": f"Bearer {api._token}"}
    try:
        status, _, text = Http(scene.running.url, 5.0)("GET", f"/api/v1/households/{place.home.household_id}/balance", None, headers)  # fmt: skip
    except OSError:
        return []
    return [] if status != 200 or f'"balance_cents":{paid_cents}'.encode() in text.replace(b": ", b":") else [f"told a wrong balance: {text[:200].decode()}"]  # fmt: skip


def _family(scene: Scene) -> list[psutil.Process]:
    launcher = psutil.Process(scene.running.launcher.pid)
    return launcher.children(recursive=True)


def _holds(process: psutil.Process, files: list[Path]) -> bool:
    try:
        return bool({Path(file.path) for file in process.open_files()} & set(files))
    except psutil.Error:
        return False


def _same(service: str, scene: Scene, before: bytes) -> bool:
    try:
        return checks.dumped(service, scene.settings) == before
    except Exception:  # the tables are being made
        return False
