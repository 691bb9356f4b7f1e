"""S4:47 in short, on the log in memory; `python -m tests.contention.test_baskets 500` plays it on the real node."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from grenier.language import exchange as x
from grenier.log.esdb import EsdbLog
from grenier.log.memory import MemoryLog
from grenier_infra.eventnode.testing import running_node
from tests.contention import baskets
from tests.contention.baskets import Exchanges, accept, ask


@pytest.fixture
def exchanges() -> Exchanges:
    return Exchanges([MemoryLog()] * 4)


@pytest.mark.behaviour("S4:47")
def test_a_basket_has_one_taker_and_everybody_is_told_once(exchanges: Exchanges) -> None:
    outcome = baskets.giving(exchanges, 40)
    assert outcome.problems == []
    assert outcome.figures["given"] == 40


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
