"""T29: the mail server is killed again and again while mails leave; screens are cut off and come back where they were.

Every announced mail arrives, at most one twice per death. Every screen sees every public event of its group, once, in
order, however often its connection is cut (Last-Event-ID).
"""

from __future__ import annotations

import http.client
import random
import socket
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from grenier_infra.launcher.testing import Installation
from tests.chaos.form import Form
from tests.chaos.stage import Scene, opened
from tests.chaos.watching import Steady
from tests.proof import Row

TEST = "T29"
PATIENCE_S = 300.0
SCREENS_PER_PERSON = 3
STREAM_THREADS = "140"


def run(form: Form) -> Row:
    with (
        form.place("t29") as folder,
        opened(folder, form.seed, households=40, GRENIER_STREAM_THREADS=STREAM_THREADS) as scene,
    ):
        return storm(scene, form.count(10_000, 60), form.count(50, 2), form.count(100, 6), form.count(1_000, 24))


def storm(scene: Scene, mails: int, kills: int, screens: int, cuts: int) -> Row:
    began = time.monotonic()
    figure, problems = mail(scene, mails, kills)
    seen, more = watch(scene, screens, cuts)
    return Row(TEST, figure | seen, problems + more, time.monotonic() - began)


# -- mails -------------------------------------------------------------------------------------------------------


def mail(scene: Scene, mails: int, kills: int) -> tuple[dict[str, Any], list[str]]:
    """Announcements until `mails` are on their way; the mail server dies in between, at random times."""
    rng = random.Random(f"{scene.seed}/mail")
    before = received(scene.running)
    asked, deaths, round_ = 0, 0, 0
    while asked < mails:
        for group in scene.stage.federation.groups:
            api = scene.stage.at(group.coordinator)
            answer = api.post(f"/groups/{group.group_id}/announcements", subject=f"Annonce {round_}", body="Bonjour à toutes et à tous.", audience="all")  # fmt: skip
            asked += answer["persons"]
        round_ += 1
        while deaths < kills * min(1.0, asked / mails):
            time.sleep(rng.uniform(0.05, 0.6))
            scene.running.kill("mailbox")
            deaths += 1
            scene.running.wait_ready(60)
    wanted = requested(scene)
    until = time.monotonic() + PATIENCE_S
    while (missing := wanted - set(now := received(scene.running))) and time.monotonic() < until:
        time.sleep(0.5)
    twice = sum(count - 1 for name, count in now.items() if count > 1 and name not in before)
    figure = {"mails": len(wanted), "kills": deaths, "missing": len(missing), "twice": twice}
    problems = [f"{len(missing)} mails never arrived"] * bool(missing)
    return figure, problems + [f"{twice} mails came twice in {deaths} deaths"] * (twice > deaths)


def requested(scene: Scene) -> set[str]:
    """Ids of the messages that are to go out by mail."""
    from grenier.log.esdb import EsdbLog
    from grenier.readmodel import fact_of

    log = EsdbLog(scene.settings.esdb_uri)
    try:
        facts = [fact_of(event).event for event in log.read_all(types=["notify.message-requested"])]
    finally:
        log.close()
    return {fact.message_id for fact in facts if fact.channel == "email"}  # type: ignore[attr-defined]


def received(running: Installation) -> Counter[str]:
    """Message id -> how often the mail server has taken it."""
    with sqlite3.connect(running.data / "mailbox.sqlite", timeout=20) as box:
        raws = [row[0] for row in box.execute("SELECT raw FROM mails")]
    found: Counter[str] = Counter()
    for raw in raws:
        at = raw.find(b"Message-ID: <")
        found[raw[at + 13 : raw.index(b"@", at)].decode()] += 1
    return found


# -- screens -----------------------------------------------------------------------------------------------------


