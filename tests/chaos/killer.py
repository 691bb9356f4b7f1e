"""Deaths at random times: spread over the commands, some of them overlapping, every process in turn."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import psutil

from grenier_infra.launcher.testing import Installation
from tests.chaos.acts import Act
from tests.chaos.clients import Crowd

# A third of the deaths has a companion within so many seconds, whether the first one is back or not.
COMPANION_SHARE, COMPANION_WITHIN_S = 0.33, 3.0
SERVERS = ("broker", "eventnode")
WHOLE_PATIENCE_S = 60.0
IN_PASSING_S = 0.25
STATE_LAGS_S = 1.5


@dataclass(frozen=True, slots=True)
class Death:
    victim: str
    at: float  # monotonic
    overlapping: bool
    whole: bool = True  # nothing else was away at that moment


@dataclass
class Killer:
    """Kills `kills` processes while `crowd` is told about `commands` commands. Victims: all processes, evenly.

    "gateway" stands for its master, "gateway worker" for the process that answers.
    """

    running: Installation
    crowd: Crowd
    kills: int
    commands: int
    seed: int
    victims: tuple[str, ...] = ()
    deaths: list[Death] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.victims = self.victims or (*sorted(self.running.pids()), "gateway worker", "stream worker")
        self._rng = random.Random(f"{self.seed}/killer")
        self._bag: list[str] = []

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._rage, name="killer", daemon=True)
        thread.start()
        return thread

    def _rage(self) -> None:
        """The moments are drawn over the commands told, so that no death falls into a time when nobody is asking."""
        due = sorted(self._rng.uniform(0.0, 0.95) * self.commands for _ in range(self.kills))
        while len(self.deaths) < self.kills:
            while self.crowd.told < due[len(self.deaths)]:
                time.sleep(0.01)
            self._strike(overlapping=False)
            if self._rng.random() < COMPANION_SHARE and len(self.deaths) < self.kills:
                time.sleep(self._rng.uniform(0.0, COMPANION_WITHIN_S))
                self._strike(overlapping=True)
            elif self.deaths:
                self._until_answered(self.deaths[-1].at)

    def _until_answered(self, died: float) -> None:
        """Orders and payments both: so much is measured of a death before the next one."""
        until = time.monotonic() + WHOLE_PATIENCE_S
        while not self.crowd.answered_since(died) and time.monotonic() < until:
            time.sleep(0.02)

    def _strike(self, overlapping: bool) -> None:
        self._bag = self._bag or self._rng.sample(self.victims, len(self.victims))
        victim = self._bag.pop()
        whole = not overlapping and self._whole()
        if strike(self.running, victim):
            self.deaths.append(Death(victim, time.monotonic(), overlapping, whole))
        else:  # it is dead already; another one is taken in its place
            self.missed.append(victim)

    def _whole(self) -> bool:
        """The launcher writes down who is ready half a second late."""
        return self.running.ready() and not (self.deaths and time.monotonic() - self.deaths[-1].at < STATE_LAGS_S)


def strike(running: Installation, victim: str) -> bool:
    """SIGKILL for a process by its name in the table, or for the worker below a web server. False: it is not there."""
    name, _, worker = victim.partition(" ")
    pid = running.pids().get(name)
    try:
        pids = [child.pid for child in psutil.Process(pid).children()] if worker and pid else [pid]
        if not pids or None in pids:
            return False
        os.kill(random.choice(pids), signal.SIGKILL)
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
    return True


def wait_whole(running: Installation, patience_s: float = WHOLE_PATIENCE_S) -> None:
    """Every process is there again and ready; the state file lags up to half a second behind a death."""
    until = time.monotonic() + patience_s
    steady = 0
    while steady < 10:
        steady = steady + 1 if running.ready() else 0
        if time.monotonic() > until:
            raise TimeoutError(f"not whole again:\n{running.said()}")
        time.sleep(0.1)


def silences(crowd: Crowd, deaths: list[Death]) -> dict[str, list[float]]:
    """Victim -> seconds for which somebody asked after each of its deaths, until an answer came.

    Each kind of command counts for itself, the slower one is taken: while the orders are away, payments go on. A kind that
    nobody asked for at that moment counts from when somebody did.
    Only deaths that stood alone tell something about their victim: one that fell into the silence after another, while
    another process was not back yet, or whose own silence saw another death, is left out.
    """
    by_kind: dict[str, list[Act]] = {}
    for act in crowd.acknowledged():
        by_kind.setdefault(act.subject, []).append(act)
    spans = [(death, *_silence(death.at, by_kind.values())) for death in deaths]
    found: dict[str, list[float]] = {}
    for death, waited, until in spans:
        if death.whole and not any(
            other is not death and other.at < until and death.at < end for other, _, end in spans
        ):
            found.setdefault(death.victim, []).append(waited)
    return found


def _silence(died: float, kinds: Iterable[list[Act]]) -> tuple[float, float]:
    """(how long somebody waited, when all kinds had their answer). What was on its way and is answered in passing says
    nothing about the time after a death."""
    waited, until = 0.0, died
    for acts in kinds:
        after = [act for act in acts if act.last_asked > died or act.told_at > died + IN_PASSING_S]
        if after:
            first = min(act.told_at for act in after)
            asked = min(max(act.begun, died) for act in after)
            waited, until = max(waited, first - asked), max(until, first)
    return waited, until
