"""What can go wrong, how often, and the death of a process."""

from __future__ import annotations

from random import Random

# Chance of each trouble at each of its occasions, in a run that has it. What the real wires promise is never broken:
# an append is whole or not at all, the log has one order, a subscription skips nothing.
TROUBLES = {
    "append-dropped": 0.04,  # the log never saw it
    "append-delayed": 0.03,  # the writer was told "unavailable", and it arrives later
    "append-answer-lost": 0.04,  # committed, but the writer does not know
    "read-fails": 0.01,
    "rival": 0.10,  # somebody else writes between loading and appending
    "crash-before-append": 0.01,
    "crash-after-append": 0.015,
    "commit-fails": 0.02,
    "commit-answer-lost": 0.02,
    "crash-before-commit": 0.01,
    "crash-after-commit": 0.01,
    "request-lost": 0.03,
    "request-twice": 0.05,
    "reply-lost": 0.05,
    "wire-cut": 0.08,  # in the middle of a batch
    "wire-again": 0.10,  # everything since an older position comes once more
    "wire-double": 0.15,  # single events come twice
    "broker-away": 0.05,
    "queue-lost-confirm": 0.05,  # the broker has it, the publisher was not told
    "queue-double": 0.08,
    "mail-away": 0.08,
    "mail-refused": 0.03,
    "mail-answer-lost": 0.05,  # the server has taken it, the mailer was not told
}
SWARM = 0.6
"""Share of the troubles that a run has: runs that have few of them go deeper in each."""


class Crash(BaseException):
    """The process that is running dies here; nothing of the product may catch it."""


class Weather:
    """`strikes` is asked at every occasion. `calm` ends all trouble."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.rates = {name: rate * rng.choice((0.5, 1.0, 2.0)) for name, rate in TROUBLES.items()
                      if rng.random() < SWARM}  # fmt: skip
        self.count: dict[str, int] = {}
        self.is_calm = False

    def strikes(self, trouble: str) -> bool:
        if self.is_calm or trouble not in self.rates or self._rng.random() >= self.rates[trouble]:
            return False
        self.count[trouble] = self.count.get(trouble, 0) + 1
        return True

    def calm(self) -> None:
        self.is_calm = True
