"""S4:47 in short, on the log in memory; `python -m tests.contention.test_baskets 500` plays it on the real node."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from grenier.language import exchange as x
from grenier.log.esdb import EsdbLog
from grenier.log.memory import MemoryLog
from grenier.log.protocol import Appended, NewEvent, Recorded
from grenier_infra.eventnode.testing import running_node
from tests.contention import baskets
from tests.contention.baskets import Exchanges, accept, ask


class SlowLog(MemoryLog):
    """Between what a writer has read and what it writes there is time for the others."""

    def read(self, stream: str, *, from_revision: int = 0, limit: int | None = None) -> list[Recorded]:
        found = super().read(stream, from_revision=from_revision, limit=limit)
        time.sleep(0.001)
        return found


class CarelessLog(SlowLog):
    """Writes behind whatever is there, whoever wrote in between."""

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        with self._changed:
            return super().append(stream, events, expected=len(super().read(stream)) - 1)


@pytest.fixture
def exchanges() -> Exchanges:
    return Exchanges([SlowLog()] * 4)


@pytest.mark.behaviour("S4:47")
def test_a_basket_has_one_taker_and_everybody_is_told_once(exchanges: Exchanges) -> None:
    outcome = baskets.giving(exchanges, 40)
    assert outcome.problems == []
    assert outcome.figures["given"] == 40
    # Some of the late ones came before the yes and some behind it: it was a race.
    assert 0 < outcome.figures["asked_in_time"] < 80


def test_the_races_are_lost_where_nobody_looks_who_wrote_before() -> None:
    outcome = baskets.giving(Exchanges([CarelessLog()] * 4), 20)
    assert outcome.problems != []


def test_the_check_sees_two_takers_and_somebody_who_was_not_told(exchanges: Exchanges) -> None:
    basket_id = exchanges.offer()
    for command in (ask("bob"), ask("cat"), accept("bob")):
        assert exchanges.tell(basket_id, command) == "ok"
    facts = exchanges.facts(basket_id)
    assert baskets.told_once(facts) == []
    assert baskets.told_once(facts[:-1]) != []
    assert baskets.told_once([*facts, facts[-1]]) != []
    assert isinstance(facts[-1].event, x.TakerAccepted)


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder, running_node(Path(folder) / "events.db") as node:
        logs = [EsdbLog(node.uri) for _ in range(4)]
        outcome = baskets.giving(Exchanges(logs), rounds)
        for log in logs:
            log.close()
    print(outcome.figures, outcome.problems or "no problems")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
