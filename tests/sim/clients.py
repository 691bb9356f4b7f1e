"""People at their screens: every command has an id of its own, answers get lost, and whoever waits clicks again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from tests.sim.processes import Process
    from tests.sim.world import World

UNKNOWN_CODES = ("log-unavailable", "view-behind", "deadline-passed", "service-unavailable", "conflict-retry")
# What a door says when a database fails: a fault, unless the weather broke it on purpose. Whether it was done is not known.
BROKEN_CODES = ("internal", "unavailable")
PATIENCE = 5


@dataclass
class Told:
    """A command as its sender knows it. `answer` is the first acknowledgement, `refused` the last refusal's code."""

    number: int
    service: str
    method: str
    payload: dict[str, Any]
    actor: str
    command_id: str
    fingerprint: str
    answer: dict[str, Any] | None = None
    refused: str = ""
    in_doubt: bool = False
    attempts: int = 0
    # Acknowledged as nothing to do: it left no trace, a later repetition is decided anew (docs/decisions/0003).
    idle: bool = False
    # Appends of it that the log may still receive when it was refused.
    late: bool = False


class Clients:
    def __init__(self, world: World) -> None:
        self._world = world
        self.told: list[Told] = []
        self.waiting: list[Told] = []
        self.position = 0
        self.problems: list[str] = []

    def say(self, service: str, method: str, payload: dict[str, Any], actor: str, avoid: Process | None = None) -> Told:
        """A new command, tried once; what stays in doubt is tried again later."""
        world = self._world
        told = Told(
            len(self.told), service, method, payload, actor, str(world.ground.uuid4()), _fingerprint(method, payload)
        )
        self.told.append(told)
        self.attempt(told, avoid)
        return told

    def attempt(self, told: Told, avoid: Process | None = None) -> None:
        """One try; afterwards the command is acknowledged, refused, or waits to be tried again."""
        told.attempts += 1
        answers = self._over_the_wire(told, told.payload, told.fingerprint, avoid)
        for answer in answers:
            self._note(told, answer)
        told.in_doubt = not answers or (told.answer is None and not told.refused)
        if told.in_doubt and told not in self.waiting:
            self.waiting.append(told)
        elif not told.in_doubt and told in self.waiting:
            self.waiting.remove(told)
        shown = "ok" if answers and told.answer else told.refused or "?"
        self._world.tell(f"{self._world.describe(told)} -> {shown}")

    def again(self, told: Told) -> None:
        """A second click on what was answered long ago."""
        for answer in self._over_the_wire(told, told.payload, told.fingerprint, None):
            self._note(told, answer)

    def other_words(self, told: Told, payload: dict[str, Any]) -> None:
        """The same key with another body: never carried out when the first one was."""
        stands = bool(self._world.log.by_command.get(told.command_id))
        for answer in self._over_the_wire(told, payload, _fingerprint("other", payload), None):
            if "ok" in answer and stands:
                self.problems.append(f"key of {self._world.describe(told)} carried out with another body")
            elif "ok" in answer:
                # Nothing was written under this key before, so the new body is a command like any other.
                told.answer, told.payload, told.fingerprint = None, payload, _fingerprint("other", payload)
                self._note(told, answer)

    # -- the wire ------------------------------------------------------------------------------------------------

    def _over_the_wire(
        self, told: Told, payload: dict[str, Any], fingerprint: str, avoid: Process | None
    ) -> list[dict[str, Any]]:
        """The answers that arrive: none, one, or two of a request that was delivered twice."""
        world, weather = self._world, self._world.weather
        alive = [each for each in world.instances[told.service] if each.alive and each is not avoid]
        if not alive or weather.strikes("request-lost"):
            return []
        body = msgspec.json.encode(payload)
        answers = []
        for _ in range(2 if weather.strikes("request-twice") else 1):
            instance = world.rng.choice(alive)
            if not instance.alive:
                continue
            context = {
                "actor": told.actor,
                "command_id": told.command_id,
                "fingerprint": fingerprint,
                "correlation_id": f"{self._world.seed}-told-{told.number}",
                "after": self.position or None,
            }
            answer = instance.call(told, msgspec.json.decode(body), context)
            if answer is not None and not weather.strikes("reply-lost"):
                answers.append(answer)
        return answers

    def _note(self, told: Told, answer: dict[str, Any]) -> None:
        world = self._world
        if "ok" in answer:
            self.position = max(self.position, answer["ok"].get("position") or 0)
            self._compare(told, answer["ok"])
            return
        code = answer["error"]["code"]
        if code in BROKEN_CODES:
            self._broken(told, code)
        if code in UNKNOWN_CODES or code in BROKEN_CODES:
            return
        if told.answer is not None and not told.idle and self._wrote(told):
            self.problems.append(f"{world.describe(told)} was acknowledged, its repetition refused: {code}")
        elif told.answer is None:
            told.refused = code
            told.late = world.is_in_flight(told.command_id)

    def _compare(self, told: Told, answer: dict[str, Any]) -> None:
        if told.answer is None:
            told.answer, told.refused = answer, ""
            told.idle = not self._world.log.by_corr.get(f"{self._world.seed}-told-{told.number}")
        elif not told.idle and self._wrote(told) and answer != told.answer:
            difference = {name: (told.answer.get(name), answer.get(name)) for name in {*told.answer, *answer}
                          if told.answer.get(name) != answer.get(name)}  # fmt: skip
            self.problems.append(f"{self._world.describe(told)} was answered differently again: {difference}")

    def _wrote(self, told: Told) -> bool:
        """Whether this very command id stands in the log (a command of several steps has an id for each)."""
        return bool(self._world.log.by_command.get(told.command_id))

    def _broken(self, told: Told, code: str) -> None:
        """An error is one only when nothing had been broken on purpose."""
        if not self._world.broke_a_commit():
            self.problems.append(f"{self._world.describe(told)}: {code}: {self._world.last_surprise}")


def _fingerprint(method: str, payload: dict[str, Any]) -> str:
    return hashlib.sha256(method.encode() + msgspec.json.encode(payload, order="sorted")).hexdigest()