@dataclass
class Screen:
    """One browser window: listens, is cut off, comes back with the last id it saw."""

    port: int
    token: str
    after: int
    group_id: str  # "": sees all
    ids: list[int] = field(default_factory=list)
    cut: int = 0
    refused: int = 0
    _connection: Any = None

    def listen(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                self._follow(stopping)
            except (OSError, http.client.HTTPException, ValueError, AttributeError):
                pass
            time.sleep(0.05)

    def _follow(self, stopping: threading.Event) -> None:
        connection = self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        last = self.ids[-1] if self.ids else self.after
        connection.request("GET", "/api/v1/stream", headers={"Authorization": f"Bearer {self.token}", "Last-Event-ID": str(last)})  # fmt: skip
        answer = connection.getresponse()
        if answer.status != 200:
            self.refused += 1
            time.sleep(0.5)
            return
        while not stopping.is_set() and (line := answer.readline()):
            if line.startswith(b"id: "):
                number = int(line[4:])
            elif line.startswith(b"data: "):
                self.ids.append(number)

    def hang_up(self) -> None:
        connection = self._connection
        if connection is not None and connection.sock is not None:
            self.cut += 1
            connection.sock.shutdown(socket.SHUT_RDWR)


def watch(scene: Scene, count: int, cuts: int) -> tuple[dict[str, Any], list[str]]:
    """Screens of members look on while orders are placed; a random one is cut off again and again."""
    from grenier.log.esdb import EsdbLog

    log = EsdbLog(scene.settings.esdb_uri)
    after = log.head() or 0
    central = scene.stage.federation.central
    people = [
        (central, ""),
        *((home.person_id, cycle.group.group_id) for cycle in scene.cycles for home in cycle.group.households),
    ]
    screens = [
        Screen(scene.settings.stream_port, scene.stage.at(person)._token, after, group)
        for person, group in (people[number // SCREENS_PER_PERSON] for number in range(count))
    ]
    stopping, rng = threading.Event(), random.Random(f"{scene.seed}/screens")
    threads = [threading.Thread(target=screen.listen, args=(stopping,), daemon=True) for screen in screens]
    for thread in threads:
        thread.start()
    with Steady(scene, writers=2, readers=0):
        while sum(screen.cut for screen in screens) < cuts:
            time.sleep(rng.uniform(0.0, 0.02))
            try:
                rng.choice(screens).hang_up()
            except OSError:
                pass  # it is just coming back
    truth = public(log, after)
    log.close()
    last = {group: max((position for position, of in truth if group in ("", of) or not of), default=after) for group in {screen.group_id for screen in screens}}  # fmt: skip
    until = time.monotonic() + 60
    while any((screen.ids or [after])[-1] < last[screen.group_id] for screen in screens) and time.monotonic() < until:
        time.sleep(0.2)
    stopping.set()
    problems = [text for number, screen in enumerate(screens) for text in wrong(number, screen, truth)]
    figure = {
        "screens": count,
        "cuts": sum(screen.cut for screen in screens),
        "events": len(truth),
        "wrong": len(problems),
    }
    return figure, problems[:10]


def public(log: Any, after: int) -> list[tuple[int, str]]:
    """(position, group) of the public events."""
    from grenier.feed import to_cloudevent
    from grenier.handling import read_meta

    return [(event.position, read_meta(event.metadata).group) for event in log.read_all(after=after) if to_cloudevent(event) is not None]  # fmt: skip


def wrong(number: int, screen: Screen, truth: list[tuple[int, str]]) -> list[str]:
    """What this screen should have seen and did not, or saw twice or in another order."""
    wanted = [position for position, group in truth if not screen.group_id or group in ("", screen.group_id)]
    end = truth[-1][0] if truth else 0
    seen = [position for position in screen.ids if position <= end]
    missed = len(set(wanted) - set(seen))
    return (
        [f"screen {number}: {missed} events missed"] * bool(missed)
        + [f"screen {number}: out of order or twice"] * (seen != sorted(set(seen)))
        + [f"screen {number}: saw what is not for it"] * (not set(seen) <= set(wanted))
    )
