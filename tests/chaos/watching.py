"""A steady load whose every attempt is timed, and an eye on the health page: what T6, T7, T11 and T12 measure with.

with Steady(scene, writers=4, readers=2) as load, Eye(scene) as eye:
    began = time.monotonic(); …a fault…; ended = time.monotonic()
load.between(began, ended, "write")          # attempts, by the moment they began
eye.named_after("broker", began)             # seconds until the health page named it
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from grenier.overview import look
from tests.chaos.acts import Act, Make, order
from tests.chaos.stage import Scene

ANSWER_PATIENCE_S = 20.0
REPEAT_AFTER_S = 0.25
PACE_S = 0.05
PASSING = (0, 429, 503)
BACK_WINDOW_S = 2.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request and what came: `status` 0 is no answer at all. Times are monotonic seconds."""

    kind: str
    began: float
    took_s: float
    status: int
    retry_after: str = ""
    data_age: str = ""
    code: str = ""


@dataclass
class Steady:
    """Writers place orders (each again with its key until it is told), readers read balances; all at an easy pace."""

    scene: Scene
    writers: int = 4
    readers: int = 2
    make: Make = order
    pace_s: float = PACE_S
    attempts: list[Attempt] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Steady:
        places = self.scene.places()
        tokens = {place.home.person_id: self.scene.stage.at(place.home.person_id)._token for place in places}
        for at in range(self.writers):
            self._spawn(self._write, places[at :: self.writers], tokens, at)
        for at in range(self.readers):
            self._spawn(self._read, places[at :: self.readers], tokens, at)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Everybody is told about what they asked, then goes home."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(ANSWER_PATIENCE_S * 3)

    def between(self, began: float, ended: float, kind: str = "") -> list[Attempt]:
        return [one for one in list(self.attempts) if began <= one.began < ended and kind in ("", one.kind)]

    def back_after(self, up: float, limit_s: float) -> float | None:
        """Seconds from `up` until writes are answered 200 within `limit_s` at the 99th percentile, and stay so."""
        last_bad = up
        for one in self.between(up, float("inf"), "write"):
            if one.status != 200 or one.took_s > limit_s:
                last_bad = max(last_bad, one.began + one.took_s)
        good = [one for one in self.between(last_bad, float("inf"), "write") if one.status == 200]
        return last_bad - up if len(good) >= 10 else None

    # -- inside ------------------------------------------------------------------------------------------------

    def _spawn(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _write(self, mine: Sequence[Any], tokens: dict[str, str], at: int) -> None:
        rng, number, wire = random.Random(f"{self.scene.seed}/steady/{at}"), at, _Wire(self.scene)
        while not self._stopping.is_set():
            number += self.writers
            act = self.make(self.scene, rng.choice(mine), 1_000_000 + number, rng)
            self.acts.append(act)
            act.begun = time.monotonic()
            while not act.position and time.monotonic() - act.begun < 180:
                answer = wire.ask(act.method, act.path, tokens[act.person_id], act.body, act.key)
                self.attempts.append(answer[0])
                if answer[0].status == 200:
                    act.answer, act.told_at = json.loads(answer[1]), time.monotonic()
                    act.position = act.answer["position"]
                elif answer[0].status not in PASSING:
                    self.refused.append(f"{act.method} {act.path}: {answer[0].status} {answer[1][:300]!r}")
                    break
                else:
                    time.sleep(REPEAT_AFTER_S)
            time.sleep(self.pace_s * rng.uniform(0.5, 1.5))

    def _read(self, mine: Sequence[Any], tokens: dict[str, str], at: int) -> None:
        rng, wire = random.Random(f"{self.scene.seed}/read/{at}"), _Wire(self.scene)
        while not self._stopping.is_set():
            home = rng.choice(mine).home
            path = f"/api/v1/households/{home.household_id}/balance"
            self.attempts.append(wire.ask("GET", path, tokens[home.person_id])[0])
            time.sleep(self.pace_s * rng.uniform(0.5, 1.5))


class _Wire:
    """A kept-alive connection to the gateway."""

    def __init__(self, scene: Scene) -> None:
        self._port = scene.running.port_base
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, token: str, body: Any = None, key: str = "") -> tuple[Attempt, bytes]:
        kind = "read" if method == "GET" else "write"
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": key}
        began = time.monotonic()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_PATIENCE_S)
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return Attempt(kind, began, time.monotonic() - began, 0), b""
        told = answer.headers
        code = (
            json.loads(text).get("code", "") if answer.status >= 400 and "json" in told.get("Content-Type", "") else ""
        )
        attempt = Attempt(kind, began, time.monotonic() - began, answer.status, told.get("Retry-After", ""), told.get("Grenier-Data-Age", ""), code)  # fmt: skip
        return attempt, text


class Eye:
    """Looks at the health page twice a second and remembers what it named; without a gateway it looks by itself."""

    def __init__(self, scene: Any, gateway: bool = True) -> None:
        self._url = f"{scene.running.url}/health"
        self._settings = scene.settings
        self._gateway = gateway
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: list[tuple[float, dict[str, str]]] = []

    def __enter__(self) -> Eye:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(20)

    def named_after(self, component: str, since: float, states: Sequence[str] = ()) -> float | None:
        """Seconds from `since` until the component was named (in one of these states); None: never."""
        for at, named in list(self.seen):
            if at >= since and component in named and (not states or named[component] in states):
                return round(at - since, 1)
        return None

    def now(self) -> dict[str, str]:
        return self.seen[-1][1] if self.seen else {}

    def _look(self) -> None:
        while not self._stopping.wait(0.5):
            try:
                if self._gateway:
                    with urllib.request.urlopen(self._url, timeout=10) as answer:
                        found = json.load(answer)
                else:
                    found = look(self._settings)
            except (OSError, ValueError):
                continue
            self.seen.append((time.monotonic(), {name: found["components"][name]["state"] for name in found["named"]}))


def p99(attempts: Sequence[Attempt]) -> float:
    times = sorted(one.took_s for one in attempts)
    return round(times[min(len(times) - 1, int(0.99 * len(times)))], 3) if times else 0.0


def statuses(attempts: Sequence[Attempt]) -> dict[str, int]:
    return dict(sorted(Counter(str(one.status) for one in attempts).items()))


def acknowledged_but_missing(scene: Scene, acts: Sequence[Act]) -> list[str]:
    """Every acknowledged order stands in the log where its answer said; no command twice, none half written."""
    from tests.chaos import checks

    events = checks.settled(scene.settings)
    here = {event.position for event in events}
    missing = [
        f"acknowledged but not in the log: {act.key}" for act in acts if act.position and act.position not in here
    ]
    return missing + checks.identities(events)
