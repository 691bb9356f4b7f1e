"""Clients of a storm: each repeats its request with the same key until it is told, and every answer is counted.

Closed loop: `Crowd.closed`, so many clients, each with one request on its way. Open loop: `Crowd.open_loop`, requests
begin at their time whether earlier ones were answered or not.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from gateway.demo.client import Api, Http
from tests.chaos.acts import Act, Make, mixed
from tests.chaos.stage import Place, Scene

PATIENCE_S = 120.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.4
# Nobody waits longer for one answer; the request is then repeated with its key.
ANSWER_PATIENCE_S = 15.0
INSTANCE = re.compile(r"urn:uuid:([0-9a-f-]{36})")
PASSING = (0, 429, 502, 503, 504)


@dataclass
class Crowd:
    """The clients of one storm, what they asked and what they were told. `answers`: how often each status came, with the code of a refusal.

    `url`: another gateway than the installation's own. `rough`: answers of the server's side that a client cannot work with (5xx other than 503, or without Retry-After).
    """

    scene: Scene
    clients: int = 8
    make: Make = mixed
    acts: list[Act] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    rough: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    repeat: bool = True
    started: float = 0.0
    took_s: float = 0.0
    url: str = ""
    _told: int = 0
    _latest: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._http = Http(self.url or self.scene.running.url, timeout_s=ANSWER_PATIENCE_S)
        self._tokens: dict[str, str] = {}

    @property
    def told(self) -> int:
        """How many commands were acknowledged so far."""
        return self._told

    def acknowledged(self) -> list[Act]:
        return [act for act in self.acts if act.position]

    def answered_since(self, moment: float) -> bool:
        """A command of each subject that began after this moment was acknowledged."""
        return bool(self._latest) and min(self._latest.values()) > moment

    def closed(self, commands: int, until: Callable[[], bool] = lambda: False) -> None:
        """Each client has households of its own, so that what was acknowledged last is what must stand.

        Ends when `commands` were begun and answered, or when `until` holds.
        """
        places = self.scene.places()
        self.sign_in(places)
        numbers = islice(self.scene.numbers, commands)
        self.started = time.monotonic()
        threads = [
            threading.Thread(target=self._client, args=(places[at :: self.clients], at, numbers, until), daemon=True)
            for at in range(self.clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.took_s = time.monotonic() - self.started

    def open_loop(self, per_second: float, seconds: float, patience_s: float = PATIENCE_S) -> None:
        """`per_second` requests begin each second, `clients` of them at most on their way."""
        places = self.scene.places()
        self.sign_in(places)
        rng = random.Random(f"{self.scene.seed}/open")
        self.started = time.monotonic()
        with ThreadPoolExecutor(self.clients) as pool:
            for nth in range(round(per_second * seconds)):
                time.sleep(max(0.0, self.started + nth / per_second - time.monotonic()))
                act = self._act(rng.choice(places), next(self.scene.numbers), rng)
                pool.submit(self.perform, act, patience_s)
        self.took_s = time.monotonic() - self.started

    def sign_in(self, places: Sequence[Place]) -> None:
        """Everybody's token beforehand: the storm is about commands."""
        for person_id in sorted({who for place in places for who in (place.home.person_id, place.group.treasurer, place.group.coordinator)}):  # fmt: skip
            self._tokens[person_id] = self.scene.stage.at(person_id)._token

    def perform(self, act: Act, patience_s: float = PATIENCE_S) -> None:
        """The same request until there is an answer to it; every answer is counted."""
        body = json.dumps(act.body, sort_keys=True).encode()
        headers = {"Authorization": f"Bearer {self._tokens[act.person_id]}", "Content-Type": "application/json", "Idempotency-Key": act.key}  # fmt: skip
        act.begun, pause = time.monotonic(), FIRST_PAUSE_S
        while time.monotonic() - act.begun < patience_s:
            status, _, text = self._once(act, body, headers)
            if 200 <= status < 300:
                act.answer, act.told_at = json.loads(text), time.monotonic()
                act.position = act.answer["position"]
                with self._lock:
                    self._told += 1
                    self._latest[act.subject] = max(act.begun, self._latest.get(act.subject, 0.0))
                return
            if status not in PASSING:
                self.refused.append(f"{act.method} {act.path}: {status} {text[:500].decode(errors='replace')}")
                return
            if not self.repeat:
                return
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 1.6, LONGEST_PAUSE_S)

    def problems(self) -> list[str]:
        """What a client was told and should not have been, with what the logs say about it."""
        told = [f"refused: {text}" for text in self.refused[:10]] + [
            f"rough answer: {text}" for text in self.rough[:10]
        ]
        return [f"{text} {self._logged(text)}".strip() for text in told]

    def _logged(self, text: str) -> str:
        """Lines of the processes' logs with the number of this answer."""
        found = INSTANCE.search(text)
        if found is None:
            return ""
        logs = sorted((self.scene.running.data / "logs").glob("*.log*"))
        lines = [f"{path.stem}: {line[-1500:]}" for path in logs for line in path.read_text(errors="replace").splitlines() if found[1] in line]  # fmt: skip
        return "\n".join(lines[:4])

    # -- inside ------------------------------------------------------------------------------------------------

    def _client(self, mine: Sequence[Place], at: int, numbers: Iterator[int], until: Callable[[], bool]) -> None:
        rng = random.Random(f"{self.scene.seed}/{at}/{len(self.acts)}")
        while not until():
            with self._lock:
                number = next(numbers, None)
            if number is None:
                return
            self.perform(self._act(rng.choice(mine), number, rng))

    def _act(self, place: Place, number: int, rng: random.Random) -> Act:
        act = self.make(self.scene, place, number, rng)
        self.acts.append(act)
        return act

    def _once(self, act: Act, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        act.tries, act.last_asked = act.tries + 1, time.monotonic()
        try:
            status, answered, text = self._http(act.method, act.url, body, headers)
        except OSError:
            act.lost += 1
            self.answers["no answer"] += 1
            return 0, {}, b""
        known = {name.lower(): value for name, value in answered.items()}
        code = json.loads(text).get("code", "") if status >= 400 and "json" in known.get("content-type", "") else ""
        self.answers[f"{status} {code}".strip()] += 1
        if status >= 500 and (status != 503 or not known.get("retry-after", "").isdigit()):
            self.rough.append(f"{status} {act.method} {act.path}: {text[:200].decode(errors='replace')}")
        return status, known, text


def quiet_api(scene: Scene) -> Api:
    """A client for looking only: what it is told does not belong to the storm."""
    return Api(Http(scene.running.url), seed="look")
